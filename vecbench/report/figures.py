"""The figures of scores: which there are, and which of an earlier scoring show what is no longer scored."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vecbench.answers.dimensions import DIMENSION
from vecbench.digests import sha256_of
from vecbench.errors import UsageError, nearest
from vecbench.plain_file import plain_bytes
from vecbench.report.columns import has_confidences
from vecbench.report.diagrams import (
    always_shown,
    can_be_overlaid,
    corp_of,
    coverage_of,
    overlaid,
    reliability_of,
    require_overlay,
    said_of_all,
    sources_of,
    subject,
)
from vecbench.scoring import RowScores, Scores
from vecbench.scoring.agreement import AGREEMENT
from vecbench.scoring.scores import SCHEMA, STATED
from vecbench.store import RunDirectory, remove

if TYPE_CHECKING:
    from vecbench.plots.frame import Picture

KINDS = ("reliability", "coverage", "confusion", "ratings", "corp", "sources")
OF_CONTROLS = ("control", "corruption")
SUFFIXES = (".svg", ".png", ".pdf", ".csv")
KNOWN_FORMATS = ("png", "svg", "pdf")
"""First what a page shows best."""

FORMATS = ("svg", "png")
"""What figures are written as unless something else is asked for: a PDF takes as long as both together."""


@dataclass(frozen=True)
class Figures:
    """What was drawn.

    Attributes:
        paths: All files, a figure's one after the other, first that which a page shows best.
        lacking: Letters for which boxes stand, as no installed font has them.
    """

    paths: tuple[Path, ...] = ()
    lacking: str = ""

    @property
    def pictures(self) -> list[Path]:
        """One file a figure: as PNG, SVG or PDF."""
        return list({path.with_suffix(""): path for path in reversed(self.paths)}.values())[::-1]


class Drawing(NamedTuple):
    """A figure, its numbers as CSV, and what it is of."""

    kind: str
    name: str
    figure: Picture
    numbers: str


def formats_of(text: str | None) -> tuple[str, ...]:
    """The formats between commas, each once; the usual ones where nothing was said.

    Raises:
        UsageError: One is none that figures can have, or there is none.
    """
    if text is None:
        return FORMATS
    formats = tuple(dict.fromkeys(each.strip().lower() for each in text.split(",") if each.strip()))
    for each in formats:
        if each not in KNOWN_FORMATS:
            raise UsageError(f"figures cannot be written as {each!r}", nearest(each, KNOWN_FORMATS))
    if not formats:
        raise UsageError("no format is named for the figures", "Leave them out with --no-figures.")
    return formats


def file_name(kind: str, name: str) -> str:
    """A figure's file name, another one for every name, on file systems that know no case too.

    A task's name may come from a stranger's file, and must not lead elsewhere.
    """
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:100]
    return f"{kind}_{plain}" if plain == name.lower() else f"{kind}_{plain}-{sha256_of(name)[:8]}"


def write_figures(
    scores: Scores,
    folder: Path,
    *,
    formats: Sequence[str] = FORMATS,
    corp: bool = False,
    agreement: Scores | None = None,
    beside: Iterable[Drawing] = (),
) -> Figures:
    """Writes every figure.

    For each group, and each task of no group, a reliability diagram and an accuracy–coverage curve, where
    the protocol scores confidences (the curve only of answers that are right or wrong); for each task a
    confusion matrix, or its ratings against their targets, of several dimensions each by itself.

    Args:
        scores: What is drawn.
        folder: Where to.
        formats: Of `KNOWN_FORMATS`.
        corp: Whether to draw CORP reliability diagrams too.
        agreement: Scores whose confidences are the shares of repeats that agree: they are drawn over the
            stated ones, unless sources were asked for.
        beside: Further figures.
    """
    return save(chain(_drawings(scores, corp, agreement), beside), folder, formats)


def write_overlays(every: Mapping[str, Scores], folder: Path, formats: Sequence[str] = FORMATS) -> Figures:
    """Writes the reliability diagrams and accuracy–coverage curves of several models, over each other.

    Of each group of which all have the same tasks, and of each further task that all have, where confidences
    are scored.

    Args:
        every: The scores of two to six models, by the models' names.
        folder: Where to.
        formats: Of `KNOWN_FORMATS`.

    Raises:
        UsageError: They are more or fewer, or have nothing in common.
    """
    require_overlay(len(every))
    first, *others = every.values()
    groups = [
        name
        for name, group in first.groups.items()
        if all(name in each.groups and each.groups[name].tasks == group.tasks for each in others)
    ]
    drawn = {task for name in groups for task in first.groups[name].tasks}
    tasks = [name for name in first.tasks if name not in drawn and all(name in each.tasks for each in others)]
    names = [
        name for name in (*groups, *tasks) if all(can_be_overlaid(each, name) for each in every.values())
    ]
    if not names:
        raise UsageError(
            "the runs have no task in common whose diagrams can be drawn over each other",
            "It takes the same tasks, with answers that are right or wrong, and confidences that are scored.",
        )
    kinds = {"reliability": False, "coverage": True}
    drawings = (
        Drawing(kind, name, *overlaid(every, name, coverage=coverage))
        for name in names
        for kind, coverage in kinds.items()
    )
    return save(drawings, folder, formats)


def save(drawings: Iterable[Drawing], folder: Path, formats: Sequence[str]) -> Figures:
    """Writes figures, each with its numbers."""
    from vecbench.plots.saving import save_figure

    paths: list[Path] = []
    lacking = ""
    best_first = sorted(formats, key=KNOWN_FORMATS.index)
    for kind, name, figure, numbers in drawings:
        place = folder / file_name(kind, name)
        lacking += save_figure(figure, numbers, place, formats)
        paths += [place.with_name(f"{place.name}.{suffix}") for suffix in (*best_first, "csv")]
    return Figures(tuple(paths), "".join(dict.fromkeys(lacking)))


def _drawings(scores: Scores, corp: bool, agreement: Scores | None) -> Iterator[Drawing]:
    from vecbench.plots import points
    from vecbench.plots.confusion import confusion_matrix
    from vecbench.plots.ratings import rating_diagram

    for name, rows in pictured(scores).items():
        yield Drawing("reliability", name, *reliability_of(scores, name))
        if rows.shares is not None:  # what a curve would be of is right and wrong
            continue
        yield Drawing("coverage", name, *coverage_of(scores, name))
        if corp:
            yield Drawing("corp", name, *corp_of(scores, name))
        by_source = _by_source(rows, pictured(agreement).get(name) if agreement else None)
        if len(by_source) > 1:
            yield Drawing("sources", name, *sources_of(scores, name, by_source))
    for name, scored in scores.tasks.items():
        shown = scores.names.get(name, name)
        dimensions = scored.subsets.get(DIMENSION, {}) if scored.ratings is None else {}
        parts = {f"{name}_{part}": (f"{shown}, {part}", rows) for part, rows in dimensions.items()}
        for of, (title, rows) in {name: (shown, scored), **parts}.items():
            if rows.ratings is not None:
                values = f"n = {rows.ratings[0].size:,}, {always_shown(rows)}"
                diagram = rating_diagram(*rows.ratings, subject(scores, title, values))
                yield Drawing("ratings", of, diagram, points.ratings_csv(*rows.ratings))
        if scored.classes:
            of_all = subject(scores, shown, said_of_all(scores, scored))
            matrix = confusion_matrix(scored.confusion, scored.classes, of_all)
            yield Drawing("confusion", name, matrix, points.confusion_csv(scored.confusion, scored.classes))


def _by_source(rows: RowScores, agreement: RowScores | None) -> Mapping[str, RowScores]:
    """The sources that were asked for; else stated confidences and the agreement of repeats, if any."""
    if rows.sources is not None:
        return rows.sources.scores
    return {} if agreement is None else {STATED: rows, AGREEMENT: agreement}


def pictured(scores: Scores) -> dict[str, RowScores]:
    """What diagrams of confidences are of: groups, and tasks of none, whose confidences are scored."""
    grouped = {name for group in scores.groups.values() for name in group.tasks}
    every = {name: group.pooled for name, group in scores.groups.items()}
    every |= {name: scored for name, scored in scores.tasks.items() if name not in grouped}
    return {name: rows for name, rows in every.items() if has_confidences(rows)}


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
    return _of_controls(said.get("controls")) | _names(
        each for level in levels for name, block in level.items() for each in _scored(name, block)
    )


def remove_outdated(
    earlier: Collection[str], directory: RunDirectory, scores: Scores, drawn: Figures | None
) -> None:
    """Removes earlier figures that these scores did not lead to, and their files in other formats.

    Where none was to be drawn, `drawn` is None, and those of everything that is still scored stay.
    """
    files = {f"{name}{suffix}" for name in earlier for suffix in SUFFIXES}
    if drawn is None:
        every = {**scores.tasks, **{name: group.pooled for name, group in scores.groups.items()}}
        names = _names(each for name, rows in every.items() for each in _scored(name, rows.as_json()))
        names |= _of_controls(scores.further.get("controls"))
        kept = {f"{name}{suffix}" for name in names for suffix in SUFFIXES}
    else:
        kept = {path.name for path in drawn.paths}
    outdated = sorted(files - kept)
    remove(directory.figures / name for name in outdated)
    if outdated:
        with suppress(OSError):  # it still holds something
            directory.figures.rmdir()


def _scored(name: str, block: object) -> Iterable[str]:
    """What a block of scores.json may have figures of: itself, and each dimension of its ratings."""
    subsets = block.get("subsets") if isinstance(block, Mapping) else None
    parts = subsets.get(DIMENSION) if isinstance(subsets, Mapping) else None
    return [name, *(f"{name}_{part}" for part in parts or ())] if isinstance(parts, Mapping) else [name]


def _of_controls(block: object) -> frozenset[str]:
    """The names of the figures that a block "controls" led to."""
    listed = block.get("figures") if isinstance(block, Mapping) else None
    pairs = [each for each in listed or () if isinstance(each, list) and len(each) == 2]
    return frozenset(file_name(kind, str(name)) for kind, name in pairs if kind in OF_CONTROLS)


def _names(scored: Iterable[Any]) -> frozenset[str]:
    return frozenset(file_name(kind, str(name)) for name in scored for kind in KINDS)
