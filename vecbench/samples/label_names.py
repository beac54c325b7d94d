"""Names of classes that a data set keeps beside its files: its card, `dataset_info.json`, `classnames.txt`.

They are looked for in the folder of a file and in the two above it, since a card lies above `data/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vecbench.answer_columns import TARGETS
from vecbench.plain_file import open_plain
from vecbench.samples.columns import tidied

FOLDERS = 3
"""The file's own, and those above it."""
LARGEST, LARGEST_HEAD = 2**22, 2**18
"""Bytes of a file, and characters of a card's head, that are looked at."""

Names = tuple[str, ...]


class LabelNames(NamedTuple):
    """The names of a column's classes, in the order of their numbers, and the file that says them."""

    names: Names
    file: Path


def names_beside(table: Path, column: str) -> LabelNames | None:
    """What the numbers in a column mean, as a file beside the table says it; None if none does."""
    for folder in table.absolute().parents[:FOLDERS]:
        for name, read in _READERS.items():
            text = _text(folder / name)
            found = read(text, column, table) if text is not None else None
            if found:
                return LabelNames(found, folder / name)
    return None


def file_of_names(table: Path, column: str) -> str | None:
    """The name of the file beside a table that says what the numbers in a column mean."""
    found = names_beside(table, column)
    return None if found is None else found.file.name


def class_named(value: Any, names: Names | None) -> Any:
    """The name of a class for its number, also where that is a text; anything else as it is."""
    if names is None or isinstance(value, bool | float):
        return value
    if isinstance(value, list):
        return [class_named(each, names) for each in value]
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
    return names[number] if isinstance(number, int) and 0 <= number < len(names) else value


def _text(path: Path) -> str | None:
    """What a file says; None if there is none, or a link, or it is too large or no text."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            return None
        with open_plain(path) as stream:
            return stream.read(LARGEST).decode("utf-8-sig")
    except (OSError, ValueError):
        return None


def _of_card(text: str, column: str, table: Path) -> Names | None:
    """Of `dataset_info` in what stands between dashes at the head of a README.md."""
    import yaml

    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != "---" or "---" not in (rest := [line.rstrip() for line in lines[1:]]):
        return None
    head = "\n".join(rest[: rest.index("---")])
    try:
        said = yaml.safe_load(head) if len(head) <= LARGEST_HEAD else None
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    infos = _key(said, "dataset_info")
    listed = infos if isinstance(infos, list) else [infos]
    return _of_configs(((_key(info, "config_name"), info) for info in listed), column, table)


def _of_info(text: str, column: str, table: Path) -> Names | None:
    """Of `dataset_info.json`, or of `dataset_infos.json` with one for each configuration."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    several = said.items() if isinstance(said, dict) and "features" not in said else [("", said)]
    return _of_configs(several, column, table)


def _of_list(text: str, column: str, table: Path) -> Names | None:
    """Of `classnames.txt`, a name a line, which are those of the target."""
    del table
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    return names if tidied(column) in (*TARGETS, "cls") else None


_READERS: Mapping[str, Callable[[str, str, Path], Names | None]] = {
    "README.md": _of_card,
    "dataset_info.json": _of_info,
    "dataset_infos.json": _of_info,
    "classnames.txt": _of_list,
}


FILES = frozenset(_READERS)
"""What they are called."""


def _of_configs(configs: Any, column: str, table: Path) -> Names | None:
    """Those of the configuration whose folder the table lies in; of another one only if all say the same."""
    found = {config: names for config, info in configs if (names := _of_features(info, column))}
    own = next((names for config, names in found.items() if config in table.parts), None)
    return own or (next(iter(found.values())) if len({*found.values()}) == 1 else None)


def _of_features(info: Any, column: str) -> Names | None:
    features = _key(info, "features")
    if isinstance(features, list):  # as a card lists them
        features = {_key(each, "name"): each for each in features if isinstance(_key(each, "name"), str)}
    for feature in _inner(_key(features, column)):
        names = _key(_key(feature, "class_label") or feature, "names")
        if isinstance(names, dict):  # number → name
            numbered = {str(number): name for number, name in names.items()}
            names = [numbered.get(str(number)) for number in range(len(numbered))]
        if isinstance(names, list) and names and all(isinstance(each, str) for each in names):
            return tuple(names)
    return None


def _inner(feature: Any) -> Iterator[Any]:
    """A feature, and what it is a list of."""
    yield feature
    for name in ("dtype", "sequence", "list", "feature"):
        yield _key(feature, name)


def _key(said: Any, name: str) -> Any:
    return said.get(name) if isinstance(said, dict) else None
