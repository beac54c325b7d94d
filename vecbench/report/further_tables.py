"""What is scored beside the scores, as tables: thresholds, coarser labels, recalibration, repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vecbench.metrics.definition import BY_LABEL
from vecbench.report.columns import Column, columns, fitting
from vecbench.report.tables import PlainTable
from vecbench.scoring import CoarseScores, Recalibrations, RowScores, Scores

MOST_SPREADS = 4
"""Columns of means ± deviations that fit 80 characters."""

MOST_LABELS = 64
"""Of a table by label; with more, they are in scores.json and frames alone."""

_OF_LABELS = {
    "f1": "F1",
    "average_precision": "AP",
    "classwise_ece": "ECE",
    "average_precision_of_options": "AP opt",
}


def threshold_table(scores: Scores) -> PlainTable:
    """Accuracy, F1 and coverage of each group by confidence threshold, as EmoCaliber's script has them."""
    groups: Mapping[str, Any] = scores.further["thresholds"]
    headings = [f"{scores.names.get(name, name)} {each}" for name in groups for each in ("Acc", "F1", "Cov")]
    rows = [
        (
            f"{lines[0]['threshold']:g}",
            *(f"{100 * line[key]:.2f}" for line in lines for key in ("accuracy", "f1_weighted", "coverage")),
        )
        for lines in zip(*groups.values(), strict=True)
    ]
    return PlainTable("confidence ≥", headings, rows)


def coarse_table(scores: Scores, coarse: Mapping[str, CoarseScores]) -> PlainTable:
    """Scores by coarser labels in percent; `within` is the share of wrong labels that belong with theirs."""
    share, rows = Column("", ""), []
    for name, each in coarse.items():
        shown = [scores.tasks[name].metrics["accuracy"]]
        shown += [each.metrics[key] for key in ("accuracy", "f1_macro", "f1_weighted")]
        within = "–" if each.within is None else share.printed(each.within)
        cells = ("–" if score.value is None else share.printed(score.value) for score in shown)
        rows.append((scores.names.get(name, name), str(each.n), str(len(each.labels)), *cells, within))
    headings = ("n", "labels", "Acc fine", "Acc", "F1 mac", "F1 wgt", "within")
    return PlainTable("by coarser labels (%)", headings, rows)


def label_table(name: str, task: RowScores) -> PlainTable | None:
    """F1 and average precision of each label of sets, in percent; None of other answers or of many labels."""
    details = [score.details.get(BY_LABEL, {}) for score in task.metrics.values()]
    by_key = {key: values for each in details for key, values in each.items()}
    labels = dict.fromkeys(label for values in by_key.values() for label in values)
    if not 0 < len(labels) <= MOST_LABELS:
        return None
    share = Column("", "")

    def cell(value: float | None) -> str:
        return "–" if value is None else share.printed(value)

    rows = [(label, *(cell(values.get(label)) for values in by_key.values())) for label in labels]
    return PlainTable(f"{name}, by label (%)", [_OF_LABELS.get(key, key) for key in by_key], rows)


def recalibration_table(each: Recalibrations, names: Mapping[str, str]) -> PlainTable:
    """ECE and Brier score before and after; `removed` is the share of what `of` says, in percent."""
    rows = []
    for name, result in [*each.tasks.items(), *each.groups.items(), (None, each.overall)]:
        if result is not None:
            values = (f"{100 * value:.1f}" for value in (*result.ece, *result.brier))
            removed = "–" if result.removed is None else f"{100 * result.removed:.0f}"
            shown = "Overall" if name is None else names.get(name, name)
            rows.append((shown, str(result.n), *values, removed, result.part.heading))
    headings = ("n", "ECE raw", "after", "Brier raw", "after", "removed", "of")
    return PlainTable(f"after {each.method} (%)", headings, rows)


def recalibration_note(each: Recalibrations) -> str:
    """What the maps were fitted on, in a sentence."""
    if each.fit_on is None:
        return "Cross-fitted: the map of each row was fitted without its fold."
    return f"One map, fitted on {each.fit_on.n:,} rows of {each.fit_on.name}, judged on the others."


def spread_table(spread: Mapping[str, Any], scores: Scores) -> PlainTable:
    """Mean ± standard deviation over repeats."""
    shown = fitting([column for column in columns(scores) if column.is_narrow], MOST_SPREADS)

    def cell(column: Column, each: Mapping[str, float] | None) -> str:
        return "–" if each is None else f"{column.printed(each['mean'])} ± {column.printed(each['std'])}"

    rows = [
        (name, *(cell(column, block.get(column.key)) for column in shown))
        for name, block in (
            *((scores.names.get(name, name), block) for name, block in spread["tasks"].items()),
            *((scores.names.get(name, name), block) for name, block in spread["groups"].items()),
            ("Overall", spread["overall"]),
        )
    ]
    headings = [column.heading for column in shown]
    return PlainTable(f"{spread['n']} repeats, mean ± std (%)", headings, rows)
