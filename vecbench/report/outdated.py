"""Figures of an earlier scoring that show what is no longer scored."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from vecbench.report.files import file_name
from vecbench.scoring import Scores
from vecbench.scoring.scores import SCHEMA
from vecbench.store import RunDirectory, remove

KINDS = ("reliability", "coverage", "confusion")
SUFFIXES = (".svg", ".png", ".csv")


def earlier_figures(directory: RunDirectory) -> frozenset[str]:
    """The names of the figures that the scores in a directory led to, without their suffixes.

    They are known from scores.json: whatever else lies among the figures is somebody else's.

    Args:
        directory: Asked before its scores.json is replaced.
    """
    try:
        said = json.loads(directory.scores.read_bytes())
    except (OSError, ValueError, RecursionError):
        return frozenset()
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        return frozenset()
    levels = [said.get(level) for level in ("tasks", "groups")]
    return _names(name for level in levels if isinstance(level, Mapping) for name in level)


def remove_outdated(
    earlier: Collection[str], directory: RunDirectory, scores: Scores, drawn: Iterable[Path] | None
) -> None:
    """Removes earlier figures that these scores did not lead to.

    Args:
        earlier: See `earlier_figures`.
        directory: Where they lie.
        scores: These scores.
        drawn: The figures that were written now; None if none was to be, which leaves those of everything
            that is still scored.

    Raises:
        RunError: One cannot be removed.
    """
    kept = _names((*scores.tasks, *scores.groups)) if drawn is None else {path.stem for path in drawn}
    outdated = sorted(set(earlier) - kept)
    remove(directory.figures / f"{name}{suffix}" for name in outdated for suffix in SUFFIXES)
    if outdated:
        with suppress(OSError):  # it still holds something
            directory.figures.rmdir()


def _names(scored: Iterable[Any]) -> frozenset[str]:
    return frozenset(file_name(kind, str(name)) for name in scored for kind in KINDS)
