"""The accuracy–coverage curve."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from vecbench.metrics import Cells
from vecbench.plots.frame import Picture, frame, text_width, write_over
from vecbench.plots.points import SelectivePoints
from vecbench.plots.sheet import AXIS_PER_POINT, Subject, draw_band, sheet
from vecbench.plots.style import BLUE, NOTHING_STATED, ORANGE, SHARES, SMALL, WITH_ENDS

MOST_MARKERS = 101
"""More points of a curve than this would hide its band."""

TITLES = ("share of rows that are answered", "accuracy among them")


def coverage_curve(cells: Cells, points: SelectivePoints | None, subject: Subject) -> Picture:
    """Accuracy of the most confident answers, by the share of all rows that they are.

    Args:
        cells: The rows that have a confidence; among all rows are those without, which are never among the
            most confident.
        points: What is drawn of them; None without any.
        subject: For the heading.
    """
    drawn = sheet(subject, legend=2)
    frame(drawn.plot, SHARES, SHARES, TITLES)
    if points is None:
        drawn.say(NOTHING_STATED)
        return drawn.figure
    axes = drawn.plot
    draw_band(axes, points.coverage, points.low, points.high, "95 % interval (Wilson)")
    marker = "o" if points.coverage.size <= MOST_MARKERS else ""
    label = "accuracy, from this confidence up"
    axes.plot(
        points.coverage, points.accuracy, color=BLUE, linewidth=1, marker=marker, markersize=2.5, label=label
    )
    overall = float(cells.total_right / cells.n)
    label = f"their accuracy: {100 * overall:.1f}"
    axes.axhline(overall, color=ORANGE, linewidth=0.9, linestyle="-.", label=label)
    _write_thresholds(axes, points)
    drawn.legend(axes)
    return drawn.figure


def _write_thresholds(axes: Axes, points: SelectivePoints) -> None:
    """Writes the thresholds over the curve, as far as there is room, clear of it and of the axis."""
    captions = [f"{threshold:.3g}" for threshold in points.threshold]
    low, high = WITH_ENDS
    wide = AXIS_PER_POINT * (max(text_width(each, SMALL) for each in captions) + 4)
    middle = np.clip(points.coverage, low + wide / 2, high - wide / 2)
    named: list[int] = []
    for place, position in enumerate(middle):
        if not named or position - middle[named[-1]] >= wide:
            named.append(place)
    along = middle[named][:, None] + np.linspace(-wide / 2, wide / 2, 9)
    over = np.interp(along, points.coverage, points.accuracy).max(axis=1)
    write_over(axes, middle[named], over, [captions[each] for each in named], SMALL, 4)
