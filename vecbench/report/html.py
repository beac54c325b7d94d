"""Tables in HTML, for notebooks and pages: everything in them is escaped, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vecbench.escaping import in_html
from vecbench.report.columns import Column, columns, corner, unscaled
from vecbench.report.source_tables import difference_table, differing_columns, source_columns, source_table
from vecbench.report.tables import ScoreTable, score_table
from vecbench.scoring import Scores

Heads = Sequence[tuple[str, int]]
"""Headings, each with how many columns it is above."""


def html_table(heads: Sequence[Heads], lines: Iterable[Sequence[str]], notes: Iterable[str] = ()) -> str:
    """A table with its notes below it, in one element.

    Args:
        heads: Lines of headings.
        lines: Their first cell is a name; cells are HTML already, see `in_html`.
        notes: Texts.
    """
    parts = [
        '<div class="vecbench">',
        '<table style="text-align: right; border-spacing: 0.8em 0; white-space: nowrap">',
        "<thead>",
    ]
    parts += [f"<tr>{''.join(_head(*each) for each in line)}</tr>" for line in heads]
    parts += ["</thead>", "<tbody>"]
    for name, *cells in lines:
        written = "".join(f"<td>{cell}</td>" for cell in cells)
        parts.append(
            f'<tr><th scope="row" style="text-align: left; font-weight: normal">{name}</th>{written}</tr>'
        )
    parts += ["</tbody>", "</table>"]
    parts += [f'<p style="margin: 0.3em 0"><small>{in_html(note)}</small></p>' for note in notes]
    return "\n".join([*parts, "</div>"]) + "\n"


def score_fragment(scores: Scores) -> str:
    """Scores as an element for a notebook or a page: the lines and notes of `score_table`, and of sources."""
    shown = columns(scores)
    text = _fragment(score_table(scores, shown=shown), shown, [scores_title(scores)])
    by_source = source_columns(scores)
    if not by_source:
        return text
    among = differing_columns(by_source)
    differences = difference_table(scores, among)
    text += _fragment(source_table(scores, by_source), by_source)
    return text + (_fragment(differences, among) if differences.blocks else "")


def _fragment(built: ScoreTable, shown: Sequence[Column], notes: Sequence[str] = ()) -> str:
    lines: list[list[str]] = []
    for heading, block in built.blocks:
        lines.append([f"<strong>{in_html(heading)}</strong>", *[""] * (len(shown) + 1)])
        for each in block:
            n = "" if each.n is None else f"{each.n:,}"
            lines.append([in_html(each.name), n, *map(in_html, each.cells)])
    heads = [[(corner(shown), 1), ("n", 1), *((column.heading, 1) for column in shown)]]
    return html_table(heads, lines, [*notes, *built.notes])


def scores_title(scores: Scores) -> str:
    """Whose scores they are, how they were read and in what unit they are printed."""
    model = f"{scores.run['model']}, protocol" if scores.run.get("model") else "Protocol"
    return f"{model} {scores.protocol}; all values × 100{unscaled(columns(scores))}."


def small(text: str) -> str:
    """What stands below a value, such as its interval."""
    return f"<br><small>{in_html(text)}</small>" if text else ""


def _head(text: str, width: int) -> str:
    if not text:
        return "<td></td>"
    if width == 1:
        return f'<th scope="col">{in_html(text)}</th>'
    return f'<th colspan="{width}" scope="colgroup" style="text-align: center">{in_html(text)}</th>'
