"""How far a stated confidence is a probability of being right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, ConfidenceMetric, Values, share


def bin_of(confidence: NDArray[np.float64], bins: int) -> NDArray[np.intp]:
    """The equal-width bin of each confidence: [k/bins, (k+1)/bins), the last one closed.

    The edges are k/bins as a division gives them. `np.linspace` multiplies instead and puts the edge
    at 0.30000000000000004, so that a stated 0.3 would fall into the bin below.

    Args:
        confidence: In [0, 1]; any shape.
        bins: At least 1.

    Returns:
        Bin numbers in [0, bins - 1], of the same shape.

    Raises:
        ValueError: Fewer than one bin.
    """
    if bins < 1:
        raise ValueError("at least one bin is needed")
    edges = np.arange(bins + 1) / bins
    return np.minimum(np.searchsorted(edges, confidence, side="right") - 1, bins - 1)


def mass_bin_of(cells: Cells, bins: int) -> NDArray[np.intp]:
    """The equal-mass bin of each distinct confidence; equal confidences always share one.

    The edges are the quantiles k/bins of the rows (linear interpolation, as `np.quantile`), equal edges
    merged; a bin holds its lower edge, the last one both.

    Args:
        cells: Rows that were not resampled, at least one; shape (k,).
        bins: At least 1.

    Returns:
        Bin numbers, ascending from 0; shape (k,).
    """
    rows = np.repeat(cells.confidence, cells.total.astype(np.int64))
    edges = np.unique(np.quantile(rows, np.arange(bins + 1) / bins))
    return np.clip(np.searchsorted(edges, cells.confidence, side="right") - 1, 0, max(edges.size - 2, 0))


def bin_surplus(cells: Cells, place: NDArray[np.intp]) -> Values:
    """The sum over each bin's rows of confidence − correctness; shape (..., bins).

    Args:
        cells: The rows; shape (..., k).
        place: The bin of each distinct confidence, ascending; shape (k,).
    """
    return _bin_sums(cells.once(surplus_of), place)


def surplus_of(cells: Cells) -> Values:
    """The sum of confidence − correctness over the rows at each confidence; shape (..., k)."""
    return cells.total * cells.confidence - cells.right


def _bin_sums(values: Values, place: NDArray[np.intp]) -> Values:
    """The sum over the confidences of each bin; shape (..., bins)."""
    starts = _starts(place)
    if values.ndim == 1:
        return np.add.reduceat(values, starts)
    # Of many replicates, a product with few columns is faster than so many short sums.
    return values @ np.equal.outer(place, place[starts]).astype(np.float64)


def _starts(place: NDArray[np.intp]) -> NDArray[np.intp]:
    # Distinct confidences ascend, so the members of a bin are neighbours.
    return np.flatnonzero(np.r_[True, np.diff(place) > 0])


def _width_surplus(cells: Cells, bins: int) -> Values:
    """The surplus of each equal-width bin that has a distinct confidence; shape (..., at most bins)."""
    return bin_surplus(cells, bin_of(cells.confidence, bins))


@ConfidenceMetric
def ece(cells: Cells, bins: int = 10) -> Values:
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
    if cells.confidence.size == 0:
        return np.full(cells.counts.shape, np.nan)
    return share(np.abs(cells.once(_width_surplus, bins)).sum(axis=-1), cells.counts)


@ConfidenceMetric
def ece_mass(cells: Cells, bins: int = 10) -> Values:
    """Expected calibration error with bins of equal mass, which never split equal confidences.

    Args:
        cells: Rows that were not resampled (a resampled set has other bins); call with
            `(confidence, correct)` to have them made.
        bins: At least 1; ties may leave fewer.

    Returns:
        In [0, 1]; nan without rows.
    """
    if cells.n == 0:
        return np.asarray(np.nan)
    return share(np.abs(bin_surplus(cells, mass_bin_of(cells, bins))).sum(axis=-1), cells.counts)


@ConfidenceMetric
def mce(cells: Cells, bins: int = 10) -> Values:
    """Maximum calibration error: the largest |accuracy − mean confidence| of any equal-width bin.

    It is set by the emptiest bins as a rule: read it with the size of its bin, `mce_bin`.

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.
        bins: At least 1.

    Returns:
        In [0, 1]; nan without rows.
    """
    place = bin_of(cells.confidence, bins)
    if place.size == 0:
        return np.full(cells.counts.shape, np.nan)
    sizes = _bin_sums(cells.total, place)
    gaps = np.abs(cells.once(_width_surplus, bins)) / np.maximum(sizes, 1)
    return np.where(cells.counts > 0, gaps.max(axis=-1), np.nan)


def mce_bin(cells: Cells, bins: int = 10) -> tuple[float, float, int]:
    """The bin that sets the MCE: its lower and upper edge and its number of rows.

    Args:
        cells: Rows that were not resampled, at least one.
        bins: As for `mce`.
    """
    place = bin_of(cells.confidence, bins)
    sizes = np.add.reduceat(cells.total, _starts(place))
    worst = int(np.argmax(np.abs(bin_surplus(cells, place)) / sizes))
    number = int(place[_starts(place)[worst]])
    return number / bins, (number + 1) / bins, int(sizes[worst])


@ConfidenceMetric
def confidence_gap(cells: Cells) -> Values:
    """Mean confidence − accuracy, over the rows that have a confidence.

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [−1, 1], positive when the model is overconfident; nan without rows.
    """
    return share(cells.total @ cells.confidence - cells.total_right, cells.counts)


@ConfidenceMetric
def share_at_one(cells: Cells) -> Values:
    """The share of confidences that are exactly 1.0, which no evidence can support.

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 1]; nan without rows.
    """
    return share(cells.total[..., cells.confidence == 1].sum(axis=-1), cells.counts)
