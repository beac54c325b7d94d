"""Selective prediction: how many answers can be kept if those that are kept are to be right often enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, Values
from vecbench.metrics.clusters import design_effect
from vecbench.metrics.definition import Ends, Metric, of_cells, untested
from vecbench.metrics.observations import Observations
from vecbench.metrics.proportion import wilson_interval

TARGET = 0.9
MOST_THRESHOLDS = 25
"""With more distinct confidences, the rows are cut at as many of them, evenly by rows."""


def _kept(cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows, and right rows, that are at least as confident as each threshold, from the highest down."""
    total = np.cumsum(cells.total[::-1]).astype(np.int64)
    right = np.cumsum(cells.right[::-1]).astype(np.int64)
    return total, right


def coverage_at(cells: Cells, target: float = TARGET) -> Values:
    """The largest share of rows, the most confident ones, of which at least the target share is right.

    Rows of equal confidence are kept together (El-Yaniv and Wiener, 2010).

    Args:
        cells: Rows that were not resampled.
        target: The share that is to be right, in (0, 1].

    Returns:
        In [0, 1]; nan without rows.
    """
    if cells.n == 0:
        return np.asarray(np.nan)
    total, right = _kept(cells)
    return np.asarray(total[right >= target * total - 1e-9].max(initial=0) / cells.n)


def _ends(cells: Cells, effect: float, level: float) -> Ends:
    """The largest share that surely is right often enough, and the largest that may be.

    A threshold is chosen for what its rows show, so each is judged at its part of the level (Bonferroni).
    """
    total, right = _kept(cells)
    n = cells.n
    cuts = np.unique(np.searchsorted(total, np.arange(1, MOST_THRESHOLDS + 1) * n / MOST_THRESHOLDS))
    strict = 1 - (1 - level) / cuts.size
    sure = may = 0
    for place in cuts.tolist():
        if wilson_interval(int(right[place]), int(total[place]), strict, effect)[0] >= TARGET:
            sure = int(total[place])
    for kept, rows in zip(right.tolist(), total.tolist(), strict=True):
        if wilson_interval(kept, rows, level, effect)[1] >= TARGET:
            may = rows
    low = wilson_interval(sure, n, level, effect)[0]
    return low, wilson_interval(may, n, level, effect)[1]


def _effect(rows: Observations) -> float:
    stated = rows.taken(rows.stated)
    right = stated.right.astype(np.float64)
    return design_effect(right - right.mean(), stated.image)


COVERAGE_AT_90 = Metric(
    key="coverage_at_90",
    heading="Cov@90",
    description="The largest share of rows, the most confident ones, of which 90 % are right.",
    value=of_cells(coverage_at),
    interval="own",
    ends=_ends,
    effect=_effect,
    change=untested("its threshold is chosen by the same rows"),
    is_of_order=True,
)
