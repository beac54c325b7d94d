"""Calibration at each stated value: what bins hide.

Models state few values, and several of them share a bin: .9 always right beside .95 right too seldom cancel
there. While there are at most `MOST_VALUES` distinct confidences, each is judged by itself; with more, bins
of equal mass take their place where that makes sense.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.calibration import error_bounds, mass_bin_of
from vecbench.metrics.cells import Cells, Values, share, surplus_of
from vecbench.metrics.clusters import ROUNDING
from vecbench.metrics.definition import Ends, Metric, of_cells, untested
from vecbench.metrics.gaps import Gaps, gap_effect, of_gaps
from vecbench.metrics.totals import Totals

MOST_VALUES = 25
"""With more distinct confidences than this there are too few rows at each."""

MASS_BINS = 15
UNSEEN = 1.0
"""Squared residuals of a bin beyond those that were seen: where a few rows agree, its spread says nothing."""

FEWEST_A_BIN = 10
_TOO_MANY = f"more than {MOST_VALUES} distinct confidences, see ece"


def each_value(cells: Cells) -> NDArray[np.intp]:
    """Every distinct confidence as a bin of its own; shape (k,)."""
    return np.arange(cells.confidence.size)


def has_few_values(cells: Cells) -> bool:
    """Whether distinct confidences are so few that each is judged by itself."""
    return cells.confidence.size <= MOST_VALUES


def value_ece(cells: Cells) -> Values:
    """The mean over rows of |accuracy − confidence| of the rows that state the same confidence.

    Args:
        cells: The rows.

    Returns:
        In [0, 1], never below `ece`; nan without rows, and with more than `MOST_VALUES` distinct confidences.
    """
    if not has_few_values(cells):
        return np.full(cells.counts.shape, np.nan)
    return share(np.abs(cells.once(surplus_of)).sum(axis=-1), cells.counts)


def misfit(cells: Cells) -> Values:
    """The root of Pearson's χ² of right answers at each stated confidence, if that is their probability.

    At 0 and 1 there is no chance: one wrong answer at 1 contradicts it, and the result is infinite.

    Args:
        cells: The rows, in one or many replicates.

    Returns:
        At least 0; shape (...).
    """
    variance = cells.total * cells.confidence * (1 - cells.confidence)
    surplus = cells.once(surplus_of)
    # A sum of confidences that should be 0 is some 1e-14.
    certain = np.abs(np.where(variance > 0, 0.0, surplus)) > 1e-9
    squares = np.divide(surplus**2, variance, out=np.zeros(surplus.shape), where=variance > 0)
    return np.asarray(np.where(certain.any(axis=-1), np.inf, np.sqrt(squares.sum(axis=-1))))


class StatedValue(NamedTuple):
    """The rows that state one confidence, in [0, 1]: how many, and how many of them are right."""

    confidence: float
    n: int
    right: int


def contradicting(cells: Cells, level: float = 0.95) -> list[StatedValue]:
    """The stated confidences that chance does not explain, the least likely first.

    Each is judged by the exact two-sided binomial test, at (1 − level) / the number of confidences; where
    all pass that, it is the least likely one.

    Args:
        cells: At least one row, not resampled.
        level: That no calibrated model has any, as far as the first holds.
    """
    from scipy.special import bdtr, bdtrc

    right, n = cells.right, cells.total.astype(np.int64)
    p = 2 * np.minimum(bdtr(right, n, cells.confidence), bdtrc(right - 1, n, cells.confidence))
    order = np.argsort(p, kind="stable")
    few = max(1, int(np.count_nonzero(p <= (1 - level) / p.size)))
    values = zip(cells.confidence[order[:few]], n[order[:few]], right[order[:few]], strict=True)
    return [StatedValue(float(stated), int(rows), int(good)) for stated, rows, good in values]


def _place(cells: Cells) -> NDArray[np.intp]:
    return each_value(cells) if has_few_values(cells) else mass_bin_of(cells, MASS_BINS)


def _squares(cells: Cells, effect: float = 1.0, unseen: float = 0.0) -> tuple[Values, Values]:
    """The squared gaps of bins, and the variances of these gaps, each times the bin's share of the rows.

    Args:
        cells: At least one row, not resampled.
        effect: How much larger variances are than those of independent rows.
        unseen: Squared residuals beyond those that were seen.

    Returns:
        Each of shape (bins,); 0 for a bin of one row, which says nothing of its own spread.
    """
    place = _place(cells)
    gaps = Gaps.of(cells, place, effect)
    total = np.bincount(place, cells.total)[np.unique(place)]
    several = total > 1
    share_of_rows = total / cells.n
    inflated = np.divide(total, total - 1, out=np.zeros(total.shape), where=several)
    variance = (gaps.spread + unseen * gaps.unit) / share_of_rows * inflated
    return np.where(several, gaps.gap**2 / share_of_rows, 0.0), variance


def _squared_error(cells: Cells) -> float:
    squares, variance = _squares(cells)
    return float((squares - variance).sum())


def rms_calibration_error(cells: Cells) -> Values:
    """Root mean squared calibration error, without what noise adds to it (Kumar, Liang and Ma, 2019).

    The root of the mean over rows of (accuracy − confidence)² of the rows that state the same confidence,
    less the variance of these accuracies (Bröcker, 2012; Ferro and Fricker, 2012). With more than
    `MOST_VALUES` distinct confidences, of 15 bins of equal mass.

    Args:
        cells: Rows that were not resampled.

    Returns:
        In [0, 1], 0 where noise explains all; nan unless some bin has two rows.
    """
    if cells.n == 0 or np.bincount(_place(cells), cells.total).max() < 2:
        return np.asarray(np.nan)
    return np.asarray(np.sqrt(max(0.0, _squared_error(cells))))


def _rms_ends(cells: Cells, effect: float, level: float) -> Ends:
    """The errors at which the sum of squared gaps has the chances of a two-sided interval's ends.

    None where bins have so few rows that their spread is not known.
    """
    if cells.n < FEWEST_A_BIN * np.unique(_place(cells)).size:
        return None
    # Where a few rows of a bin agree by chance, more noise may be in the sum than they show, but not less.
    low = _noncentrality(cells, effect, UNSEEN, (1 + level) / 2)
    high = _noncentrality(cells, effect, 0.0, (1 - level) / 2)
    value = max(0.0, _squared_error(cells))
    return float(np.sqrt(min(low, value))), float(np.sqrt(min(1.0, max(high, value))))


def _noncentrality(cells: Cells, effect: float, unseen: float, chance: float) -> float:
    """The mean squared error with which the sum of squared gaps is at most the observed one at this chance.

    The sum is taken for a noncentral χ² of the same mean and variance.
    """
    from scipy.optimize import brentq
    from scipy.special import chndtr

    squares, variance = _squares(cells, effect, unseen)
    found, noise = float(squares.sum()), float(variance.sum())
    if found == 0 or noise <= ROUNDING * found:  # calibrated, or all rows of each bin are alike
        return found
    rows = np.bincount(_place(cells), cells.total)[np.unique(_place(cells))] / cells.n
    # That the next rows are at other confidences, with other errors, adds to the spread too.
    of_rows = float((squares**2 / rows).sum()) - found**2
    scale = max(float((variance**2).sum()) / noise, float(squares @ variance) / found)
    scale += effect * max(0.0, of_rows) / (4 * found * cells.n)

    def excess(error: float) -> float:
        return float(chndtr(found / scale, noise / scale, error / scale)) - chance

    if excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, _above(excess, found)))


def _above(excess: Callable[[float], float], start: float) -> float:
    """A point at which a falling function is no longer above 0."""
    while excess(start) > 0:
        start *= 2
    return start


def _squared(totals: Totals) -> Mapping[str, Any]:
    return {"squared": _squared_error(totals.cells)} if totals.cells.n else {}


VALUE_ECE = Metric(
    key="value_ece",
    heading="ECE val",
    description="Expected calibration error with each stated confidence as a bin, if there are at most 25.",
    value=of_cells(value_ece),
    better="lower",
    interval="gaps",
    bins=0,
    **of_gaps(each_value),
    undefined=_TOO_MANY,
    bounds=error_bounds,
)
RMSCE = Metric(
    key="rmsce",
    heading="RMSCE",
    description="Root mean squared calibration error at each stated confidence, less what noise adds.",
    value=of_cells(rms_calibration_error),
    better="lower",
    interval="own",
    why_no_interval=f"it takes {FEWEST_A_BIN} rows at each confidence, on the mean",
    ends=_rms_ends,
    effect=lambda rows: gap_effect(rows, _place),
    undefined="no two rows state the same confidence",
    change=untested("it is no sum over rows, and 0 where noise explains all; ECE is tested"),
    details=_squared,
)
