"""What a table begins with: by it, and not by a file's name, its format is told."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vecbench.errors import DataError, VecbenchError
from vecbench.plain_file import TextLines, binary_kind, cannot_read, plain_bytes
from vecbench.plain_file import beginning_of as first_bytes


@dataclass(frozen=True)
class Beginning:
    """The first of a table: `line`, its first line that is not blank, and `text`, its first 64 KiB."""

    path: Path
    line: str = ""
    text: str = ""
    binary: str = ""  # what a file is that is no text; `folder` for one

    @cached_property
    def header(self) -> Sequence[str]:
        """The first line as the header of a CSV; none if it is none."""
        try:
            return next(csv.reader([self.line]), [])
        except csv.Error:
            return []

    @property
    def is_json(self) -> bool:
        """Whether it is JSON or was meant to be."""
        return self.line.startswith(("{", "[")) or self.path.suffix in {".json", ".jsonl"}

    @property
    def is_list(self) -> bool:
        """Whether it is a JSON list."""
        return self.line.startswith("[")

    @cached_property
    def first(self) -> Mapping[str, Any] | None:
        """The object on the first line, or the first one of a list; None if there is none or it is broken."""
        text = self.line if not self.is_list else self.text.lstrip().removeprefix("[").lstrip()
        try:
            found = json.JSONDecoder().raw_decode(text)[0] if self.is_list else json.loads(text)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


def head_of(path: Path) -> str:
    """What a text begins with; nothing if it cannot be read."""
    try:
        return _text(first_bytes(path))
    except VecbenchError:
        return ""


def binary_of(path: Path) -> str:
    """What a file is that is no text, as `binary_kind` says it; empty for a text, or if it cannot be read."""
    try:
        return binary_kind(first_bytes(path))
    except VecbenchError:
        return ""


def beginning_of(path: Path) -> Beginning:
    """What a table begins with; DataError if it cannot be read."""
    if path.is_dir():
        return Beginning(path, binary="folder")
    head = first_bytes(path)
    if binary := binary_kind(head):
        return Beginning(path, binary=binary)
    if path.suffix == ".mat":
        return Beginning(path, binary="mat")
    try:
        with TextLines(path) as stream:
            line = next((line for line in stream if line.strip()), "").strip("\r\n ")
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    except ValueError as fault:
        raise DataError(f"{path}: {fault}", "A table of samples is a text with a row a line.") from None
    except OSError as fault:
        raise cannot_read(path, fault) from None
    return Beginning(path, line, _text(head))


def _text(head: bytes) -> str:
    """The first bytes as a text, whose last character may be cut."""
    return head.decode("utf-8-sig", errors="replace")


def not_utf8(table: Path) -> DataError:
    """What to raise for a table that is not UTF-8: it names the line of the first byte that is not."""
    data = plain_bytes(table)
    try:
        data.decode("utf-8")
        where, byte = "", ""
    except UnicodeDecodeError as fault:
        line = data[: fault.start].count(b"\n") + 1
        where = f"line {line}: "
        byte = f" (byte 0x{data[fault.start]:02x})"
    return DataError(f"{table}: {where}not utf-8{byte}", "A table of samples is a text, UTF-8.")
