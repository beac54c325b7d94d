"""The differences between two protocols as tables: for the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group
from rich.text import Text

from vecbench.report.tables import PlainTable
from vecbench.scoring import Disagreements
from vecbench.scoring.disagreements import VerdictCounts

MOST_ROWS = 200
"""Rows that differences.md lists; differences.csv has them all."""

_LEGEND = "right here: only strict counts the row as right; right there: only emocaliber does."
_EFFECT = "effect: emocaliber's accuracy minus strict's, in points; Overall is the pool of the tasks."


def disagreement_table(differences: Disagreements) -> Group:
    """How often each reason occurs, and what they do to the accuracy of each task."""
    if not differences.rows:
        return Group(Text("strict and emocaliber read every response alike."))
    reasons, accuracy = _reasons(differences), _accuracy(differences)
    return Group(reasons, Text(_LEGEND, style="dim"), Text(), accuracy, Text(_EFFECT, style="dim"))


def disagreement_markdown(differences: Disagreements) -> str:
    """The same in Markdown, with the first rows that differ."""
    heading = "# strict against emocaliber\n"
    if not differences.rows:
        return heading + "\nThe protocols read every response alike.\n"
    more = len(differences.rows) - MOST_ROWS
    rest = f"\n{more} more rows: see differences.csv.\n" if more > 0 else ""
    rows = PlainTable(
        "task", ("sample", "target", "strict", "emocaliber", "why"), list(_response_rows(differences))
    )
    parts = [
        heading,
        _reasons(differences).markdown(),
        _LEGEND + "\n",
        _accuracy(differences).markdown(),
        _EFFECT + "\n",
        rows.markdown() + rest,
    ]
    return "\n".join(parts).encode("utf-8", "backslashreplace").decode()


def _reasons(differences: Disagreements) -> PlainTable:
    rows = [
        (kind, *map(str, (each.rows, each.right_only_strict, each.right_only_emocaliber, each.dropped)))
        for kind, each in differences.effects().items()
    ]
    headings = ("rows", "right here", "right there", "dropped")
    return PlainTable("why emocaliber differs", headings, rows, wraps=True)


def _accuracy(differences: Disagreements) -> PlainTable:
    rows = [
        (name, *_accuracies(each), str(each.differing))
        for name, each in (
            *((differences.names.get(name, name), each) for name, each in differences.tasks.items()),
            ("Overall", differences.overall),
        )
    ]
    headings = ("rows", "strict", "rows", "emocaliber", "effect", "differing")
    return PlainTable("accuracy (%)", headings, rows)


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
