"""Images sorted into a folder a class (FI, FER), or named after their class (ArtPhoto: `fear_0012.jpg`).

Of `train/` and `test/` only the test folder is read. What has no images (annotations) is passed over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vecbench.errors import DataError
from vecbench.samples.format import Columns, DataFormat, Row
from vecbench.samples.splits import split_of

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")
DEEPEST = 4
"""Folders between the data's and those of the classes, such as `test/` and `images/`."""
_NAMED = re.compile(r"(?P<name>.*[^\W\d])[_ -]+\(?\d+\)?")


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """Where classes lie: below `base` in folders called as they are, or in the names of the images there."""

    base: Path
    names: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def images(self) -> Iterator[tuple[str, str]]:
        """The class and the path, below `base`, of each image, in the order of their names."""
        for name in self.names:
            for path in sorted(_below(self.base / name)):
                yield name, f"{name}/{path}"
        if not self.names:
            for image in sorted(_images(self.base)):
                match = _NAMED.fullmatch(Path(image).stem)
                if match is not None:
                    yield match["name"], image


def class_folders_in(folder: Path, depth: int = DEEPEST) -> ClassFolders | None:
    """The classes that a folder is sorted into, or the only folder in it that has any; None if it is not.

    DataError if folders are of splits, and none is for testing.
    """
    folders = _folders(folder)
    splits = {name: split for name in folders if (split := _split(name))}
    if any(split != "test" for split in splits.values()) or (splits and len(folders) == 1):
        tests = [name for name, split in splits.items() if split == "test"]
        found = class_folders_in(folder / tests[0], depth - 1) if len(tests) == 1 and depth else None
        if found is not None:
            return ClassFolders(found.base, found.names, tuple({*splits} - {*tests}))
        if not tests and any(class_folders_in(folder / name, 0) for name in splits):
            raise DataError(
                f"{folder} holds the folders {' and '.join(splits)}, and none that is called test",
                "Name the folder itself, which is then read: --data FOLDER/NAME.",
            )
        return None
    classes = tuple(name for name in folders if next(_images(folder / name), None))
    if len(classes) > 1:
        return ClassFolders(folder, classes)
    images = [*_images(folder)]
    matches = [_NAMED.fullmatch(Path(image).stem) for image in images]
    if not classes and all(matches) and len({match["name"] for match in matches if match}) > 1:
        return ClassFolders(folder)
    deeper = [class_folders_in(folder / name, depth - 1) for name in folders] if depth else []
    found_below = [each for each in deeper if each is not None]
    return found_below[0] if len(found_below) == 1 else None


def _split(name: str) -> str | None:
    """The split that a folder is of: its whole name is its, since a class may be called `test of courage`."""
    return split_of(name) if name.isalnum() else None


def _folders(folder: Path) -> list[str]:
    """The names of the folders in one, in order."""
    with os.scandir(folder) as entries:
        return sorted(each.name for each in entries if _is_folder(each, folder))


def _is_folder(entry: os.DirEntry[str], parent: Path) -> bool:
    if entry.name.startswith((".", "__")):
        return False
    if not entry.is_symlink():
        return entry.is_dir()
    path = Path(entry.path)  # which takes links in a circle for no folder
    # What a link leads to elsewhere on this machine is not even listed.
    return path.is_dir() and path.resolve().is_relative_to(parent.resolve())


def _images(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for each in entries:
            if each.name.casefold().endswith(SUFFIXES) and not each.name.startswith("."):
                yield each.name


def _below(folder: Path, prefix: str = "", depth: int = DEEPEST) -> Iterator[str]:
    """The images in a folder and in those below it."""
    yield from (prefix + name for name in _images(folder))
    if depth:
        for each in _folders(folder):
            yield from _below(folder / each, f"{prefix}{each}/", depth - 1)


def _rows(folder: Path, _: Columns) -> Iterator[Row]:
    found = class_folders_in(folder)
    if found is None:
        raise ValueError("there are no class folders any more")
    for number, (name, image) in enumerate(found.images(), start=1):
        yield Row(number, image, (image,), {"label": name}, "label", unit="image")


CLASS_FOLDERS = DataFormat(
    "class folders",
    "A folder with the images of each class, or images called CLASS_NUMBER.",
    _rows,
    lambda table: table.binary == "folder",
    "the name of the folder, or of the image up to its number",
    has_classes=True,
)
