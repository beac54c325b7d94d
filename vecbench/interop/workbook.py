"""Excel's workbooks: the rows of the first sheet under its header."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from vecbench.errors import DataError, UsageError
from vecbench.interop.delimited import as_values
from vecbench.interop.row import ResponseFault

MOST_BYTES = 2**30
"""A workbook that unpacks to more is not read: its texts are held in memory as a whole."""


def unpacked_size(path: Path) -> int:
    """What the members of an archive say that they unpack to; no more is ever unpacked of them.

    DataError: It is no whole archive.
    """
    try:
        with ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except (BadZipFile, ValueError, NotImplementedError) as fault:
        raise DataError(f"{path}: no whole archive: {fault}", "Store it again.") from None


def require_bounded(path: Path) -> None:
    """Refuses an archive that unpacks to more than `MOST_BYTES`, before anything is unpacked.

    DataError: It does, or it is no whole archive.
    """
    size = unpacked_size(path)
    if size > MOST_BYTES:
        raise DataError(
            f"{path} unpacks to {size:,} bytes, and no more than {MOST_BYTES:,} are read",
            "Convert it to JSONL or CSV if that is what it holds.",
        )


def workbook_rows(path: Path, faults: list[ResponseFault]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(row, values by column) below the header of the first sheet; a row with a formula is a fault.

    DataError: It is no workbook. UsageError: openpyxl is missing.
    """
    require_bounded(path)
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise UsageError(
            f"{path} is a workbook, and openpyxl is not installed", 'Install it: pip install "vecbench[xlsx]"'
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that no row depends on
        try:
            book = load_workbook(path, read_only=True, data_only=False)
            yield from _sheet_rows(book.worksheets[0], path, faults)
        except OSError:
            raise
        except Exception as fault:  # whatever XML that is none, a missing part, an index too large raises
            raise DataError(f"{path}: not a workbook that can be read: {fault!r:.200}") from None


def _sheet_rows(sheet: Any, path: Path, faults: list[ResponseFault]) -> Iterator[tuple[int, dict[str, Any]]]:
    names: list[str] | None = None
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        values = [cell.value for cell in cells]
        if all(value is None for value in values):
            continue
        if names is None:
            names = ["" if value is None else str(value).strip() for value in values]
            continue
        formula = next((cell for cell in cells if cell.data_type == "f"), None)
        if formula is not None:
            problem = f"the cell {formula.coordinate} is a formula, not a text"
            faults.append(ResponseFault(path, number, "not scored", problem))
            continue
        row = {name: _as_json(value) for name, value in zip(names, values, strict=False) if name}
        yield number, as_values(row.items())


def _as_json(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def workbook_columns(path: Path) -> list[str]:
    """The columns of the first sheet."""
    first = next(workbook_rows(path, []), None)
    return list(first[1]) if first else []
