"""The numbers that figures plot, and their CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics import Cells, wilson_interval
from vecbench.metrics.calibration import bin_of
from vecbench.metrics.cells import Counts
from vecbench.metrics.condensed import condensed
from vecbench.metrics.confusion import Confusion
from vecbench.metrics.isotonic import consistency_band, recalibrated
from vecbench.metrics.observations import Floats
from vecbench.metrics.right_counts import RightCounts
from vecbench.metrics.stated_values import MOST_VALUES

MOST_POINTS = MOST_VALUES
"""With more distinct confidences than this, the ECE's bins are drawn, and tested, instead of the values."""

MOST_THRESHOLDS = 200
"""Of more distinct confidences than this, a curve shows so many, spread evenly over the rows."""

BINS = 10

NO_LABEL, NO_TARGET = "(no answer)", "(no target)"


@dataclass(frozen=True)
class ReliabilityPoints:
    """What a reliability diagram plots, one entry a point, ascending in confidence; shape (k,) each.

    Attributes:
        confidence: Mean confidence of the point's n rows, of which so many are right.
        low: Lower end of the Wilson interval of right / n; `high` is the upper one.
        band_low: 2.5 % point of right / n if every confidence were a true probability; `band_high` 97.5 %.
        binned: Whether a point is a bin, rather than one distinct confidence.
    """

    confidence: Floats
    n: NDArray[np.int64]
    right: NDArray[np.int64]
    low: Floats
    high: Floats
    band_low: Floats
    band_high: Floats
    binned: bool

    def as_csv(self) -> str:
        """The plotted numbers."""
        names = ["confidence", "n", "right", "accuracy", "low", "high", "band_low", "band_high"]
        counts = (self.confidence, self.n, self.right, self.right / self.n)
        return _csv(names, (*counts, self.low, self.high, self.band_low, self.band_high))


def reliability_points(cells: Cells, *, by_bin: bool = False) -> ReliabilityPoints:
    """One point a distinct confidence, or, beyond `MOST_POINTS`, for each of the ECE's bins that has rows."""
    binned = by_bin or cells.confidence.size > MOST_POINTS
    group = bin_of(cells.confidence, BINS) if binned else np.arange(cells.confidence.size)
    points = cells.merged(group)
    low, high = _wilson(points.right, points.total)
    calibrated = [RightCounts.of_cells(part) for part in cells.split(group)]
    return ReliabilityPoints(
        confidence=points.confidence,
        n=points.total.astype(np.int64),
        right=points.right.astype(np.int64),
        low=low,
        high=high,
        band_low=np.array([each.quantile(0.025) for each in calibrated]) / points.total,
        band_high=np.array([each.quantile(0.975) for each in calibrated]) / points.total,
        binned=binned,
    )


@dataclass(frozen=True)
class CorpPoints:
    """What a CORP reliability diagram plots, one entry a point, ascending in confidence; shape (k,) each.

    Attributes:
        confidence: The distinct ones; of more than 256, the means of neighbours.
        n: Rows at each, of which so many are `right`.
        fitted: The best non-decreasing map's value there.
        band_low: 2.5 % point of that if every confidence were a true probability; `band_high` 97.5 %.
    """

    confidence: Floats
    n: NDArray[np.int64]
    right: NDArray[np.int64]
    fitted: Floats
    band_low: Floats
    band_high: Floats

    def as_csv(self) -> str:
        """The plotted numbers."""
        names = ["confidence", "n", "right", "fitted", "band_low", "band_high"]
        ends = (self.band_low, self.band_high)
        return _csv(names, (self.confidence, self.n, self.right, self.fitted, *ends))


def corp_points(cells: Cells) -> CorpPoints:
    """The points of a CORP reliability diagram."""
    points = condensed(cells)
    n, right = points.total.astype(np.int64), points.right.astype(np.int64)
    return CorpPoints(points.confidence, n, right, recalibrated(points), *consistency_band(points))


@dataclass(frozen=True)
class SharePoints:
    """What a reliability diagram of shares of raters plots, one entry a point; shape (k,) each.

    Attributes:
        confidence: Mean confidence of the point's n rows, ascending.
        share: Mean share of raters who agree.
        error: Its standard error, of independent rows; nan of fewer than two.
        binned: Whether a point is a bin of the ECE, rather than one distinct confidence.
    """

    confidence: Floats
    n: NDArray[np.int64]
    share: Floats
    error: Floats
    binned: bool

    def as_csv(self) -> str:
        """The plotted numbers."""
        columns = (self.confidence, self.n, self.share, self.error)
        return _csv(["confidence", "n", "mean_share", "standard_error"], columns)


def share_points(confidence: Floats, shares: Floats) -> SharePoints:
    """One point a distinct confidence, or, beyond `MOST_POINTS`, a bin, as of `reliability_points`.

    Args:
        confidence: In [0, 1]; shape (n,), at least one.
        shares: Of raters who agree; shape (n,).
    """
    values, place = np.unique(confidence, return_inverse=True)
    binned = values.size > MOST_POINTS
    if binned:
        _, place = np.unique(bin_of(confidence, BINS), return_inverse=True)
    n = np.bincount(place)
    mean = np.bincount(place, shares) / n
    squares = np.bincount(place, (shares - mean[place]) ** 2)
    error = np.sqrt(squares / np.where(n > 1, n - 1, np.nan) / n)
    middle = np.bincount(place, confidence) / n if binned else values
    return SharePoints(middle, n, mean, error, binned)


@dataclass(frozen=True)
class SelectivePoints:
    """What an accuracy–coverage curve plots: one entry a distinct confidence, from the highest down.

    Rows that state at least the threshold are answered: their share of all rows is the coverage. The accuracy
    among them has a Wilson interval. Of very many thresholds only some, evenly over the rows.
    """

    threshold: Floats
    coverage: Floats
    accuracy: Floats
    low: Floats
    high: Floats

    def as_csv(self) -> str:
        """The plotted numbers."""
        columns = (self.threshold, self.coverage, self.accuracy, self.low, self.high)
        return _csv(["threshold", "coverage", "accuracy", "low", "high"], columns)


def selective_points(cells: Cells, rows: int) -> SelectivePoints:
    """The points of an accuracy–coverage curve."""
    answered = np.cumsum(cells.total[::-1])
    right = np.cumsum(cells.right[::-1])
    kept = np.arange(answered.size)
    if kept.size > MOST_THRESHOLDS:
        evenly = np.linspace(answered[0], answered[-1], MOST_THRESHOLDS)
        kept = np.unique(np.searchsorted(answered, evenly))
    answered, right = answered[kept], right[kept]
    low, high = _wilson(right, answered)
    return SelectivePoints(cells.confidence[::-1][kept], answered / rows, right / answered, low, high)


def confusion_csv(confusion: Confusion, labels: Sequence[str]) -> str:
    """Which label each target got, one line a pair that occurs; its target or label is empty for none."""
    names = np.array([*labels, ""])
    pairs = names[confusion.target], names[confusion.answer], confusion.count
    return _csv(["target", "label", "n"], pairs)


def ratings_csv(target: Floats, answer: Floats) -> str:
    """The numbers of a diagram of ratings, one row an answer."""
    return _csv(["target", "answer"], (target, answer))


def side_by_side(named: Mapping[str, str]) -> str:
    """The CSVs of several models as one, each line with its model's name before it."""
    lines: list[list[str]] = []
    for name, text in named.items():
        head, *rows = csv.reader(io.StringIO(text))
        lines += (
            [[name, *row] for row in rows] if lines else [["model", *head], *([name, *row] for row in rows)]
        )
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(lines)
    return stream.getvalue()


def _wilson(right: Counts, n: Counts) -> tuple[Floats, Floats]:
    intervals = [wilson_interval(int(part), int(whole)) for part, whole in zip(right, n, strict=True)]
    low, high = np.array(intervals).T
    return low, high


def _csv(names: Sequence[str], columns: Iterable[NDArray[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
    return stream.getvalue()
