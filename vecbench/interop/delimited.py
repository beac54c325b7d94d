"""Tables as a text: a header and a row a line, between commas, semicolons or tabs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from vecbench.delimited import delimiter_of, long_rows, names_of
from vecbench.interop.columns import FIELDS
from vecbench.interop.row import ResponseFault
from vecbench.plain_file import beginning_of, cannot_read, open_plain

_NOTHING = {"false", "none", "nan", "null"}
"""How programs write in a table that a row has no error."""
_LISTS = ("candidates", "images", "images_sha256")


def header_of(path: Path) -> tuple[str, list[str]] | None:
    """The delimiter and the columns of a table; None for a text whose first line is of one piece."""
    text = beginning_of(path).decode("utf-8-sig", errors="surrogateescape")
    line = next(iter(csv_lines(text)), "")
    delimiter = delimiter_of(line)
    names = names_of(line, delimiter)
    if len(names) < 2 or "\0" in line:
        return None
    return delimiter, [_name(each) for each in names]


def csv_lines(text: str) -> list[str]:
    """The lines of a text that are not blank."""
    return [line for line in text.splitlines() if line.strip()]


def delimited_rows(path: Path, faults: list[ResponseFault]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line on which it ends, row) of each row; what is no row of the table is among the faults.

    An empty cell is None, for a table cannot tell an empty text from nothing. DataError: It cannot be opened.
    """
    known = header_of(path)
    if known is None:
        return
    delimiter, names = known
    try:
        with io.TextIOWrapper(
            open_plain(path), encoding="utf-8-sig", errors="surrogateescape", newline=""
        ) as lines:
            reader = csv.reader(lines, delimiter=delimiter)
            rows = long_rows(reader)
            next((cells for cells in rows if any(cell.strip() for cell in cells)), None)
            for cells in rows:
                problem = _problem(cells, names)
                if problem:
                    faults.append(ResponseFault(path, reader.line_num, "not scored", problem))
                elif cells:
                    yield reader.line_num, as_values(zip(names, cells, strict=True))
    except csv.Error as fault:
        problem = f"{fault}; from here on nothing can be read"
        faults.append(ResponseFault(path, reader.line_num, "not there", problem))
    except OSError as fault:
        raise cannot_read(path, fault) from None


def as_values(cells: Any) -> dict[str, Any]:
    """A row of texts with what is no text in a response: a count, a list, nothing."""
    values = {name: cell if cell != "" else None for name, cell in cells}
    repeat = values.get("repeat")
    if isinstance(repeat, str) and repeat.isdecimal():
        values["repeat"] = int(repeat)
    error = values.get("error")
    if isinstance(error, str) and error.casefold() in _NOTHING:
        values["error"] = None
    for name in _LISTS:
        cell = values.get(name)
        if isinstance(cell, str) and cell.startswith("["):
            with suppress(ValueError, RecursionError):
                values[name] = json.loads(cell)
    return values


def _problem(cells: list[str], names: list[str]) -> str:
    if not cells:
        return ""
    if len(cells) != len(names):
        return f"it has {len(cells):,} cells, and the header has {len(names):,}"
    try:
        for cell in cells:
            cell.encode()
    except UnicodeEncodeError:
        return "not UTF-8"
    return ""


def _name(written: str) -> str:
    """A column's name without blanks about it; ours in small letters."""
    name = written.strip()
    return name.casefold() if name.casefold() in {*FIELDS, "sample_id", "label", "ground_truth"} else name
