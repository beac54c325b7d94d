"""Scores as tables: for the terminal, Markdown and CSV.

Fractions are printed times 100, as the papers do; only here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rich.table import Table

from vecbench.scoring import GroupScores, RowScores, Score, Scores

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


def score_table(scores: Scores) -> ScoreTable:
    """The scores, group by group, then together.

    A group's tasks come first, then the rows pooled and the macro average; both only where the group
    has more than one task, since with one they say the same. "–" is an undefined value and "*" a
    column that many rows have no confidence for; footnotes say why.
    """
    notes: dict[str, str] = {}
    blocks: list[tuple[str, tuple[Line, ...]]] = []
    grouped = {name for group in scores.groups.values() for name in group.tasks}
    for name, group in scores.groups.items():
        heading = scores.names.get(name, name)
        if group.absent:
            heading += f" (without {', '.join(scores.names.get(each, each) for each in group.absent)})"
        blocks.append((heading, tuple(_group_lines(group, group.tasks, scores, notes))))
    alone = [name for name in scores.tasks if name not in grouped]
    if alone:
        lines = [_line(scores.names.get(name, name), scores.tasks[name], notes) for name in alone]
        blocks.append(("No group", tuple(lines)))
    if len(scores.tasks) > 1:
        blocks.append(("Overall", tuple(_group_lines(scores.overall, (), scores, notes))))
    return ScoreTable(tuple(blocks), tuple(notes.values()))


def _group_lines(
    group: GroupScores, tasks: Iterable[str], scores: Scores, notes: dict[str, str]
) -> Iterator[Line]:
    for name in tasks:
        yield _line(scores.names.get(name, name), scores.tasks[name], notes)
    if len(group.tasks) > 1:
        yield _line("pooled", group.pooled, notes)
        # Why a macro score is undefined shows in the lines above it.
        cells = tuple(_cell(group.macro[key], {}) for key in COLUMNS)
        yield Line("macro", 1, None, cells)


def _line(name: str, rows: RowScores, notes: dict[str, str]) -> Line:
    missing = rows.n - rows.counts["confident"]
    conditional = 0 < rows.counts["confident"] < rows.n * (1 - MOST_MISSING)
    if conditional:
        share = 100 * missing / rows.n
        notes["*"] = (
            f"* over the rows that state a confidence only; more than {100 * MOST_MISSING:g} % of the rows "
            f"do not (up to {share:.0f} %)."
        )
    cells = tuple(
        _cell(rows.metrics[key], notes) + ("*" if conditional and key in CONDITIONAL else "")
        for key in COLUMNS
    )
    return Line(name, 1 if name == "pooled" else 2, rows.n, cells)


def _cell(score: Score, notes: dict[str, str]) -> str:
    if score.value is None:
        why = score.why or "undefined"
        notes.setdefault(why, f"– {why}.")
        return "–"
    return f"{100 * score.value:.1f}"


def terminal_table(scores: Scores) -> Table:
    """The table for a terminal of 80 columns, with the accuracy's interval."""
    built = score_table(scores)
    table = Table(box=None, pad_edge=False, caption_justify="left", caption_style="dim")
    table.add_column("% (n: rows)", no_wrap=True)
    table.add_column("n", justify="right")
    for heading in COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for heading, lines in built.blocks:
        table.add_row(f"[bold]{heading}[/bold]")
        for line in lines:
            style = "bold" if line.level < 2 else ""
            table.add_row(f"  {line.name}", "" if line.n is None else str(line.n), *line.cells, style=style)
    if built.notes:
        table.caption = "\n".join(built.notes)
    return table


def markdown_table(scores: Scores) -> str:
    """The table in GitHub's Markdown."""
    built = score_table(scores)
    headings = ["", "n", *COLUMNS.values()]
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


def _all_scores(scores: Scores) -> Iterator[tuple[str, str, str, Mapping[str, Score]]]:
    for name, rows in scores.tasks.items():
        yield "task", name, "rows", rows.metrics
    for name, group in [*scores.groups.items(), ("overall", scores.overall)]:
        level = "overall" if group is scores.overall else "group"
        yield level, name, "pooled", group.pooled.metrics
        yield level, name, "macro", group.macro


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
