"""How well a stated confidence separates right answers from wrong ones."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vecbench.metrics.cells import Cells, ConfidenceMetric, Counts, Values, share

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
    wrong_below_twice = 2 * np.cumsum(cells.wrong, axis=-1) - cells.wrong
    # Doubled, the ties are whole numbers and the sum is exact.
    won_twice = (cells.right * wrong_below_twice).sum(axis=-1)
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


def _mean_risk(cells: Cells) -> Values:
    size, errors = cells.total[..., ::-1], cells.wrong[..., ::-1]
    through, errors_through = np.cumsum(size, axis=-1), np.cumsum(errors, axis=-1)
    before, errors_before = through - size, errors_through - errors
    # Of j = 1 … size rows of the tie, the expected errors are errors_before + j · errors / size, among
    # before + j rows; the sum of that quotient over j in closed form, with harmonic numbers:
    rate = errors / np.maximum(size, 1)
    harmonic = np.diff(_harmonic(through), axis=-1, prepend=0.0)
    area = (errors_before - before * rate) * harmonic + errors
    return share(area.sum(axis=-1), cells.counts)


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
    size, errors = cells.total[..., ::-1], cells.wrong[..., ::-1]
    errors_before = np.cumsum(errors, axis=-1) - errors
    area = (size * errors_before + errors * (size + 1) / 2).sum(axis=-1)
    return share(area, cells.counts**2)


@lru_cache(maxsize=1)
def _harmonic_table() -> Values:
    return np.concatenate([[0.0], np.cumsum(1 / np.arange(1.0, TABLE_SIZE))])


def _harmonic(n: Counts) -> Values:
    """The harmonic number 1 + 1/2 + … + 1/n, and 0 for n = 0; shape as `n`."""
    if n.size and n.max() < TABLE_SIZE:
        looked_up: Values = _harmonic_table()[n.astype(np.intp)]
        return looked_up
    large = np.maximum(n, TABLE_SIZE)
    # Euler and Maclaurin; the next term is far below a float's precision.
    series = np.log(large) + np.euler_gamma + 1 / (2 * large) - 1 / (12 * large**2)
    small = _harmonic_table()[np.minimum(n, TABLE_SIZE - 1).astype(np.intp)]
    return np.asarray(np.where(n < TABLE_SIZE, small, series), dtype=np.float64)
