"""The Brier score taken apart by isotonic regression, for confidences of which hardly any is stated twice."""

from __future__ import annotations

import numpy as np

from vecbench.metrics.cells import Cells, Values
from vecbench.metrics.consistency import redraw
from vecbench.metrics.definition import BIASED, Metric, of_cells, untested
from vecbench.metrics.proper import brier, brier_uncertainty

_OF_THE_ROWS = "each replicate would take an isotonic regression of its own; the Brier score is tested"


def recalibrated(cells: Cells) -> Values:
    """The best non-decreasing map of the confidences, by pooling adjacent violators.

    Args:
        cells: Rows that were not resampled; at least one; shape (k,).

    Returns:
        What each confidence is mapped to; in [0, 1], non-decreasing; shape (k,).
    """
    from scipy.optimize import isotonic_regression

    return np.asarray(isotonic_regression(cells.right / cells.total, weights=cells.total).x)


def consistency_band(
    cells: Cells, level: float = 0.95, replicates: int = 1000, seed: int = 0
) -> tuple[Values, Values]:
    """Between what the map of a calibrated model lies, at each confidence by itself.

    The consistency band of Dimitriadis, Gneiting and Jordan (2021) by resampling: answers are drawn as if
    each confidence were a true probability, and mapped anew. The confidences stay as they are, as in the
    consistency test and unlike in the paper, where they are drawn too.

    Args:
        cells: Rows that were not resampled; at least one; shape (k,).
        level: The share of calibrated models whose map lies within, at one confidence.
        replicates: How many are drawn.
        seed: Of the draws.

    Returns:
        Its lower and upper end; shape (k,) each.
    """
    right = redraw(cells, replicates, seed).right
    maps = [recalibrated(Cells(cells.confidence, each, cells.total - each)) for each in right]
    low, high = np.quantile(maps, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def _recalibrated_brier(cells: Cells) -> Values:
    """The Brier score of the best non-decreasing map of the confidences."""
    fitted = recalibrated(cells)
    loss = cells.right @ (1 - fitted) ** 2 + cells.wrong @ fitted**2
    return np.asarray(loss / cells.n)


def miscalibration(cells: Cells) -> Values:
    """MCB: what the best non-decreasing map would take off the Brier score (Dimitriadis and others, 2021).

    Brier = MCB − DSC + `brier_uncertainty`, the CORP decomposition. Unlike `brier_reliability` it means
    something where hardly any confidence is stated twice; it still is above 0 for a calibrated model.

    Args:
        cells: Rows that were not resampled.

    Returns:
        In [0, 1]; nan without rows.
    """
    if cells.n == 0:
        return np.asarray(np.nan)
    return np.asarray(np.maximum(0.0, brier.of_cells(cells) - cells.once(_recalibrated_brier)))


def discrimination(cells: Cells) -> Values:
    """DSC: how much better the best non-decreasing map is than always stating the accuracy.

    See `miscalibration`.

    Args:
        cells: Rows that were not resampled.

    Returns:
        In [0, 0.25]; nan without rows.
    """
    if cells.n == 0:
        return np.asarray(np.nan)
    best = cells.once(_recalibrated_brier)
    return np.asarray(np.maximum(0.0, brier_uncertainty.of_cells(cells) - best))


MCB = Metric(
    key="mcb",
    heading="MCB",
    description="What the best non-decreasing map of the confidences would take off the Brier score.",
    value=of_cells(miscalibration),
    better="lower",
    interval="none",
    why_no_interval=BIASED,
    change=untested(_OF_THE_ROWS),
)
DSC = Metric(
    key="dsc",
    heading="DSC",
    description="How much better that map is than always stating the accuracy.",
    value=of_cells(discrimination),
    range=(0.0, 0.25),
    interval="none",
    why_no_interval=BIASED,
    change=untested(_OF_THE_ROWS),
    is_of_order=True,
)
