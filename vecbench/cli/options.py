"""What options of several commands have in common: paths, files to write, `key=value,…` and JSON."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from vecbench.errors import UsageError
from vecbench.strict_json import RepeatedKeyError, unique

IncludePath = Annotated[
    list[Path] | None, typer.Option("--include-path", help="Another folder with task files.")
]
ModelArgs = Annotated[
    str | None, typer.Option("-a", "--model-args", metavar="K=V,…", help="Arguments of the engine, or JSON.")
]
DATA_FORMS = "A folder with images and a table, a table, or a dataset on the Hugging Face Hub."


def given_path(text: str | Path) -> Path:
    """The path that was given; for the `parser` of an option, which is handed the default too.

    An empty one would mean the current folder: it is refused.
    """
    if isinstance(text, str) and not text.strip():
        raise UsageError("a path is empty", "Is a variable of the shell not set? '.' is the current folder.")
    return Path(text)


def file_in_the_way(folder: Path) -> Path | None:
    """What keeps a folder from being there or being made: itself or a parent that is a file."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), None)
    return None if there is None or there.is_dir() else there


def require_file_place(option: str, path: Path | None) -> None:
    """Refuses a place where no file can be written, before anything is computed."""
    if path is None:
        return
    try:
        if path.is_dir():
            raise UsageError(f"{option} {path} is a folder", f"{option} takes the name of a file.")
        above = file_in_the_way(path.parent)
        if above is not None:
            raise UsageError(f"{option} {path}: {above} is a file", "Name a file in a folder.")
    except OSError as fault:
        raise UsageError(f"{option} {path}: {(fault.strerror or str(fault)).lower()}") from None


def parse_settings(option: str, text: str | None, texts: Collection[str] = frozenset()) -> dict[str, Any]:
    """The settings in `k=v,k=v` or a JSON object.

    Values that read as JSON (numbers, true, false, null, lists) are that; others are text, and those of the
    settings `texts` even where they look like numbers.
    """
    if not text or not text.strip():
        return {}
    try:
        if text.lstrip().startswith("{"):
            return dict(json.loads(text, object_pairs_hook=unique))
        return unique(_pairs(option, text, texts))
    except RepeatedKeyError as fault:
        raise UsageError(f"{option}: {fault}") from None
    except (ValueError, RecursionError) as fault:
        raise UsageError(f"{option}: not valid JSON: {fault}") from None


def _pairs(option: str, text: str, texts: Collection[str]) -> list[tuple[str, Any]]:
    pairs = []
    for part in text.split(","):
        name, sign, value = part.partition("=")
        if not sign or not name.strip():
            raise UsageError(
                f"{option}: {part!r} is not key=value", 'Write k=v,k=v or a JSON object: \'{"k": "v"}\'.'
            )
        name, value = name.strip().replace("-", "_"), value.strip()
        read = _value(value)
        is_text = name in texts and not (read is None or isinstance(read, str))
        pairs.append((name, value if is_text else read))
    return pairs


def _value(text: str) -> Any:
    spelt = {"True": "true", "False": "false", "None": "null"}.get(text, text)
    try:
        return json.loads(spelt)
    except ValueError:
        return text
