"""What a run's controls say of it, as the report's first page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vecbench.controls.effects import Effect
from vecbench.controls.report import ControlReport
from vecbench.controls.series import series_of
from vecbench.scoring import Score
from vecbench.scoring.scores import OVERALL, STATED

SHOWN: Mapping[str, tuple[str, str]] = {
    "accuracy": ("Acc", "Right answers, with the image."),
    "control_accuracy": ("Acc without", "Right answers of the control."),
    "mean_confidence": ("Conf", "Mean confidence, with the image."),
    "control_mean_confidence": ("Conf without", "Mean confidence of the control."),
    "confidence_fall": ("falls by", "What mean confidence falls by on the same samples."),
    "control_auroc": (
        "AUROC",
        "How often an answer to the image has more confidence than one to the control; 50: it cannot tell.",
    ),
    "same_answers": ("same", "Answers that stay."),
}
"""Quantity → heading and what it is."""


def control_entries(reports: Sequence[ControlReport], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """A table a control, with the sentence that it comes to; of a corruption that over its strengths too."""
    columns = [{"heading": heading, "description": said} for heading, said in SHOWN.values()]
    last = {(each.name, each.source): each for each in series_of(reports)}
    entries = []
    for report in reports:
        said = [report.sentence, *report.notes]
        series = last.get((report.control.name, report.source))
        if series is not None and series.reports[-1] is report:
            said.append(series.sentence)
        source = "" if report.source == STATED else f", {report.source}"
        rows = [[_name(each, names), [_cell(each.scores[key]) for key in SHOWN]] for each in report.shown]
        name = f"Control {report.control.title}{source}"
        entries.append({"name": name, "columns": columns, "rows": rows, "notes": said})
    return entries


def _name(each: Effect, names: Mapping[str, str]) -> str:
    return "All rows" if each.scope == OVERALL else names.get(each.name, each.name)


def _cell(score: Score) -> dict[str, Any]:
    if score.value is None:
        return {"text": "–", "low": None, "high": None, "mark": "", "why": score.why}
    low, high = (None if end is None else f"{100 * end:.1f}" for end in (score.low, score.high))
    return {"text": f"{100 * score.value:.1f}", "low": low, "high": high, "mark": "", "why": None}
