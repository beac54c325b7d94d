"""The reliability diagram of answers that are right to some share of raters."""

from __future__ import annotations

import numpy as np

from vecbench.metrics.observations import Floats
from vecbench.plots.frame import Picture, frame
from vecbench.plots.points import SharePoints
from vecbench.plots.sheet import Subject, draw_diagonal, sheet
from vecbench.plots.style import BLUE, GREY, NOTHING_STATED, ORANGE, SHARES

INTERVAL = 1.96


def share_diagram(
    confidence: Floats, shares: Floats, ceilings: Floats, points: SharePoints | None, subject: Subject
) -> Picture:
    """The mean share of raters who agree, above the confidence that was stated.

    There is no band of what a calibrated model may show: the shares are known, and no outcomes of chance.

    Args:
        confidence: Of the rows that have one; shape (n,).
        shares: Of raters who agree with their answers; shape (n,).
        ceilings: The largest share that any answer has; shape (n,).
        points: What is drawn of them; None without any.
        subject: For the heading.
    """
    drawn = sheet(subject, legend=2)
    frame(drawn.plot, SHARES, SHARES, ("stated confidence", "mean share of raters who agree"))
    if points is None:
        drawn.say(NOTHING_STATED)
        return drawn.figure
    axes = drawn.plot
    draw_diagonal(axes)
    ceiling, hit, mean = (float(each.mean()) for each in (ceilings, shares, confidence))
    ends = np.clip(points.share + INTERVAL * np.outer((-1, 1), np.nan_to_num(points.error)), 0, 1)
    axes.vlines(points.confidence, *ends, color=BLUE, linewidth=0.7, alpha=0.8, zorder=3)
    kind = "bin" if points.binned else "stated value"
    axes.scatter(
        points.confidence,
        points.share,
        s=4 + 140 * points.n / points.n.sum(),
        color=BLUE,
        edgecolors="white",
        linewidths=0.4,
        zorder=4,
        label=f"{kind}, ± {INTERVAL} SE",
    )
    axes.axhline(ceiling, color=GREY, linewidth=2, zorder=1, label=f"ceiling: {100 * ceiling:.1f}")
    label = f"mean share: {100 * hit:.1f}"
    axes.axhline(hit, color=ORANGE, linewidth=0.9, linestyle="-.", zorder=2, label=label)
    label = f"mean confidence: {100 * mean:.1f}"
    axes.axvline(mean, color=ORANGE, linewidth=0.9, linestyle=(0, (1, 1.5)), zorder=2, label=label)
    drawn.legend(axes)
    return drawn.figure
