"""Scores as tables: for the terminal, Markdown, CSV and LaTeX.

Fractions are printed times 100, as the papers do; only here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from vecbench.scoring import GroupScores, Recalibrations, RowScores, Score, Scores

COLUMNS: Mapping[str, str] = {
    "accuracy": "Acc",
    "f1_macro": "F1 mac",
    "f1_weighted": "F1 wgt",
    "coverage": "Cov",
    "ece": "ECE",
    "brier": "Brier",
    "auroc": "AUROC",
    "confidence_gap": "Gap",
}
"""Metric key → column heading."""

WITH_INTERVALS = ("accuracy", "ece", "brier", "auroc")
"""Columns of the terminal's table with intervals: more would not fit."""

NAME_WIDTH = 16
"""Longer names are cut in the terminal's table, so that numbers never are."""

CONDITIONAL = ("ece", "brier", "auroc", "confidence_gap")
"""Metrics of the rows that have a confidence only."""

MOST_MISSING = 0.05
"""With a larger share of rows without a confidence, the calibration columns are marked."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table.

    Attributes:
        name: Of the task, or "pooled", "macro".
        level: 0 for everything, 1 for a group, 2 for a task of it.
        n: Rows; None in a macro line.
        cells: One a column, in the order of `COLUMNS`.
    """

    name: str
    level: int
    n: int | None
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A table with its footnotes.

    Attributes:
        blocks: (heading, its lines), group by group.
        notes: What the marks mean, in their order.
    """

    blocks: tuple[tuple[str, tuple[Line, ...]], ...]
    notes: tuple[str, ...] = field(default=())


def score_table(scores: Scores, *, intervals: bool = False) -> ScoreTable:
    """The scores, group by group, then together; with 95 % intervals on request.

    A group's tasks come first, then the rows pooled and the macro average; both only where the group
    has more than one task, since with one they say the same. "–" is an undefined value and "*" a
    column that many rows have no confidence for; footnotes say why.
    """
    notes = _Notes(intervals)
    blocks: list[tuple[str, tuple[Line, ...]]] = []
    grouped = {name for group in scores.groups.values() for name in group.tasks}
    for name, group in scores.groups.items():
        heading = scores.names.get(name, name)
        if group.absent:
            absent = ", ".join(scores.names.get(each, each) for each in group.absent)
            notes.texts[f"absent from {name}"] = f"† {heading} is without {absent}."
            heading += " †"
        blocks.append((heading, tuple(_group_lines(group, group.tasks, scores, notes))))
    alone = [name for name in scores.tasks if name not in grouped]
    if alone:
        lines = [_line(scores.names.get(name, name), scores.tasks[name], notes) for name in alone]
        blocks.append(("No group", tuple(lines)))
    if len(scores.tasks) > 1:
        blocks.append(("Overall", tuple(_group_lines(scores.overall, (), scores, notes))))
    return ScoreTable(tuple(blocks), tuple(notes.texts.values()))


@dataclass
class _Notes:
    """What is collected while cells are printed."""

    intervals: bool
    texts: dict[str, str] = field(default_factory=dict)


def _group_lines(group: GroupScores, tasks: Iterable[str], scores: Scores, notes: _Notes) -> Iterator[Line]:
    for name in tasks:
        yield _line(scores.names.get(name, name), scores.tasks[name], notes)
    if len(group.tasks) > 1:
        yield _line("pooled", group.pooled, notes)
        # Why a macro score is undefined shows in the lines above it.
        cells = tuple(_cell(group.macro[key], _Notes(notes.intervals)) for key in COLUMNS)
        yield Line("macro", 1, None, cells)


def _line(name: str, rows: RowScores, notes: _Notes) -> Line:
    missing = rows.n - rows.counts["confident"]
    conditional = 0 < rows.counts["confident"] < rows.n * (1 - MOST_MISSING)
    if conditional:
        share = 100 * missing / rows.n
        notes.texts["*"] = (
            f"* over the rows that state a confidence only; more than {100 * MOST_MISSING:g} % of the rows "
            f"do not (up to {share:.0f} %)."
        )
    cells = tuple(
        _cell(rows.metrics[key], notes) + ("*" if conditional and key in CONDITIONAL else "")
        for key in COLUMNS
    )
    return Line(name, 1 if name == "pooled" else 2, rows.n, cells)


def _cell(score: Score, notes: _Notes) -> str:
    if score.value is None:
        why = score.why or "undefined"
        notes.texts.setdefault(why, f"– {why}.")
        return "–"
    value = f"{100 * score.value:.1f}"
    if notes.intervals and score.low is not None and score.high is not None:
        value += f" [{100 * score.low:.1f}, {100 * score.high:.1f}]"
    return value


def terminal_table(scores: Scores, *, intervals: bool = False) -> Table:
    """The table for a terminal of 80 columns; with intervals, those columns that have one."""
    built = score_table(scores, intervals=intervals)
    shown = WITH_INTERVALS if intervals else tuple(COLUMNS)
    places = [list(COLUMNS).index(key) for key in shown]
    table = Table(box=None, pad_edge=False, caption_justify="left", caption_style="dim")
    table.add_column("% (n: rows)", no_wrap=True, max_width=NAME_WIDTH)
    table.add_column("n", justify="right", no_wrap=True)
    for key in shown:
        table.add_column(COLUMNS[key], justify="right", no_wrap=True)
    for heading, lines in built.blocks:
        table.add_row(Text(heading, style="bold"))
        for line in lines:
            style = "bold" if line.level < 2 else ""
            cells = [line.cells[place].replace(" [", "\n[") for place in places]
            table.add_row(f"  {line.name}", "" if line.n is None else str(line.n), *cells, style=style)
    if built.notes:
        table.caption = Text("\n".join(built.notes))
    return table


def markdown_table(scores: Scores, *, intervals: bool = False) -> str:
    """The table in GitHub's Markdown, in percent."""
    built = score_table(scores, intervals=intervals)
    headings = ["%", "n", *COLUMNS.values()]
    text = [_markdown_row(headings), _markdown_row([":--", *["--:"] * (len(headings) - 1)])]
    for heading, lines in built.blocks:
        text.append(_markdown_row([f"**{heading}**", *[""] * (len(headings) - 1)]))
        text += [
            _markdown_row([each.name, "" if each.n is None else str(each.n), *each.cells]) for each in lines
        ]
    notes = "".join(f"\n{note}  " for note in built.notes)
    return "\n".join(text) + "\n" + (notes + "\n" if notes else "")


def csv_table(scores: Scores) -> str:
    """Every score as fractions, one row a task, group (pooled and macro) and metric."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["level", "name", "aggregate", "metric", "value", "low", "high", "method", "n", "why"])
    for level, name, aggregate, metrics in _all_scores(scores):
        for key, each in metrics.items():
            values = [each.value, each.low, each.high, each.method, each.n, each.why]
            writer.writerow(
                [level, name, aggregate, key, *("" if value is None else value for value in values)]
            )
    return stream.getvalue()


def latex_table(scores: Scores, *, intervals: bool = False) -> str:
    """One line a model: accuracy, ECE and Brier score of each group, as the papers print it; booktabs.

    Accuracy is pooled over the group's rows, as ECE and Brier score are.
    """
    groups = [(scores.names.get(name, name), group.pooled) for name, group in scores.groups.items()]
    groups = groups or [("Overall", scores.overall.pooled)]
    notes = _Notes(intervals)
    keys = ("accuracy", "ece", "brier")
    heads = " & ".join(rf"\multicolumn{{3}}{{c}}{{{_latex(name)}}}" for name, _ in groups)
    rules = "".join(rf"\cmidrule(lr){{{3 * place + 2}-{3 * place + 4}}}" for place in range(len(groups)))
    units = " & ".join(rf"{COLUMNS[key]} (\%)" for _ in groups for key in keys)
    cells = " & ".join(_latex(_cell(rows.metrics[key], notes)) for _, rows in groups for key in keys)
    model = _latex(str(scores.run.get("model", "model")))
    lines = [
        rf"\begin{{tabular}}{{l{'ccc' * len(groups)}}}",
        r"\toprule",
        rf" & {heads} \\",
        rules,
        rf"Model & {units} \\",
        r"\midrule",
        rf"{model} & {cells} \\",
        r"\bottomrule",
        r"\end{tabular}",
        *(f"% {note}" for note in notes.texts.values()),
    ]
    return "\n".join(lines) + "\n"


def _latex(text: str) -> str:
    special = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}"}
    special |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "–": "--"}
    return "".join(special.get(each, each) for each in text)


def _recalibration_rows(each: Recalibrations, names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for name, result in [*each.tasks.items(), *each.groups.items(), ("Overall", each.overall)]:
        if result is not None:
            values = (*result.ece, *result.brier)
            removed = "–" if result.removed is None else f"{100 * result.removed:.0f}"
            yield (names.get(name, name), str(result.n), *(f"{100 * value:.1f}" for value in values), removed)


def _spread_rows(spread: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    blocks = [*spread["tasks"].items(), *spread["groups"].items(), ("Overall", spread["overall"])]
    for name, block in blocks:
        cells = []
        for key in SPREAD:
            each = block[key]
            cells.append("–" if each is None else f"{100 * each['mean']:.1f} ± {100 * each['std']:.1f}")
        yield (names.get(name, name), *cells)


RECALIBRATED = ("n", "ECE raw", "after", "Brier raw", "after", "removed")
SPREAD: Mapping[str, str] = {key: COLUMNS[key] for key in ("accuracy", "ece", "brier", "auroc")}


def recalibration_table(each: Recalibrations, names: Mapping[str, str]) -> Table:
    """ECE and Brier score before and after; `removed` is the share of the miscalibration, in percent."""
    return _plain_table(f"after {each.method} (%)", RECALIBRATED, _recalibration_rows(each, names))


def recalibration_markdown(each: Recalibrations, names: Mapping[str, str]) -> str:
    """The same in Markdown."""
    return _plain_markdown(f"after {each.method} (%)", RECALIBRATED, _recalibration_rows(each, names))


def spread_table(spread: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    """Mean ± standard deviation over repeats, in percent."""
    heading = f"{spread['n']} repeats, mean ± std (%)"
    return _plain_table(heading, tuple(SPREAD.values()), _spread_rows(spread, names))


def spread_markdown(spread: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The same in Markdown."""
    heading = f"{spread['n']} repeats, mean ± std (%)"
    return _plain_markdown(heading, tuple(SPREAD.values()), _spread_rows(spread, names))


def _plain_table(heading: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(heading, no_wrap=True, max_width=max(len(heading), NAME_WIDTH))
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _plain_markdown(heading: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_markdown_row([heading, *columns]), _markdown_row([":--", *["--:"] * len(columns)])]
    return "\n".join([*lines, *(_markdown_row(row) for row in rows)]) + "\n"


def _all_scores(scores: Scores) -> Iterator[tuple[str, str, str, Mapping[str, Score]]]:
    for name, rows in scores.tasks.items():
        yield "task", name, "rows", rows.metrics
    for name, group in [*scores.groups.items(), ("overall", scores.overall)]:
        level = "overall" if group is scores.overall else "group"
        yield level, name, "pooled", group.pooled.metrics
        yield level, name, "macro", group.macro


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
