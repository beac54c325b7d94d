"""EmObserver's JSON (`Std-VECBench.json`): one object, sample id → image, prompt, target, candidates."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from vecbench.samples.format import DataFormat, Row, require_candidates, required_task, required_text
from vecbench.strict_json import RepeatedKeyError, unique

LONGEST_NUMBER = 300
"""Digits of a whole number that is kept as it is."""


def _rows(stream: TextIO) -> Iterator[Row]:
    text = stream.read()
    for name, line, values, fault in _records(text):
        yield _row(name, line, values, fault)


def _records(text: str) -> Iterator[tuple[str, int, Any, str | None]]:
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs, parse_int=_number)
    except json.JSONDecodeError as fault:
        raise ValueError(f"line {fault.lineno}: not valid JSON") from None
    except RecursionError:
        raise ValueError("line 1: not valid JSON") from None
    if not isinstance(pairs, _Pairs):
        raise ValueError("line 1: not a JSON object")
    lines = _lines(text, [name for name, _ in pairs])
    counts = Counter(name for name, _ in pairs)
    seen: set[str] = set()
    for (name, values), line in zip(pairs, lines, strict=True):
        if counts[name] > 1 and name in seen:
            raise ValueError(f"line {line}: the sample id {name!r} is given twice")
        seen.add(name)
        repeated: list[str] = []
        try:
            plain = _plain(values, repeated)
        except RecursionError:
            raise ValueError(f"line {line}: sample {name!r}: nested too deeply") from None
        yield name, line, plain, repeated[0] if repeated else None


def _number(digits: str) -> int | float:
    """Python refuses whole numbers of thousands of digits, and one that nobody needs must not stop a run."""
    return int(digits) if len(digits) < LONGEST_NUMBER else float(digits)


class _Pairs(list[tuple[str, Any]]):
    """An object's members: a dict would keep only the last of two with the same name."""


def _plain(value: Any, repeated: list[str]) -> Any:
    """The value without `_Pairs`; `repeated` takes what is wrong with objects that have a key twice."""
    if isinstance(value, _Pairs):
        try:
            unique(value)
        except RepeatedKeyError as fault:
            repeated.append(str(fault))
        return {name: _plain(member, repeated) for name, member in value}
    return [_plain(member, repeated) for member in value] if isinstance(value, list) else value


def _lines(text: str, names: list[str]) -> Iterator[int]:
    """The lines where the members of the object begin: a JSON parser does not tell."""
    position, line = 0, 1
    for name in names:
        spellings = (json.dumps(name, ensure_ascii=False), json.dumps(name))
        places = [place for spelt in spellings if (place := text.find(spelt, position)) >= 0]
        if places:
            line += text.count("\n", position, min(places))
            # Past the opening quote: the same name may follow once more.
            position = min(places) + 1
        yield line


def _row(name: str, line: int, values: Any, fault: str | None) -> Row:
    where = f"line {line}: sample {name!r}"
    if not isinstance(values, dict):
        raise ValueError(f"{where}: not a JSON object")
    other = values.get("other_info")
    if not isinstance(other, dict):
        raise ValueError(f"{where}: there is no object 'other_info' with task and candidates")
    images = _images(values, where)
    prompt = values.get("prompt")
    if prompt is not None and not isinstance(prompt, str):
        raise ValueError(f"{where}: 'prompt' is not a text")
    target = required_text(values, "ground_truth", where)
    task = required_task(other, where)
    require_candidates(other, where)
    return Row(
        line=line,
        id=name,
        images=tuple(image for image in images[:1] if image),
        columns={**values, **other, "ground_truth": target},
        target_column="ground_truth",
        task=task,
        prompt=prompt or None,
        fault=f"{len(images)} images are named" if len(images) > 1 else fault,
    )


def _images(values: Mapping[str, Any], where: str) -> list[str]:
    if "image_path" not in values:
        raise ValueError(f"{where}: there is no key 'image_path'")
    named = values["image_path"]
    images = [named] if isinstance(named, str) else named
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise ValueError(f"{where}: 'image_path' is neither a text nor a list of texts")
    return images


EMOBSERVER = DataFormat(
    "EmObserver JSON",
    "One object: sample id → image_path, prompt, ground_truth and other_info with task and candidates.",
    _rows,
    brings_prompts=True,
    is_published=True,
)
