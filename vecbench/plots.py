"""Reliability diagrams."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics import Cells, brier, ece, ece_null, redraw, wilson_interval
from vecbench.metrics.calibration import bin_of
from vecbench.store.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS = 25
"""With more distinct confidences than this, the ECE's bins are drawn instead of the values."""

BINS = 10
BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#bbbbbb"
"""Okabe and Ito's blue and vermilion: told apart with any colour vision, and by brightness in print."""


@dataclass(frozen=True)
class ReliabilityPoints:
    """What a reliability diagram plots, one entry a point, ascending in confidence; shape (k,) each.

    Attributes:
        confidence: Mean confidence of the point's rows.
        n: Rows.
        right: Right answers among them.
        low: Lower end of the Wilson interval of right / n.
        high: Upper end.
        band_low: 2.5 % point of right / n if every confidence were a true probability.
        band_high: 97.5 % point of the same.
        binned: Whether a point is a bin, rather than one distinct confidence.
    """

    confidence: NDArray[np.float64]
    n: NDArray[np.int64]
    right: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    band_low: NDArray[np.float64]
    band_high: NDArray[np.float64]
    binned: bool

    def as_csv(self) -> str:
        """The plotted numbers."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        names = ["confidence", "n", "right", "accuracy", "low", "high", "band_low", "band_high"]
        writer.writerow(names)
        columns = (self.confidence, self.n, self.right, self.right / self.n)
        bounds = (self.low, self.high, self.band_low, self.band_high)
        writer.writerows(zip(*(column.tolist() for column in (*columns, *bounds)), strict=True))
        return stream.getvalue()


def reliability_points(cells: Cells) -> ReliabilityPoints:
    """The points of a reliability diagram.

    Args:
        cells: At least one row.

    Returns:
        One point a distinct confidence when there are at most `MOST_POINTS` of them, else one for each
        of the printed ECE's bins that has rows.
    """
    binned = cells.confidence.size > MOST_POINTS
    place = bin_of(cells.confidence, BINS) if binned else np.arange(cells.confidence.size)
    points = np.unique(place)
    member = (place[:, None] == points).astype(np.float64)
    n, right = cells.total @ member, cells.right @ member
    drawn = redraw(cells).right @ member / n
    intervals = [wilson_interval(int(part), int(all_)) for part, all_ in zip(right, n, strict=True)]
    low, high = np.array(intervals).T
    return ReliabilityPoints(
        confidence=(cells.total * cells.confidence) @ member / n,
        n=n.astype(np.int64),
        right=right.astype(np.int64),
        low=low,
        high=high,
        band_low=np.quantile(drawn, 0.025, axis=0),
        band_high=np.quantile(drawn, 0.975, axis=0),
        binned=binned,
    )


def reliability_diagram(cells: Cells, name: str, rows: int) -> Figure:
    """A reliability diagram at a paper's column width, over a histogram of the confidences.

    Args:
        cells: The rows that have a confidence; may be none.
        name: Of the group, for the title.
        rows: All rows, to say what share has a confidence.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.4, 4.3), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    coverage = 100 * cells.n / rows if rows else 0.0
    figure.suptitle(f"{name}   n = {rows}, coverage {coverage:.0f} %", fontsize=8, fontweight="bold")
    above.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), ylabel="share of right answers")
    below.set(xlabel="stated confidence", ylabel="answers")
    above.plot([0, 1], [0, 1], color="black", linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
    if cells.n:
        points = reliability_points(cells)
        above.set_title(
            f"ECE {100 * ece.of_cells(cells):.1f} (calibrated: {100 * ece_null.of_cells(cells):.1f}), "
            f"Brier {100 * brier.of_cells(cells):.1f}",
            fontsize=7,
        )
        _draw_points(above, points)
        _draw_means(above, cells)
        _draw_histogram(below, cells)
        above.legend(loc="upper left", fontsize=5.5, frameon=False, handlelength=1.6)
    else:
        above.text(0.5, 0.5, "no answer states a confidence", ha="center", va="center", fontsize=7)
    for axes in (above, below):
        axes.tick_params(labelsize=6, width=0.6, length=2)
        axes.xaxis.label.set_size(7)
        axes.yaxis.label.set_size(7)
        for edge in ("top", "right"):
            axes.spines[edge].set_visible(False)
    return figure


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


def _draw_histogram(axes: Axes, cells: Cells) -> None:
    if cells.confidence.size > MOST_POINTS:
        place = bin_of(cells.confidence, 2 * BINS)
        middle = (np.arange(2 * BINS) + 0.5) / (2 * BINS)
        right = np.bincount(place, cells.right, minlength=middle.size)
        wrong = np.bincount(place, cells.wrong, minlength=middle.size)
    else:
        middle, right, wrong = cells.confidence, cells.right, cells.wrong
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
    for x, height in zip(middle, right + wrong, strict=True):
        if height:
            axes.text(x, height, f"{int(height)}", ha="center", va="bottom", fontsize=4.5)
    axes.margins(y=0.15)
    axes.legend(loc="upper left", fontsize=5.5, frameon=False, handlelength=1.6)


def save_reliability_diagram(cells: Cells, name: str, rows: int, path: Path) -> list[Path]:
    """Writes a diagram as SVG and PNG, and the plotted numbers as CSV.

    Args:
        cells: As for `reliability_diagram`.
        name: As for `reliability_diagram`.
        rows: As for `reliability_diagram`.
        path: Without a suffix.

    Returns:
        The files written. The same input gives the same bytes.

    Raises:
        RunError: A file cannot be written.
    """
    import matplotlib as mpl

    figure = reliability_diagram(cells, name, rows)
    files = [path.with_name(f"{path.name}{suffix}") for suffix in (".svg", ".png", ".csv")]
    with mpl.rc_context({"svg.hashsalt": "vecbench", "hatch.linewidth": 0.5}):
        _write(files[0], lambda draft: figure.savefig(draft, format="svg", metadata={"Date": None}))
        _write(files[1], lambda draft: figure.savefig(draft, format="png", dpi=200))
    numbers = reliability_points(cells).as_csv() if cells.n else "confidence,n\n"
    _write(files[2], lambda draft: draft.write_text(numbers, encoding="utf-8"))
    return files


def _write(path: Path, write: Callable[[Path], object]) -> None:
    with replacing(path) as draft:
        write(draft)
