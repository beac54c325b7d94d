"""EmObserver's result: one JSON object, id → its record of the data with `generations: [text, …]`.

Source: `evaluate/infer_and_eval.py` of github.com/wdqqdw/EmObserver.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vecbench.answers.written import shown
from vecbench.errors import DataError
from vecbench.interop.row import ResponseFault, StatedRow
from vecbench.plain_file import cannot_read, open_plain
from vecbench.samples import mvei
from vecbench.strict_json import RepeatedKeyError, unique

NAME = "EmObserver"
MOST_BYTES = 2**30
"""The file is held in memory as a whole; 1 GiB is a hundred times the benchmark's result."""

_HEAD = 2**16
_RECORD = re.compile(r'\ufeff?\s*\{\s*"(?!original_data"|doc")(?:[^"\\]|\\.)*"\s*:\s*\{')
_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder(object_pairs_hook=unique)


def recognises(path: Path) -> bool:
    """Whether a file begins as such a result: an object whose first value is a record with generations."""
    try:
        with open_plain(path) as stream:
            head = stream.read(_HEAD).decode(errors="replace")
    except OSError as fault:
        raise cannot_read(path, fault) from None
    return bool(_RECORD.match(head)) and '"generations"' in head


def rows(path: Path, faults: list[ResponseFault]) -> Iterator[StatedRow]:
    """The rows of a file, a record's generations as repeats 0 … k."""
    for line, name, record in _records(path, faults):
        if not isinstance(record, dict):
            problem = f"the record {shown(name)} is {shown(record)}, not a JSON object"
            faults.append(ResponseFault(path, line, "not scored", problem))
            continue
        other = record.get("other_info")
        other = _with_statement(other) if isinstance(other, dict) else {}
        image = record.get("image_path")
        images = image if isinstance(image, list) and len(image) > 1 else None
        image = image[0] if isinstance(image, list) and image else image
        generations = record.get("generations")
        error = record.get("error")
        if not isinstance(generations, list) or not generations:
            # One row that has no response, or whose response is no text.
            generations = [generations or None]
        for repeat, text in enumerate(generations):
            yield StatedRow(
                path,
                line,
                other.get("task"),
                _target(record, other),
                text,
                record | other,
                sample_id=name,
                candidates=other.get("candidates"),
                repeat=repeat,
                error=error,
                image=image if isinstance(image, str) else None,
                has_response="generations" in record or "statement_meta" in other,
                kind=other.get("kind"),
                images=images if images and all(isinstance(each, str) for each in images) else None,
            )


def _with_statement(other: dict[str, Any]) -> dict[str, Any]:
    """What is known of a sample besides; of a statement of MVEI, whose records name no task, that too."""
    said = other.get("statement_meta")
    if not isinstance(said, dict):
        return other
    known = {"task": mvei.TASK, **mvei.columns_of(said, None)}
    return {name: value for name, value in known.items() if value is not None} | other


def _target(record: dict[str, Any], other: dict[str, Any]) -> Any:
    """The target; the evaluator counts a statement without one among all rows, and never as right."""
    target = record.get("ground_truth")
    return "" if target is None and "statement_meta" in other else target


def _records(path: Path, faults: list[ResponseFault]) -> Iterator[tuple[int, str, Any]]:
    """(line, id, record), one by one, so that a file that was torn off keeps its readable records."""
    text = _content(path)
    place = text.index("{")
    line = 1 + text.count("\n", 0, place)
    closed = text.startswith("}", end := _behind_space(text, place + 1))
    while not closed:
        begin = _behind_space(text, place + 1)
        line += text.count("\n", place, begin)
        try:
            name, place = _decoded(text, begin)
            if not isinstance(name, str):
                raise ValueError("no id")
            record, place = _decoded(text, _behind_space(text, _behind_space(text, place, ":")))
            place = end = _behind_space(text, place)
        except (ValueError, RecursionError) as fault:
            what = "nested too deeply" if isinstance(fault, RecursionError) else "not valid JSON, or torn off"
            problem = f"{what}; from here on nothing can be read"
            faults.append(ResponseFault(path, line, "not scored", problem))
            return
        if isinstance(record, RepeatedKeyError):
            problem = f"the record {shown(name)}: {record}"
            faults.append(ResponseFault(path, line, "not scored", problem))
        else:
            yield line, name, record
        line += text.count("\n", begin, place)
        closed = not text.startswith(",", place)
    if not text.startswith("}", end):
        problem = "torn off: the object is never closed"
        faults.append(ResponseFault(path, line, "not there", problem))
        return
    rest = _behind_space(text, end + 1)
    if rest < len(text):
        line += text.count("\n", end, rest)
        problem = f"the object is closed, and what follows cannot be read: {shown(text[rest : rest + 100])}"
        faults.append(ResponseFault(path, line, "not scored", problem))


def _decoded(text: str, place: int) -> tuple[Any, int]:
    """The value at a place and where it ends; an error as the value of an object that has a key twice."""
    try:
        return _DECODER.raw_decode(text, place)
    except RepeatedKeyError as fault:
        return fault, json.JSONDecoder().raw_decode(text, place)[1]


def _content(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(
                f"{path} is larger than {MOST_BYTES // 2**30} GiB", "Split it, or convert it to JSONL."
            )
        with io.TextIOWrapper(open_plain(path), encoding="utf-8-sig") as stream:
            return stream.read()
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8") from None
    except OSError as fault:
        raise cannot_read(path, fault) from None


def _behind_space(text: str, place: int, sign: str = "") -> int:
    """Where what follows begins, behind white space and a sign that must be there."""
    found = _SPACE.match(text, place)
    place = found.end() if found else place
    if not text.startswith(sign, place):
        raise ValueError(f"no {sign}")
    return place + len(sign)
