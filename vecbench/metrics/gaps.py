"""The interval of a calibration error that adds up the gaps of bins.

An estimated gap is its true one and noise, and the absolute value hides the sign of the sum: far from 0 noise
goes either way, near 0 it only adds. No resampling can tell the two apart. Replicates of a calibrated model's
error lie further above its estimate the better it is calibrated, and a percentile or reflected interval
misses where some bins are calibrated and others are not. So each end is the error that would still give the
estimate with the arrangement of gaps that speaks most against it:

low: every gap that may be 0 is 0, and all that noise adds there is in the estimate.
high: the gaps that may be 0 are all alike, measured by their noise, which then adds least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from math import pi, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, Values, share, surplus_of
from vecbench.metrics.clusters import centred, design_effect
from vecbench.metrics.definition import Change
from vecbench.metrics.observations import Observations
from vecbench.metrics.totals import Totals

NEAR = 2
"""Standard errors within which a gap may be 0."""

UNSEEN = 2.0
"""Squared residuals beyond those that were seen, as of two rows that are off by 1: where a few rows of a bin
agree by chance, its spread says nothing."""

UNSEEN_HIGH = 0.5
"""As many fewer for what noise adds to the estimate, which must not be taken for larger than it is."""

HALF_NORMAL_MEAN = sqrt(2 / pi)
HALF_NORMAL_VARIANCE = 1 - 2 / pi
HALF_NORMAL_SKEWNESS = sqrt(2) * (4 - pi) / (pi - 2) ** 1.5

NOISE_ALLOWED = 0.7
"""The part of the most that noise can add which a change of the error allows for: noise adds to both sides.

A bound on one error allows for all of it: with this part, 9 % of models with that error would fail.
"""

Place = Callable[[Cells], NDArray[np.intp]]
"""Rows that were not resampled → the bin of each distinct confidence, shape (k,)."""

FURTHEST = 40.0
"""Standard errors: mean gaps of bins that are within `NEAR` of 0 are never as large."""


@dataclass(frozen=True)
class Gaps:
    """The gaps of bins, each as a share of all rows: their absolute values add up to the error.

    Attributes:
        gap: |confidence − correctness| summed over each bin's rows, by all rows; shape (bins,).
        spread: The same sum's variance among the bin's own rows; shape (bins,).
        second: The second moment of each bin's residuals, of which the variance over all rows is made;
            shape (bins,).
        unit: What the squared residual of one row that was not seen, and of those that go with it, adds to a
            variance; shape (bins,).
        most: What the gap is at most, all rows being wrong, or right; shape (bins,).
        rows: Rows of the set that each bin is of; shape (bins,).
        part: The number of that set; shape (bins,).
    """

    gap: Values
    spread: Values
    second: Values
    unit: Values
    most: Values
    rows: Values
    part: NDArray[np.intp]

    @classmethod
    def of(cls, cells: Cells, place: NDArray[np.intp], effect: float = 1.0) -> Gaps:
        """Those of rows that were not resampled.

        Args:
            cells: At least one row; shape (k,).
            place: The bin of each distinct confidence; shape (k,).
            effect: How much larger variances are than those of independent rows.
        """
        into = np.equal.outer(place, np.unique(place)).astype(np.float64)
        over, under = cells.confidence, cells.confidence - 1
        rows = cells.total @ into
        surplus = (cells.right * under + cells.wrong * over) @ into
        squares = (cells.right * under**2 + cells.wrong * over**2) @ into
        n = float(cells.n)
        of_one = effect / n**2
        if_wrong, if_right = (cells.total * over) @ into, (cells.total * -under) @ into
        spread = np.maximum(squares - surplus**2 / rows, 0) * of_one
        # As many rows as variances are larger by come together: the same rows again say nothing new.
        unit = np.full(rows.shape, effect * of_one)
        gap = np.abs(surplus) / n
        near = _may_be_zero(gap, spread, unit)
        own_side = np.where(surplus > 0, if_wrong, if_right)
        return cls(
            gap,
            spread,
            squares * of_one,
            unit,
            np.where(near, np.maximum(if_wrong, if_right), own_side) / n,
            np.full(rows.shape, n / effect),
            np.zeros(rows.size, dtype=np.intp),
        )

    @classmethod
    def mean(cls, parts: Sequence[Gaps], effect: float = 1.0) -> Gaps:
        """Those of the unweighted mean of several sets' errors.

        Args:
            parts: At least one.
            effect: How much larger the mean's variance is than that of independent sets.
        """
        k = len(parts)

        def joined(name: str, factor: float = 1.0) -> Values:
            return np.concatenate([getattr(part, name) for part in parts]) * factor

        variance = effect / k**2
        return cls(
            joined("gap", 1 / k),
            joined("spread", variance),
            joined("second", variance),
            joined("unit", variance),
            joined("most", 1 / k),
            joined("rows", 1 / effect),
            np.repeat(np.arange(k), [part.gap.size for part in parts]),
        )

    @property
    def error(self) -> float:
        """The calibration error."""
        return float(self.gap.sum())

    @property
    def near(self) -> NDArray[np.bool_]:
        """Which gaps may be 0; shape (bins,)."""
        return _may_be_zero(self.gap, self.spread, self.unit)

    @property
    def far_variance(self) -> float:
        """Of the sum of the gaps that are not near 0, whose signs are known."""
        far = _taken(self, ~self.near)
        variance = float((far.second + UNSEEN * far.unit).sum())
        for number in np.unique(far.part):
            own = far.part == number
            variance -= float(far.gap[own].sum()) ** 2 / float(far.rows[own][0])
        return max(0.0, variance)

    @property
    def most_noise(self) -> float:
        """What noise adds to the error at most, on average: if every gap that may be 0 is 0."""
        near = _taken(self, self.near)
        return HALF_NORMAL_MEAN * float(np.sqrt(near.spread + UNSEEN * near.unit).sum())

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The interval of the error, within [0, 1], which holds the estimate.

        Args:
            level: Nominal coverage, in (0, 1).
        """
        z = NormalDist().inv_cdf((1 + level) / 2)
        low, high = max(0.0, self._low(z)), min(float(self.most.sum()), self._high(z))
        return min(low, self.error), max(high, self.error)

    def _low(self, z: float) -> float:
        near = _taken(self, self.near)
        spread = near.spread + UNSEEN * near.unit
        deviation = sqrt(self.far_variance + HALF_NORMAL_VARIANCE * float(spread.sum()))
        if deviation == 0:
            return self.error
        # The sum of half-normals is skewed: to first order (Cornish and Fisher, 1938).
        third = HALF_NORMAL_SKEWNESS * HALF_NORMAL_VARIANCE**1.5 * float((spread**1.5).sum())
        quantile: float = z + (z**2 - 1) / 6 * third / deviation**3
        return self.error - self.most_noise - quantile * deviation

    def _high(self, z: float) -> float:
        is_near = self.near
        near, far = _taken(self, is_near), _taken(self, ~is_near)
        variance, known = self.far_variance, float(far.gap.sum())
        if not near.gap.size:
            return known + z * sqrt(variance)
        deviations = float(np.sqrt(near.spread + UNSEEN_HIGH * near.unit).sum())
        variances, found = float((near.spread + UNSEEN * near.unit).sum()), float(near.gap.sum())
        # The mean of |d + noise| grows with d; its lower quantile falls a little first, so from above.
        low, high = 0.0, FURTHEST
        for _ in range(50):
            middle = (low + high) / 2
            mean = _folded_mean(middle)
            least = deviations * mean - z * sqrt(variance + variances * (middle**2 + 1 - mean**2))
            low, high = (middle, high) if least < found else (low, middle)
        return known + high * deviations


def excess(place: Place) -> Callable[[Cells], Values]:
    """How far an error may lie above the truth by what noise adds to it: cells of shape (..., k) → (...).

    A part of the most that it can be; no arrangement of gaps in `benchmarks/compare_coverage.py` takes more.
    """

    def of_cells(cells: Cells) -> Values:
        found = np.zeros(cells.counts.shape)
        for number in np.ndindex(found.shape):
            there = _one_of(cells, number)
            if there.n:
                found[number] = NOISE_ALLOWED * Gaps.of(there, place(there)).most_noise
        return found

    return of_cells


def paired_excess(
    place: Place, sides: tuple[Cells, Cells], deviation: float, effects: tuple[float, float] = (1.0, 1.0)
) -> tuple[float, float]:
    """As `excess`, for either of two sides of the same samples, beyond what both have of it.

    What noise adds to an absolute value grows by no more than the gap itself does: between sides whose gaps
    are nearly the same it is nearly the same.

    Args:
        place: As for `excess`.
        sides: Rows that were not resampled, at least one each.
        deviation: The standard error of the signed change.
        effects: Of either side, how much larger variances are than those of independent rows.
    """
    both = Cells.pooled(sides)
    place_of = place(both)
    gaps, sums = [], []
    for cells, effect in zip(sides, effects, strict=True):
        own = place_of[np.searchsorted(both.confidence, cells.confidence)]
        gaps.append(Gaps.of(cells, own, effect))
        sums.append(np.bincount(own, cells.once(surplus_of), int(place_of.max()) + 1) / cells.n)
    apart = float(np.abs(sums[0] - sums[1]).sum()) + 2 * deviation
    first, second = (NOISE_ALLOWED * min(each.most_noise, apart) for each in gaps)
    return first, second


def signs_held(place: Place) -> Callable[[Totals], Callable[[Totals], Values]]:
    """An error with the bins of the rows themselves, and the signs of their gaps, held fixed.

    Replicates of it lie around the error as signed noise does: nothing is added by absolute values.

    Args:
        place: As for `excess`.
    """

    def held(observed: Totals) -> Callable[[Totals], Values]:
        cells = observed.cells
        signs = np.ones((*cells.total.shape[:-2], cells.confidence.size))
        for number in np.ndindex(signs.shape[:-1]):
            is_there = cells.total[(*number, 0)] > 0
            there = _one_of(cells, (*number, 0))
            if there.n:
                own = place(there)
                over = np.bincount(own, there.once(surplus_of)) >= 0
                signs[(*number, is_there)] = np.where(over[own], 1.0, -1.0)

        def value(totals: Totals) -> Values:
            drawn = totals.cells
            return share((drawn.once(surplus_of) @ signs[..., None])[..., 0], drawn.counts)

        return value

    return held


def _one_of(cells: Cells, number: tuple[int, ...]) -> Cells:
    """The rows of one replicate, by the confidences that they have."""
    there = cells.total[number] > 0
    return Cells(cells.confidence[there], cells.right[number][there], cells.wrong[number][there])


def gap_effect(rows: Observations, place: Place) -> float:
    """How much larger the variances of bins' gaps and of their sum are than those of independent answers.

    Args:
        rows: At least one with a confidence.
        place: As for `excess`.

    Returns:
        At least 1; 1 where no image has several rows with a confidence.
    """
    stated = rows.taken(rows.stated)
    if stated.is_one_row_each:
        return 1.0
    residual, own = _residuals(stated, place)
    within = design_effect(residual, stated.image * (int(own.max()) + 1) + own)
    return max(within, design_effect(residual, stated.image))


def of_gaps(place: Place) -> dict[str, Any]:
    """What a `Metric` declares that sums the gaps of these bins: all that follows from where they are."""
    return {
        "place": place,
        "effect": lambda rows: gap_effect(rows, place),
        "held": signs_held(place),
        "excess": excess(place),
        "change": Change("gaps"),
    }


def mean_gap_effect(tasks: Sequence[Observations], place: Place) -> float:
    """How much larger the variance of the mean of tasks' errors is than if they shared no images.

    Args:
        tasks: Each with at least one row that has a confidence; an image has one number in all of them.
        place: As for `excess`.
    """
    stated = [rows.taken(rows.stated) for rows in tasks]
    residual = np.concatenate([_residuals(rows, place)[0] / rows.n for rows in stated])
    weight = np.concatenate([np.full(rows.n, 1 / rows.n) for rows in stated])
    part = np.repeat(np.arange(len(stated)), [rows.n for rows in stated])
    return design_effect(residual, np.concatenate([rows.image for rows in stated]), part, weight)


def _residuals(stated: Observations, place: Place) -> tuple[Values, NDArray[np.intp]]:
    """Of rows that all have a confidence: how far each is from its bin's gap, with its sign; and its bin."""
    cells = Cells.of_rows(stated.confidence, stated.right)
    own = place(cells)[np.searchsorted(cells.confidence, stated.confidence)]
    residual = stated.confidence - stated.right
    # What a bin's rows have in common is its gap, and no dependence.
    sums = np.bincount(own, weights=residual)
    return centred(residual, own) * np.where(sums[own] < 0, -1, 1), own


def _may_be_zero(gap: Values, spread: Values, unit: Values) -> NDArray[np.bool_]:
    return np.asarray(gap <= NEAR * np.sqrt(spread + UNSEEN * unit))


def _taken(gaps: Gaps, which: NDArray[np.bool_]) -> Gaps:
    return Gaps(*(getattr(gaps, each.name)[which] for each in fields(gaps)))


def _folded_mean(mean: float) -> float:
    """The mean of |X| of a normal X with this mean and variance 1 (Leone, Nelson and Nottingham, 1961)."""
    normal = NormalDist()
    return 2 * normal.pdf(mean) + mean * (2 * normal.cdf(mean) - 1)
