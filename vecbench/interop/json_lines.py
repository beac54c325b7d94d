"""JSONL from anyone: what cannot be read is a fault of its line, and the next line is read all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from vecbench.errors import DataError
from vecbench.interop.row import ResponseFault
from vecbench.plain_file import open_plain
from vecbench.strict_json import RepeatedKeyError, unique

MOST_BYTES = 2**24
"""A longer line is not read: no response is that long, and a hostile file must not fill the memory."""


def json_lines(path: Path, faults: list[ResponseFault]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSONL file, each with its line number; blank lines are skipped."""
    decode = json.JSONDecoder(object_pairs_hook=unique).raw_decode
    try:
        with open_plain(path) as stream:
            for number, line in enumerate(iter(partial(stream.readline, MOST_BYTES), b""), start=1):
                if len(line) == MOST_BYTES and not line.endswith(b"\n"):
                    _skip_line(stream)
                    problem = f"longer than {MOST_BYTES:,} bytes"
                    faults.append(ResponseFault(path, number, "not scored", problem))
                    continue
                if line.isspace():
                    continue
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                    values, end = decode(text)
                    if end < len(text):
                        raise ValueError("more than one value")
                    problem = "" if type(values) is dict else "not a JSON object"
                except (ValueError, RecursionError) as fault:
                    problem = _problem(fault, torn=not line.endswith(b"\n"))
                if problem:
                    faults.append(ResponseFault(path, number, "not scored", problem))
                else:
                    yield number, values
    except OSError as fault:
        raise DataError(f"{path}: {(fault.strerror or str(fault)).lower()}") from None


def _skip_line(stream: Any) -> None:
    while (more := stream.readline(MOST_BYTES)) and not more.endswith(b"\n"):
        pass


def _problem(fault: Exception, *, torn: bool) -> str:
    if isinstance(fault, RepeatedKeyError):
        return str(fault)
    if isinstance(fault, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(fault, RecursionError):
        return "nested too deeply"
    return "the line is torn off: it has no end" if torn else "not valid JSON"
