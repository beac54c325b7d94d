"""What a perfectly calibrated model would have scored: correctness redrawn from the confidences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vecbench.metrics.calibration import bin_of, ece
from vecbench.metrics.cells import Cells, ConfidenceMetric, Values
from vecbench.metrics.clusters import centred, design_effect
from vecbench.metrics.definition import Metric, untested
from vecbench.metrics.right_counts import RightCounts
from vecbench.metrics.stated_values import MOST_VALUES, has_few_values, misfit
from vecbench.metrics.totals import Totals

REPLICATES = 10_000
SEED = 0
BLOCK = 2**21
"""Counts that are drawn at once."""

MOST_DRAWN = MOST_VALUES
"""With more distinct confidences than this, the right rows of a whole bin are drawn as one number."""

BY_VALUE = 0
"""In place of a number of bins: each stated confidence by itself, and `misfit` instead of an ECE."""

_DEFAULT_BINS = 10


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
    return _redraw(cells, replicates, np.random.default_rng(seed))


def _redraw(cells: Cells, replicates: int, stream: np.random.Generator) -> Cells:
    rows = cells.total.astype(np.int64)
    right = stream.binomial(rows, cells.confidence, size=(replicates, rows.size)).astype(np.float64)
    return Cells(cells.confidence, right, cells.total - right)


def null_eces(
    cells: Cells, every_bins: Sequence[int], replicates: int = REPLICATES, seed: int = SEED
) -> dict[int, Values]:
    """The ECE, or misfit, of each replicate of `redraw`, at a cost that is bounded.

    An ECE depends on the rows of its bins and on how many of them are right. So beyond `MOST_DRAWN` distinct
    confidences these sums are drawn from their own distribution, and the replicates are not those that
    `redraw` makes of the same seed, but as good.

    Args:
        cells: Rows that were not resampled.
        every_bins: As for `ece`, one or several; all are computed from the same draws. `BY_VALUE` is passed
            over where there are more than `MOST_VALUES` distinct confidences.
        replicates: As for `redraw`.
        seed: As for `redraw`.

    Returns:
        Bins → values of shape (replicates,); nan without rows.
    """
    stream = np.random.default_rng(seed)
    if cells.confidence.size > MOST_DRAWN:
        widths = [bins for bins in every_bins if bins != BY_VALUE]
        drawn = _redraw_bins(cells, widths, replicates, stream)
        return {bins: ece.of_cells(drawn, bins) for bins in widths}
    size = max(1, BLOCK // max(1, cells.confidence.size))
    parts: dict[int, list[Values]] = {bins: [] for bins in every_bins}
    for begin in range(0, replicates, size):
        drawn = _redraw(cells, min(size, replicates - begin), stream)
        for bins, values in parts.items():
            values.append(_statistic(drawn, bins))
    return {bins: np.concatenate(values) for bins, values in parts.items()}


def _statistic(cells: Cells, bins: int) -> Values:
    return misfit(cells) if bins == BY_VALUE else ece.of_cells(cells, bins)


def _redraw_bins(
    cells: Cells, every_bins: Sequence[int], replicates: int, stream: np.random.Generator
) -> Cells:
    """As `_redraw`, with one confidence for each part of [0, 1] that no edge of any of the bins cuts."""
    group = np.zeros(cells.confidence.size, dtype=np.intp)
    for bins in every_bins:
        group = group * bins + bin_of(cells.confidence, bins)
    merged = cells.merged(group)
    numbers = [RightCounts.of_cells(part).draw(replicates, stream) for part in cells.split(group)]
    right = np.stack(numbers, axis=-1)
    return Cells(merged.confidence, right, merged.total - right)


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
    return np.asarray(null_eces(cells, [bins], replicates, seed)[bins].mean())


@ConfidenceMetric
def calibration_p(cells: Cells, bins: int = 10, replicates: int = REPLICATES, seed: int = SEED) -> Values:
    """The p value of the consistency test: how often a calibrated model deviates as much.

    With at most `MOST_VALUES` distinct confidences, each is judged by itself, by Pearson's χ² of its right
    answers (`misfit`): what cancels in a bin does not cancel here, and one wrong answer at 1 is a
    contradiction. With more, the ECE is what deviates.

    (1 + replicates that deviate at least as much) / (1 + replicates): never 0, and exact for a
    simulated null distribution (Davison and Hinkley, 1997, section 4.2).

    Args:
        cells: Rows that were not resampled; call with `(confidence, correct)` to have them made.
        bins: Of the ECE, where there are many distinct confidences.
        replicates: As for `redraw`.
        seed: As for `redraw`.

    Returns:
        In (0, 1]; nan without rows. Small: the confidences are not probabilities of being right.
    """
    if cells.n == 0:
        return np.asarray(np.nan)
    used = BY_VALUE if has_few_values(cells) else bins
    return np.asarray(consistency_p(cells, null_eces(cells, [used], replicates, seed)[used], used))


def consistency_p(cells: Cells, null: Values, bins: int = 10) -> float:
    """As `calibration_p`, with the replicates' ECE at hand.

    Args:
        cells: At least one row.
        null: From `null_eces`, with the same bins.
        bins: As for `ece`, or `BY_VALUE`.
    """
    # Equal ones may differ in the last bits, since their sums have other terms.
    as_large = np.count_nonzero(null >= _statistic(cells, bins) - 1e-12)
    return (1 + int(as_large)) / (1 + null.size)


def p_in_words(p: float) -> str:
    """A p value, with its sign: "p = 0.021", or "p < 0.001"."""
    return f"p = {p:.3f}" if p >= 0.0005 else "p < 0.001"


def null_effect(image: ArrayLike, confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> float:
    """How much larger the variance of a bin's gap is than independent answers would make it, over all bins.

    `widened` applies it to the replicates of `null_eces`.

    Args:
        image: The number of each row's image, from 0; shape (n,).
        confidence: In [0, 1], nan where there is none; shape (n,).
        correct: Whether each row is right; shape (n,).
        bins: As for `ece`.

    Returns:
        At least 1; 1 where no image has several rows with a confidence.
    """
    stated = ~np.isnan(np.asarray(confidence, dtype=np.float64))
    images = np.asarray(image, dtype=np.intp)[stated]
    if np.unique(images).size == images.size:
        return 1.0
    told = np.asarray(confidence, dtype=np.float64)[stated]
    place = np.unique(told, return_inverse=True)[1] if bins == BY_VALUE else bin_of(told, bins)
    gap = np.asarray(correct, dtype=np.float64)[stated] - told
    # What a bin's rows have in common is its gap, and no dependence.
    return design_effect(centred(gap, place), images * (int(place.max()) + 1) + place)


def widened(null: Mapping[int, Values], effects: Mapping[int, float]) -> dict[int, Values]:
    """Replicates of `null_eces` for rows of which an image has several.

    A sum of gaps is so much wider, each by the root of its variance's factor: so Rao and Scott (1981) correct
    a test that adds up such gaps.

    Args:
        null: Bins → replicates.
        effects: Bins → `null_effect`; 1 where it is absent.
    """
    return {bins: values * effects.get(bins, 1.0) ** 0.5 for bins, values in null.items()}


def _null_mean(totals: Totals) -> Values:
    return np.asarray(totals.null[_DEFAULT_BINS].mean() if totals.null else np.nan)


def _null_p(totals: Totals) -> Values:
    if not totals.null:
        return np.asarray(np.nan)
    bins = BY_VALUE if BY_VALUE in totals.null else _DEFAULT_BINS
    return np.asarray(consistency_p(totals.cells, totals.null[bins], bins))


def _what_is_tested(totals: Totals) -> Mapping[str, Any]:
    return {"of": "each stated confidence" if BY_VALUE in totals.null else "ten bins"}


_OF_ONE_RUN = "it tells how to read the ECE of the same rows"

ECE_NULL = Metric(
    key="ece_null",
    heading="null",
    description="The mean ECE of a perfectly calibrated model with these confidences and this n.",
    value=_null_mean,
    better=None,
    interval="none",
    why_no_interval=_OF_ONE_RUN,
    change=untested(_OF_ONE_RUN),
    is_of_one_run=True,
)
CALIBRATION_P = Metric(
    key="calibration_p",
    heading="p",
    unit="number",
    description="How often a perfectly calibrated model deviates as much, value by value if they are few.",
    value=_null_p,
    details=_what_is_tested,
    better=None,
    interval="none",
    why_no_interval=_OF_ONE_RUN,
    change=untested(_OF_ONE_RUN),
    averaged=False,
    is_of_one_run=True,
    version=2,
)
