"""Scores as tables: for the terminal, Markdown, CSV and LaTeX.

Fractions are printed times 100, as the papers do; only here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, chop_cells
from rich.console import Console, Group
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from vecbench.escaping import in_latex, printable
from vecbench.report.calibration_notes import calibration_notes
from vecbench.report.columns import (
    Column,
    columns,
    corner,
    fitting,
    further_columns,
    not_there,
    paper_columns,
)
from vecbench.report.latex import latex_heading, latex_tabular
from vecbench.report.marks import Notes
from vecbench.scoring import (
    GroupScores,
    RowScores,
    Score,
    Scores,
    protocol_named,
)
from vecbench.scoring.scores import HEADLINE, listed

TERMINAL = 80
"""Characters that a terminal has at least, see `console.NARROWEST`."""

WIDEST = 8
"""Columns of the terminal's table, if so many fit."""

NAME_WIDTH = 16
"""Longer names and headings are wrapped in the terminal's table, so that numbers never are."""

CORNER = "% (n: rows)"

LONGEST_WORD = 24
"""Longer words of names are broken."""


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


Build = Callable[[Sequence[Column]], ScoreTable]
"""Makes a table of some columns."""
Part = tuple[Table, Sequence[Column], ScoreTable]


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
        lines = [line_of(scores.names.get(name, name), scores.tasks[name], notes) for name in alone]
        blocks.append(("No group", tuple(lines)))
    blocks += _subset_blocks(scores, notes)
    if len(scores.tasks) > 1 or notes.protocol.is_published:
        blocks.append(("Overall", tuple(_group_lines(scores.overall, (), scores, notes))))
    if not scores.tasks:  # of arrays
        blocks.append(("Overall", (line_of("all rows", scores.overall.pooled, notes),)))
    printed = "".join(cell for _, lines in blocks for line in lines for cell in line.cells)
    story = calibration_notes(scores, intervals=intervals)
    return ScoreTable(tuple(blocks), (*notes.of_cells(printed), *story, *scores.notes))


def _group_lines(
    group: GroupScores, tasks: Iterable[str], scores: Scores, notes: Notes
) -> Iterator[ScoreLine]:
    for name in tasks:
        yield line_of(scores.names.get(name, name), scores.tasks[name], notes)
    if len(group.tasks) > 1 or notes.protocol.is_published:
        yield line_of(group.line, group.pooled, notes, level=1)
        # Why a macro score is undefined shows in the lines above it.
        silent = replace(notes, texts={})
        marked: dict[str, str] = {}
        for task in group.tasks:
            marked |= notes.marks(scores.tasks[task])
        if any(column.key in group.macro for column in notes.columns):
            yield ScoreLine("macro", 1, None, silent.cells(group.macro, marked))


def _subset_blocks(scores: Scores, notes: Notes) -> Iterator[tuple[str, tuple[ScoreLine, ...]]]:
    """A block for each column that a task, or a group of several, is broken down by; and its headline."""
    several = {name: group.pooled for name, group in scores.groups.items() if len(group.tasks) > 1}
    for name, rows in (*scores.tasks.items(), *several.items()):
        shown = scores.names.get(name, name)
        lines = [_headline(rows, notes)] if rows.headline is not None else []
        for column, values in rows.subsets.items():
            parts = [line_of(value or "–", each, notes) for value, each in values.items()]
            yield f"{shown}, by {column}", (*parts, *lines)
            lines = []
        if lines:
            yield shown, tuple(lines)


def _headline(rows: RowScores, notes: Notes) -> ScoreLine:
    first = next(iter(rows.metrics))
    cells = (notes.cell(column, rows.headline) if column.key == first else "" for column in notes.columns)
    return ScoreLine("headline", 1, None, tuple(cells))


def line_of(name: str, rows: RowScores, notes: Notes, level: int = 2) -> ScoreLine:
    """The line of some rows; what its marks mean is noted."""
    return ScoreLine(name, level, rows.n, notes.cells(told(rows), notes.marks(rows)))


def told(rows: RowScores) -> dict[str, Score]:
    """The scores that tables have of some rows."""
    # How many state a confidence is no matter where none is scored.
    idle = {each.key for each in rows.scored_by if each.counts_stated and not rows.has_confidences}
    if rows.kind == "mixed":
        idle = set()  # why there is no value is said
    return {key: each for key, each in rows.metrics.items() if key not in idle}


def terminal_table(scores: Scores, *, intervals: bool = False, further: Sequence[str] = ()) -> Group:
    """The table for a terminal of 80 columns; below it further metrics, so many that they fit."""
    left, asked = columns(scores), further_columns(scores, further)
    most = 4 if intervals else WIDEST - any(column.decimals > 1 for column in left)

    def build(shown: Sequence[Column]) -> ScoreTable:
        return score_table(scores, intervals=intervals, shown=shown)

    first = _widest(build, [fitting(left, each) for each in range(most, 0, -1)])
    return _group([first, *_parts(build, asked, most)], not_there(scores, further))


def in_terminal(build: Build, shown: Sequence[Column], corner: str, intervals: bool) -> Group:
    """A table of all of some columns, below each other in parts that fit a terminal of 80 columns."""
    return _group([*_parts(build, shown, 4 if intervals else WIDEST, corner)])


def _group(parts: Sequence[Part], further: Iterable[str] = ()) -> Group:
    first, *others = [table for table, _, _ in parts]
    notes = dict.fromkeys(note for _, _, built in parts for note in built.notes)
    # Not a caption: that would be as narrow as the table.
    texts = (Text(note, style="dim") for note in (*notes, *further))
    return Group(first, *(part for table in others for part in ("", table)), *texts)


def _parts(build: Build, asked: Sequence[Column], most: int, corner: str = CORNER) -> Iterator[Part]:
    while asked:
        part = _widest(build, [asked[:each] for each in range(most, 0, -1)], corner)
        yield part
        asked = asked[len(part[1]) :]


def _widest(build: Build, choices: Sequence[Sequence[Column]], corner: str = CORNER) -> Part:
    """The table of the first columns, of those that may be chosen, that fit; of the last if none do."""
    console = Console(width=2 * TERMINAL)
    for shown in choices:
        built = build(shown)
        table = _terminal_part(shown, built, corner)
        if Measurement.get(console, console.options, table).maximum <= TERMINAL:
            break
    return table, shown, built


def _terminal_part(shown: Sequence[Column], built: ScoreTable, corner: str) -> Table:
    table = numbers_table(corner, ["n", *(column.heading for column in shown)])
    for heading, lines in built.blocks:
        table.add_row(Text(folded(heading, NAME_WIDTH), style="bold"))
        for line in lines:
            style = "bold" if line.level < 2 else ""
            name = folded(line.name, NAME_WIDTH, 2)
            cells = [cell.replace(" [", "\n[").replace(" (", "\n(") for cell in line.cells]
            table.add_row(Text(name), "" if line.n is None else str(line.n), *cells, style=style)
    return table


def folded(name: str, width: int, indent: int = 0, longest: int = LONGEST_WORD) -> str:
    """A name in lines, broken at blanks and behind signs; words only that are longer than `longest`."""
    lines = [""]
    for piece in re.findall(r"\s*[^\s_/.:-]*[_/.:-]*", printable(name)):
        if lines[-1] and cell_len(lines[-1] + piece) > width - indent:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return "\n".join(" " * indent + part for line in lines for part in chop_cells(line.rstrip(), longest))


def markdown_table(scores: Scores, *, intervals: bool = False, further: Sequence[str] = ()) -> str:
    """The table in GitHub's Markdown, with columns of further metrics."""
    shown = (*columns(scores), *further_columns(scores, further))
    built = score_table(scores, intervals=intervals, shown=shown)
    return markdown_of(built, shown, not_there(scores, further))


def markdown_of(built: ScoreTable, shown: Sequence[Column], further: Iterable[str] = ()) -> str:
    """A table in GitHub's Markdown, with its notes and further ones below it."""
    lines: list[list[str]] = []
    for heading, block in built.blocks:
        lines.append([f"**{heading}**", *[""] * (len(shown) + 1)])
        lines += [[each.name, "" if each.n is None else str(each.n), *each.cells] for each in block]
    headings = [corner(shown), "n", *(column.heading for column in shown)]
    notes = "".join(f"\n{note}  " for note in (*built.notes, *further))
    return markdown_text(headings, map(_without_bars, lines)) + (notes + "\n" if notes else "")


def csv_table(scores: Scores) -> str:
    """Every score as fractions, one row a task, group (pooled and macro), or subset of these, and metric.

    `why` says why there is no value, or no interval. With several sources of confidence, `source` says which.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    head = ["level", "name", "aggregate", "metric", "value", "low", "high", "method", "n", "why"]
    several = scores.overall.pooled.sources is not None or any(each.sources for each in scores.tasks.values())
    writer.writerow([*head, "source"] if several else head)
    for scope, name, subset, key, each, source in listed(scores):
        if key == HEADLINE:
            continue
        level, _, macro = scope.partition(" ")
        aggregate = subset or macro or ("rows" if level == "task" else "pooled")
        why = each.why or each.no_interval
        values = [each.value, each.low, each.high, each.method, each.n, why, *([source] if several else [])]
        writer.writerow([level, name, aggregate, key, *("" if value is None else value for value in values)])
    for scope, name, control, source, key, each in scores.controls:
        values = [each.value, each.low, each.high, each.method, each.n, each.why or each.no_interval]
        aggregate = f"control={control}" + ("" if source == "stated" else f", {source}")
        writer.writerow([scope, name, aggregate, key, *("" if value is None else value for value in values)])
    return stream.getvalue()


def latex_table(scores: Scores, *, intervals: bool = False) -> str:
    """One line a model: accuracy, ECE and Brier score of each group, as the papers print it; booktabs.

    Answer kinds that declare columns of their own, such as rankings and ratings, have these too. Values are
    pooled over the group's rows; under a published protocol they are what that prints, and notes say so. Of
    a group whose kinds have nothing in common it has the tasks.
    """
    every = columns(scores)
    notes = Notes.of(scores, intervals, every)
    parts = [(name, group.pooled, group.tasks) for name, group in scores.groups.items()]
    if not parts or protocol_named(scores.protocol).headline_is_overall:
        parts.append(("Overall", scores.overall.pooled, tuple(scores.tasks)))
    heads: list[tuple[str, list[str]]] = []
    cells = [in_latex(str(scores.run.get("model", "model")))]
    for whole, pooled, tasks in parts:
        apart = [(task, scores.tasks[task]) for task in tasks] if not pooled.metrics else []
        for name, rows in apart or [(whole, pooled)]:
            notes.columns = paper_columns(every, [rows])
            heads.append((scores.names.get(name, name), list(map(latex_heading, notes.columns))))
            cells += map(in_latex, notes.cells(rows.metrics, notes.marks(rows)))
    table = latex_tabular(heads, [cells])
    story = calibration_notes(scores, intervals=intervals)
    return table + "".join(f"% {note}\n" for note in (*notes.all(), *story, *scores.notes))


@dataclass(frozen=True)
class PlainTable:
    """A column of names and columns of numbers, for the terminal and in Markdown.

    A name that `wraps` takes what room there is; else it is folded.
    """

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    wraps: bool = False

    def __rich__(self) -> Table:
        table = numbers_table(self.heading, self.columns, wraps=self.wraps)
        width = max(len(self.heading), NAME_WIDTH)
        for name, *cells in self.rows:
            table.add_row(Text(name if self.wraps else folded(name, width)), *cells)
        return table

    def markdown(self) -> str:
        """The table in GitHub's Markdown."""
        return markdown_text(_without_bars([self.heading, *self.columns]), map(_without_bars, self.rows))


def numbers_table(heading: str, columns: Iterable[str], *, wraps: bool = False) -> Table:
    """A table for the terminal, without lines yet; its names are `folded` unless it wraps them itself."""
    table = Table(box=None, pad_edge=False)
    table.add_column(heading, no_wrap=not wraps)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def markdown_text(headings: Sequence[str], lines: Iterable[Sequence[str]], align: str = "--:") -> str:
    """A table in GitHub's Markdown, of cells that are escaped; its first column is one of names."""
    rule = [":--", *[align] * (len(headings) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (headings, rule, *lines))


def _without_bars(cells: Iterable[str]) -> list[str]:
    return [cell.replace("|", "\\|") for cell in cells]
