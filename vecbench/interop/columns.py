"""The fields of a response, and the columns that hold them where somebody calls them otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vecbench.errors import UsageError, nearest
from vecbench.json_lines import MOST_BYTES

Columns = Mapping[str, str]
"""Field → the column that holds it."""

FIELDS = (
    "task",
    "id",
    "target",
    "response",
    "candidates",
    "options",
    "kind",
    "image",
    "images",
    "image_sha256",
    "repeat",
    "error",
    "finish_reason",
)
"""What may be named; further columns are read under the names that they have."""

_OF_THE_SAME = {"id": "sample_id", "sample_id": "id"}
"""Field → the other name by which it is looked for."""


def checked_columns(columns: Mapping[str, Any]) -> dict[str, str]:
    """Columns as somebody asked for them.

    UsageError: A field is none of ours, or a column has no name.
    """
    for name, column in columns.items():
        if name not in FIELDS:
            raise UsageError(f"--columns: {name!r} is no field of a response", nearest(name, FIELDS))
        if not isinstance(column, str) or not column:
            raise UsageError(f"--columns: the column of {name!r} is {column!r}", "Write target=my_column.")
    return dict(columns)


def require_columns(columns: Columns, known: Iterable[str], where: object) -> None:
    """Refuses columns that the rows of a file do not have.

    UsageError: There is none of that name.
    """
    names = list(known)
    for name, column in columns.items():
        if column not in names:
            remedy = nearest(column, names) or "It has no columns."
            raise UsageError(f"{where} has no column {column!r} to take {name!r} from", remedy)


def renamed(values: dict[str, Any], columns: Columns) -> dict[str, Any]:
    """A row with its fields under our names too."""
    for name, column in columns.items():
        if column in values:
            values[name] = values[column]
            if name in _OF_THE_SAME:
                values[_OF_THE_SAME[name]] = values[column]
    return values


def all_renamed(
    rows: Iterable[tuple[int, dict[str, Any]]], columns: Columns
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered rows with their fields under our names too."""
    return ((number, renamed(values, columns)) for number, values in rows) if columns else iter(rows)


def too_long(values: Mapping[str, Any]) -> str | None:
    """Why a row of a binary file is not read, if it is as long as no line of a text may be."""
    size = sum(len(value) for value in values.values() if isinstance(value, str | bytes))
    return f"longer than {MOST_BYTES:,} bytes" if size > MOST_BYTES else None
