"""Where a run goes that nobody has named a directory for."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from vecbench.digests import sha256_of
from vecbench.errors import DataError
from vecbench.store import Control, RunDirectory
from vecbench.tasks.task import without_prefix

RESULTS = Path("results")
MOST_CHARACTERS = 80
"""Of a folder's name; a longer one is cut, and ends with a hash of all of it."""
_UNSAFE = re.compile(r'[\x00-\x1f<>:"|?*\\]')
"""What some system takes for something else in a file's name."""


def default_directory(model: str, asked: str, tasks: Collection[str], control: Control | None = None) -> Path:
    """`results/MODEL/TASKS`, whose last part is what was asked for, in any order: `fi_8`, `demo+fi_8`.

    A control has its name behind that: `fi_8@shuffled`.

    Versions up to 0.1 went to `results/MODEL`: a run that lies there and has all of the tasks goes on there.

    Args:
        model: Its name.
        asked: Ids of tasks, groups and benchmarks, with commas between them.
        tasks: Ids of the tasks behind them.
        control: What is shown in place of the images.
    """
    names = sorted({without_prefix(each.strip()) for each in asked.split(",")} - {""})
    folder = model.replace("/", "__")
    asked_for = "+".join(names) if control is None else f"{'+'.join(names)}@{control.folder}"
    chosen = RESULTS / _file_name(folder) / _file_name(asked_for)
    if control is not None:  # which those versions did not know
        return chosen
    earlier = RESULTS / folder
    with suppress(DataError, OSError):
        manifest = RunDirectory(earlier).read_manifest()
        if manifest and manifest.tasks.keys() >= set(tasks) and not RunDirectory(chosen).manifest.exists():
            return earlier
    return chosen


def _file_name(text: str) -> str:
    name = _UNSAFE.sub("_", text).strip(". ") or "_"
    if len(name) <= MOST_CHARACTERS:
        return name
    digest = sha256_of(text)[:8]
    return f"{name[: MOST_CHARACTERS - len(digest) - 1]}-{digest}"
