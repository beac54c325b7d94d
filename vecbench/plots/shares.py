"""The reliability diagram of answers that are right to some share of raters."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vecbench.metrics.observations import Floats
from vecbench.plots.diagrams import BLUE, COLUMN_WIDTH, GREY, LEGEND, ORANGE, SHARES, WITH_ENDS, caption
from vecbench.plots.frame import Picture, setting
from vecbench.plots.points import share_points

INTERVAL = 1.96


def share_diagram(confidence: Floats, shares: Floats, ceilings: Floats, name: str, rows: int) -> Figure:
    """The mean share of raters who agree, above the confidence that was stated.

    There is no band of what a calibrated model may show: the shares are known, and no outcomes of chance.

    Args:
        confidence: Of the rows that have one; shape (n,).
        shares: Of raters who agree with their answers; shape (n,).
        ceilings: The largest share that any answer has; shape (n,).
        name: What it is of.
        rows: All, to say what share has a confidence.
    """
    figure = Picture(figsize=(COLUMN_WIDTH, COLUMN_WIDTH + 0.55), layout="constrained")
    axes = figure.subplots()
    coverage = 100 * confidence.size / rows if rows else 0.0
    title = f"{caption(name)}   n = {rows}, coverage {coverage:.0f} %"
    axes.set_title(title, fontsize=8, fontweight="bold", **setting(title))
    axes.set(xlim=WITH_ENDS, ylim=WITH_ENDS, aspect="equal")
    ticks, names = zip(*SHARES, strict=True)
    axes.set_xticks(ticks, names, fontsize=6)
    axes.set_yticks(ticks, names, fontsize=6)
    axes.set_xlabel("stated confidence", fontsize=7)
    axes.set_ylabel("mean share of raters who agree", fontsize=7)
    if not confidence.size:
        axes.text(0.5, 0.5, "no answer states a confidence", ha="center", va="center", fontsize=7)
        return figure
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
    ceiling, hit, mean = (float(each.mean()) for each in (ceilings, shares, confidence))
    axes.axhline(ceiling, color=GREY, linewidth=2, zorder=1, label=f"ceiling {100 * ceiling:.1f}")
    label = f"mean share {100 * hit:.1f}"
    axes.axhline(hit, color=ORANGE, linewidth=0.8, linestyle="-.", zorder=2, label=label)
    label = f"mean confidence {100 * mean:.1f}"
    axes.axvline(mean, color=ORANGE, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=2, label=label)
    points = share_points(confidence, shares)
    ends = np.clip(points.share + INTERVAL * np.outer((-1, 1), np.nan_to_num(points.error)), 0, 1)
    axes.vlines(points.confidence, *ends, color=BLUE, linewidth=0.7, alpha=0.8, zorder=3)
    size = 4 + 140 * points.n / points.n.sum()
    kind = "bin" if points.binned else "stated value"
    look: dict[str, Any] = {
        "edgecolors": "white",
        "linewidths": 0.4,
        "label": f"one {kind}, area ∝ n, ± {INTERVAL} SE",
    }
    axes.scatter(points.confidence, points.share, s=size, color=BLUE, zorder=4, **look)
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.15), "ncols": 2}
    axes.legend(**{**LEGEND, **place})
    return figure
