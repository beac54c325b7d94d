"""Several models, or several sources of confidence, over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vecbench.metrics import Cells
from vecbench.metrics.calibration import bin_of
from vecbench.metrics.observations import Floats
from vecbench.plots.coverage import MOST_MARKERS, TITLES
from vecbench.plots.frame import INCH, Picture, fitted, frame, setting, text_width
from vecbench.plots.points import BINS, reliability_points, selective_points
from vecbench.plots.sheet import LEADING, Sheet, Subject, draw_diagonal, sheet
from vecbench.plots.style import COLUMN_WIDTH, EDGE, LINES, NOTHING_STATED, SHARES, SMALL, LineStyle

LANE = 0.12
"""Inches of the height of what shows where one model's confidences lie."""

LANES_GAP = 0.08
HANDLE = 0.32
"""Inches that a line of a legend takes beside its text."""


@dataclass(frozen=True)
class OverlayPart:
    """One of the models, or sources.

    Attributes:
        name: What the legend calls it.
        cells: Its rows with a confidence.
        rows: All its rows.
        values: Its numbers, in the legend behind the name.
    """

    name: str
    cells: Cells
    rows: int
    values: str


def reliability_overlay(parts: Sequence[OverlayPart], subject: Subject) -> Picture:
    """The reliability diagrams of up to six models in one, by the ECE's bins.

    Below stands for each where its confidences lie, the darker the more of them, with a line at their mean.
    """
    height = LANE * len(parts)
    drawn = sheet(subject, legend=len(parts), strip=height, gap=LANES_GAP)
    frame(drawn.plot, SHARES, SHARES, ("", "share of right answers"))
    frame(drawn.strip, SHARES, [], ("confidence (shade: share of answers, line: mean)", ""))
    drawn.strip.set_ylim(len(parts), 0)
    drawn.strip.spines["left"].set_visible(False)
    if any(part.cells.n for part in parts):
        draw_diagonal(drawn.plot)
    darkest = max(float(_shares(part.cells).max()) for part in parts)
    for place, (part, line) in enumerate(zip(parts, LINES, strict=False)):
        if part.cells.n:
            _draw_bins(drawn.plot, part.cells, line)
            _draw_lane(drawn.strip, place, part.cells, line, darkest)
    return _with_legend(drawn, parts)


def coverage_overlay(parts: Sequence[OverlayPart], subject: Subject) -> Picture:
    """The accuracy–coverage curves of up to six models in one."""
    drawn = sheet(subject, legend=len(parts))
    frame(drawn.plot, SHARES, SHARES, TITLES)
    for part, line in zip(parts, LINES, strict=False):
        if part.cells.n:
            points = selective_points(part.cells, part.rows)
            every = max(1, points.coverage.size // 8) if points.coverage.size > MOST_MARKERS // 8 else 1
            drawn.plot.plot(
                points.coverage,
                points.accuracy,
                color=line.colour,
                linestyle=line.style,
                linewidth=1.1,
                marker=line.marker,
                markersize=3,
                markevery=every,
            )
    return _with_legend(drawn, parts)


def _draw_bins(axes: Axes, cells: Cells, line: LineStyle) -> None:
    points = reliability_points(cells, by_bin=True)
    accuracy = points.right / points.n
    look: dict[str, Any] = {"color": line.colour, "zorder": 3}
    axes.plot(points.confidence, accuracy, linestyle=line.style, linewidth=1.0, alpha=0.8, **look)
    size = 8 + 60 * points.n / points.n.sum()
    axes.scatter(
        points.confidence, accuracy, s=size, marker=line.marker, edgecolors="white", linewidths=0.4, **look
    )


def _shares(cells: Cells) -> Floats:
    """What part of the rows lies in each twentieth."""
    return np.bincount(bin_of(cells.confidence, 2 * BINS), cells.total, 2 * BINS) / max(cells.n, 1)


def _draw_lane(axes: Axes, place: int, cells: Cells, line: LineStyle, darkest: float) -> None:
    edges, lane = np.linspace(0, 1, 2 * BINS + 1), [place + 0.12, place + 0.88]
    # No darker, so that a line is seen on it.
    axes.pcolormesh(edges, lane, _shares(cells)[None], cmap="Greys", vmin=0, vmax=1.6 * darkest)
    mean = float((cells.total * cells.confidence).sum() / cells.n)
    axes.plot([mean, mean], [place + 0.05, place + 0.95], color=line.colour, linewidth=1.6)
    look: dict[str, Any] = {"color": line.colour, "marker": line.marker, "markersize": 3.5, "clip_on": False}
    axes.plot([-0.06], [place + 0.5], linestyle="", **look)


def _with_legend(drawn: Sheet, parts: Sequence[OverlayPart]) -> Picture:
    """A line a model: how it is drawn, its name as far as there is room, its numbers."""
    if not any(part.cells.n for part in parts):
        drawn.say(NOTHING_STATED)
    figure = drawn.figure
    height = figure.get_figheight()
    for place, (part, line) in enumerate(zip(parts, LINES, strict=False)):
        at = (drawn.legend_at - LEADING * SMALL * (place + 0.5) / INCH) / height
        key = Line2D(
            [2 * EDGE / COLUMN_WIDTH, (2 * EDGE + HANDLE) / COLUMN_WIDTH],
            [at, at],
            color=line.colour,
            linestyle=line.style,
            linewidth=1.1,
        )
        middle = (2 * EDGE + HANDLE / 2) / COLUMN_WIDTH
        mark = Line2D([middle], [at], color=line.colour, marker=line.marker, markersize=3.5, linestyle="")
        figure.add_artist(key)
        figure.add_artist(mark)
        figure.text(1 - EDGE / COLUMN_WIDTH, at, part.values, fontsize=SMALL, ha="right", va="center")
        left = 3 * EDGE + HANDLE
        free = (COLUMN_WIDTH - left - 2 * EDGE) * INCH - text_width(part.values, SMALL)
        name = fitted(part.name, SMALL, free)
        figure.text(left / COLUMN_WIDTH, at, name, fontsize=SMALL, va="center", **setting(name))
    return figure
