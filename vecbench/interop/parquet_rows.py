"""Parquet: rows in batches, so that no more than one is in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecbench.errors import DataError
from vecbench.interop.columns import too_long
from vecbench.interop.row import ResponseFault
from vecbench.parquet_file import open_parquet
from vecbench.samples.parquet_dictionaries import rows_at_once

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

MOST_GROUP = 2**30
"""A row group that unpacks to more bytes is not read: a page of it may be as large."""
_BATCH = 1024
_IMAGES = ("image", "images")
"""Columns that may hold pictures, which no score depends on."""


def parquet_rows(path: Path, faults: list[ResponseFault]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(row from 1, its columns) of every row; bytes of pictures are not read.

    DataError: It is no whole Parquet, or its rows unpack to too much. UsageError: pyarrow is missing.
    """
    number = 0
    with _opened(path) as file:
        _require_bounded(file, path)
        columns = _read_columns(file)
        for batch in file.iter_batches(rows_at_once(path, file, columns, _BATCH), columns=columns):
            for values in batch.to_pylist():
                number += 1
                if problem := too_long(values):
                    faults.append(ResponseFault(path, number, "not scored", problem))
                else:
                    yield number, values


def parquet_columns(path: Path) -> list[str]:
    """The columns of a file; raises what `parquet_rows` does."""
    with _opened(path) as file:
        return list(file.schema_arrow.names)


@contextmanager
def _opened(path: Path) -> Iterator[ParquetFile]:
    try:
        with open_parquet(path) as file:
            yield file
    except ValueError as fault:
        raise DataError(f"{path}: {fault}") from None


def _require_bounded(file: ParquetFile, path: Path) -> None:
    meta = file.metadata
    largest = max((meta.row_group(place).total_byte_size for place in range(meta.num_row_groups)), default=0)
    if largest > MOST_GROUP:
        raise DataError(
            f"{path}: rows unpack to {largest:,} bytes at once, and at most {MOST_GROUP:,} are read",
            "Write it again with smaller row groups.",
        )


def _read_columns(file: ParquetFile) -> list[str]:
    """All columns but those of pictures, which are bytes or have some in them."""
    from pyarrow.types import is_string

    return [each.name for each in file.schema_arrow if each.name not in _IMAGES or is_string(each.type)]
