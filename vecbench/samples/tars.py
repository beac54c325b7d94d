"""Tars as webdataset has them: the files of a sample follow one another and are called alike up to a dot.

`0001.jpg`, `0001.json` (an object of columns), `0001.cls` (a class), `0001.txt` (a text) are a sample. The
target is what the object says, else the class, else the text; where there are images alone, their folder.
What the number of a class means, a file beside the tar says (`label_names`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from vecbench.answer_columns import TARGETS
from vecbench.answers import registry
from vecbench.samples.class_folders import SUFFIXES
from vecbench.samples.columns import targets, tidied
from vecbench.samples.containers import state
from vecbench.samples.format import Columns, DataFormat, Row
from vecbench.samples.label_names import class_named, file_of_names, names_beside
from vecbench.samples.own import own_rows
from vecbench.samples.tar_members import Place, member, members_of

LARGEST_TEXT = 2**24


def _samples(members: Mapping[str, Place]) -> Iterator[tuple[str, list[str]]]:
    """The key of each sample and the names of its files."""
    found: dict[str, list[str]] = {}
    for name in members:
        pure = PurePosixPath(name)
        if not pure.name.startswith("."):
            key = str(pure.parent / pure.name.partition(".")[0])
            found.setdefault(key, []).append(name)
    return iter(found.items())


def _raw(path: Path) -> Iterator[tuple[int, Mapping[str, Any], str | None]]:
    members = members_of(*state(path))

    @cache
    def classes(column: str) -> tuple[str, ...] | None:
        found = names_beside(path, column)
        return None if found is None else found.names

    number = 0
    for key, names in _samples(members):
        images = [name for name in names if name.casefold().endswith(SUFFIXES)]
        if not images:
            continue
        number += 1
        values, fault = _columns(path, members, [name for name in names if name not in images])
        if fault is not None:
            values.setdefault("label", None)
        known = {tidied(name) for name in values}
        if known.isdisjoint({*targets(), *registry.kinds()}):
            folder = PurePosixPath(key).parent.name
            label = next((values[part] for part in ("cls", "txt") if part in values), folder or None)
            values |= {} if label is None else {"label": class_named(label, classes("cls"))}
        for name in {*values} & {*TARGETS}:
            values[name] = class_named(values[name], classes(name))
        values = {name: value for name, value in values.items() if tidied(name) not in {"image", "images"}}
        named = (
            {"image": f"{path.name}/{images[0]}"}
            if len(images) == 1
            else {"images": [f"{path.name}/{name}" for name in sorted(images)]}
        )
        yield number, {**values, **named, "__key__": " + ".join(images)}, fault


def _columns(
    path: Path, members: Mapping[str, Place], names: Sequence[str]
) -> tuple[dict[str, Any], str | None]:
    """What the files of a sample that are no images say, and why they cannot be used."""
    found: dict[str, Any] = {}
    for name in names:
        part = PurePosixPath(name).name.partition(".")[2].casefold()
        try:
            text = member(path, members[name], LARGEST_TEXT).decode("utf-8")
            said = json.loads(text) if part == "json" else text.strip()
        except (ValueError, RecursionError):
            return found, f"{name} cannot be read"
        found |= said if isinstance(said, dict) else {part: said}
    return found, None


def _rows(path: Path, columns: Columns) -> Iterator[Row]:
    return own_rows(_raw(path), columns, "sample")


TAR = DataFormat(
    "webdataset tar",
    "A tar with files called alike up to a dot: KEY.jpg, KEY.json or KEY.cls or KEY.txt.",
    _rows,
    lambda table: table.binary == "tar",
    "",
    is_own=True,
    holds_images=True,
    named_by=file_of_names,
)
