"""Ratings against their targets."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from vecbench.metrics.observations import Floats
from vecbench.plots.diagrams import BLUE, COLUMN_WIDTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_DRAWN = 5000
"""Of more points than this a random share is drawn: they would be one blot, and a file of megabytes."""


def rating_diagram(target: Floats, answer: Floats, name: str, subtitle: str) -> Figure:
    """Each answer above its target, with the line on which both are equal.

    Args:
        target: The true ratings; shape (n,).
        answer: The answers; shape (n,).
        name: Of the task, for the title.
        subtitle: The values of metrics, below the title.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN_WIDTH, COLUMN_WIDTH + 0.4), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{name}   n = {target.size}\n{subtitle}", fontsize=7, parse_math=False)
    axes.set_xlabel("target", fontsize=7)
    axes.set_ylabel("answer", fontsize=7)
    axes.tick_params(labelsize=6)
    axes.set_aspect("equal", adjustable="datalim")
    if target.size:
        low, high = (float(end(np.concatenate([target, answer]))) for end in (np.min, np.max))
        axes.plot([low, high], [low, high], color="black", linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
        drawn = np.arange(target.size)
        if drawn.size > MOST_DRAWN:
            drawn = np.random.default_rng(0).permutation(drawn)[:MOST_DRAWN]
        size = 12 if drawn.size < 200 else 4
        axes.scatter(target[drawn], answer[drawn], s=size, color=BLUE, alpha=0.5, linewidths=0, zorder=2)
    else:
        axes.text(0.5, 0.5, "no row has an answer", transform=axes.transAxes, ha="center", fontsize=7)
    return figure


def ratings_csv(target: Floats, answer: Floats) -> str:
    """The plotted numbers, one row an answer."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["target", "answer"])
    writer.writerows(zip(target.tolist(), answer.tolist(), strict=True))
    return stream.getvalue()
