"""What a perfectly calibrated model would have scored: correctness redrawn from the confidences."""

from __future__ import annotations

import numpy as np

from vecbench.metrics.calibration import ece
from vecbench.metrics.cells import Cells, ConfidenceMetric, Values

REPLICATES = 10_000
SEED = 0


def redraw(cells: Cells, replicates: int = REPLICATES, seed: int = SEED) -> Cells:
    """Replicates of the rows in which every confidence is the true probability of being right.

    All rows of a cell share one probability, so one binomial draw a cell is Bernoulli(confidence) row
    by row, at a cost that does not depend on n (consistency resampling: Bröcker and Smith, 2007).

    Args:
        cells: Rows that were not resampled; shape (k,).
        replicates: How many, at least 1.
        seed: Of the draws.

    Returns:
        Cells of shape (replicates, k).
    """
    stream = np.random.default_rng(seed)
    rows = cells.total.astype(np.int64)
    right = stream.binomial(rows, cells.confidence, size=(replicates, rows.size)).astype(np.float64)
    return Cells(cells.confidence, right, cells.total - right)


@ConfidenceMetric
def ece_null(cells: Cells, bins: int = 10, replicates: int = REPLICATES, seed: int = SEED) -> Values:
    """The mean ECE of a perfectly calibrated model with these confidences and this n.

    ECE is an average of absolute values and cannot be 0 on few rows: this is how large it is when
    there is nothing to find.

    Args:
        cells: Rows that were not resampled; call with `(confidence, correct)` to have them made.
        bins: As for `ece`.
        replicates: As for `redraw`.
        seed: As for `redraw`.

    Returns:
        In [0, 1]; nan without rows.
    """
    return np.asarray(ece.of_cells(redraw(cells, replicates, seed), bins).mean())


@ConfidenceMetric
def calibration_p(cells: Cells, bins: int = 10, replicates: int = REPLICATES, seed: int = SEED) -> Values:
    """The p value of the consistency test: how often a calibrated model has as large an ECE.

    (1 + replicates with at least the observed ECE) / (1 + replicates): never 0, and exact for a
    simulated null distribution (Davison and Hinkley, 1997, section 4.2).

    Args:
        cells: Rows that were not resampled; call with `(confidence, correct)` to have them made.
        bins: As for `ece`.
        replicates: As for `redraw`.
        seed: As for `redraw`.

    Returns:
        In (0, 1]; nan without rows. Small: the confidences are not probabilities of being right.
    """
    if cells.n == 0:
        return np.asarray(np.nan)
    drawn = ece.of_cells(redraw(cells, replicates, seed), bins)
    # An equal ECE may differ in the last bits, since its sum has other terms.
    as_large = np.count_nonzero(drawn >= ece.of_cells(cells, bins) - 1e-12)
    return np.asarray((1 + as_large) / (1 + replicates))
