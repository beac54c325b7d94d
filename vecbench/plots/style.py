"""What all figures look like: sizes, colours, and the lines that tell models apart without colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

COLUMN_WIDTH = 3.3
"""Inches: one column of a two-column paper. Figures are printed as they are, and so are their letters."""

SQUARE = 2.6
"""Inches of the sides of a plot of shares, where the labels beside it leave so much."""

EDGE = 0.05
"""Inches that stay free at the edge of a figure."""

SMALL, MEDIUM, LARGE = 6.0, 7.0, 8.0
"""Points: of labels and legends, of axes' titles, of a figure's title. Publishers take no smaller letters."""

SHARES = tuple((share, f"{share:.1f}") for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
"""Ticks of an axis from 0 to 1."""

WITH_ENDS = (-0.03, 1.03)
"""What such an axis shows, so that nothing at its ends is at the edge."""

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#bbbbbb"
"""Okabe and Ito's blue and vermilion: told apart with any colour vision, and by brightness in print."""

FAINT = "#595959"
"""Of words that explain a plot: grey, and still with the contrast that reading takes."""

DIAGONAL: Mapping[str, Any] = {
    "color": "black",
    "linewidth": 0.6,
    "linestyle": (0, (4, 3)),
    "zorder": 1,
}

NOTHING_STATED = "no answer states a confidence"


class LineStyle(NamedTuple):
    """How one of several curves is drawn."""

    colour: str
    style: Any
    marker: str


LINES = (
    LineStyle(BLUE, "-", "o"),
    LineStyle(ORANGE, (0, (5, 1.5)), "s"),
    LineStyle("black", (0, (1, 1.2)), "^"),
    LineStyle("#009e73", (0, (6, 1.5, 1, 1.5)), "D"),
    LineStyle("#aa4499", (0, (3, 1, 1, 1, 1, 1)), "v"),
    LineStyle("#56b4e9", (0, (9, 2)), "P"),
)
"""Of several models: another colour, another line and another marker for each."""
