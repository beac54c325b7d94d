"""The diagrams of confidences, with the numbers that the table has of the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from vecbench.answers import known_metrics
from vecbench.errors import UsageError, nearest
from vecbench.metrics.consistency import CALIBRATION_P, ECE_NULL, p_in_words
from vecbench.metrics.definition import Metric
from vecbench.metrics.discrimination import AURC, AUROC
from vecbench.metrics.stated_values import has_few_values
from vecbench.report.columns import Column, columns, columns_of, has_confidences
from vecbench.scoring import RowScores, Scores
from vecbench.scoring.scores import OVERALL
from vecbench.scoring.sources import is_probability

if TYPE_CHECKING:
    from vecbench.plots.frame import Picture
    from vecbench.plots.overlay import OverlayPart
    from vecbench.plots.sheet import Subject

MOST_MODELS = 6
"""More curves over each other cannot be told apart."""

Drawn = tuple["Picture", str]
"""A figure, and its numbers as CSV."""


def reliability_of(scores: Scores, name: str | None) -> Drawn:
    """The reliability diagram of rows; of those that are right to a share of raters, one of shares."""
    from vecbench.plots import points
    from vecbench.plots.reliability import reliability_diagram
    from vecbench.plots.shares import share_diagram

    shown, rows = rows_of(scores, name)
    of = _subject_of(scores, shown, rows, _said_of_test(rows))
    if rows.shares is not None:
        means = points.share_points(*rows.shares[:2]) if rows.cells.n else None
        return share_diagram(*rows.shares, means, of), means.as_csv() if means else ""
    drawn = points.reliability_points(rows.cells) if rows.cells.n else None
    return reliability_diagram(rows.cells, drawn, of), drawn.as_csv() if drawn else ""


def corp_of(scores: Scores, name: str | None) -> Drawn:
    """The CORP reliability diagram of rows, with the parts of their Brier score."""
    from vecbench.plots import points
    from vecbench.plots.reliability import corp_diagram

    shown, rows = rows_of(scores, name)
    drawn = points.corp_points(rows.cells) if rows.cells.n else None
    of = _subject_of(scores, shown, rows, _said_of_parts(rows) if drawn else "")
    return corp_diagram(rows.cells, drawn, of), drawn.as_csv() if drawn else ""


def coverage_of(scores: Scores, name: str | None) -> Drawn:
    """The accuracy–coverage curve of rows."""
    from vecbench.plots import points
    from vecbench.plots.coverage import coverage_curve

    shown, rows = rows_of(scores, name)
    drawn = points.selective_points(rows.cells, rows.n) if rows.cells.n else None
    of = _subject_of(scores, shown, rows, of_stated=_columns(scores, [AUROC, AURC]))
    return coverage_curve(rows.cells, drawn, of), drawn.as_csv() if drawn else ""


def sources_of(scores: Scores, name: str, by_source: Mapping[str, RowScores]) -> Drawn:
    """The confidences of several sources over each other: the first six that can be calibrated."""
    from vecbench.plots.overlay import reliability_overlay

    shown = rows_of(scores, name)[0]
    known = [(source, rows) for source, rows in by_source.items() if is_probability(source)]
    parts = [_part(source, scores, rows) for source, rows in known[:MOST_MODELS]]
    of = subject(scores, shown, "sources of confidence")
    return reliability_overlay(parts, of), _numbers(parts, _bins)


def by_model(every: Sequence[Scores], otherwise: Sequence[str] = ()) -> dict[str, Scores]:
    """Scores by the names of their models; `otherwise` tells those apart that have none, or the same."""
    names = [str(each.run.get("model") or "") for each in every]
    places = [f"({place})" for place in range(1, len(every) + 1)]
    others = otherwise if len(set(otherwise)) == len(every) else places
    alone = {name for name in names if name and names.count(name) == 1}
    shown = [
        name if name in alone else f"{name} {other}".strip()
        for name, other in zip(names, others, strict=True)
    ]
    return dict(zip(shown, every, strict=True))


def overlaid(every: Mapping[str, Scores], name: str | None, *, coverage: bool = False) -> Drawn:
    """Diagrams of several models, by their names, over each other.

    Raises:
        UsageError: They are not two to six, or one has no such rows, or no confidences of them.
    """
    from vecbench.plots.overlay import coverage_overlay, reliability_overlay
    from vecbench.plots.sheet import Subject

    require_overlay(len(every))
    parts: list[OverlayPart] = []
    shown = ""
    for model, scores in every.items():
        shown, rows = rows_of(scores, name)
        if rows.shares is not None:
            raise UsageError(f"{shown} is right to a share of raters", "Draw each model by itself.")
        parts.append(_part(model, scores, rows, coverage=coverage))
    draw = coverage_overlay if coverage else reliability_overlay
    return draw(parts, Subject(shown)), _numbers(parts, _thresholds if coverage else _bins)


def require_overlay(models: int) -> None:
    """Refuses one model, and more than can be told apart.

    Raises:
        UsageError: There are fewer than two or more than six.
    """
    if not 2 <= models <= MOST_MODELS:
        remedy = "Draw it by itself." if models == 1 else "Draw fewer of them."
        raise UsageError(f"an overlay is of two to six models, not of {models}", remedy)


def can_be_overlaid(scores: Scores, name: str) -> bool:
    """Whether a group or task has confidences that are scored, of answers that are right or wrong."""
    rows = scores.groups[name].pooled if name in scores.groups else scores.tasks[name]
    return has_confidences(rows) and rows.shares is None


def rows_of(scores: Scores, name: str | None) -> tuple[str, RowScores]:
    """The rows of a task, a group, or all, whose confidences are scored, and what they are called.

    Raises:
        UsageError: There is no such task or group, or its confidences are not scored.
    """
    if name is not None and name in scores.tasks:
        rows = scores.tasks[name]
    elif name is not None and name in scores.groups:
        rows = scores.groups[name].pooled
    elif name is None or name == OVERALL:
        name, rows = ("Overall" if scores.tasks else "All rows"), scores.overall.pooled
    else:
        known = [*scores.groups, *scores.tasks, OVERALL]
        raise UsageError(f"the scores have no task or group {name!r}", nearest(name, known))
    shown = scores.names.get(name, name)
    if not has_confidences(rows):
        raise UsageError(
            f"{shown} has no reliability diagram: its confidences are not scored",
            "They are of answers that are right or wrong, and by the protocols strict and emocaliber.",
        )
    return shown, rows


def subject(scores: Scores, shown: str, *lines: str) -> Subject:
    """For a figure's heading."""
    from vecbench.plots.sheet import Subject

    return Subject(shown, str(scores.run.get("model") or ""), tuple(line for line in lines if line))


def said_of_all(scores: Scores, rows: RowScores) -> str:
    """How many rows there are, the first number of their line in the table, and how many are confident."""
    known = known_metrics()
    every = [column for column in columns(scores) if column.key in rows.metrics]
    stated = [each for each in every[1:] if each.key in known and known[each.key].counts_stated]
    return _joined(f"all rows: n = {rows.n:,}", _printed([*every[:1], *stated], rows))


def always_shown(rows: RowScores) -> str:
    """The metrics that are always shown, as tables print them."""
    always = [metric for metric in rows.scored_by if metric.shown == "always"]
    return _printed(columns_of(always, [always]), rows)


def _subject_of(
    scores: Scores, shown: str, rows: RowScores, further: str = "", of_stated: Sequence[Column] = ()
) -> Subject:
    values = _printed(of_stated or _of_stated(scores, rows), rows)
    stated = _joined(f"with a confidence: n = {rows.cells.n:,}", values)
    return subject(scores, shown, said_of_all(scores, rows), stated, further)


def _columns(scores: Scores, metrics: Sequence[Metric]) -> list[Column]:
    """The table's columns of metrics, or what they would be."""
    shown = {column.key: column for column in columns(scores)}
    return [shown.get(column.key, column) for column in columns_of(metrics, [])]


def _of_stated(scores: Scores, rows: RowScores) -> list[Column]:
    """The columns of confidences that there is always room for."""
    known = known_metrics()
    return [
        column
        for column in columns(scores)
        if column.is_narrow
        and column.key in rows.metrics
        and column.key in known
        and known[column.key].over == "confident"
    ]


def _said_of_test(rows: RowScores) -> str:
    null, p = (rows.metrics.get(metric.key) for metric in (ECE_NULL, CALIBRATION_P))
    if null is None or p is None or null.value is None or p.value is None:
        return ""
    by = "value" if has_few_values(rows.cells) else "bin"
    return f"a calibrated model's ECE: {100 * null.value:.1f} on average; {p_in_words(p.value)} by {by}"


def _said_of_parts(rows: RowScores) -> str:
    from vecbench.metrics import brier, brier_uncertainty
    from vecbench.metrics.isotonic import discrimination, miscalibration

    whole, mcb, dsc, unc = (
        f"{100 * float(part(rows.cells)):.1f}"
        for part in (brier.of_cells, miscalibration, discrimination, brier_uncertainty.of_cells)
    )
    return f"Brier {whole} = miscalibration {mcb} − discrimination {dsc} + uncertainty {unc}"


def _printed(shown: Iterable[Column], rows: RowScores) -> str:
    """Values with their headings, as the table prints them."""
    values = ((column, rows.metrics[column.key].value) for column in shown if column.key in rows.metrics)
    return ", ".join(
        f"{column.heading} {'–' if value is None else column.printed(value)}" for column, value in values
    )


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _part(name: str, scores: Scores, rows: RowScores, *, coverage: bool = False) -> OverlayPart:
    """A model's part of an overlay, with the table's first number, and its first one of confidences."""
    from vecbench.plots.overlay import OverlayPart

    first = [column for column in columns(scores) if column.key in rows.metrics][:1]
    stated = _columns(scores, [AURC]) if coverage else _of_stated(scores, rows)[:1]
    return OverlayPart(
        name, rows.cells, rows.n, _joined(f"n = {rows.n:,}", _printed([*first, *stated], rows))
    )


def _bins(part: OverlayPart) -> str:
    from vecbench.plots.points import reliability_points

    return reliability_points(part.cells, by_bin=True).as_csv()


def _thresholds(part: OverlayPart) -> str:
    from vecbench.plots.points import selective_points

    return selective_points(part.cells, part.rows).as_csv()


def _numbers(parts: Sequence[OverlayPart], numbers: Callable[[OverlayPart], str]) -> str:
    from vecbench.plots.points import side_by_side

    return side_by_side({part.name: numbers(part) for part in parts if part.cells.n})
