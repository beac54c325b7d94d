"""The page of a figure: its heading, a legend, a square plot, and a strip below that shares its axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from vecbench.metrics.observations import Floats
from vecbench.plots.frame import INCH, Picture, Tick, fitted, margins, setting, text_width
from vecbench.plots.style import (
    COLUMN_WIDTH,
    DIAGONAL,
    EDGE,
    FAINT,
    GREY,
    LARGE,
    MEDIUM,
    SHARES,
    SMALL,
    SQUARE,
    WITH_ENDS,
)

LEADING = 1.35
"""From line to line, in sizes of its letters."""

BETWEEN = "  ·  "

AXIS_PER_POINT = (WITH_ENDS[1] - WITH_ENDS[0]) / (INCH * SQUARE)
"""How much of an axis of shares a point of a text's width takes."""

LEGEND: dict[str, Any] = {
    "fontsize": SMALL,
    "frameon": False,
    "handlelength": 1.8,
    "handletextpad": 0.5,
    "columnspacing": 1.2,
    "labelspacing": 0.25,
    "borderaxespad": 0,
    "borderpad": 0,
}


@dataclass(frozen=True)
class Subject:
    """What a figure is of.

    Attributes:
        name: Of its rows: a task's, a group's.
        model: What gave the answers; empty where it is unknown.
        lines: What stands below both, one line each.
    """

    name: str
    model: str = ""
    lines: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Model and rows on one line, each shortened where there is no room for both."""
        width = INCH * (COLUMN_WIDTH - 2 * EDGE)
        name = fitted(self.name, LARGE, width if not self.model else width / 2)
        if not self.model:
            return name
        taken = text_width(BETWEEN + name, LARGE)
        return f"{fitted(self.model, LARGE, width - taken)}{BETWEEN}{name}"


class Sheet(NamedTuple):
    """A figure with its axes; `strip` is the plot itself where there is none below it."""

    figure: Picture
    plot: Axes
    strip: Axes
    legend_at: float

    def legend(self, axes: Axes, columns: int = 2) -> None:
        """Puts the legend of axes between the heading and the plot: inside it would hide some data."""
        handles, labels = axes.get_legend_handles_labels()
        place = (0.5, self.legend_at / self.figure.get_figheight())
        self.figure.legend(handles, labels, loc="upper center", bbox_to_anchor=place, ncols=columns, **LEGEND)

    def say(self, text: str) -> None:
        """A sentence in place of data."""
        self.plot.text(
            *(0.5, 0.5), text, ha="center", va="center", fontsize=MEDIUM, transform=self.plot.transAxes
        )


def sheet(
    subject: Subject,
    y: Sequence[Tick] = SHARES,
    *,
    x: Sequence[Tick] = SHARES,
    legend: float = 0,
    strip: float = 0.0,
    gap: float = 0.0,
) -> Sheet:
    """A figure of a column's width with square axes from 0 to 1.

    Args:
        subject: For the heading.
        y: The ticks beside its axes, for which there is to be room.
        x: Those below.
        legend: Lines of the legend above the plot.
        strip: Inches of the height of the axes below it.
        gap: Inches between both.
    """
    left, bottom = margins([label for _, label in x], [label for _, label in y])
    side = min(SQUARE, COLUMN_WIDTH - left - EDGE)
    left += (COLUMN_WIDTH - left - EDGE - side) / 2
    above = bottom + strip + gap if strip else bottom
    legend_at = above + side + (LEADING * SMALL * legend + (4 if legend else 2)) / INCH
    figure = headed(subject, legend_at)
    height = figure.get_figheight()

    def placed(low: float, up: float, **limits: tuple[float, float]) -> Axes:
        place = (left / COLUMN_WIDTH, low / height, side / COLUMN_WIDTH, up / height)
        axes = figure.add_axes(place)
        axes.set(**limits)
        return axes

    plot = placed(above, side, xlim=WITH_ENDS, ylim=WITH_ENDS)
    below = placed(bottom, strip, xlim=WITH_ENDS) if strip else plot
    return Sheet(figure, plot, below, legend_at)


def headed(subject: Subject, below: float) -> Picture:
    """A figure with its heading, and so many inches below that."""
    heading = (LEADING * (LARGE + SMALL * len(subject.lines)) + 2) / INCH + EDGE
    height = below + heading
    figure = Picture(figsize=(COLUMN_WIDTH, height))
    at = height - EDGE
    look: dict[str, Any] = {"x": 0.5, "ha": "center", "va": "top"}
    title = subject.title
    figure.suptitle(title, y=at / height, fontsize=LARGE, **look, **setting(title))
    at -= LEADING * LARGE / INCH
    for each in subject.lines:
        line = fitted(each, SMALL, INCH * (COLUMN_WIDTH - 2 * EDGE))
        figure.text(y=at / height, s=line, fontsize=SMALL, **look, **setting(line))
        at -= LEADING * SMALL / INCH
    return figure


def draw_band(axes: Axes, x: Floats, low: Floats, high: Floats, label: str) -> None:
    """A grey band, which the legend calls so."""
    look: dict[str, Any] = {"color": GREY, "alpha": 0.5}
    axes.fill_between(x, low, high, linewidth=0, label=label, **look)
    if x.size == 1:  # a band of one point has no width to fill
        axes.vlines(x, low, high, linewidth=6, **look)


def draw_diagonal(axes: Axes) -> None:
    """The line of calibrated models, with the words for what lies on either side of it."""
    axes.plot([0, 1], [0, 1], **DIAGONAL)
    look: dict[str, Any] = {"fontsize": MEDIUM, "color": FAINT, "transform": axes.transAxes, "zorder": 1.5}
    axes.text(0.02, 0.98, "underconfident", ha="left", va="top", **look)
    axes.text(0.98, 0.02, "overconfident", ha="right", va="bottom", **look)
