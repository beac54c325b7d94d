"""A comparison for papers, in LaTeX, and for notebooks, in HTML: what the terminal's table has."""

from __future__ import annotations

from collections.abc import Iterator

from vecbench.comparing.comparison import Comparison
from vecbench.comparing.differences import Difference
from vecbench.comparing.models import told_apart
from vecbench.comparing.tables import (
    change_text,
    changed_columns,
    difference_lines,
    interval_text,
    legend,
    summary_line,
)
from vecbench.comparing.verdicts import Verdicts
from vecbench.escaping import in_html, in_latex
from vecbench.report.columns import Column
from vecbench.report.html import html_table, small
from vecbench.report.latex import latex_heading, latex_notes, latex_tabular


def latex_table(comparison: Comparison, verdicts: Verdicts | None = None) -> str:
    """A tabular with booktabs: candidate and change of each task, and the change's 95 % interval below."""
    columns = changed_columns(comparison, narrow=True)
    lines = []
    for line in difference_lines(comparison):
        found = [(column, line.metrics.get(column.key)) for column in columns]
        lines.append([in_latex(line.name), *(in_latex(_first(*each)) for each in found)])
        below = (_second(*each) for each in found)
        lines.append([_scriptsize(line.of), *map(_scriptsize, below)])
    heads = [(_title(comparison), list(map(latex_heading, columns)))]
    notes = [f"Candidate, and its change from the baseline. {legend(comparison, narrow=True)}"]
    if verdicts is not None:
        notes.append(summary_line(verdicts))
    return latex_tabular(heads, lines, "") + latex_notes([*notes, *_notes(comparison)])


def html_fragment(comparison: Comparison) -> str:
    """The same as an element for a notebook or a page."""
    columns = changed_columns(comparison, narrow=True)
    heads = [
        [("", 1), (_title(comparison), len(columns))],
        [("", 1), *((each.heading, 1) for each in columns)],
    ]

    def cell(column: Column, difference: Difference | None) -> str:
        return _below(_first(column, difference), _second(column, difference))

    lines = (
        [_below(line.name, line.of), *(cell(each, line.metrics.get(each.key)) for each in columns)]
        for line in difference_lines(comparison)
    )
    said = f"Candidate, and its change from the baseline. {legend(comparison, narrow=True)}"
    return html_table(heads, lines, [said, *_notes(comparison)])


def _title(comparison: Comparison) -> str:
    baseline, candidate = told_apart([comparison.baseline, comparison.candidate])
    return f"{candidate}, against {baseline}"


def _first(column: Column, difference: Difference | None) -> str:
    if difference is None or difference.candidate is None:
        return "–"
    return change_text(column, difference).rstrip()


def _second(column: Column, difference: Difference | None) -> str:
    if difference is None or difference.change is None or difference.low is None:
        return ""
    return interval_text(column, difference)


def _scriptsize(text: str) -> str:
    return rf"{{\scriptsize {in_latex(text)}}}" if text else ""


def _below(text: str, below: str) -> str:
    return in_html(text) + small(below)


def _notes(comparison: Comparison) -> Iterator[str]:
    for kind, said in comparison.allowed.items():
        yield f"Allowed difference in {kind}: {said}."
    yield from comparison.notes
