"""Which part of a data set a file or folder is of, by its name, as the Hub reads names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from vecbench.errors import DataError

WORDS = {
    "train": {"train", "training"},
    "validation": {"validation", "valid", "val", "dev"},
    "test": {"test", "testing"},
}
MOST_NAMED = 5
"""Shards that are missing are named up to so many."""
_SHARD = re.compile(r"(.*?)(\d{1,6})-of-(\d{1,6})(.*)", re.ASCII)
_WORD = re.compile(r"[^a-z0-9]+")


def split_of(name: str) -> str | None:
    """The split that a name says between its dots, lines and slashes; None if it says none.

    >>> split_of("data/test-00000-of-00002.parquet"), split_of("testImages")
    ('test', None)
    """
    said = {*_WORD.split(name.casefold())}
    return next((split for split in ("test", "validation", "train") if said & WORDS[split]), None)


def missing_shards(files: Iterable[Path]) -> str:
    """The shards that are not among some files which say of how many they are; empty if none is missing.

    >>> missing_shards([Path("test-00000-of-00002.parquet")])
    '1 of 2 shards: test-00001-of-00002.parquet'
    """
    found: dict[tuple[Path, str, str, str], dict[int, int]] = {}
    for path in files:
        if match := _SHARD.fullmatch(path.name):
            begin, number, total, end = match.groups()
            found.setdefault((path.parent, begin, total, end), {})[int(number)] = len(number)
    said = []
    for (_, begin, total, end), there in found.items():
        first = 1 if 0 not in there and int(total) in there else 0
        missing = [number for number in range(first, int(total) + first) if number not in there]
        width = min(there.values())
        names = [f"{begin}{number:0{width}}-of-{total}{end}" for number in missing]
        if names:
            more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
            said.append(f"{len(names):,} of {int(total):,} shards: {', '.join(names[:MOST_NAMED])}{more}")
    return "; ".join(said)


def test_files(files: Iterable[Path], folder: Path) -> tuple[list[Path], list[str]]:
    """Those of some files below a folder that are for testing, and which splits the others are of.

    All of them if their names say nothing of splits; DataError if they do, and nothing is for testing, or if
    shards are missing.
    """
    split = {path: split_of(path.relative_to(folder).as_posix()) for path in sorted(files)}
    others = sorted({each for each in split.values() if each not in (None, "test")})
    found = [path for path, each in split.items() if each == "test"]
    if found or not others:
        found = found or [*split]
        if missing := missing_shards(found):
            raise DataError(
                f"{folder} lacks {missing}",
                "Download them too; one file alone is read if you name it: --data FILE.",
            )
        return found, others
    raise DataError(
        f"{folder} holds the split {' and '.join(others)}, and none that is called test",
        "Name the file or folder itself, which is then read: --data FILE.",
    )
