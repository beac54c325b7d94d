"""The figures of a run and its controls."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vecbench.controls.effects import Effect
from vecbench.controls.report import ControlReport
from vecbench.controls.series import FOLLOWED, Series, series_of
from vecbench.report.figures import Drawing
from vecbench.scoring import Score
from vecbench.scoring.scores import STATED

if TYPE_CHECKING:
    from vecbench.plots.controls import Marks

MOST = 5
"""Controls that one figure has beside the run."""

MOST_ROWS = 40
"""Tasks of a figure; with more, it has groups and all rows alone."""


def control_drawings(
    reports: Sequence[ControlReport], names: Mapping[str, str], model: str
) -> Iterator[Drawing]:
    """Mean confidence with the image and without, by source; each corruption over its strengths."""
    replaced: dict[str, list[ControlReport]] = {}
    for each in reports:
        if not each.control.is_corruption:
            replaced.setdefault(each.source, []).append(each)
    for source, listed in replaced.items():
        yield _confidences(source, listed[:MOST], names, model)
    for series in series_of(reports):
        yield _strengths(series, model)


def figure_names(reports: Sequence[ControlReport]) -> list[tuple[str, str]]:
    """Kind and name of each figure."""
    sources = dict.fromkeys(each.source for each in reports if not each.control.is_corruption)
    series = [("corruption", _name(each.source, each.name)) for each in series_of(reports)]
    return [*(("control", _name(source)) for source in sources), *series]


def _name(source: str, corruption: str | None = None) -> str:
    parts = [*([] if corruption is None else [corruption]), *([] if source == STATED else [source])]
    return "_".join(parts) or "confidence"


def _confidences(
    source: str, reports: Sequence[ControlReport], names: Mapping[str, str], model: str
) -> Drawing:
    from vecbench.plots.controls import confidence_marks
    from vecbench.plots.sheet import Subject

    shown = [each.shown for each in reports]
    if len(shown[0]) > MOST_ROWS:
        shown = [tuple(each for each in listed if each.scope != "task") for listed in shown]
    rows = [each.title(names) for each in shown[0]]
    every = [_marks("with the image", [each.scores["mean_confidence"] for each in shown[0]])]
    for report, listed in zip(reports, shown, strict=True):
        of = {(each.scope, each.name): each for each in listed}
        scores = [
            of[each.scope, each.name].scores["control_mean_confidence"]
            if (each.scope, each.name) in of
            else Score(None, 0)
            for each in shown[0]
        ]
        every.append(_marks(report.control.title, scores))
    n = reports[0].overall.scores["confidence_fall"].n
    subject = Subject(
        "with and without the image", model, (f"{source} confidence, n = {n:,} pairs, 95 % intervals",)
    )
    numbers = _csv(
        ["run", "row", "mean_confidence", "low", "high"],
        (
            (marks.name, row, *values)
            for marks in every
            for row, *values in zip(rows, marks.mean, marks.low, marks.high, strict=True)
        ),
    )
    return Drawing("control", _name(source), confidence_marks(rows, every, subject), numbers)


def _strengths(series: Series, model: str) -> Drawing:
    from vecbench.plots.controls import strength_curves
    from vecbench.plots.sheet import Subject

    scope: Effect = series.reports[0].overall
    points = list(series.at_strengths(scope))
    strengths = [strength for strength, _ in points]
    accuracy, confidence = (
        _marks(name, [scores[key] for _, scores in points])
        for name, key in zip(("accuracy", "mean confidence"), FOLLOWED, strict=True)
    )
    subject = Subject(
        series.name, model, (f"{series.source} confidence, n = {scope.n:,} pairs, 95 % intervals",)
    )
    numbers = _csv(
        ["strength", "of", "value", "low", "high"],
        (
            (strength, marks.name, *values)
            for marks in (accuracy, confidence)
            for strength, *values in zip(strengths, marks.mean, marks.low, marks.high, strict=True)
        ),
    )
    figure = strength_curves(strengths, accuracy, confidence, subject)
    return Drawing("corruption", _name(series.source, series.name), figure, numbers)


def _marks(name: str, scores: Sequence[Score]) -> Marks:
    from vecbench.plots.controls import Marks

    ends = [(each.value, each.low, each.high) for each in scores]
    mean, low, high = np.array([[math.nan if end is None else end for end in each] for each in ends]).T
    return Marks(name, mean, low, high)


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([each.item() if isinstance(each, np.generic) else each for each in row] for row in rows)
    return stream.getvalue()
