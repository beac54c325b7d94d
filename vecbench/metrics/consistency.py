"""What a perfectly calibrated model would have scored: correctness redrawn from the confidences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.calibration import bin_of
from vecbench.metrics.cells import Cells, ConfidenceMetric

REPLICATES = 10_000
SEED = 0


@dataclass(frozen=True)
class Redraws:
    """Right answers in replicates of the data in which every confidence is a true probability.

    Attributes:
        cells: What was redrawn.
        right: Right answers at each distinct confidence; shape (replicates, k).
    """

    cells: Cells
    right: NDArray[np.int64]


def redraw(cells: Cells, replicates: int = REPLICATES, seed: int = SEED) -> Redraws:
    """Correctness drawn anew as Bernoulli(confidence), row by row.

    All rows of a cell share one probability, so one binomial draw a cell is that, at a cost that does
    not depend on n (consistency resampling: Bröcker and Smith, 2007).

    Args:
        cells: The rows.
        replicates: How many times, at least 1.
        seed: Of the draws.
    """
    stream = np.random.default_rng(seed)
    drawn = stream.binomial(cells.total, cells.confidence, size=(replicates, cells.confidence.size))
    return Redraws(cells, drawn.astype(np.int64))


@ConfidenceMetric
def ece_null(cells: Cells, bins: int = 10, replicates: int = REPLICATES, seed: int = SEED) -> float:
    """The mean ECE of a perfectly calibrated model with these confidences and this n.

    ECE is an average of absolute values and cannot be 0 on few rows: this is how large it is when
    there is nothing to find.

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.
        bins: As for `ece`.
        replicates: As for `redraw`.
        seed: As for `redraw`.

    Returns:
        In [0, 1]; nan without rows.
    """
    if cells.n == 0:
        return float("nan")
    drawn = redraw(cells, replicates, seed)
    place = bin_of(cells.confidence, bins)
    member = (place[:, None] == np.arange(bins)).astype(np.float64)
    surplus = (cells.total * cells.confidence - drawn.right) @ member
    return float(np.abs(surplus).sum(axis=1).mean() / cells.n)
