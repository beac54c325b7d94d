"""How far a stated confidence is a probability of being right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, ConfidenceMetric


def bin_of(confidence: NDArray[np.float64], bins: int) -> NDArray[np.intp]:
    """The equal-width bin of each confidence: [k/bins, (k+1)/bins), the last one closed.

    The edges are k/bins as a division gives them. `np.linspace` multiplies instead and puts the edge
    at 0.30000000000000004, so that a stated 0.3 would fall into the bin below.

    Args:
        confidence: In [0, 1]; any shape.
        bins: At least 1.

    Returns:
        Bin numbers in [0, bins - 1], of the same shape.
    """
    if bins < 1:
        raise ValueError("at least one bin is needed")
    edges = np.arange(bins + 1) / bins
    return np.minimum(np.searchsorted(edges, confidence, side="right") - 1, bins - 1)


@ConfidenceMetric
def ece(cells: Cells, bins: int = 10) -> float:
    """Expected calibration error with equal-width bins.

    The mean over rows of |accuracy − mean confidence| of the row's bin (Naeini, Cooper and Hauskrecht,
    2015; Guo et al., 2017). Bins are left-closed and the last one holds 1.0, see `bin_of`; the mean
    confidence is that of the rows, not the bin's middle.

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.
        bins: At least 1.

    Returns:
        In [0, 1], never below |`confidence_gap`|; nan without rows.
    """
    if cells.n == 0:
        return float("nan")
    place = bin_of(cells.confidence, bins)
    surplus = np.bincount(place, cells.total * cells.confidence - cells.right, minlength=bins)
    return float(np.abs(surplus).sum() / cells.n)


@ConfidenceMetric
def brier(cells: Cells) -> float:
    """Brier score of the confidence as a forecast of being right: mean (confidence − correct)².

    A proper score: stating one's true chance of being right is the best policy (Brier, 1950).

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 1], 0 is best; nan without rows.
    """
    if cells.n == 0:
        return float("nan")
    loss = cells.right * (1 - cells.confidence) ** 2 + cells.wrong * cells.confidence**2
    return float(loss.sum() / cells.n)


@ConfidenceMetric
def confidence_gap(cells: Cells) -> float:
    """Mean confidence − accuracy, over the rows that have a confidence.

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [−1, 1], positive when the model is overconfident; nan without rows.
    """
    if cells.n == 0:
        return float("nan")
    return float(((cells.total * cells.confidence).sum() - cells.right.sum()) / cells.n)
