"""Reliability diagrams, accuracy–coverage curves and confusion matrices, in one style."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics import Cells, aurc, auroc, brier, ece, ece_null, redraw, wilson_interval
from vecbench.metrics.calibration import bin_of
from vecbench.metrics.cells import Counts, Values
from vecbench.store.files import replacing, write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS = 25
"""With more distinct confidences than this, the ECE's bins are drawn instead of the values."""

BINS = 10
COLUMN_WIDTH = 3.4
"""Inches: one column of a two-column paper."""

NO_LABEL, NO_TARGET = "(no label)", "(no target)"
LEGEND: Mapping[str, Any] = {"loc": "upper left", "fontsize": 5.5, "frameon": False, "handlelength": 1.6}
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
        names = ["confidence", "n", "right", "accuracy", "low", "high", "band_low", "band_high"]
        counts = (self.confidence, self.n, self.right, self.right / self.n)
        return _csv(names, (*counts, self.low, self.high, self.band_low, self.band_high))


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
    low, high = _wilson(right, n)
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

    figure = Figure(figsize=(COLUMN_WIDTH, 4.3), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    coverage = 100 * cells.n / rows if rows else 0.0
    figure.suptitle(f"{_plain(name)}   n = {rows}, coverage {coverage:.0f} %", fontsize=8, fontweight="bold")
    above.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), ylabel="share of right answers")
    below.set(xlabel="stated confidence", ylabel="answers")
    above.plot([0, 1], [0, 1], color="black", linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
    if cells.n:
        points = reliability_points(cells)
        above.set_title(
            f"ECE {100 * float(ece.of_cells(cells)):.1f} "
            f"(calibrated: {100 * float(ece_null.of_cells(cells)):.1f}), "
            f"Brier {100 * float(brier.of_cells(cells)):.1f}",
            fontsize=7,
        )
        _draw_points(above, points)
        _draw_means(above, cells)
        _draw_histogram(below, cells)
        above.legend(**LEGEND)
    else:
        _say(above, "no answer states a confidence")
    _style(above, below)
    return figure


def accuracy_coverage_curve(cells: Cells, name: str, rows: int) -> Figure:
    """Accuracy of the most confident answers, by the share of all rows that they are.

    Args:
        cells: The rows that have a confidence; may be none.
        name: Of the group, for the title.
        rows: All rows: those without a confidence are never among the most confident.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN_WIDTH, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="share of rows that are answered")
    axes.set_ylabel("accuracy among them")
    title = f"{_plain(name)}   n = {rows}"
    if cells.n:
        title += f", AUROC {_percent(auroc.of_cells(cells))}, AURC {_percent(aurc.of_cells(cells))}"
        points = selective_points(cells, rows)
        axes.fill_between(points.coverage, points.low, points.high, color=GREY, alpha=0.5, linewidth=0)
        axes.plot(points.coverage, points.accuracy, color=BLUE, linewidth=1, marker="o", markersize=2.5)
        overall = float(cells.total_right / cells.n)
        axes.axhline(overall, color=ORANGE, linewidth=0.8, linestyle="-.", label=f"all: {100 * overall:.1f}")
        for place in _spread_out(points.coverage):
            axes.annotate(
                f"≥ {points.threshold[place]:g}",
                (points.coverage[place], points.accuracy[place]),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                fontsize=5,
            )
        axes.legend(**{**LEGEND, "loc": "lower left"})
    else:
        _say(axes, "no answer states a confidence")
    axes.set_title(title, fontsize=7, fontweight="bold")
    _style(axes)
    return figure


@dataclass(frozen=True)
class SelectivePoints:
    """What an accuracy–coverage curve plots: one entry a distinct confidence, from the highest down.

    Attributes:
        threshold: The confidence; rows that state at least as much are answered.
        coverage: Their share of all rows.
        accuracy: The share of right answers among them.
        low: Lower end of its Wilson interval.
        high: Upper end.
    """

    threshold: NDArray[np.float64]
    coverage: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def as_csv(self) -> str:
        """The plotted numbers."""
        columns = (self.threshold, self.coverage, self.accuracy, self.low, self.high)
        return _csv(["threshold", "coverage", "accuracy", "low", "high"], columns)


def selective_points(cells: Cells, rows: int) -> SelectivePoints:
    """The points of an accuracy–coverage curve.

    Args:
        cells: At least one row.
        rows: All rows, those without a confidence included.
    """
    answered = np.cumsum(cells.total[::-1])
    right = np.cumsum(cells.right[::-1])
    low, high = _wilson(right, answered)
    return SelectivePoints(cells.confidence[::-1], answered / rows, right / answered, low, high)


def confusion_matrix(counts: NDArray[np.int64], labels: Sequence[str], name: str) -> Figure:
    """How often each target got each label; shades are shares of the target's rows.

    Args:
        counts: Rows by target and label, as `confusion_counts` has them; shape (k + 1, k + 1).
        labels: The k candidates.
        name: Of the task, for the title.
    """
    from matplotlib.figure import Figure

    size = max(COLUMN_WIDTH, 0.27 * len(labels) + 1.3)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    rows = [*labels, NO_TARGET] if counts[-1].any() else list(labels)
    counts = counts[: len(rows)]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.55 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=5.5, color=colour)
    shown = [_plain(label) for label in [*labels, NO_LABEL]]
    axes.set_xticks(range(len(shown)), shown, rotation=60, ha="right")
    axes.set_yticks(range(len(rows)), [_plain(row) for row in rows])
    axes.set(xlabel="label", ylabel="target")
    accuracy = counts[: len(labels), : len(labels)].trace() / max(counts.sum(), 1)
    title = f"{_plain(name)}   n = {counts.sum()}, accuracy {100 * accuracy:.1f}"
    axes.set_title(title, fontsize=7, fontweight="bold")
    _style(axes)
    return figure


def confusion_csv(counts: NDArray[np.int64], labels: Sequence[str]) -> str:
    """The numbers of a confusion matrix: one line a target, one column a label."""
    names = np.array([*labels, NO_TARGET])
    return _csv(["target", *labels, NO_LABEL], (names, *counts.T))


def _style(*every: Axes) -> None:
    for axes in every:
        axes.tick_params(labelsize=6, width=0.6, length=2)
        axes.xaxis.label.set_fontsize(7)
        axes.yaxis.label.set_fontsize(7)
        for edge in ("top", "right"):
            axes.spines[edge].set_visible(False)


def _plain(text: str) -> str:
    """The text without its dollars meaning mathematics."""
    return text.replace("$", r"\$")


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=7)


def _percent(value: Values) -> str:
    return "–" if np.isnan(value) else f"{100 * float(value):.1f}"


def _spread_out(positions: NDArray[np.float64], apart: float = 0.09) -> list[int]:
    """Places whose positions are so far apart that their captions do not collide."""
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


def _draw_histogram(axes: Axes, cells: Cells) -> None:
    if cells.confidence.size > MOST_POINTS:
        place = bin_of(cells.confidence, 2 * BINS)
        middle = (np.arange(2 * BINS) + 0.5) / (2 * BINS)
        right = np.asarray(np.bincount(place, cells.right, minlength=middle.size), np.float64)
        wrong = np.asarray(np.bincount(place, cells.wrong, minlength=middle.size), np.float64)
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
    axes.legend(**LEGEND)


def save_figure(figure: Figure, numbers: str, path: Path) -> Path:
    """Writes a figure as SVG and PNG, and the plotted numbers as CSV.

    Args:
        figure: What to write; the same figure gives the same bytes.
        numbers: The text of the CSV.
        path: Without a suffix.

    Returns:
        The PNG.

    Raises:
        RunError: A file cannot be written.
    """
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "vecbench", "hatch.linewidth": 0.5}):
        with replacing(path.with_name(f"{path.name}.svg")) as draft:
            figure.savefig(draft, format="svg", metadata={"Date": None})
        with replacing(path.with_name(f"{path.name}.png")) as draft:
            figure.savefig(draft, format="png", dpi=200)
    write_text(path.with_name(f"{path.name}.csv"), numbers)
    return path.with_name(f"{path.name}.png")


def _wilson(right: Counts, n: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    intervals = [wilson_interval(int(part), int(whole)) for part, whole in zip(right, n, strict=True)]
    low, high = np.array(intervals).T
    return low, high


def _csv(names: Sequence[str], columns: Iterable[NDArray[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
    return stream.getvalue()
