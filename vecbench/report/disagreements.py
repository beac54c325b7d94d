"""The differences between two protocols as tables: for the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group
from rich.table import Table
from rich.text import Text

from vecbench.report.tables import plain_markdown, plain_table
from vecbench.scoring import Disagreements
from vecbench.scoring.disagreements import VerdictCounts

REASONS = ("why emocaliber differs", ("rows", "right here", "right there", "dropped"))
ACCURACY = ("accuracy (%)", ("rows", "strict", "rows", "emocaliber", "effect", "differing"))
ROWS = ("task", ("sample", "target", "strict", "emocaliber", "why"))

MOST_ROWS = 200
"""Rows that differences.md lists; differences.csv has them all."""


def disagreement_table(differences: Disagreements) -> Group:
    """How often each reason occurs, and what they do to the accuracy of each task."""
    if not differences.rows:
        return Group(Text("strict and emocaliber read every response alike."))
    reasons = Table(box=None, pad_edge=False)
    reasons.add_column(REASONS[0])
    for column in REASONS[1]:
        reasons.add_column(column, justify="right", no_wrap=True)
    for row in _reason_rows(differences):
        reasons.add_row(*row)
    accuracy = plain_table(*ACCURACY, _accuracy_rows(differences))
    return Group(reasons, Text(_LEGEND, style="dim"), Text(), accuracy, Text(_EFFECT, style="dim"))


def disagreement_markdown(differences: Disagreements) -> str:
    """The same in Markdown, with the first rows that differ."""
    heading = "# strict against emocaliber\n"
    if not differences.rows:
        return heading + "\nThe protocols read every response alike.\n"
    shown = differences.rows[:MOST_ROWS]
    more = len(differences.rows) - len(shown)
    rest = f"\n{more} more rows: see differences.csv.\n" if more else ""
    parts = [
        heading,
        plain_markdown(*REASONS, _reason_rows(differences)),
        _LEGEND + "\n",
        plain_markdown(*ACCURACY, _accuracy_rows(differences)),
        _EFFECT + "\n",
        plain_markdown(*ROWS, _response_rows(differences)) + rest,
    ]
    return "\n".join(parts).encode("utf-8", "backslashreplace").decode()


_LEGEND = "right here: only strict counts the row as right; right there: only emocaliber does."
_EFFECT = "effect: emocaliber's accuracy minus strict's, in points; Overall is the pool of the tasks."


def _reason_rows(differences: Disagreements) -> Iterator[tuple[str, ...]]:
    for kind, effect in differences.effects().items():
        counts = (effect.rows, effect.right_only_strict, effect.right_only_emocaliber, effect.dropped)
        yield (kind, *map(str, counts))


def _accuracy_rows(differences: Disagreements) -> Iterator[tuple[str, ...]]:
    for name, each in differences.tasks.items():
        yield (differences.names.get(name, name), *_accuracies(each), str(each.differing))


def _accuracies(each: VerdictCounts) -> Iterator[str]:
    values = []
    for rows, right in (each.strict, each.emocaliber):
        values.append(100 * right / rows if rows else None)
        yield str(rows)
        yield f"{100 * right / rows:.2f}" if rows else "–"
    ours, theirs = values
    yield "–" if ours is None or theirs is None else f"{theirs - ours:+.2f}"


def _response_rows(differences: Disagreements) -> Iterator[tuple[str, ...]]:
    for row in differences.rows[:MOST_ROWS]:
        theirs, ours = row.emocaliber, row.strict
        name = differences.names.get(theirs.task, theirs.task)
        strict = "not counted" if ours is None else _said(ours.reading.answer, ours.reading.confidence)
        dropped = theirs.dropped is not None
        there = "not counted" if dropped else _said(theirs.reading.answer, theirs.reading.confidence)
        why = "; ".join(str(reason) for reason in row.reasons)
        cells = (name, theirs.sample_id, theirs.target, strict, there, why)
        yield tuple(" ".join(cell.split()) for cell in cells)


def _said(label: str | None, confidence: float | None) -> str:
    return f"{label or '–'} {'–' if confidence is None else f'{confidence:g}'}"
