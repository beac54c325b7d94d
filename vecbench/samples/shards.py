"""Which files a data set in several is read from: those of the test split, in one folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from vecbench.errors import DataError
from vecbench.samples.splits import test_files


def shards_in(folder: Path, suffix: str) -> tuple[list[Path], list[str]]:
    """The files of the test split with an ending, in a folder or up to two below it, and the splits left out.

    None if there are none of that ending. DataError for those of several data sets, or of other splits alone.
    """
    files = [*_files(folder, suffix)]
    if not files:
        return [], []
    found, left_out = test_files(files, folder)
    return _of_one_folder(found, folder), left_out


def files_of_test(listed: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of the paths of a dataset's files those that are read of it, and the splits that are not.

    They are the metadata in the folder of the test split, or the parquet or tars of it; none if it has none.
    """
    for suffix in ("/metadata.csv", "/metadata.jsonl", ".parquet", ".tar"):
        named = [Path(place) for place in listed if f"/{place}".endswith(suffix)]
        if named:
            found, left_out = test_files(named, Path())
            return [path.as_posix() for path in _of_one_folder(found, Path())], left_out
    return [], []


def _of_one_folder(files: list[Path], folder: Path) -> list[Path]:
    parents = {path.parent for path in files}
    if len(parents) > 1:
        names = ", ".join(sorted(parent.relative_to(folder).as_posix() for parent in parents))
        raise DataError(
            f"{files[0].suffix} files of several data sets lie there: {names}",
            "Name the folder of the one that is meant: --data FOLDER/NAME.",
        )
    return files


def _files(folder: Path, suffix: str, depth: int = 2) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            if entry.name.endswith(suffix) and path.is_file():
                yield path
            elif depth and not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                yield from _files(path, suffix, depth - 1)
