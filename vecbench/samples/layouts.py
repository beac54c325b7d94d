"""What a folder of data means: the table that lies in it, shards of a split, or folders of classes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from vecbench.errors import DataError
from vecbench.samples.beginning import binary_of
from vecbench.samples.class_folders import class_folders_in
from vecbench.samples.folder_tables import tables_in
from vecbench.samples.recognition import recognised
from vecbench.samples.shards import shards_in
from vecbench.samples.splits import split_of, test_files

ROWS_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Layout:
    """What a folder means.

    Attributes:
        name: What was recognised.
        tables: The files that are read as one; of class folders the folder that they are in.
        root: What image paths start from.
        left_out: The splits that are not read.
    """

    name: str
    tables: tuple[Path, ...]
    root: Path
    left_out: tuple[str, ...] = ()


def layout_of(folder: Path) -> Layout:
    """What a folder means; DataError if nothing is recognised, or two layouts are."""
    if not any(folder.iterdir()):
        raise DataError(f"{folder} holds no table: it is empty", _EXPECTED)
    found = [layout for find in FINDERS if (layout := find(folder)) is not None]
    if len(found) > 1 and found[0].name in {"table", "table of a split"}:
        found = [each for each in found if each.name != "class folders" or not _names(found[0])]
    if not found:
        raise _nothing(folder)
    if len(found) > 1:
        said = " and ".join(f"{each.name} ({_shown(each, folder)})" for each in found)
        raise DataError(
            f"{folder} holds two layouts: {said}", "Name the one that is meant: --data FOLDER/NAME."
        )
    return found[0]


_EXPECTED = (
    "Expected is a table (CSV, TSV, JSON, JSONL) with the columns image and label, parquet, tars, or a "
    "folder for each class."
)


def _nothing(folder: Path) -> DataError:
    archives = sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file() and binary_of(path) not in {"", "parquet", "tar"}
    )
    if archives:
        return DataError(
            f"{folder} holds no table; it holds the archive {archives[0]}", "Unpack it, and give the folder."
        )
    return DataError(f"{folder} holds no table, parquet, tar or class folders", _EXPECTED)


def _shown(layout: Layout, folder: Path) -> str:
    first = layout.tables[0]
    return (
        f"{first.name}{' and others' if len(layout.tables) > 1 else ''}" if first != folder else "its folders"
    )


def _names(layout: Layout) -> bool:
    """Whether the images of a table lie below its root: folders of them are then no layout of their own."""
    with suppress(ValueError, OSError, DataError):
        form = recognised(layout.tables[0])
        if not form.is_own:  # whose folders are known
            return True
        for row in islice(form.rows(layout.tables[0], {}), ROWS_LOOKED_AT):
            if any((layout.root / image).is_file() for image in row.images if ".." not in image):
                return True
        return False
    return True  # what is wrong with the table is what there is to say


def _table(folder: Path) -> Layout | None:
    tables = tables_in(folder)
    return Layout("table", tuple(tables), folder) if tables else None


def _tables_of_splits(folder: Path) -> Layout | None:
    """The table in the folder of the test split, as ImageFolder has `test/metadata.csv`."""
    splits = {path: split_of(path.name) for path in sorted(folder.iterdir()) if path.is_dir()}
    tables = {path: found for path, split in splits.items() if split and (found := tables_in(path))}
    if not tables or tables_in(folder):
        return None
    found, left_out = test_files((each for tables in tables.values() for each in tables), folder)
    return Layout("table of a split", tuple(found), found[0].parent, tuple(left_out))


def _shards(suffix: str, folder: Path) -> Layout | None:
    found, left_out = shards_in(folder, suffix)
    return Layout(suffix.removeprefix("."), tuple(found), folder, tuple(left_out)) if found else None


def _class_folders(folder: Path) -> Layout | None:
    found = class_folders_in(folder)
    return None if found is None else Layout("class folders", (found.base,), found.base, found.left_out)


FINDERS: tuple[Callable[[Path], Layout | None], ...] = (
    _table,
    _tables_of_splits,
    partial(_shards, ".parquet"),
    partial(_shards, ".tar"),
    _class_folders,
)
