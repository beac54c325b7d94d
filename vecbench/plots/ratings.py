"""The diagram of ratings above their targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from vecbench.metrics.observations import Floats
from vecbench.plots.frame import Picture, Tick, frame
from vecbench.plots.sheet import Subject, sheet
from vecbench.plots.style import BLUE, DIAGONAL, SHARES

MOST_DRAWN = 5000
"""Of more pairs of ratings than this a random share is drawn: all would be one blot, of megabytes."""


def rating_diagram(target: Floats, answer: Floats, subject: Subject) -> Picture:
    """Each answer above its target, with the line on which both are equal."""
    titles = ("target", "answer")
    if not target.size:
        drawn = sheet(subject)
        frame(drawn.plot, SHARES, SHARES, titles)
        drawn.say("no row has an answer")
        return drawn.figure
    both = np.concatenate([target, answer])
    low, high = float(both.min()), float(both.max())
    room = 0.04 * (high - low) or 1.0
    ends = (low - room, high + room)
    ticks = _ticks(*ends)
    drawn = sheet(subject, ticks, x=ticks, legend=1)
    frame(drawn.plot, ticks, ticks, titles)
    drawn.plot.set(xlim=ends, ylim=ends)
    drawn.plot.plot([low, high], [low, high], **DIAGONAL, label="answer = target")
    pairs, rows = np.unique(np.column_stack([target, answer]), axis=0, return_counts=True)
    label = "answers (area: rows)" if rows.max() > 1 else "answers"
    if rows.size > MOST_DRAWN:
        chosen = np.random.default_rng(0).permutation(rows.size)[:MOST_DRAWN]
        pairs, rows = pairs[chosen], rows[chosen]
        label = f"{MOST_DRAWN:,} of the answers, drawn at random"
    size = 3 + 37 * rows / rows.max() if rows.max() > 1 else 12 if rows.size < 200 else 4
    look: dict[str, Any] = {"color": BLUE, "alpha": 0.5, "linewidths": 0, "zorder": 2}
    drawn.plot.scatter(pairs[:, 0], pairs[:, 1], s=size, **look)
    drawn.plot.scatter([], [], s=16, label=label, **look)
    drawn.legend(drawn.plot)
    return drawn.figure


def _ticks(low: float, high: float) -> list[Tick]:
    values = MaxNLocator(nbins=6, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [(float(value), f"{value:.6g}") for value in values if low <= value <= high]
