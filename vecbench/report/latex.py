"""Tables in LaTeX, with the rules of booktabs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vecbench.escaping import in_latex
from vecbench.report.columns import Scaled


def latex_tabular(
    groups: Sequence[tuple[str, Sequence[str]]], lines: Iterable[Sequence[str]], corner: str = "Model"
) -> str:
    """A table of models, with the columns of each group below its name; booktabs.

    Args:
        groups: Name, not escaped yet, and headings of the columns.
        lines: A name and the cells of the columns; LaTeX already, as headings are.
        corner: What stands above the names.
    """
    heads, rules = "", ""
    units: list[str] = []
    for name, below in groups:
        heads += rf" & \multicolumn{{{len(below)}}}{{c}}{{{in_latex(name)}}}"
        rules += rf"\cmidrule(lr){{{len(units) + 2}-{len(units) + len(below) + 1}}}"
        units += below
    rows = [
        rf"\begin{{tabular}}{{l{'c' * len(units)}}}",
        r"\toprule",
        rf"{heads} \\",
        rules,
        rf"{corner} & {' & '.join(units)} \\",
        r"\midrule",
        *(rf"{_after_line_end(' & '.join(cells))} \\" for cells in lines),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(rows) + "\n"


def latex_heading(column: Scaled) -> str:
    """What stands above a column, with its unit."""
    return in_latex(f"{column.heading} (%)" if column.scale == 100 else column.heading)


def _after_line_end(text: str) -> str:
    r"""A line of a table, which must not begin with what `\\` before it would take for its own argument."""
    return f"{{}}{text}" if text.startswith(("[", "*")) else text


def latex_notes(notes: Iterable[str]) -> str:
    """What stands below a table; nothing without notes."""
    lines = [rf"{in_latex(note)}\par" for note in notes]
    return "\n".join([r"\par\smallskip", r"{\footnotesize", *lines, "}"]) + "\n" if lines else ""
