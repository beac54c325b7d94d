"""The Brier score taken apart by isotonic regression, for confidences of which hardly any is stated twice."""

from __future__ import annotations

import numpy as np

from vecbench.metrics.cells import Cells, Values
from vecbench.metrics.definition import BIASED, Metric, of_cells, untested
from vecbench.metrics.proper import brier, brier_uncertainty

_OF_THE_ROWS = "each replicate would take an isotonic regression of its own; the Brier score is tested"


def _recalibrated_brier(cells: Cells) -> Values:
    """The Brier score of the best non-decreasing map of the confidences."""
    from scipy.optimize import isotonic_regression

    fitted = isotonic_regression(cells.right / cells.total, weights=cells.total).x
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
)
