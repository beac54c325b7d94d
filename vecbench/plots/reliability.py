"""The reliability diagram, with the histogram of the confidences below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from vecbench.metrics import Cells
from vecbench.metrics.calibration import bin_of
from vecbench.metrics.observations import Floats
from vecbench.plots.frame import Picture, Tick, frame, text_width, write_over
from vecbench.plots.points import BINS, MOST_POINTS, CorpPoints, ReliabilityPoints
from vecbench.plots.sheet import AXIS_PER_POINT, Sheet, Subject, draw_band, draw_diagonal, sheet
from vecbench.plots.style import (
    BLUE,
    LINES,
    NOTHING_STATED,
    ORANGE,
    SHARES,
    SMALL,
    WITH_ENDS,
)

BAND = "95 % of calibrated models"

HISTOGRAM = 0.75
"""Inches of its height."""

ROOM = 1.25
"""What of the histogram's height the highest bar takes not, for the number over it."""


def reliability_diagram(cells: Cells, points: ReliabilityPoints | None, subject: Subject) -> Picture:
    """The share of right answers above the confidence that was stated, over a histogram of both.

    Args:
        cells: The rows that have a confidence.
        points: What is drawn of them; None without any.
        subject: For the heading.
    """
    return _diagram(cells, points, subject, _draw_points)


def corp_diagram(cells: Cells, points: CorpPoints | None, subject: Subject) -> Picture:
    """The CORP reliability diagram: the best non-decreasing map of the confidences, without any bins.

    After Dimitriadis, Gneiting and Jordan, PNAS 118 (8), 2021.

    Args:
        cells: The rows that have a confidence.
        points: Its fit and band; None without any.
        subject: For the heading.
    """
    return _diagram(cells, points, subject, _draw_map)


Points = TypeVar("Points", ReliabilityPoints, CorpPoints)


def _diagram(
    cells: Cells, points: Points | None, subject: Subject, draw: Callable[[Axes, Points], None]
) -> Picture:
    drawn, heights = _page(cells, subject)
    if points is None:
        drawn.say(NOTHING_STATED)
        return drawn.figure
    draw_diagonal(drawn.plot)
    draw_band(drawn.plot, points.confidence, points.band_low, points.band_high, BAND)
    draw(drawn.plot, points)
    _draw_means(drawn.plot, cells)
    _draw_histogram(drawn.strip, *heights)
    drawn.legend(drawn.plot)
    return drawn.figure


def _page(cells: Cells, subject: Subject) -> tuple[Sheet, tuple[Floats, Floats, Floats]]:
    heights = _histogram(cells)
    most = float((heights[1] + heights[2]).max(initial=0))
    ticks = _count_ticks(most)
    drawn = sheet(subject, [*SHARES, *ticks], legend=2, strip=HISTOGRAM, gap=0.2)
    frame(drawn.plot, SHARES, SHARES, ("", "share of right answers"))
    frame(drawn.strip, SHARES, ticks, ("stated confidence", "answers"))
    drawn.strip.set_ylim(0, ROOM * max(most, 1))
    return drawn, heights


def _count_ticks(most: float) -> list[Tick]:
    """About three round numbers up to the largest count."""
    values = MaxNLocator(nbins=3, steps=[1, 2, 5, 10], integer=True).tick_values(0, max(most, 1))
    return [(float(value), f"{value:.0f}") for value in values if 0 <= value <= ROOM * most]


def _draw_map(axes: Axes, points: CorpPoints) -> None:
    line = LINES[0]
    marker = line.marker if points.confidence.size <= MOST_POINTS else ""
    look: dict[str, Any] = {"color": line.colour, "linestyle": line.style, "linewidth": 1.2, "zorder": 3}
    label = "best non-decreasing map"
    axes.plot(points.confidence, points.fitted, marker=marker, markersize=3, label=label, **look)


def _draw_points(axes: Axes, points: ReliabilityPoints) -> None:
    accuracy = points.right / points.n
    ends = points.low, points.high
    axes.vlines(points.confidence, *ends, color=BLUE, linewidth=0.7, alpha=0.8, zorder=3)
    kind = "bin" if points.binned else "value"
    axes.scatter(
        points.confidence,
        accuracy,
        s=4 + 140 * points.n / points.n.sum(),
        color=BLUE,
        edgecolors="white",
        linewidths=0.4,
        zorder=4,
    )
    axes.scatter([], [], s=16, color=BLUE, label=f"{kind} (area: rows), 95 % interval")


def _draw_means(axes: Axes, cells: Cells) -> None:
    mean = float((cells.total * cells.confidence).sum() / cells.n)
    accuracy = float(cells.total_right / cells.n)
    label = f"their mean confidence: {100 * mean:.1f}"
    axes.axvline(mean, color=ORANGE, linewidth=0.9, linestyle=(0, (1, 1.5)), zorder=2, label=label)
    label = f"their accuracy: {100 * accuracy:.1f}"
    axes.axhline(accuracy, color=ORANGE, linewidth=0.9, linestyle="-.", zorder=2, label=label)


def _histogram(cells: Cells) -> tuple[Floats, Floats, Floats]:
    """Where the bars stand, and how many rows of each are right and wrong."""
    if cells.confidence.size <= MOST_POINTS:
        return cells.confidence, cells.right, cells.wrong
    place = bin_of(cells.confidence, 2 * BINS)
    middle = (np.arange(2 * BINS) + 0.5) / (2 * BINS)
    right = np.asarray(np.bincount(place, cells.right, minlength=middle.size), np.float64)
    wrong = np.asarray(np.bincount(place, cells.wrong, minlength=middle.size), np.float64)
    return middle, right, wrong


def _draw_histogram(axes: Axes, middle: Floats, right: Floats, wrong: Floats) -> None:
    width = 0.8 * min(0.05, *np.diff(middle), 1.0)
    axes.bar(middle, right, width=width, color=BLUE, linewidth=0, label="right")
    hatched: dict[str, Any] = {"facecolor": "white", "edgecolor": ORANGE, "hatch": "////", "linewidth": 0.6}
    axes.bar(middle, wrong, bottom=right, width=width, label="wrong", **hatched)
    total = right + wrong
    texts = [f"{each:.0f}" for each in total]
    shown = uncrowded(middle, total, texts)
    half = text_width("0" * max(map(len, texts)), SMALL) / 2 * AXIS_PER_POINT
    over = np.clip(middle[shown], WITH_ENDS[0] + half, WITH_ENDS[1] - half)
    write_over(axes, over, total[shown], [texts[each] for each in shown], SMALL, 1)
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=2,
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0.2,
        borderpad=0,
    )


def uncrowded(places: Floats, heights: Floats, texts: list[str]) -> list[int]:
    """Which of the texts over places of an axis of shares are written: the highest, and what has room."""
    half = [AXIS_PER_POINT * (text_width(text, SMALL) / 2 + 0.4) for text in texts]
    chosen: list[int] = []
    for each in np.argsort(-heights, kind="stable").tolist():
        if heights[each] and all(
            abs(places[each] - places[other]) >= half[each] + half[other] for other in chosen
        ):
            chosen.append(each)
    return sorted(chosen)
