"""What commands that draw have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecbench.console import stderr, warn
from vecbench.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecbench.report.figures import Figures
    from vecbench.scoring import Scores

FigureFormats = Annotated[
    str | None,
    typer.Option(
        "--figure-formats",
        metavar="FORMAT,…",
        help="What figures are written as: pdf, svg, png (default: svg,png).",
    ),
]


def report_figures(figures: Figures) -> None:
    """Prints which letters of names no installed font has, if any: boxes stand for them."""
    if figures.lacking:
        from vecbench.plots.frame import said_of_missing

        warn(f"figures: {printable(said_of_missing(figures.lacking))}")


def draw_overlays(
    every: Sequence[Scores], otherwise: Sequence[str], folder: Path, formats: Sequence[str] | None = None
) -> None:
    """Draws several models over each other, and says where; `otherwise` names those that have no name."""
    from vecbench.report.diagrams import by_model
    from vecbench.report.figures import FORMATS, write_overlays

    report_figures(write_overlays(by_model(every, otherwise), folder, formats or FORMATS))
    stderr().print(f"figures: {printable(str(folder))}", soft_wrap=True)
