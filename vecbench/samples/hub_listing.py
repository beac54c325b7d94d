"""What the list of a dataset's files says of it, before anything is downloaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from vecbench.errors import DataError
from vecbench.samples import class_folders, folder_tables, label_names
from vecbench.samples.splits import split_of

MOST_TABLES = 16
"""So many tables are downloaded to see which of them is meant."""

_TABLES = (*folder_tables.SUFFIXES, ".json")


def tables_listed(listed: Sequence[str]) -> list[str]:
    """The tables at the root of a dataset and in the folder of its test split, but for other splits'."""
    places = [place for place in map(PurePosixPath, listed) if place.suffix in _TABLES]
    found = [place for place in places if len(place.parts) == 1 or _is_of_test(place)]
    if any(split_of(place.name) == "test" for place in found):
        found = [place for place in found if split_of(place.name) in (None, "test")]
    if len(found) > MOST_TABLES:
        raise DataError(
            f"the dataset has {len(found)} tables, such as {found[0]}, and nothing tells which is meant",
            "Download it, and name the one that is meant: --data FOLDER/FILE.",
        )
    return [str(place) for place in found]


def names_listed(listed: Sequence[str], files: Sequence[str]) -> Iterator[str]:
    """What may name the classes in some of the files: it lies beside or above them."""
    folders = {parent for file in files for parent in PurePosixPath(file).parents[: label_names.FOLDERS]}
    for place in map(PurePosixPath, listed):
        if place.name in label_names.FILES and place.parent in folders:
            yield str(place)


def mirror_images(listed: Sequence[str], folder: Path) -> None:
    """Puts an empty file where each image will lie, so that the folder shows how they are sorted."""
    folder.mkdir(parents=True, exist_ok=True)
    for place in listed:
        if place.casefold().endswith(class_folders.SUFFIXES):
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def _is_of_test(place: PurePosixPath) -> bool:
    return len(place.parts) == 2 and split_of(place.parts[0]) == "test"
