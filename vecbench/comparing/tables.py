"""A comparison for the terminal and in Markdown; values times 100, as all tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from vecbench.answers import answer_text, known_metrics, metrics_of_default
from vecbench.comparing.comparison import Comparison, Flip
from vecbench.comparing.differences import SIGNIFICANT, Difference
from vecbench.comparing.family import NOT_COMPARED, block_of, lines_of
from vecbench.comparing.verdicts import Verdict, Verdicts
from vecbench.escaping import in_markdown, printable
from vecbench.metrics.significance import FEWEST_SAMPLES
from vecbench.parsing import Reading
from vecbench.report.columns import Column, columns_of, corner, fitting, unscaled
from vecbench.report.tables import NAME_WIDTH, folded, markdown_text, numbers_table

MOST_NARROW = 4
"""Metrics of the terminal's table; more would not fit. Markdown and JSON have more."""

TEXT_WIDTH = 60
"""Longer sample ids and labels are cut."""

FLIP_COLUMNS = ("task", "sample", "target", "baseline", "candidate")
FLIPS = 10
"""Flips of each direction that are listed; JSON has all."""

MARKS = {"passed": "✓", "failed": "✗", "undecided": "?"}


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """A line of a table of differences: the name of a task or group, and of what its values are."""

    name: str
    of: str
    is_task: bool
    metrics: Mapping[str, Difference]


def difference_lines(comparison: Comparison) -> Iterator[DifferenceLine]:
    """The lines of a table of differences."""
    differences = comparison.differences
    for line in lines_of(differences, is_published=comparison.is_published):
        block = block_of(differences, line)
        shown = comparison.shown(None if line.level == "overall" else line.name)
        if line.is_macro:
            yield DifferenceLine(f"{shown}, macro", f"{len(block.tasks)} tasks", False, block.macro)
        else:
            yield DifferenceLine(shown, f"n = {block.n:,}", line.level == "task", block.metrics)


def changed_columns(comparison: Comparison, *, narrow: bool = False) -> tuple[Column, ...]:
    """The columns of a table of differences, as the metrics declare themselves."""
    compared = dict.fromkeys(key for line in difference_lines(comparison) for key in line.metrics)
    if comparison.is_published:  # of labels, whose table has the same columns whatever a program prints
        compared = dict.fromkeys(metric.key for metric in metrics_of_default())
    known = known_metrics()
    shown = {key: known[key] for key in compared if key in known and known[key].shown != "asked"}
    by_line = [[shown[key] for key in line.metrics if key in shown] for line in difference_lines(comparison)]
    columns = columns_of(shown.values(), by_line)
    if narrow:
        return fitting([column for column in columns if column.is_narrow], MOST_NARROW)
    return tuple(column for column in columns if column.key not in NOT_COMPARED)


def difference_table(comparison: Comparison) -> Table:
    """Candidate's value and change, the change's 95 % interval below them; fits 80 columns."""
    columns = changed_columns(comparison, narrow=True)
    table = numbers_table("candidate\n(change)", [column.heading for column in columns])
    for line in difference_lines(comparison):
        indent = "  " if line.is_task else ""
        shown = f"{folded(line.name, NAME_WIDTH + 2, len(indent), NAME_WIDTH)}\n{indent}{line.of}"
        cells = [_terminal_cell(column, line.metrics.get(column.key)) for column in columns]
        table.add_row(Text(shown), *cells, style="" if line.is_task else "bold")
    return table


def legend(comparison: Comparison, *, narrow: bool = False) -> str:
    """How to read the table of `changed_columns`."""
    columns = changed_columns(comparison, narrow=narrow)
    points = "Changes"
    if any(column.scale == 100 for column in columns):
        points += f" in points (× 100{unscaled(columns)})"
    if not comparison.paired:
        return f"{points}, without intervals."
    family, where = comparison.differences.family, " (those of the table in Markdown)" if narrow else ""
    said = (
        f"{points}, each with its 95 % interval. * p < {SIGNIFICANT:g} over all {family:,} tests of this "
        f"comparison{where}, adjusted for their number (Holm): chance alone is an unlikely reason."
    )
    enough = math.ceil(2 * family / SIGNIFICANT)
    if enough > comparison.replicates:
        said += f" So many take --replicates {enough}: with fewer, only exact tests can have a star."
    keys = [column.key for column in changed_columns(comparison, narrow=True)]
    shown = [
        line.metrics[key] for line in difference_lines(comparison) for key in keys if key in line.metrics
    ]
    if any(each.is_of_few for each in shown):
        said += f" No interval where fewer than {FEWEST_SAMPLES} samples differ."
    return said


def flip_table(flips: Sequence[Flip]) -> Table:
    """The most confident flips of one direction."""
    table = Table(box=None, pad_edge=False)
    for column in FLIP_COLUMNS:
        table.add_column(column, overflow="ellipsis", no_wrap=True)
    for flip in flips[:FLIPS]:
        table.add_row(*(Text(cell) for cell in _flip_cells(flip, printable)))
    return table


def verdict_table(verdicts: Verdicts) -> Table:
    """What became of each rule."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    styles = {"passed": "green", "failed": "bold red", "undecided": "yellow"}
    for verdict in verdicts.each:
        said = Text(f"{printable(verdict.rule.label)}\n  {printable(verdict.message)}")
        table.add_row(Text(f"{MARKS[verdict.outcome]} {verdict.outcome}", styles[verdict.outcome]), said)
    return table


def summary_line(verdicts: Verdicts) -> str:
    """How many rules passed, failed and are undecided."""
    counts = [f"{verdicts.count(each)} {each}" for each in ("passed", "failed", "undecided")]
    return f"Gates {verdicts.outcome}: {', '.join(counts)}."


def markdown(comparison: Comparison, verdicts: Verdicts | None = None) -> str:
    """A summary for a pull request: verdicts, differences, flips."""
    names = (in_markdown(side.name) for side in (comparison.baseline, comparison.candidate))
    parts = ["## vecbench: {} → {}\n".format(*names)]
    if verdicts is not None:
        parts += [f"**{summary_line(verdicts)}**\n", _markdown_verdicts(verdicts.each)]
    parts += [_markdown_differences(comparison), f"{in_markdown(legend(comparison))}\n"]
    for kind, said in comparison.allowed.items():
        parts.append(f"Allowed difference, {kind}: {in_markdown(said)}.\n")
    parts += [f"{in_markdown(note)}\n" for note in comparison.notes]
    if comparison.paired and comparison.judges:
        parts += [
            _markdown_flips("Right before, wrong now", comparison.flips.lost),
            _markdown_flips("Wrong before, right now", comparison.flips.gained),
        ]
    return "\n".join(parts)


def _markdown_differences(comparison: Comparison) -> str:
    lines = []
    columns = changed_columns(comparison)
    for line in difference_lines(comparison):
        bold = "" if line.is_task else "**"
        cells = [_markdown_cell(column, line.metrics.get(column.key)) for column in columns]
        of = line.of.removeprefix("n = ")
        lines.append([f"{bold}{in_markdown(line.name, TEXT_WIDTH)}{bold}", of, *cells])
    return markdown_text([corner(columns), "n", *(column.heading for column in columns)], lines)


def _markdown_verdicts(each: Iterable[Verdict]) -> str:
    lines = [
        [f"{MARKS[one.outcome]} {one.outcome}", in_markdown(one.rule.label), in_markdown(one.message)]
        for one in each
    ]
    return markdown_text(["", "rule", "why"], lines, align=":--")


def _markdown_flips(heading: str, flips: Sequence[Flip]) -> str:
    title = f"<details><summary>{heading}: {len(flips):,}</summary>\n\n"
    lines = [_flip_cells(flip, in_markdown) for flip in flips[:FLIPS]]
    table = markdown_text(FLIP_COLUMNS, lines, align=":--") if lines else ""
    more = f"\nThe {FLIPS} most confident are listed.\n" if len(flips) > FLIPS else ""
    return f"{title}{table}{more}\n</details>\n"


def _flip_cells(flip: Flip, escaped: Callable[[str, int | None], str]) -> list[str]:
    def reading(each: Reading) -> str:
        if each.answer is None:
            said = f"({each.answer_status})"
        else:
            said = escaped(answer_text(each.answer), TEXT_WIDTH)
        return said if each.confidence is None else f"{said} {100 * each.confidence:.0f}"

    sample = flip.sample_id + (f" (repeat {flip.repeat})" if flip.repeat else "")
    texts = [escaped(text, TEXT_WIDTH) for text in (flip.task, sample, answer_text(flip.target))]
    return [*texts, reading(flip.baseline), reading(flip.candidate)]


def _terminal_cell(column: Column, difference: Difference | None) -> str:
    if difference is None or difference.candidate is None:
        return "–"
    first = change_text(column, difference)
    return first if difference.low is None else f"{first}\n{interval_text(column, difference)} "


def change_text(column: Column, difference: Difference) -> str:
    """A candidate's value and its change, with a star or a blank behind it."""
    value = column.printed(difference.candidate or 0.0).replace("-", "−")
    if difference.change is None:
        return f"{value}  –"
    star = "*" if difference.significant else " "
    return f"{value} {_signed(column, difference.change)}{star}"


def _markdown_cell(column: Column, difference: Difference | None) -> str:
    if difference is None or (difference.candidate is None and difference.baseline is None):
        return "–"
    values = [
        "–" if value is None else column.printed(value).replace("-", "−")
        for value in (difference.baseline, difference.candidate)
    ]
    said = " → ".join(values)
    if difference.change is None:
        return said
    star = "\\*" if difference.significant else ""
    changed = f"{said}<br>{_signed(column, difference.change)}{star}"
    return changed if difference.low is None else f"{changed} {interval_text(column, difference)}"


def interval_text(column: Column, difference: Difference) -> str:
    """The interval of a change that has one."""
    low, high = (column.printed(end or 0.0) for end in (difference.low, difference.high))
    return f"[{low}, {high}]".replace("-", "−").replace("−0.0,", "0.0,").replace("−0.0]", "0.0]")


def _signed(column: Column, change: float) -> str:
    """A change as its column prints it, with a real minus sign; no sign for what is printed as zero."""
    text = column.printed(change)
    if float(text) == 0:
        return text.removeprefix("-")
    return text.replace("-", "−") if change < 0 else f"+{text}"
