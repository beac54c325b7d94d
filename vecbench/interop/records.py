"""Rows of whatever file they lie in: JSONL, a JSON list, a table as a text, a workbook, Parquet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile, ZipFile

from vecbench.interop.delimited import delimited_rows, header_of
from vecbench.interop.json_records import json_records
from vecbench.interop.parquet_rows import parquet_columns, parquet_rows
from vecbench.interop.row import ResponseFault, stated_lines
from vecbench.interop.workbook import workbook_columns, workbook_rows
from vecbench.json_lines import json_lines
from vecbench.plain_file import beginning_of, binary_kind

Container = Literal["JSONL", "JSON list", "table", "workbook", "Parquet", "archive"]
Rows = Iterator[tuple[int, dict[str, Any]]]
"""(line or row from 1, what it says)."""

TEXTS = ("JSONL", "JSON list", "table")
_LIST = re.compile(r"\[\s*[{\]]")
PEEKED = 20
"""Rows that may decide what a file is: the first ones may be broken."""


def container_of(path: Path, beginning: bytes) -> Container | None:
    """How rows lie in a file that begins so; None if that is no way that is known."""
    binary = binary_kind(beginning)
    if binary == "parquet":
        return "Parquet"
    if binary == "zip":
        try:
            with ZipFile(path) as archive:
                return "workbook" if "xl/workbook.xml" in archive.namelist() else "archive"
        except (BadZipFile, ValueError, NotImplementedError):
            return None
    text = beginning.decode("utf-8-sig", errors="replace").lstrip()
    if _LIST.match(text):
        return "JSON list"
    return "table" if not _has_objects(text) and header_of(path) else "JSONL"


def _has_objects(text: str) -> bool:
    """Whether a text has JSON objects among its first lines, be it that the first ones are broken."""
    return text.startswith("{") or any(line.startswith('{"') for line in text.splitlines()[:PEEKED])


def first_records(path: Path, container: Container | None) -> Sequence[Mapping[str, Any]]:
    """The first rows of a file, of a table the names of its columns; raises what `rows_of` does."""
    if container == "table":
        known = header_of(path)
        return [dict.fromkeys(known[1])] if known else []
    if container == "workbook":
        return [dict.fromkeys(workbook_columns(path))]
    if container == "Parquet":
        return [dict.fromkeys(parquet_columns(path))]
    if container in {None, "archive"}:
        return []
    return [values for _, values in islice(_rows(path, container, []), PEEKED)]


def rows_of(path: Path, faults: list[ResponseFault]) -> Rows:
    """The rows of a file, one by one; what is no row is among the faults.

    DataError: It cannot be read. UsageError: The package that reads it is missing.
    """
    return _rows(path, container_of(path, beginning_of(path)), faults)


def _rows(path: Path, container: Container | None, faults: list[ResponseFault]) -> Rows:
    known: Mapping[Container, Callable[[Path, list[ResponseFault]], Rows]] = {
        "JSON list": _listed,
        "table": delimited_rows,
        "workbook": workbook_rows,
        "Parquet": parquet_rows,
    }
    if container is not None and container in known:
        return known[container](path, faults)
    return stated_lines(path, json_lines(path), faults)


def _listed(path: Path, faults: list[ResponseFault]) -> Rows:
    return ((line, record) for line, _, record in json_records(path, faults))
