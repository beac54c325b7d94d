"""The images in a parquet: which columns hold some, and the bytes of one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from vecbench.samples.columns import tidied
from vecbench.samples.containers import state
from vecbench.samples.parquet_cells import ParquetCells, opened

if TYPE_CHECKING:
    from pyarrow import DataType
    from pyarrow.parquet import ParquetFile


def is_binary(kind: DataType) -> bool:
    """Whether cells of a type are bytes."""
    from pyarrow import types

    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def is_list(kind: DataType) -> bool:
    """Whether cells of a type are lists."""
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind))


def _holds_bytes(kind: DataType) -> bool:
    from pyarrow import types

    if is_list(kind):
        return _holds_bytes(kind.value_type)
    if types.is_struct(kind):
        return any(each.name == "bytes" and is_binary(each.type) for each in kind)
    return is_binary(kind)


def embedded_columns(file: ParquetFile) -> list[str]:
    """The columns that hold the bytes of images."""
    return [each.name for each in file.schema_arrow if _holds_bytes(each.type)]


@lru_cache(maxsize=8)
def _cells(path: str, _time: int, _size: int, column: str) -> ParquetCells:
    return ParquetCells(Path(path), column)


@lru_cache(maxsize=64)
def _shape(path: str, *_: int) -> tuple[int, list[str]]:
    """How many rows there are, and which columns hold images, that of `image` first."""
    with opened(Path(path)) as file:
        names = sorted(embedded_columns(file), key=lambda name: (tidied(name) != "image", name))
        return file.metadata.num_rows, names


def image_in(path: Path, name: str) -> bytes:
    """The bytes of an image, by its row, its column if it is not the first, its place in a list."""
    row, *rest = name.split("/")
    rows, columns = _shape(*state(path))
    if not row.isdecimal() or int(row) >= rows or not columns:
        raise KeyError(name)
    column = rest.pop(0) if rest and rest[0] in columns else columns[0]
    found = _cells(*state(path), column).cell(int(row))
    if isinstance(found, list):
        place = int(rest[0]) if rest and rest[0].isdecimal() else 0
        if place >= len(found):
            raise KeyError(name)
        found = found[place]
    elif rest:
        raise KeyError(name)
    if isinstance(found, dict):
        found = found.get("bytes")
    if not isinstance(found, bytes):
        raise ValueError("the row holds no bytes of an image")
    return found


def has_image(path: Path, name: str) -> bool:
    """Whether there is a row of that number."""
    row = name.partition("/")[0]
    return row.isdecimal() and int(row) < _shape(*state(path))[0]
