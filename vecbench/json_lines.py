"""JSONL from anyone: what cannot be read is a fault of its line, and the next line is read all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from vecbench.plain_file import cannot_read, open_plain
from vecbench.strict_json import RepeatedKeyError, unique

MOST_BYTES = 2**24
"""A longer line is not read: no response is that long, and a hostile file must not fill the memory."""

TORN = "the line is torn off: it has no end"
"""The problem of a last line, without a newline, that is the beginning of something."""


@dataclass(frozen=True, slots=True)
class JsonLine:
    """One line of a file.

    Attributes:
        number: Counted from 1.
        begin, size: Its place in the file, in bytes; the newline is part of it.
        values: Its object; None if it cannot be read.
        problem: Why it cannot be read; empty if it can.
        is_ended: Whether it has a newline.
    """

    number: int
    begin: int
    size: int
    values: dict[str, Any] | None
    problem: str
    is_ended: bool


def json_lines(path: Path) -> Iterator[JsonLine]:
    """The lines of a JSONL file but for blank ones; in memory is never more than one of `MOST_BYTES`.

    DataError: It cannot be opened or is no plain file. RunError: The storage fails while it is read.
    """
    decode = json.JSONDecoder(object_pairs_hook=unique).raw_decode
    begin = number = 0
    try:
        with open_plain(path) as stream:
            while line := stream.readline(MOST_BYTES):
                number += 1
                size, is_ended = len(line), line.endswith(b"\n")
                values, problem = None, ""
                if size == MOST_BYTES and not is_ended:
                    size, is_ended = _skip_line(stream, size)
                    problem = f"longer than {MOST_BYTES:,} bytes"
                elif not line.isspace():
                    try:
                        text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                        values, end = decode(text)
                        if end < len(text):
                            raise ValueError("more than one value")
                    except (ValueError, RecursionError) as fault:
                        values, problem = None, _problem(fault, torn=not is_ended)
                    else:
                        if type(values) is not dict:
                            values, problem = None, "not a JSON object"
                if values is not None or problem:
                    yield JsonLine(number, begin, size, values, problem, is_ended)
                begin += size
    except OSError as fault:
        raise cannot_read(path, fault) from None


def _skip_line(stream: BinaryIO, size: int) -> tuple[int, bool]:
    """Goes to the end of a line of which `size` bytes were read: its size, and whether it is ended."""
    while more := stream.readline(MOST_BYTES):
        size += len(more)
        if more.endswith(b"\n"):
            return size, True
    return size, False


def _problem(fault: Exception, *, torn: bool) -> str:
    if isinstance(fault, RepeatedKeyError):
        return str(fault)
    if isinstance(fault, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(fault, RecursionError):
        return "nested too deeply"
    return TORN if torn else "not valid JSON"
