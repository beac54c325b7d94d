"""How far a stated confidence is a probability of being right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, ConfidenceMetric, Values, share, surplus_of
from vecbench.metrics.definition import BIASED, Change, Metric, of_cells
from vecbench.metrics.gaps import of_gaps
from vecbench.metrics.totals import Totals


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


FEWEST_IN_A_BIN = 20
"""With fewer rows than this in a bin, resampling does not know what the bin's gap may be."""
MASS_BINS = 10


def _ece_15(cells: Cells) -> Values:
    return ece.of_cells(cells, 15)


def error_bounds(value: float, rows: Totals) -> tuple[float, float]:
    """Those of a mean of absolute gaps: a row moves it by 1 / n at most."""
    coverage = float(rows.coverage)
    known, slack = value * coverage, 1 - coverage
    return max(0.0, known - slack), min(1.0, known + slack)


def _gap_bounds(value: float, rows: Totals) -> tuple[float, float]:
    known, n = value * float(rows.coverage), float(rows.cells.counts + rows.missing)
    return known - float(rows.missing_right) / n, known + float(rows.missing_wrong) / n


def _ten_bins(cells: Cells) -> NDArray[np.intp]:
    return bin_of(cells.confidence, 10)


def _fifteen_bins(cells: Cells) -> NDArray[np.intp]:
    return bin_of(cells.confidence, 15)


def _mass_bins(cells: Cells) -> NDArray[np.intp]:
    return mass_bin_of(cells, MASS_BINS)


def _worst_bin(totals: Totals) -> Mapping[str, Any]:
    low, high, rows = mce_bin(totals.cells)
    return {"bin": [low, high], "bin_n": rows}


def _why_mce_is_untested(sides: Sequence[Totals]) -> str | None:
    rows = min((_rows_of_emptiest_bin(side.cells) for side in sides), default=FEWEST_IN_A_BIN)
    if rows < FEWEST_IN_A_BIN:
        return f"no interval: a bin of {rows} rows may set it, whose gap takes {FEWEST_IN_A_BIN} to know"
    return None


def _rows_of_emptiest_bin(cells: Cells) -> int:
    sizes = np.bincount(bin_of(cells.confidence, 10), weights=cells.total)
    return int(min(sizes[sizes > 0], default=0))


CONFIDENCE_GAP = Metric(
    key="confidence_gap",
    heading="Gap",
    description="Mean confidence − accuracy: positive when the model is overconfident.",
    value=of_cells(confidence_gap.of_cells),
    interval="percentile",
    better=None,
    range=(-1.0, 1.0),
    shown="wide",
    bounds=_gap_bounds,
)
ECE = Metric(
    key="ece",
    heading="ECE",
    description="Expected calibration error with ten bins of equal width.",
    value=of_cells(ece.of_cells),
    better="lower",
    interval="gaps",
    bins=10,
    **of_gaps(_ten_bins),
    shown="always",
    board="main",
    bounds=error_bounds,
)
ECE_15 = Metric(
    key="ece_15",
    heading="ECE 15",
    description="Expected calibration error with fifteen bins of equal width.",
    value=of_cells(_ece_15),
    better="lower",
    interval="gaps",
    bins=15,
    **of_gaps(_fifteen_bins),
    bounds=error_bounds,
)
ECE_MASS = Metric(
    key="ece_mass",
    heading="ECE mass",
    description="Expected calibration error with ten bins of equal mass.",
    value=of_cells(ece_mass.of_cells),
    better="lower",
    interval="none",
    why_no_interval="its bins move with the rows, and none was found that holds its level",
    bins=MASS_BINS,
    **of_gaps(_mass_bins),
)
MCE = Metric(
    key="mce",
    heading="MCE",
    description="The largest gap between accuracy and mean confidence of any of ten bins.",
    value=of_cells(mce.of_cells),
    better="lower",
    interval="none",
    why_no_interval=BIASED,
    bins=10,
    change=Change("fading", refused=_why_mce_is_untested),
    details=_worst_bin,
)
SHARE_AT_ONE = Metric(
    key="share_at_one",
    heading="At 1.0",
    description="The share of confidences that are exactly 1.0, which no evidence can support.",
    value=of_cells(share_at_one.of_cells),
    better=None,
    interval="none",
    why_no_interval="it describes the confidences, and no error of theirs",
    change=Change(aspect="certainty"),
)
