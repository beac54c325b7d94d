"""Tables in LaTeX, with the rules of booktabs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vecbench.escaping import in_latex


def latex_tabular(groups: Sequence[str], units: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table of models, with the same columns for each group; booktabs."""
    width = len(units)
    heads = " & ".join(rf"\multicolumn{{{width}}}{{c}}{{{in_latex(name)}}}" for name in groups)
    rules = "".join(
        rf"\cmidrule(lr){{{width * place + 2}-{width * place + width + 1}}}" for place in range(len(groups))
    )
    rows = [
        rf"\begin{{tabular}}{{l{'c' * width * len(groups)}}}",
        r"\toprule",
        rf" & {heads} \\",
        rules,
        rf"Model & {' & '.join(list(units) * len(groups))} \\",
        r"\midrule",
        *(rf"{_after_line_end(' & '.join(cells))} \\" for cells in lines),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(rows) + "\n"


def _after_line_end(text: str) -> str:
    r"""A line of a table, which must not begin with what `\\` before it would take for its own argument."""
    return f"{{}}{text}" if text.startswith(("[", "*")) else text
