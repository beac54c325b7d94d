"""A run and its controls as tables, values times 100."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vecbench.answers import known_metrics
from vecbench.controls.effects import Effect
from vecbench.controls.figures import figure_names
from vecbench.controls.report import ControlReport
from vecbench.controls.series import FALL, FOLLOWED, Series, series_of
from vecbench.escaping import in_latex, in_markdown
from vecbench.report.columns import columns_of
from vecbench.report.latex import latex_notes, latex_tabular
from vecbench.report.tables import PlainTable
from vecbench.scoring import Score
from vecbench.scoring.scores import STATED

LEGEND = (
    "Run → control, and what confidence falls by, with its 95 % interval. AUROC: how often an answer to the "
    "image has more confidence than one to the control (50: it cannot tell); same: answers that stay."
)


def control_table(report: ControlReport, names: Mapping[str, str]) -> PlainTable:
    """Accuracy and confidence with the image and without, task by task; fits 80 columns."""
    rows = [
        (
            each.title(names),
            f"{each.n:,}",
            _pair(each, "accuracy"),
            _pair(each, "mean_confidence"),
            _with_ends(each.scores["confidence_fall"]),
            _percent(each.scores["control_auroc"]),
            _percent(each.scores["same_answers"]),
        )
        for each in report.shown
    ]
    return PlainTable(_title(report), ("n", "Acc", "Conf", "falls by", "AUROC", "same"), rows)


def whole_table(report: ControlReport, names: Mapping[str, str]) -> PlainTable:
    """The same with every interval."""
    keys = tuple(report.overall.scores)
    rows = [
        (in_markdown(each.title(names)), f"{each.n:,}", *(_with_ends(each.scores[key]) for key in keys))
        for each in report.shown
    ]
    return PlainTable(_title(report), ("n", *map(_HEADINGS.__getitem__, keys)), rows)


def series_table(series: Series, names: Mapping[str, str]) -> PlainTable:
    """Accuracy, mean confidence and calibration by strength, task by task."""
    known = known_metrics()
    calibration = series.reports[0].overall.calibration
    columns = columns_of([known[key] for key in calibration if key in known], [])
    rows = []
    for scope in series.reports[0].shown:
        for strength, scores in series.at_strengths(scope):
            cells = [_percent(scores[key]) for key in FOLLOWED]
            cells.append(_with_ends(scores[FALL]) if FALL in scores else "")
            cells += [_printed(column, scores.get(column.key)) for column in columns]
            rows.append((scope.title(names), str(strength), *cells))
    source = "" if series.source == STATED else f",\n{series.source}"
    headings = ("strength", "Acc", "Conf", "falls by", *(column.heading for column in columns))
    return PlainTable(f"{series.name}{source} (%)", headings, rows)


def said_of(reports: Sequence[ControlReport]) -> list[str]:
    """The sentences: of each control, of each corruption over its strengths; and what must be known."""
    notes = dict.fromkeys(f"{each.control.title}: {note}" for each in reports for note in each.notes)
    told = [each.sentence for each in reports if not each.control.is_corruption]
    return [*told, *(each.sentence for each in series_of(reports)), *notes]


def control_tables(reports: Sequence[ControlReport], names: Mapping[str, str]) -> Iterator[PlainTable]:
    """The tables for the terminal."""
    for report in reports:
        if not report.control.is_corruption:
            yield control_table(report, names)
    for series in series_of(reports):
        yield series_table(series, names)


def control_markdown(reports: Sequence[ControlReport], names: Mapping[str, str]) -> str:
    """All of it in Markdown."""
    tables = [whole_table(each, names) for each in reports]
    tables += [series_table(each, names) for each in series_of(reports)]
    lines = [f"- {in_markdown(each)}\n" for each in said_of(reports)]
    shown = (each.markdown().replace(",\n", ", ") for each in tables)
    return "\n".join(["## Controls\n", "".join(lines), *shown])


def control_latex(reports: Sequence[ControlReport], names: Mapping[str, str]) -> str:
    """One line a task and control, with accuracy, confidence, its fall and AUROC; booktabs."""
    heads = [("Accuracy", ["run", "control"]), ("Confidence", ["run", "control", "fall"]), ("", ["AUROC"])]
    keys = ("accuracy", "control_accuracy", "mean_confidence", "control_mean_confidence")
    lines = [
        [
            in_latex(f"{each.title(names)}, {report.control.title}, {report.source}"),
            *(_percent(each.scores[key]) for key in keys),
            in_latex(_with_ends(each.scores["confidence_fall"])),
            _percent(each.scores["control_auroc"]),
        ]
        for report in reports
        for each in report.shown
    ]
    return latex_tabular(heads, lines, corner="Task, control, confidence") + latex_notes(said_of(reports))


def as_json(reports: Sequence[ControlReport]) -> dict[str, Any]:
    """The block "controls" of scores.json."""
    return {
        "controls": [each.as_json() for each in reports],
        "corruptions": [each.as_json() for each in series_of(reports)],
        "figures": [list(each) for each in figure_names(reports)],
    }


_HEADINGS = {
    "accuracy": "Acc",
    "control_accuracy": "of the control",
    "accuracy_fall": "falls by",
    "mean_confidence": "Conf",
    "control_mean_confidence": "of the control",
    "confidence_fall": "falls by",
    "control_auroc": "AUROC",
    "same_answers": "same",
}


def _title(report: ControlReport) -> str:
    source = "" if report.source == STATED else f",\n{report.source}"
    return f"{report.control.title}{source} (%)"


def _percent(score: Score) -> str:
    return "–" if score.value is None else f"{100 * score.value:.1f}"


def _pair(each: Effect, key: str) -> str:
    return f"{_percent(each.scores[key])} → {_percent(each.scores[f'control_{key}'])}"


def _with_ends(score: Score) -> str:
    if score.low is None or score.high is None:
        return _percent(score)
    return f"{_percent(score)} [{100 * score.low:.1f}, {100 * score.high:.1f}]"


def _printed(column: Any, score: Score | None) -> str:
    return "–" if score is None or score.value is None else column.printed(score.value)
