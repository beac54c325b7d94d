"""The figures of scores: which there are, and which of an earlier scoring show what is no longer scored."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecbench.answers.dimensions import DIMENSION
from vecbench.digests import sha256_of
from vecbench.errors import UsageError, nearest
from vecbench.metrics.consistency import CALIBRATION_P, ECE_NULL
from vecbench.plain_file import plain_bytes
from vecbench.report.columns import columns_of, has_confidences
from vecbench.scoring import RowScores, Scores
from vecbench.scoring.scores import OVERALL, SCHEMA
from vecbench.store import RunDirectory, remove

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("reliability", "coverage", "confusion", "ratings")
SUFFIXES = (".svg", ".png", ".csv")


def file_name(kind: str, name: str) -> str:
    """A figure's file name, another one for every name, on file systems that know no case too.

    A task's name may come from a stranger's file, and must not lead elsewhere.
    """
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:100]
    return f"{kind}_{plain}" if plain == name.lower() else f"{kind}_{plain}-{sha256_of(name)[:8]}"


def write_figures(scores: Scores, folder: Path) -> list[Path]:
    """Writes every figure, and returns the PNG files.

    For each group, and each task of no group, a reliability diagram and an accuracy–coverage curve, where
    the protocol scores confidences (the curve only of answers that are right or wrong); for each task a
    confusion matrix, or its ratings against their targets, of several dimensions each by itself.
    """
    from vecbench.plots import diagrams, points

    grouped = {name for group in scores.groups.values() for name in group.tasks}
    pictures = {name: group.pooled for name, group in scores.groups.items()}
    pictures |= {name: scored for name, scored in scores.tasks.items() if name not in grouped}
    written: list[Path] = []

    def save(figure: Figure, numbers: str, kind: str, name: str) -> None:
        written.append(diagrams.save_figure(figure, numbers, folder / file_name(kind, name)))

    for name, scored in pictures.items():
        if not has_confidences(scored):
            continue
        cells, shown = scored.cells, scores.names.get(name, name)
        if scored.shares is not None:  # what a curve would be of is right and wrong
            numbers = points.share_points(*scored.shares[:2]).as_csv() if cells.n else ""
            save(_reliability(scored, shown), numbers, "reliability", name)
            continue
        numbers = points.reliability_points(cells).as_csv() if cells.n else ""
        save(_reliability(scored, shown), numbers, "reliability", name)
        numbers = points.selective_points(cells, scored.n).as_csv() if cells.n else ""
        save(diagrams.accuracy_coverage_curve(cells, shown, scored.n), numbers, "coverage", name)
    for name, scored in scores.tasks.items():
        shown = scores.names.get(name, name)
        dimensions = scored.subsets.get(DIMENSION, {}) if scored.ratings is None else {}
        parts = {f"{name}_{part}": (f"{shown}, {part}", rows) for part, rows in dimensions.items()}
        for of, (title, rows) in {name: (shown, scored), **parts}.items():
            if rows.ratings is not None:
                diagram = diagrams.rating_diagram(*rows.ratings, title, _values_of(rows))
                save(diagram, points.ratings_csv(*rows.ratings), "ratings", of)
        if scored.classes:
            matrix = diagrams.confusion_matrix(scored.confusion, scored.classes, shown)
            save(matrix, points.confusion_csv(scored.confusion, scored.classes), "confusion", name)
    return written


def _values_of(scored: RowScores) -> str:
    """The metrics that are always shown, as tables print them."""
    always = [metric for metric in scored.scored_by if metric.shown == "always"]
    values = ((column, scored.metrics[column.key].value) for column in columns_of(always, [always]))
    return ", ".join(
        f"{column.heading} {'–' if value is None else column.printed(value)}" for column, value in values
    )


def diagram_of(scores: Scores, name: str | None) -> Figure:
    """The reliability diagram of a task, a group, or all rows.

    Raises:
        UsageError: There is no such task or group, or its confidences are not scored.
    """
    if name is not None and name in scores.tasks:
        rows = scores.tasks[name]
    elif name is not None and name in scores.groups:
        rows = scores.groups[name].pooled
    elif name is None or name == OVERALL:
        return _reliability(scores.overall.pooled, "Overall" if scores.tasks else "All rows")
    else:
        known = [*scores.groups, *scores.tasks, OVERALL]
        raise UsageError(f"the scores have no task or group {name!r}", nearest(name, known))
    return _reliability(rows, scores.names.get(name, name))


def _reliability(rows: RowScores, shown: str) -> Figure:
    from vecbench.plots.diagrams import reliability_diagram
    from vecbench.plots.shares import share_diagram

    if not has_confidences(rows):
        raise UsageError(
            f"{shown} has no reliability diagram: its confidences are not scored",
            "They are of answers that are right or wrong, and by the protocols strict and emocaliber.",
        )
    if rows.shares is not None:
        return share_diagram(*rows.shares, shown, rows.n)
    null, p = (rows.metrics.get(metric.key) for metric in (ECE_NULL, CALIBRATION_P))
    return reliability_diagram(
        rows.cells, shown, rows.n, null.value if null else None, p.value if p else None
    )


def earlier_figures(directory: RunDirectory) -> frozenset[str]:
    """The names of the figures that the scores in a directory led to, without their suffixes.

    They are known from scores.json, before that is replaced: whatever else lies there is somebody else's.
    """
    try:
        said = json.loads(plain_bytes(directory.scores, 2**26))
    except (OSError, ValueError, RecursionError):
        return frozenset()
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        return frozenset()
    levels = [each for level in ("tasks", "groups") if isinstance(each := said.get(level), Mapping)]
    return _names(each for level in levels for name, block in level.items() for each in _scored(name, block))


def remove_outdated(
    earlier: Collection[str], directory: RunDirectory, scores: Scores, drawn: Iterable[Path] | None
) -> None:
    """Removes earlier figures that these scores did not lead to.

    Where none was to be drawn, `drawn` is None, and those of everything that is still scored stay.
    """
    if drawn is None:
        every = {**scores.tasks, **{name: group.pooled for name, group in scores.groups.items()}}
        kept = _names(each for name, rows in every.items() for each in _scored(name, rows.as_json()))
    else:
        kept = frozenset(path.stem for path in drawn)
    outdated = sorted(set(earlier) - kept)
    remove(directory.figures / f"{name}{suffix}" for name in outdated for suffix in SUFFIXES)
    if outdated:
        with suppress(OSError):  # it still holds something
            directory.figures.rmdir()


def _scored(name: str, block: object) -> Iterable[str]:
    """What a block of scores.json may have figures of: itself, and each dimension of its ratings."""
    subsets = block.get("subsets") if isinstance(block, Mapping) else None
    parts = subsets.get(DIMENSION) if isinstance(subsets, Mapping) else None
    return [name, *(f"{name}_{part}" for part in parts or ())] if isinstance(parts, Mapping) else [name]


def _names(scored: Iterable[Any]) -> frozenset[str]:
    return frozenset(file_name(kind, str(name)) for name in scored for kind in KINDS)
