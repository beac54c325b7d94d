"""Parquet as `datasets` and the Hub write it: images as bytes, paths or `{bytes, path}`, labels as numbers.

What the numbers of a `ClassLabel` mean, `parquet_classes` says. The images themselves are read one by one,
when they are shown (`parquet_images`); here only the other columns are, some rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecbench.samples.columns import COLUMNS, NUMBERED, SEVERAL, tidied
from vecbench.samples.format import Columns, DataFormat, Row
from vecbench.samples.own import own_rows
from vecbench.samples.parquet_cells import AT_A_TIME, opened
from vecbench.samples.parquet_classes import class_names, named, named_by
from vecbench.samples.parquet_dictionaries import rows_at_once
from vecbench.samples.parquet_images import embedded_columns, is_binary, is_list

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

ROWS = 1000
"""Rows that are in memory at a time, without their images."""


def _raw(table: Path, columns: Columns) -> Iterator[tuple[int, Mapping[str, Any], str | None]]:
    with opened(table) as file:
        images = _image_columns(file, columns)
        embedded = [name for name in images if name in embedded_columns(file)]
        classes = class_names(file, table)
        leaves, is_heavy = _leaves(file, embedded)
        at_once = rows_at_once(table, file, leaves, AT_A_TIME if is_heavy else ROWS)
        number = 0
        for batch in file.iter_batches(at_once, columns=leaves):
            for said in batch.to_pylist():
                values = {name: named(_plain(cell), classes.get(name)) for name, cell in said.items()}
                key = None
                for name in embedded:
                    held = said.get(name)
                    path = held.get("path") if isinstance(held, dict) else None
                    values[name] = f"{table.name}/{number}" + ("" if name == images[0] else f"/{name}")
                    key = key or path
                    if isinstance(held, list):
                        values[name] = [f"{values[name]}/{place}" for place in range(len(held))]
                        if tidied(name) == "image":
                            values[SEVERAL] = values.pop(name)
                number += 1
                yield (
                    number,
                    {**values, "__key__": key or f"{table.name}/{number - 1}"} if embedded else values,
                    None,
                )


def _image_columns(file: ParquetFile, columns: Columns) -> list[str]:
    """The columns of images, the one that is shown first at the head."""
    ours = [SEVERAL, *COLUMNS["image"]]
    names = {columns[name] for name in columns if name in ours or NUMBERED.fullmatch(name)}
    there = file.schema_arrow.names
    if not names:
        names = {name for name in there if tidied(name) in ours or NUMBERED.fullmatch(tidied(name))}
    return sorted(name for name in there if name in names)


def _leaves(file: ParquetFile, embedded: Sequence[str]) -> tuple[list[str], bool]:
    """What is read of every row, and whether bytes of images are: only to count those of a list."""
    light: dict[str, list[str]] = {}
    heavy: dict[str, list[str]] = {}
    for place in range(file.metadata.num_columns):
        column = file.schema.column(place)
        name = column.path.partition(".")[0]
        is_image = name in embedded and (column.path == name or column.name in {"bytes", "item", "element"})
        if is_image or is_binary(file.schema_arrow.field(name).type):
            heavy.setdefault(name, []).append(column.path)
        else:
            light.setdefault(name, []).append(column.path)
    counted = [
        path
        for name in embedded
        if name not in light and is_list(file.schema_arrow.field(name).type)
        for path in heavy[name]
    ]
    return [path for paths in light.values() for path in paths] + counted, bool(counted)


def _plain(cell: Any) -> Any:
    """A cell as JSON can hold it."""
    if isinstance(cell, dict):
        return {str(name): _plain(each) for name, each in cell.items()}
    if isinstance(cell, list):
        return [_plain(each) for each in cell]
    if isinstance(cell, datetime | date | time | timedelta | Decimal):
        return str(cell)
    return None if isinstance(cell, bytes) else cell


def _rows(table: Path, columns: Columns) -> Iterator[Row]:
    return own_rows(_raw(table, columns), columns, "row")


PARQUET = DataFormat(
    "parquet",
    "Parquet with the columns image (bytes, a path or both) and label; integers need the names of classes.",
    _rows,
    lambda table: table.binary == "parquet",
    "",
    is_own=True,
    holds_images=True,
    named_by=named_by,
)
