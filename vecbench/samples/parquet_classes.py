"""What numbers of classes mean in a parquet: names in its own metadata, else in a file beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecbench.samples.label_names import file_of_names, names_beside
from vecbench.samples.parquet_cells import opened
from vecbench.samples.parquet_images import is_list

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile


def class_names(file: ParquetFile, table: Path) -> dict[str, Sequence[str]]:
    """Column → the names of its classes."""
    return {**_names_beside(file, table), **_own_names(file)}


def _own_names(file: ParquetFile) -> dict[str, Sequence[str]]:
    """Column → the names of its classes, as the file's metadata has them under `huggingface`."""
    try:
        said = json.loads((file.schema_arrow.metadata or {}).get(b"huggingface", b"{}"))
        features = said.get("info", {}).get("features", {})
    except (ValueError, AttributeError, RecursionError):
        return {}
    found: dict[str, Sequence[str]] = {}
    for name, feature in features.items() if isinstance(features, dict) else ():
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        names = inner.get("names") if isinstance(inner, dict) else None
        if isinstance(names, list) and all(isinstance(each, str) for each in names):
            found[name] = tuple(names)
    return found


def _names_beside(file: ParquetFile, table: Path) -> dict[str, Sequence[str]]:
    """Column of whole numbers → the names of its classes, as a file beside the table has them."""
    from pyarrow import types

    def is_number(kind: Any) -> bool:
        return bool(types.is_integer(kind.value_type if is_list(kind) else kind))

    numbers = [each.name for each in file.schema_arrow if is_number(each.type)]
    return {name: found.names for name in numbers if (found := names_beside(table, name))}


def named_by(table: Path, column: str) -> str | None:
    """What names the classes of a column, in words; None if nothing does."""
    with suppress(ValueError), opened(table) as file:
        if column in _own_names(file):
            return "the file itself"
        return file_of_names(table, column) if column in _names_beside(file, table) else None
    return None


def named(cell: Any, names: Sequence[str] | None) -> Any:
    """A cell with the names of its classes; what is the number of none, such as -1 for no label, is None."""
    if names is None:
        return cell
    if isinstance(cell, list):
        return [named(each, names) for each in cell]
    return names[cell] if isinstance(cell, int) and 0 <= cell < len(names) else None
