"""How well a stated confidence separates right answers from wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, ConfidenceMetric, Counts, Values, reciprocal_total, share
from vecbench.metrics.definition import Metric, of_cells
from vecbench.metrics.totals import Totals

TABLE_SIZE = 2**16
"""Harmonic numbers below this are looked up, above it they come from their series."""


@ConfidenceMetric
def auroc(cells: Cells) -> Values:
    """Area under the ROC curve of the confidence as a score of being right.

    The chance that a right answer has a higher confidence than a wrong one; a tie counts one half
    (Hanley and McNeil, 1982).

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 1], 0.5 for a confidence that says nothing; nan unless some rows are right and some wrong.
    """
    return cells.once(_share_of_pairs_won)


def _share_of_pairs_won(cells: Cells) -> Values:
    wrong_below_twice = 2 * cells.once(_wrong_up_to) - cells.wrong
    # Doubled, the ties are whole numbers and the sum is exact.
    won_twice = np.einsum("...k,...k->...", cells.right, wrong_below_twice)
    return share(won_twice, 2 * cells.total_right * (cells.counts - cells.total_right))


@ConfidenceMetric
def aurc(cells: Cells) -> Values:
    """Area under the risk–coverage curve: mean over k of the error rate of the k most confident rows.

    Rows of equal confidence stand in random order, and the expectation over it is taken exactly
    (Geifman and El-Yaniv, 2017, who leave ties to the order of the file).

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 1], 0 is best; nan without rows.
    """
    return cells.once(_mean_risk)


def _wrong_up_to(cells: Cells) -> NDArray[np.int64]:
    return _up_to(cells.wrong)


def _up_to(counts: Counts) -> NDArray[np.int64]:
    """The running sum over the confidences: of whole numbers it is made twice as fast."""
    return np.cumsum(counts, axis=-1, dtype=np.int64)


def _mean_risk(cells: Cells) -> Values:
    up_to, wrong_up_to = _up_to(cells.total), cells.once(_wrong_up_to)
    # The most confident come first: those of a higher confidence before, those of a lower one after.
    before = np.subtract(up_to[..., -1:], up_to, out=up_to)
    errors_before = wrong_up_to[..., -1:] - wrong_up_to
    # Of j = 1 … size rows of the tie, the expected errors are errors_before + j · errors / size, among
    # before + j rows; the sum of that quotient over j in closed form, with harmonic numbers:
    harmonic_before = _harmonic(before)
    harmonic = np.empty(before.shape)
    harmonic[..., :1], harmonic[..., 1:] = _harmonic(cells.counts[..., None]), harmonic_before[..., :-1]
    harmonic -= harmonic_before
    # In place, since with many replicates every new array takes as long as what is computed into it.
    area = cells.wrong * cells.once(reciprocal_total)
    area *= before
    np.subtract(errors_before, area, out=area)
    area *= harmonic
    return share(area.sum(axis=-1) + cells.wrong.sum(axis=-1), cells.counts)


@ConfidenceMetric
def e_aurc(cells: Cells) -> Values:
    """Excess AURC: `aurc` − that of the same answers ranked perfectly, all right ones first.

    Geifman, Uziel and El-Yaniv (2019).

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 1], 0 is best; nan without rows.
    """
    n, right = cells.counts, cells.total_right
    best = n - right - right * (_harmonic(n) - _harmonic(right))
    return np.asarray(aurc.of_cells(cells) - share(best, n))


@ConfidenceMetric
def augrc(cells: Cells) -> Values:
    """Area under the generalised risk–coverage curve: mean over k of (errors among the k first) / n.

    Ties as for `aurc`; unlike it, not dominated by the most confident rows (Traub et al., 2024).

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 0.5 + 1/2n], 0 is best; nan without rows.
    """
    # An error counts in each k from its place on. Of two errors one comes first, of an error and a right
    # answer the error does in 1 − AUROC of all pairs; so the order matters through AUROC alone.
    right = cells.total_right
    wrong = cells.counts - right
    before_right = np.where(right * wrong > 0, right * wrong * (1 - auroc.of_cells(cells)), 0.0)
    return share(before_right + wrong * (wrong + 1) / 2, cells.counts**2)


@lru_cache(maxsize=1)
def _harmonic_table() -> Values:
    return np.concatenate([[0.0], np.cumsum(1 / np.arange(1.0, TABLE_SIZE))])


def _harmonic(n: NDArray[np.int64] | Counts) -> Values:
    """The harmonic number 1 + 1/2 + … + 1/n, and 0 for n = 0; shape as `n`."""
    if n.size and n.max() < TABLE_SIZE:
        looked_up: Values = _harmonic_table()[n.astype(np.intp, copy=False)]
        return looked_up
    large = np.maximum(n, TABLE_SIZE)
    # Euler and Maclaurin; the next term is far below a float's precision.
    series = np.log(large) + np.euler_gamma + 1 / (2 * large) - 1 / (12 * large**2)
    small = _harmonic_table()[np.minimum(n, TABLE_SIZE - 1).astype(np.intp)]
    return np.asarray(np.where(n < TABLE_SIZE, small, series), dtype=np.float64)


def _auroc_bounds(value: float, rows: Totals) -> tuple[float, float]:
    right, wrong = float(rows.cells.total_right), float(rows.cells.counts - rows.cells.total_right)
    pairs = (right + float(rows.missing_right)) * (wrong + float(rows.missing_wrong))
    known = right * wrong / pairs
    return value * known, 1 - (1 - value) * known


def _bounds_by_filling(metric: Callable[[Cells], Values]) -> Callable[[float, Totals], tuple[float, float]]:
    """Those of a metric that takes confidences by their order: missing ones below and above all others."""

    def bounds(value: float, rows: Totals) -> tuple[float, float]:
        cells = rows.cells
        confidence = np.r_[-1.0, cells.confidence, 2.0]

        def with_missing(right: int, wrong: int) -> float:
            counts = np.zeros((2, confidence.size))
            counts[:, 1:-1] = cells.right, cells.wrong
            counts[0, right] += rows.missing_right
            counts[1, wrong] += rows.missing_wrong
            return float(metric(Cells(confidence, *counts)))

        moved = (value - float(metric(cells))) * float(rows.coverage)
        return with_missing(-1, 0) + moved, with_missing(0, -1) + moved

    return bounds


AUROC = Metric(
    key="auroc",
    heading="AUROC",
    description="The chance that a right answer has a higher confidence than a wrong one.",
    value=of_cells(auroc.of_cells),
    interval="percentile",
    shown="always",
    board="column",
    fewest_of_each=30,
    takes_of_each=10,
    bounds=_auroc_bounds,
    is_of_order=True,
)
AURC = Metric(
    key="aurc",
    heading="AURC",
    description="Area under the risk–coverage curve.",
    value=of_cells(aurc.of_cells),
    interval="percentile",
    better="lower",
    takes_of_each=20,
    bounds=_bounds_by_filling(aurc.of_cells),
    is_of_order=True,
)
E_AURC = Metric(
    key="e_aurc",
    heading="E-AURC",
    description="AURC − that of the same answers ranked perfectly.",
    value=of_cells(e_aurc.of_cells),
    better="lower",
    interval="none",
    why_no_interval="few errors among the most confident rows decide it, and none was found that holds",
    is_of_order=True,
)
AUGRC = Metric(
    key="augrc",
    heading="AUGRC",
    description="Area under the generalised risk–coverage curve.",
    value=of_cells(augrc.of_cells),
    interval="percentile",
    better="lower",
    takes_of_each=20,
    bounds=_bounds_by_filling(augrc.of_cells),
    is_of_order=True,
)
