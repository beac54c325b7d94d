"""Reliability diagrams, accuracy–coverage curves and confusion matrices, in one style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vecbench.escaping import printable
from vecbench.metrics import Cells, aurc, auroc, brier, calibration_p, ece, ece_null
from vecbench.metrics.calibration import bin_of
from vecbench.metrics.cells import Values
from vecbench.metrics.confusion import Confusion
from vecbench.metrics.consistency import p_in_words
from vecbench.metrics.observations import Floats
from vecbench.metrics.stated_values import has_few_values
from vecbench.plots.frame import TURN, Picture, frame, margins, name_cells, setting, write_over
from vecbench.plots.points import (
    BINS,
    MOST_POINTS,
    NO_LABEL,
    NO_TARGET,
    ReliabilityPoints,
    SelectivePoints,
    reliability_points,
    selective_points,
)
from vecbench.store.files import replacing, write_text

COLUMN_WIDTH = 3.4
"""Inches: one column of a two-column paper."""

MOST_DRAWN = 5000
"""Of more ratings than this a random share is drawn: they would be one blot, and a file of megabytes."""

MOST_LABELS = 64
"""Of a confusion matrix, which has a cell for every pair of them."""

MOST_MARKERS = 101
"""More points of a curve than this would hide its band."""

COMPRESSION = 3
"""Of PNGs: a twentieth larger than with the usual 6, in two thirds of the time."""

LONGEST_CAPTION = 40
"""Characters of a name in a title or beside a matrix."""

EDGE = 0.05
"""Inches that stay free at the edge of a figure."""

SHARES = tuple((share, f"{share:.1f}") for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
"""Ticks of an axis from 0 to 1."""

WITH_ENDS = (-0.03, 1.03)
"""What such an axis shows, so that nothing at its ends is at the edge."""

LEGEND: Mapping[str, Any] = {"loc": "upper left", "fontsize": 5.5, "frameon": False, "handlelength": 1.6}
OUTSIDE: Mapping[str, Any] = {
    "loc": "lower left",
    "bbox_to_anchor": (0, 1),
    "ncols": 2,
    "borderaxespad": 0,
    "borderpad": 0.2,
}
"""A legend above its axes: any place inside would hide the data of some model."""

LEGEND_HEIGHT = 0.23
"""Inches of such a legend with two lines."""

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#bbbbbb"
"""Okabe and Ito's blue and vermilion: told apart with any colour vision, and by brightness in print."""


def reliability_diagram(
    cells: Cells, name: str, rows: int, null: float | None = None, p: float | None = None
) -> Figure:
    """A reliability diagram at a paper's column width, over a histogram of the confidences.

    Args:
        cells: The rows that have a confidence.
        name: What it is of.
        rows: All, to say what share has a confidence.
        null: The cells' `ece_null`; None to have it computed.
        p: Their `calibration_p`, likewise.
    """
    height, square = 4.6, 2.58
    figure = Picture(figsize=(COLUMN_WIDTH, height))
    heights = _histogram(cells)
    ticks = _count_ticks(float((heights[1] + heights[2]).max(initial=0)))
    left, bottom = margins([label for _, label in SHARES], [label for _, label in (*SHARES, *ticks)])
    below = _axes(figure, (left, bottom, COLUMN_WIDTH - left - EDGE, 0.87), WITH_ENDS, (0, 1))
    above = _axes(figure, (left, bottom + 1.04, COLUMN_WIDTH - left - EDGE, square), WITH_ENDS, WITH_ENDS)
    coverage = 100 * cells.n / rows if rows else 0.0
    title = f"{caption(name)}   n = {rows}, coverage {coverage:.0f} %"
    figure.suptitle(title, y=1 - EDGE / height, fontsize=8, fontweight="bold", **setting(title))
    if cells.n:
        above.plot([0, 1], [0, 1], color="black", linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
        null = float(ece_null.of_cells(cells)) if null is None else null
        p = float(calibration_p.of_cells(cells)) if p is None else p
        above.set_title(
            f"ECE {100 * float(ece.of_cells(cells)):.1f} (calibrated: {100 * null:.1f}), "
            f"Brier {100 * float(brier.of_cells(cells)):.1f}, "
            f"{p_in_words(p)} by {'value' if has_few_values(cells) else 'bin'}",
            fontsize=7,
            # In the middle of the figure, which the axes are not in: it takes nearly the whole width.
            x=(COLUMN_WIDTH / 2 - left) / (COLUMN_WIDTH - left - EDGE),
            y=1 + LEGEND_HEIGHT / square,
        )
        _draw_points(above, reliability_points(cells))
        _draw_means(above, cells)
        below.set_ylim(0, 1.15 * float((heights[1] + heights[2]).max()))
        _draw_histogram(below, *heights)
        # To the right: long numbers of answers push the axes, and not the legend, over there.
        above.legend(**{**LEGEND, **OUTSIDE, "loc": "lower right", "bbox_to_anchor": (1, 1)})
    else:
        _say(above, "no answer states a confidence")
    frame(above, SHARES, SHARES, ("", "share of right answers"))
    frame(below, SHARES, ticks, ("stated confidence", "answers"))
    return figure


def accuracy_coverage_curve(cells: Cells, name: str, rows: int) -> Figure:
    """Accuracy of the most confident answers, by the share of all rows that they are.

    Among all `rows` are those without a confidence, which are never among the most confident.
    """
    height = 2.6
    figure = Picture(figsize=(COLUMN_WIDTH, height))
    labels = [label for _, label in SHARES]
    left, bottom = margins(labels, labels)
    place = (left, bottom, COLUMN_WIDTH - left - EDGE, height - bottom - 0.2)
    axes = _axes(figure, place, WITH_ENDS, WITH_ENDS)
    title = f"{caption(name)}   n = {rows}"
    if cells.n:
        title += f", AUROC {_percent(auroc.of_cells(cells))}, AURC {_percent(aurc.of_cells(cells))}"
        points = selective_points(cells, rows)
        axes.fill_between(points.coverage, points.low, points.high, color=GREY, alpha=0.5, linewidth=0)
        marker = "o" if points.coverage.size <= MOST_MARKERS else ""
        axes.plot(points.coverage, points.accuracy, color=BLUE, linewidth=1, marker=marker, markersize=2.5)
        overall = float(cells.total_right / cells.n)
        axes.axhline(
            overall,
            color=ORANGE,
            linewidth=0.8,
            linestyle="-.",
            label=f"all with a confidence: {100 * overall:.1f}",
        )
        _write_thresholds(axes, points)
        axes.legend(**{**LEGEND, "loc": "lower left"})
    else:
        _say(axes, "no answer states a confidence")
    axes.set_title(title, fontsize=7, fontweight="bold", y=1.0, **setting(title))
    frame(axes, SHARES, SHARES, ("share of rows that are answered", "accuracy among them"))
    return figure


def _write_thresholds(axes: Axes, points: SelectivePoints) -> None:
    """Writes the thresholds over the curve, as far as there is room, clear of it and of the axis."""
    captions = [f"≥ {threshold:g}" for threshold in points.threshold]
    # A caption such as "≥ 0.95" is 0.09 of the axis wide.
    wide = max(0.09, 0.018 * (max(map(len, captions)) - 1))
    low, high = WITH_ENDS
    middle = np.clip(points.coverage, low + wide / 2, high - wide / 2)
    named = _spread_out(middle, wide)
    along = middle[named][:, None] + np.linspace(-wide / 2, wide / 2, 9)
    over = np.interp(along, points.coverage, points.accuracy).max(axis=1)
    write_over(axes, middle[named], over, [captions[each] for each in named], 5, 5)


def confusion_matrix(confusion: Confusion, labels: Sequence[str], name: str) -> Figure:
    """How often each target got each label; shades are shares of the target's rows.

    Of more than `MOST_LABELS` labels it says that they are too many.
    """
    if len(labels) > MOST_LABELS:
        figure = Picture(figsize=(COLUMN_WIDTH, 1.2))
        axes = _axes(figure, (0.0, 0.0, COLUMN_WIDTH, 1.2), (0, 1), (0, 1))
        axes.set_axis_off()
        _say(axes, f"{caption(name)}: {len(labels):,} labels are too many to be drawn;\nsee the CSV")
        return figure
    counts = confusion.matrix()
    captions = [caption(label) for label in labels]
    rows = [*captions, NO_TARGET] if counts[-1].any() else captions
    shown = [*captions, NO_LABEL]
    left, bottom = margins(shown, rows, TURN)
    wanted = max(COLUMN_WIDTH, 0.27 * len(labels) + 1.3)
    cell = max(0.2, (wanted - left - EDGE) / len(shown))
    width, height = left + cell * len(shown) + EDGE, bottom + cell * len(rows) + 0.3
    figure = Picture(figsize=(width, height))
    place = (left, bottom, cell * len(shown), cell * len(rows))
    axes = _axes(figure, place, (0, len(shown)), (len(rows), 0))
    counts = counts[: len(rows)]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1)
    filled = np.argwhere(counts > 0)
    look: dict[str, Any] = {"fontsize": 5.5, "ha": "center", "va": "center_baseline"}
    for row, column in filled:
        colour = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column + 0.5, row + 0.5, str(counts[row, column]), color=colour, **look)
    accuracy = counts[: len(labels), : len(labels)].trace() / max(counts.sum(), 1)
    title = f"{caption(name)}   n = {counts.sum()}, accuracy {100 * accuracy:.1f}"
    axes.set_title(title, fontsize=7, fontweight="bold", y=1.0, **setting(title))
    name_cells(axes, shown, rows, ("label", "target"))
    return figure


def rating_diagram(target: Floats, answer: Floats, name: str, subtitle: str) -> Figure:
    """Each answer above its target, with the line on which both are equal."""
    figure = Picture(figsize=(COLUMN_WIDTH, COLUMN_WIDTH + 0.4), layout="constrained")
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


def _axes(
    figure: Figure,
    place: tuple[float, float, float, float],
    x: tuple[float, float],
    y: tuple[float, float],
) -> Axes:
    """Axes at a place (left, bottom, width, height) in inches, with limits."""
    width, height = figure.get_size_inches()
    left, bottom, across, up = place
    axes = figure.add_axes((left / width, bottom / height, across / width, up / height))
    axes.set(xlim=x, ylim=y)
    return axes


def _count_ticks(most: float) -> list[tuple[float, str]]:
    """About three round numbers up to the largest count."""
    values = MaxNLocator(nbins=3, steps=[1, 2, 5, 10], integer=True).tick_values(0, max(most, 1))
    return [(float(value), f"{value:.0f}") for value in values if 0 <= value <= 1.15 * most]


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=7)


def caption(label: str) -> str:
    """A name on one line, cut off if it is very long: it may come from a stranger's file."""
    return printable(" ".join(label.split()), LONGEST_CAPTION)


def _percent(value: Values) -> str:
    return "–" if np.isnan(value) else f"{100 * float(value):.1f}"


def _spread_out(positions: Floats, apart: float) -> list[int]:
    """Places whose positions are at least so far apart."""
    chosen: list[int] = []
    for place, position in enumerate(positions):
        if not chosen or position - positions[chosen[-1]] >= apart:
            chosen.append(place)
    return chosen


def _draw_points(axes: Axes, points: ReliabilityPoints) -> None:
    accuracy = points.right / points.n
    axes.fill_between(
        points.confidence,
        points.band_low,
        points.band_high,
        color=GREY,
        alpha=0.5,
        linewidth=0,
        label="95 % of calibrated models",
    )
    if points.confidence.size == 1:  # a band of one point has no width to fill
        axes.vlines(points.confidence, points.band_low, points.band_high, color=GREY, linewidth=6, alpha=0.5)
    axes.errorbar(
        points.confidence,
        accuracy,
        yerr=(accuracy - points.low, points.high - accuracy),
        fmt="none",
        ecolor=BLUE,
        elinewidth=0.7,
        alpha=0.8,
        zorder=3,
    )
    kind = "bin" if points.binned else "stated value"
    axes.scatter(
        points.confidence,
        accuracy,
        s=4 + 140 * points.n / points.n.sum(),
        color=BLUE,
        edgecolors="white",
        linewidths=0.4,
        zorder=4,
        label=f"one {kind}, area ∝ n, 95 % interval",
    )


def _draw_means(axes: Axes, cells: Cells) -> None:
    mean = float((cells.total * cells.confidence).sum() / cells.n)
    accuracy = float(cells.right.sum() / cells.n)
    label = f"mean confidence {100 * mean:.1f}"
    axes.axvline(mean, color=ORANGE, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=2, label=label)
    label = f"accuracy {100 * accuracy:.1f}"
    axes.axhline(accuracy, color=ORANGE, linewidth=0.8, linestyle="-.", zorder=2, label=label)


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
    axes.bar(
        middle,
        wrong,
        bottom=right,
        width=width,
        facecolor="white",
        edgecolor=ORANGE,
        hatch="////",
        linewidth=0.6,
        label="wrong",
    )
    total = right + wrong
    filled = np.flatnonzero(total)
    write_over(axes, middle[filled], total[filled], [f"{each:.0f}" for each in total[filled]], 4.5, 1)
    axes.legend(**{**LEGEND, **OUTSIDE})


def save_figure(figure: Figure, numbers: str, path: Path) -> Path:
    """Writes a figure as SVG and PNG, and the plotted numbers as CSV; returns the PNG."""
    with replacing(path.with_name(f"{path.name}.svg")) as draft:
        figure.savefig(draft, format="svg", metadata={"Date": None})
    with replacing(path.with_name(f"{path.name}.png")) as draft:
        figure.savefig(draft, format="png", dpi=200, pil_kwargs={"compress_level": COMPRESSION})
    write_text(path.with_name(f"{path.name}.csv"), numbers)
    return path.with_name(f"{path.name}.png")
