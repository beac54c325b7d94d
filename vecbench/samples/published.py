"""The published tables: VECBench's metadata CSV, EmoCaliber's JSONL and EmObserver's JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from vecbench.samples import eemo, mvei
from vecbench.samples.format import (
    DataFormat,
    Row,
    csv_rows,
    is_test_split,
    jsonl_rows,
    require_candidates,
    required_task,
    required_text,
)
from vecbench.strict_json import RepeatedKeyError, unique

METADATA_COLUMNS = frozenset({"image_path", "label", "task", "split"})


def _metadata_rows(stream: TextIO) -> Iterator[Row]:
    for line, values in csv_rows(stream):
        for name in METADATA_COLUMNS:
            if values[name] is None:
                raise ValueError(f"line {line}: there is no field {name!r}")
        if not is_test_split(values["split"]):
            yield Row(line=line, split=values["split"])
            continue
        task = required_task(values, f"line {line}")
        images = (values["image_path"],) if values["image_path"] else ()
        yield Row(line=line, images=images, columns=values, target_column="label", task=task)


METADATA = DataFormat(
    "metadata CSV",
    "A CSV with the columns image_path, label, task and split.",
    _metadata_rows,
    is_published=True,
)


def _emocaliber_rows(stream: TextIO) -> Iterator[Row]:
    return (_emocaliber_row(*each) for each in jsonl_rows(stream))


def _emocaliber_row(line: int, values: Mapping[str, Any], fault: str | None) -> Row:
    where = f"line {line}"
    parts = _parts(values, where)
    images = [required_text(part, "image", where) for part in parts if part.get("type") == "image"]
    texts = [required_text(part, "text", where) for part in parts if part.get("type") == "text"]
    required_text(values, "ground_truth", where)
    task = required_task(values, where)
    require_candidates(values, where)
    return Row(
        line=line,
        images=tuple(image for each in images[:1] if (image := each.removeprefix("file://"))),
        columns=values,
        target_column="ground_truth",
        task=task,
        prompt="\n".join(texts) or None,
        fault=f"{len(images)} images are named" if len(images) > 1 else fault,
    )


def _parts(values: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    turns = values.get("conversations")
    if turns is None:
        raise ValueError(f"{where}: there is no key 'conversations'")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise ValueError(f"{where}: 'conversations' is not a list of turns")
    roles = [turn.get("role") for turn in turns]
    if roles != ["user"]:
        said = ", ".join(str(role) for role in roles) or "none"
        raise ValueError(f"{where}: 'conversations' should be one turn of the user; found: {said}")
    parts = turns[0].get("content")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise ValueError(f"{where}: the user's turn is not a list of parts")
    return parts


EMOCALIBER = DataFormat(
    "EmoCaliber JSONL",
    "Every line is an object with conversations, task, ground_truth and candidates.",
    _emocaliber_rows,
    brings_prompts=True,
    is_published=True,
)


LONGEST_NUMBER = 300
"""Digits of a whole number that is kept as it is."""


def _emobserver_rows(stream: TextIO) -> Iterator[Row]:
    return (_emobserver_row(*each) for each in _records(stream.read()))


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


def _emobserver_row(name: str, line: int, values: Any, fault: str | None) -> Row:
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
    statement = other.get("statement_meta")
    most = 1
    if isinstance(statement, dict):
        task, target_column = mvei.TASK, "label"
        columns = mvei.columns_of(statement, target)
    elif eemo.is_question(other):
        if other["question_type"] == eemo.OPEN_ENDED:
            return Row(line, split=eemo.OPEN_ENDED)
        is_pair = isinstance(values["image_path"], list)
        most = 1 + is_pair
        images = [image.replace("\\", "/") for image in images]
        task, target_column = (eemo.SINGLE, eemo.PAIR)[most - 1], "ground_truth"
        columns = {**eemo.standard_columns(prompt or "", other), "ground_truth": target}
        is_short = is_pair and len([image for image in images if image]) < most
        missing = "one of two images has no path" if is_short else None
        fault = fault or missing or eemo.fault_of(columns)
    else:
        task, target_column = required_task(other, where), "ground_truth"
        require_candidates(other, where)
        columns = {**values, **other, "ground_truth": target}
    return Row(
        line=line,
        id=name,
        images=tuple(image for image in images[:most] if image),
        columns=columns,
        target_column=target_column,
        task=task,
        prompt=prompt or None,
        fault=f"{len(images)} images are named" if len(images) > most else fault,
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
    _emobserver_rows,
    brings_prompts=True,
    is_published=True,
)
