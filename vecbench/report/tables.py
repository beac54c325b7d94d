"""Scores as tables: for the terminal, Markdown, CSV and LaTeX.

Fractions are printed times 100, as the papers do; only here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

from rich.console import Console, Group
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from vecbench.escaping import in_latex
from vecbench.report.calibration_notes import calibration_notes
from vecbench.report.columns import (
    Column,
    columns,
    corner,
    fitting,
    further_columns,
    not_there,
)
from vecbench.report.latex import latex_tabular
from vecbench.report.marks import Notes
from vecbench.scoring import (
    GroupScores,
    RowScores,
    Score,
    Scores,
    protocol_named,
)
from vecbench.scoring.scores import HEADLINE, listed

IN_PAPERS = ("accuracy", "ece", "brier")
"""What a LaTeX table has of each group, as the papers do."""

TERMINAL = 80
"""Characters that a terminal has at least, see `console.NARROWEST`."""

WIDEST = 8
"""Columns of the terminal's table, if so many fit."""

NAME_WIDTH = 16
"""Longer names are cut in the terminal's table, and headings wrapped, so that numbers never are."""


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A task (`level` 2), or a group's "pooled" or "macro" line (1); cells are in the order of `columns`."""

    name: str
    level: int
    n: int | None
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Headings with their lines, group by group, and footnotes: what the marks mean, in their order."""

    blocks: tuple[tuple[str, tuple[ScoreLine, ...]], ...]
    notes: tuple[str, ...]


def score_table(
    scores: Scores, *, intervals: bool = False, shown: Sequence[Column] | None = None
) -> ScoreTable:
    """The scores, group by group, then together; with 95 % intervals on request.

    A group's tasks come first, then the rows pooled and the macro average; both only where the group
    has more than one task, since with one they say the same. "–" is an undefined value and "*" a
    column that many rows have no confidence for; footnotes say why. With intervals, they say why a value has
    none, and between what it would be if all rows had a confidence stands beside it. Published protocols
    print two decimals, as the papers do, and all their groups: those have scores that a task alone has not.

    Args:
        scores: What is shown.
        intervals: Whether intervals are.
        shown: The columns; None for all of `columns`.
    """
    notes = Notes.of(scores, intervals, shown)
    blocks: list[tuple[str, tuple[ScoreLine, ...]]] = []
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
    blocks += _subset_blocks(scores, notes)
    if len(scores.tasks) > 1 or notes.protocol.is_published:
        blocks.append(("Overall", tuple(_group_lines(scores.overall, (), scores, notes))))
    printed = "".join(cell for _, lines in blocks for line in lines for cell in line.cells)
    story = calibration_notes(scores, intervals=intervals)
    return ScoreTable(tuple(blocks), (*notes.of_cells(printed), *story, *scores.notes))


def _group_lines(
    group: GroupScores, tasks: Iterable[str], scores: Scores, notes: Notes
) -> Iterator[ScoreLine]:
    for name in tasks:
        yield _line(scores.names.get(name, name), scores.tasks[name], notes)
    if len(group.tasks) > 1 or notes.protocol.is_published:
        yield _line(group.line, group.pooled, notes, level=1)
        # Why a macro score is undefined shows in the lines above it.
        silent = replace(notes, texts={})
        marked: dict[str, str] = {}
        for task in group.tasks:
            marked |= notes.marks(scores.tasks[task])
        if any(column.key in group.macro for column in notes.columns):
            yield ScoreLine("macro", 1, None, _cells(group.macro, marked, silent))


def _subset_blocks(scores: Scores, notes: Notes) -> Iterator[tuple[str, tuple[ScoreLine, ...]]]:
    """A block for each column that a task, or a group of several, is broken down by; and its headline."""
    several = {name: group.pooled for name, group in scores.groups.items() if len(group.tasks) > 1}
    for name, rows in (*scores.tasks.items(), *several.items()):
        shown = scores.names.get(name, name)
        lines = [_headline(rows, notes)] if rows.headline is not None else []
        for column, values in rows.subsets.items():
            parts = [_line(value or "–", each, notes) for value, each in values.items()]
            yield f"{shown}, by {column}", (*parts, *lines)
            lines = []
        if lines:
            yield shown, tuple(lines)


def _headline(rows: RowScores, notes: Notes) -> ScoreLine:
    first = next(iter(rows.metrics))
    cells = (_cell(column, rows.headline, notes) if column.key == first else "" for column in notes.columns)
    return ScoreLine("headline", 1, None, tuple(cells))


def _line(name: str, rows: RowScores, notes: Notes, level: int = 2) -> ScoreLine:
    # How many state a confidence is no matter where none is scored.
    idle = {each.key for each in rows.scored_by if each.counts_stated and not rows.has_confidences}
    if rows.kind == "mixed":
        idle = set()  # why there is no value is said
    said = {key: each for key, each in rows.metrics.items() if key not in idle}
    return ScoreLine(name, level, rows.n, _cells(said, notes.marks(rows), notes))


def _cells(metrics: Mapping[str, Score], marks: Mapping[str, str], notes: Notes) -> tuple[str, ...]:
    return tuple(
        _cell(column, score, notes) + (marks.get(column.key, "") if score and score.value is not None else "")
        for column in notes.columns
        for score in [metrics.get(column.key)]
    )


def _cell(column: Column, score: Score | None, notes: Notes) -> str:
    if score is None:
        return ""
    if score.value is None:
        why = score.why or "undefined"
        notes.texts.setdefault(why, f"– {why}.")
        return "–"
    value = column.printed(score.value)
    return value + _ends(column, score, notes) if notes.intervals else value


def _ends(column: Column, score: Score, notes: Notes) -> str:
    """The interval and the bounds of a value, or nothing and a note that says why."""
    ends = ""
    if score.low is not None and score.high is not None:
        ends = f" [{column.printed(score.low)}, {column.printed(score.high)}]"
    elif score.no_interval:
        notes.without.setdefault(score.no_interval, {}).setdefault(column.heading)
    if score.bounds:
        low, high = map(column.printed, score.bounds)
        ends += f" ({low}…{high})"
        notes.texts["bounds"] = "(…) between what it would be if all rows had a confidence."
    return ends


def terminal_table(scores: Scores, *, intervals: bool = False, further: Sequence[str] = ()) -> Group:
    """The table for a terminal of 80 columns; below it further metrics, so many that they fit."""
    left, asked = columns(scores), further_columns(scores, further)
    most = 4 if intervals else WIDEST - any(column.decimals > 1 for column in left)
    parts = [_widest(scores, intervals, [fitting(left, each) for each in range(most, 0, -1)])]
    while asked:
        parts.append(_widest(scores, intervals, [asked[:each] for each in range(most, 0, -1)]))
        asked = asked[len(parts[-1][1]) :]
    first, *others = [table for table, _, _ in parts]
    notes = dict.fromkeys(note for _, _, built in parts for note in built.notes)
    # Not a caption: that would be as narrow as the table.
    texts = (Text(note, style="dim") for note in (*notes, *not_there(scores, further)))
    return Group(first, *(part for table in others for part in ("", table)), *texts)


def _widest(
    scores: Scores, intervals: bool, choices: Sequence[Sequence[Column]]
) -> tuple[Table, Sequence[Column], ScoreTable]:
    """The table of the first columns, of those that may be chosen, that fit; of the last if none do."""
    console = Console(width=2 * TERMINAL)
    for shown in choices:
        built = score_table(scores, intervals=intervals, shown=shown)
        table = _terminal_part(shown, built)
        if Measurement.get(console, console.options, table).maximum <= TERMINAL:
            break
    return table, shown, built


def _terminal_part(shown: Sequence[Column], built: ScoreTable) -> Table:
    table = numbers_table("% (n: rows)", ["n", *(column.heading for column in shown)], NAME_WIDTH)
    for heading, lines in built.blocks:
        for part in wrap(heading, NAME_WIDTH):
            table.add_row(Text(part, style="bold"))
        for line in lines:
            style = "bold" if line.level < 2 else ""
            cells = [cell.replace(" [", "\n[").replace(" (", "\n(") for cell in line.cells]
            table.add_row(f"  {line.name}", "" if line.n is None else str(line.n), *cells, style=style)
    return table


def markdown_table(scores: Scores, *, intervals: bool = False, further: Sequence[str] = ()) -> str:
    """The table in GitHub's Markdown, with columns of further metrics."""
    shown = (*columns(scores), *further_columns(scores, further))
    built = score_table(scores, intervals=intervals, shown=shown)
    lines: list[list[str]] = []
    for heading, block in built.blocks:
        lines.append([f"**{heading}**", *[""] * (len(shown) + 1)])
        lines += [[each.name, "" if each.n is None else str(each.n), *each.cells] for each in block]
    headings = [corner(shown), "n", *(column.heading for column in shown)]
    notes = "".join(f"\n{note}  " for note in (*built.notes, *not_there(scores, further)))
    return markdown_text(headings, map(_without_bars, lines)) + (notes + "\n" if notes else "")


def csv_table(scores: Scores) -> str:
    """Every score as fractions, one row a task, group (pooled and macro), or subset of these, and metric.

    `why` says why there is no value, or no interval.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["level", "name", "aggregate", "metric", "value", "low", "high", "method", "n", "why"])
    for scope, name, subset, key, each in listed(scores):
        if key == HEADLINE:
            continue
        level, _, macro = scope.partition(" ")
        aggregate = subset or macro or ("rows" if level == "task" else "pooled")
        why = each.why or each.no_interval
        values = [each.value, each.low, each.high, each.method, each.n, why]
        writer.writerow([level, name, aggregate, key, *("" if value is None else value for value in values)])
    return stream.getvalue()


def latex_table(scores: Scores, *, intervals: bool = False) -> str:
    """One line a model: accuracy, ECE and Brier score of each group, as the papers print it; booktabs.

    Accuracy is pooled over the group's rows, as ECE and Brier score are; under a published protocol it is
    what that prints, and notes say so.
    """
    groups = [(scores.names.get(name, name), group.pooled) for name, group in scores.groups.items()]
    if not groups or protocol_named(scores.protocol).headline_is_overall:
        groups.append(("Overall", scores.overall.pooled))
    notes = Notes.of(scores, intervals)
    used = [column for column in notes.columns if column.key in IN_PAPERS] or list(notes.columns[:3])
    model = in_latex(str(scores.run.get("model", "model")))
    cells = [
        in_latex(_cell(column, rows.metrics.get(column.key), notes)) for _, rows in groups for column in used
    ]
    units = [rf"{column.heading} (\%)" if column.scale == 100 else column.heading for column in used]
    table = latex_tabular([name for name, _ in groups], units, [[model, *cells]])
    story = calibration_notes(scores, intervals=intervals)
    return table + "".join(f"% {note}\n" for note in (*notes.all(), *story, *scores.notes))


@dataclass(frozen=True)
class PlainTable:
    """A column of names and columns of numbers, for the terminal and in Markdown.

    A name that `wraps` may take several lines of the terminal; else it is cut.
    """

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    wraps: bool = False

    def __rich__(self) -> Table:
        widest = None if self.wraps else max(len(self.heading), NAME_WIDTH)
        table = numbers_table(self.heading, self.columns, widest)
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """The table in GitHub's Markdown."""
        return markdown_text(_without_bars([self.heading, *self.columns]), map(_without_bars, self.rows))


def numbers_table(heading: str, columns: Iterable[str], widest: int | None) -> Table:
    """A table for the terminal, without lines yet; names wrap where no width is given, and are cut else."""
    table = Table(box=None, pad_edge=False)
    table.add_column(heading, no_wrap=widest is not None, max_width=widest)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def markdown_text(headings: Sequence[str], lines: Iterable[Sequence[str]], align: str = "--:") -> str:
    """A table in GitHub's Markdown, of cells that are escaped; its first column is one of names."""
    rule = [":--", *[align] * (len(headings) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (headings, rule, *lines))


def _without_bars(cells: Iterable[str]) -> list[str]:
    return [cell.replace("|", "\\|") for cell in cells]
