"""Tables as a text: what separates their cells, and rows whose cells may be long."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from typing import TypeVar

from vecbench.plain_file import MOST_CHARACTERS

DELIMITERS = (",", "\t", ";")
_T = TypeVar("_T")
_LIMIT = threading.Lock()


def delimiter_of(header: str) -> str:
    """What separates the names of a header: what divides it into the most, a comma where nothing does."""
    return max(DELIMITERS, key=lambda delimiter: len(names_of(header, delimiter)))


def names_of(header: str, delimiter: str) -> list[str]:
    """The names in a header; none if it is broken."""
    try:
        return next(csv.reader([header], delimiter=delimiter), [])
    except csv.Error:
        return []


def long_rows(rows: Iterator[_T]) -> Iterator[_T]:
    """Rows of what reads with `csv`, whose cells may have `MOST_CHARACTERS`.

    How long a cell may be is a setting of the whole process, so it is changed only while a row is read.
    """
    while True:
        with _LIMIT:
            usual = csv.field_size_limit(MOST_CHARACTERS)
            try:
                row = next(rows)
            except StopIteration:
                return
            finally:
                csv.field_size_limit(usual)
        yield row
