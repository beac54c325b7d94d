"""One JSON document of many records, read one by one: an object of them by their ids, or a list of them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vecbench.answers.written import shown
from vecbench.errors import DataError
from vecbench.interop.row import ResponseFault
from vecbench.plain_file import cannot_read, open_plain
from vecbench.strict_json import RepeatedKeyError, unique

MOST_BYTES = 2**30
"""The file is held in memory as a whole; 1 GiB is a hundred times the largest benchmark's result."""

_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder(object_pairs_hook=unique)
_END = {"{": "}", "[": "]"}


def json_records(path: Path, faults: list[ResponseFault]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """(line, id, record), one by one, so that a file that was torn off keeps its readable records.

    In a list a record's id is its place, from 1. What is no record is among the faults.
    """
    text = _content(path)
    place = min(found for sign in _END if (found := text.find(sign)) >= 0)
    kind, end_sign = ("object", "}") if text[place] == "{" else ("list", "]")
    line = 1 + text.count("\n", 0, place)
    closed = text.startswith(end_sign, end := _behind_space(text, place + 1))
    number = 0
    while not closed:
        begin = _behind_space(text, place + 1)
        line += text.count("\n", place, begin)
        number += 1
        try:
            name, place = str(number), begin
            if kind == "object":
                name, place = _decoded(text, begin)
                if not isinstance(name, str):
                    raise ValueError("no id")
                place = _behind_space(text, _behind_space(text, place, ":"))
            record, place = _decoded(text, place)
            place = end = _behind_space(text, place)
        except (ValueError, RecursionError) as fault:
            what = "nested too deeply" if isinstance(fault, RecursionError) else "not valid JSON, or torn off"
            problem = f"{what}; from here on nothing can be read"
            faults.append(ResponseFault(path, line, "not scored", problem))
            return
        if isinstance(record, dict):
            yield line, name, record
        else:
            is_error = isinstance(record, RepeatedKeyError)
            problem = f": {record}" if is_error else f" is {shown(record)}, not a JSON object"
            faults.append(ResponseFault(path, line, "not scored", f"the record {shown(name)}{problem}"))
        line += text.count("\n", begin, place)
        closed = not text.startswith(",", place)
    if not text.startswith(end_sign, end):
        problem = f"torn off: the {kind} is never closed"
        faults.append(ResponseFault(path, line, "not there", problem))
        return
    rest = _behind_space(text, end + 1)
    if rest < len(text):
        line += text.count("\n", end, rest)
        problem = f"the {kind} is closed, and what follows cannot be read: {shown(text[rest : rest + 100])}"
        faults.append(ResponseFault(path, line, "not scored", problem))


def json_document(path: Path) -> dict[str, Any]:
    """The object that a whole file is.

    DataError: It is none, is torn off, or has a key twice.
    """
    try:
        document = json.loads(_content(path), object_pairs_hook=unique)
    except (ValueError, RecursionError) as fault:
        raise DataError(f"{path}: not valid JSON: {fault!s:.200}", "Was it stored to its end?") from None
    if not isinstance(document, dict):
        raise DataError(f"{path} is {shown(document)}, not a JSON object")
    return document


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
    except UnicodeDecodeError as fault:
        line = 1 + fault.object.count(b"\n", 0, fault.start)
        remedy = "One document is read as a whole: store it as UTF-8, or as JSONL."
        raise DataError(f"{path}, line {line}: not UTF-8", remedy) from None
    except OSError as fault:
        raise cannot_read(path, fault) from None


def _behind_space(text: str, place: int, sign: str = "") -> int:
    """Where what follows begins, behind white space and a sign that must be there."""
    found = _SPACE.match(text, place)
    place = found.end() if found else place
    if not text.startswith(sign, place):
        raise ValueError(f"no {sign}")
    return place + len(sign)
