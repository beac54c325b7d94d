"""The cells of a column of a parquet, read forwards, a few at a time: memory does not grow with the file."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecbench.parquet_file import open_parquet
from vecbench.samples.parquet_dictionaries import require_modest

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

AT_A_TIME = 8
"""Rows whose images are decoded together."""
KEPT = 16
"""So many times that many stay in memory: whoever reads them does so in about their order."""
MOST_UNFOLDED = 200, 2**26
"""A column that is more than so many times as large as its file's part of it, and larger than so many bytes,
is made to fill the memory."""
MOST_ROWS = 10**8


@contextmanager
def opened(path: Path) -> Iterator[ParquetFile]:
    """A parquet; ValueError if it cannot be read or unfolds into what no data needs."""
    with open_parquet(path) as file:
        _require_modest(file)
        yield file


def _require_modest(file: ParquetFile) -> None:
    factor, least = MOST_UNFOLDED
    if file.metadata.num_rows > MOST_ROWS:
        raise ValueError(f"{file.metadata.num_rows:,} rows: the most that are read are {MOST_ROWS:,}")
    for group in range(file.metadata.num_row_groups):
        part = file.metadata.row_group(group)
        for place in range(part.num_columns):
            column = part.column(place)
            size, stored = column.total_uncompressed_size, column.total_compressed_size
            if size > least and size > factor * max(stored, 1):
                raise ValueError(
                    f"the column {column.path_in_schema} unfolds from {stored:,} to {size:,} bytes, which no "
                    "images do"
                )


class ParquetCells:
    """The images of a column, batch by batch; a batch before the last one begins anew at its row group."""

    def __init__(self, path: Path, column: str) -> None:
        self._path, self._column = path, column
        self._lock = threading.Lock()
        self._batches: OrderedDict[tuple[int, int], list[Any]] = OrderedDict()
        self._going: tuple[int, int, Iterator[Any]] | None = None
        with opened(path) as file:
            self._sizes = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]

    def cell(self, row: int) -> Any:
        group = 0
        while group < len(self._sizes) and row >= self._sizes[group]:
            row -= self._sizes[group]
            group += 1
        if group == len(self._sizes):
            raise KeyError(row)
        with self._lock:
            return self._batch(group, row // AT_A_TIME)[row % AT_A_TIME]

    def _batch(self, group: int, number: int) -> list[Any]:
        while (group, number) not in self._batches:
            if self._going is None or self._going[0] != group or self._going[1] > number:
                self._going = group, 0, self._read(group)
            _, place, batches = self._going
            self._going = None  # what fails is begun anew
            batch = next(batches)
            self._going = group, place + 1, batches
            self._batches[group, place] = batch
            while len(self._batches) > KEPT:
                self._batches.popitem(last=False)
        return self._batches[group, number]

    def _read(self, group: int) -> Iterator[Any]:
        with opened(self._path) as file:
            require_modest(self._path, file, group, self._column)
            for batch in file.iter_batches(AT_A_TIME, row_groups=[group], columns=[self._column]):
                yield batch.column(0).to_pylist()
