"""Dictionaries in a parquet: a value that is stored once may stand in every row, and fill the memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecbench.plain_file import open_plain
from vecbench.samples.containers import state

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

LARGEST = 2**24
"""Bytes of a value that may be stored once for several rows."""
AT_ONCE = 2**28
"""Bytes that rows which are read together may unfold to."""

_DICTIONARY = 2
"""The type of a page, as parquet numbers them."""


def rows_at_once(path: Path, file: ParquetFile, columns: Collection[str], most: int) -> int:
    """How many rows, up to `most`, are read together so that their dictionaries' values fill no memory.

    `columns` are names, or paths of leaves.
    Raises what `require_modest` does, of all row groups.
    """
    largest = 1
    for group in range(file.metadata.num_row_groups):
        sizes = dict(_sizes(path, file, group, columns))
        largest = max(largest, sum(sizes.values()))
        _require(path, group, [place for place, size in sizes.items() if size > LARGEST])
    return max(1, min(most, AT_ONCE // largest))


def require_modest(path: Path, file: ParquetFile, group: int, column: str) -> None:
    """ValueError if a row group repeats a value of more than LARGEST bytes that it stores once."""
    sizes = _sizes(path, file, group, [column])
    _require(path, group, [place for place, size in sizes if size > LARGEST])


def _sizes(path: Path, file: ParquetFile, group: int, columns: Collection[str]) -> Iterator[tuple[str, int]]:
    """The leaves of some columns that have a dictionary in a row group, and the bytes of it."""
    part = file.metadata.row_group(group)
    with open_plain(path) as stream:
        for place in range(part.num_columns):
            leaf = part.column(place)
            if not {leaf.path_in_schema, leaf.path_in_schema.partition(".")[0]}.isdisjoint(columns):
                stream.seek(leaf.dictionary_page_offset or leaf.data_page_offset)
                if size := _dictionary_size(stream.read(16)):
                    yield leaf.path_in_schema, size


def _dictionary_size(header: bytes) -> int:
    """The bytes of the dictionary whose page begins so; 0 for any other page.

    The first two fields of a page's header, in Thrift's compact protocol, are its type and its size.
    """
    found: list[int] = []
    place = 0
    while len(found) < 2 and header[place : place + 1] == b"\x15":  # the next field, an integer
        value = shift = 0
        for byte in header[place + 1 :]:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        place += 1 + shift // 7
        found.append(value >> 1)
    return found[1] if len(found) == 2 and found[0] == _DICTIONARY else 0


def _require(path: Path, group: int, leaves: Collection[str]) -> None:
    for leaf in leaves:
        if size := _repeated(*state(path), group, leaf):
            raise ValueError(
                f"the column {leaf} stores a value of {size:,} bytes once for several rows; of one that is "
                f"repeated at most {LARGEST:,} are read"
            )


@lru_cache(maxsize=1024)
def _repeated(path: str, _time: int, _size: int, group: int, leaf: str) -> int:
    """The bytes of a value of more than LARGEST that several rows have; 0 if there is none."""
    rows: Counter[int] = Counter()
    for values in _values(path, group, leaf):
        rows.update(values.indices.drop_null().to_pylist())
        for index, size in enumerate(_lengths(values)):
            if size > LARGEST and rows[index] > 1:
                return size
    return 0


def _lengths(values: Any) -> list[int]:
    from pyarrow import compute

    return [each or 0 for each in compute.binary_length(values.dictionary).to_pylist()]


def _values(path: str, group: int, leaf: str) -> Iterator[Any]:
    """The values of a column as indices and dictionary, each value once."""
    from pyarrow import types
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path, read_dictionary=[leaf]) as file:
        for batch in file.iter_batches(1000, row_groups=[group], columns=[leaf]):
            values = batch.column(0)
            while types.is_struct(values.type) or types.is_list(values.type):
                values = values.field(0) if types.is_struct(values.type) else values.values
            if types.is_dictionary(values.type):
                yield values
