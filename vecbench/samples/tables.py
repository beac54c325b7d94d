"""Anyone's own table: a CSV with commas, semicolons or tabs and a header, a JSONL, or a JSON list of objects.

A list is one in JSON, and in a CSV a JSON list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path

from vecbench.delimited import delimiter_of
from vecbench.plain_file import TextLines
from vecbench.samples.beginning import Beginning
from vecbench.samples.columns import CANDIDATES, SEVERAL, renamed, require_named, targets
from vecbench.samples.format import Columns, DataFormat, Row, csv_rows, json_list, jsonl_rows
from vecbench.samples.own import decoded, own_rows, require_columns


def _csv(delimiter: str, table: Path, columns: Columns) -> Iterator[Row]:
    # A label is a text, whatever it looks like.
    names = [SEVERAL, CANDIDATES, *(name for name in targets() if name != "label")]

    def require(header: Collection[str]) -> None:  # of a table without rows too
        require_named(columns, header)
        require_columns(renamed(dict.fromkeys(header), columns), header)

    with TextLines(table) as stream:
        rows = csv_rows(stream, require, delimiter)
        yield from own_rows(
            ((line, decoded(renamed(values, {}), names), None) for line, values in rows), columns
        )


def _jsonl(table: Path, columns: Columns) -> Iterator[Row]:
    with TextLines(table) as stream:
        rows = jsonl_rows(stream)
        yield from own_rows(
            ((line, decoded(said, [CANDIDATES]), fault) for line, said, fault in rows), columns
        )


def _json(table: Path, columns: Columns) -> Iterator[Row]:
    with TextLines(table) as stream:
        rows = json_list(stream, "row")
        yield from own_rows(((n, decoded(said, [CANDIDATES]), None) for n, said in rows), columns, "row")


_SHAPE = "A CSV with a header, a JSONL or a JSON list, UTF-8, with the columns image and label (or target)."


def _own(
    name: str,
    rows: Callable[[Path, Columns], Iterator[Row]],
    recognises: Callable[[Beginning], bool],
) -> DataFormat:
    return DataFormat(name, _SHAPE, rows, recognises, "", is_own=True)


def _separates(delimiter: str, table: Beginning) -> bool:
    return not table.binary and not table.is_json and delimiter_of(table.line) == delimiter


OWN_JSON = _own("JSON list", _json, lambda table: table.is_json and table.is_list)
OWN_JSONL = _own("JSONL", _jsonl, lambda table: table.is_json and not table.is_list)
OWN_CSV, OWN_TSV, OWN_SEMICOLONS = (
    _own(name, partial(_csv, sign), partial(_separates, sign))
    for name, sign in {"CSV": ",", "TSV": "\t", "CSV with semicolons": ";"}.items()
)
