"""What becomes of accuracy and confidence where the image is not shown, or shown worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vecbench.metrics.observations import Floats
from vecbench.plots.frame import INCH, Picture, Tick, fitted, frame, margins, setting
from vecbench.plots.sheet import LEADING, LEGEND, Subject, headed, sheet
from vecbench.plots.style import BLUE, COLUMN_WIDTH, EDGE, LINES, ORANGE, SHARES, SMALL, WITH_ENDS, LineStyle

ROW = 0.26
"""Inches of the height of a row."""

MOST_NAME = 90.0
"""Points that a row's name may take."""

LANES = 0.62
"""Of a row's height, what its marks are spread over."""


@dataclass(frozen=True)
class Marks:
    """One run's means, row by row.

    Attributes:
        name: What the legend calls it.
        mean: In [0, 1], nan where there is none; shape (rows,).
        low: Lower ends of their intervals; `high` are the upper ones.
    """

    name: str
    mean: Floats
    low: Floats
    high: Floats


def confidence_marks(rows: Sequence[str], every: Sequence[Marks], subject: Subject) -> Picture:
    """Mean confidence with the image and without, a row a task, with intervals.

    Args:
        rows: Their names, from the top.
        every: The run and its controls, at most as many as `style.LINES`.
        subject: For the heading.
    """
    names = [fitted(name, SMALL, MOST_NAME) for name in rows]
    ticks: list[Tick] = [(place, name) for place, name in enumerate(names)]
    left, bottom = margins([label for _, label in SHARES], names)
    lines = -(-len(every) // 2)
    tall = ROW * len(rows)
    legend_at = bottom + tall + (LEADING * SMALL * lines + 4) / INCH
    figure = headed(subject, legend_at)
    height = figure.get_figheight()
    wide = COLUMN_WIDTH - left - 2 * EDGE
    axes = figure.add_axes((left / COLUMN_WIDTH, bottom / height, wide / COLUMN_WIDTH, tall / height))
    axes.set(xlim=WITH_ENDS, ylim=(len(rows) - 0.5, -0.5))
    frame(axes, SHARES, ticks, ("mean confidence", ""))
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        label.set(**setting(name))
    axes.grid(axis="y", linewidth=0.3, color="#dddddd")
    axes.set_axisbelow(True)
    for number, (marks, line) in enumerate(zip(every, LINES, strict=False)):
        at = [place + LANES * ((number + 0.5) / len(every) - 0.5) for place in range(len(rows))]
        axes.hlines(at, marks.low, marks.high, color=line.colour, linewidth=1.0)
        axes.plot(marks.mean, at, line.marker, color=line.colour, markersize=3.5, label=marks.name)
    handles, labels = axes.get_legend_handles_labels()
    place = (0.5, legend_at / height)
    figure.legend(handles, labels, loc="upper center", bbox_to_anchor=place, ncols=2, **LEGEND)
    return figure


def strength_curves(
    strengths: Sequence[int], accuracy: Marks, confidence: Marks, subject: Subject
) -> Picture:
    """Accuracy and mean confidence over the strengths of a corruption, from 0, the image itself, up."""
    last = max(strengths)
    ticks: list[Tick] = [(each / last, str(each)) for each in strengths]
    drawn = sheet(subject, x=ticks, legend=1)
    frame(drawn.plot, ticks, SHARES, ("strength (0: the image itself)", "accuracy, mean confidence"))
    places = [place for place, _ in ticks]
    looks = (
        (accuracy, LineStyle(BLUE, "-", "o"), -0.006),
        (confidence, LineStyle(ORANGE, (0, (5, 1.5)), "s"), 0.006),
    )
    for marks, line, moved in looks:
        at = [place + moved for place in places]  # so that neither interval hides the other's
        drawn.plot.vlines(at, marks.low, marks.high, color=line.colour, linewidth=1.0)
        drawn.plot.plot(
            at,
            marks.mean,
            color=line.colour,
            linestyle=line.style,
            marker=line.marker,
            markersize=3.5,
            linewidth=1.1,
            label=marks.name,
        )
    drawn.legend(drawn.plot)
    return drawn.figure
