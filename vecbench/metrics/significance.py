"""Is a difference between two models more than chance?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecbench.metrics.bootstrap import reflected_interval
from vecbench.metrics.cells import Values
from vecbench.metrics.definition import Bias

FEWEST_SAMPLES = 50
"""A bootstrap of fewer samples than this claims too much, and of one sample whatever it shows.

Of a difference, only samples that differ count: the others add the same to both sides. Resampled from few,
the replicates are too much alike and too seldom of the other sign.
"""

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class PValues:
    """How often chance alone would show as large a change, in each direction.

    Attributes:
        fall: For the second model's value being lower than the first's; in (0, 1].
        rise: For its being higher; in (0, 1].
        least: No p value of this test can be lower, whatever the data: that of a bootstrap with so many
            replicates. 0 for an exact test.
    """

    fall: float
    rise: float
    least: float = 0.0

    @property
    def two_sided(self) -> float:
        """For the two values being different; in (0, 1]."""
        return min(1.0, 2 * min(self.fall, self.rise))


def mcnemar_p(lost: int, gained: int) -> PValues:
    """McNemar's exact test of a share of the same samples (McNemar, 1947).

    Without a change, each sample that has changed was as likely lost as gained; the others say nothing.

    Args:
        lost: Samples that the first model has and the second has not.
        gained: Samples that the second model has and the first has not.
    """
    from scipy.special import bdtr

    changed = lost + gained
    return PValues(float(bdtr(gained, changed, 0.5)), float(bdtr(lost, changed, 0.5)))


def sign_flip_p(changes: ArrayLike) -> PValues:
    """The exact sign-flip test of a sum over independent units (Fisher, 1935); McNemar's, if all are ±1.

    Without a change, a unit's change was as likely as its opposite, whatever its size: so may several answers
    to one image be taken, which depend on each other.

    Args:
        changes: Of each unit, in whole numbers: those that it gained less those that it lost; shape (n,).
    """
    from scipy.special import gammaln

    each = np.asarray(changes, dtype=np.int64)
    sizes, numbers = np.unique(np.abs(each[each != 0]), return_counts=True)
    if sizes.max(initial=1) == 1:
        return mcnemar_p(int(np.sum(each < 0)), int(np.sum(each > 0)))
    chances = np.ones(1)  # of the sum of the sizes that went up
    for size, number in zip(sizes.tolist(), numbers.tolist(), strict=True):
        up = np.arange(number + 1)
        ways = gammaln(number + 1) - gammaln(up + 1) - gammaln(number - up + 1)
        spaced = np.zeros(size * number + 1)
        spaced[::size] = np.exp(ways - number * np.log(2))
        chances = np.convolve(chances, spaced)
    found = int(each[each > 0].sum())
    return PValues(min(1.0, float(chances[: found + 1].sum())), min(1.0, float(chances[found:].sum())))


def mcnemar_two_sided(lost: ArrayLike, gained: ArrayLike) -> NDArray[np.float64]:
    """The two-sided p values of many McNemar tests at once, see `mcnemar_p`.

    Args:
        lost: Samples that only the first model has, in each.
        gained: Samples that only the second has; same shape.
    """
    from scipy.special import bdtr

    one, other = np.asarray(lost), np.asarray(gained)
    return np.asarray(np.minimum(1.0, 2 * bdtr(np.minimum(one, other), one + other, 0.5)))


def binomial_p(successes: int, n: int, share: float) -> PValues:
    """The exact test of a share against a given one; `fall` is for its being lower than that.

    Args:
        successes: In [0, n].
        n: At least 1.
        share: In [0, 1].
    """
    from scipy.special import bdtr, bdtrc

    more = float(bdtrc(successes - 1, n, share)) if successes else 1.0
    return PValues(float(bdtr(successes, n, share)), more)


def bootstrap_p(estimate: float, replicates: Values, bias: Bias = "none") -> PValues | None:
    """The test that goes with a bootstrap interval: the largest level at which it still holds 0.

    That is the share of replicates beyond 0, counting the data itself as one of them (Davison and
    Hinkley, 1997, section 4.4.5), so that it is never 0. Of two intervals the less favourable one counts,
    see `difference_interval`.

    Args:
        estimate: The difference.
        replicates: The difference in each replicate; nan where it is undefined.
        bias: What resampling does to the metric.

    Returns:
        None when more than one replicate in twenty is undefined.
    """
    defined = replicates[~np.isnan(replicates)]
    if defined.size < 0.95 * replicates.size or defined.size == 0:
        return None
    # Counts are whole, sums of confidences are not: a difference of 0 may come out as a rounding error.
    slack = 1e-12
    fall, rise = 0, 0
    if bias != "steady":
        fall, rise = int(np.sum(defined >= -slack)), int(np.sum(defined <= slack))
    if bias != "none":
        fall = max(fall, int(np.sum(defined <= 2 * estimate + slack)))
        rise = max(rise, int(np.sum(defined >= 2 * estimate - slack)))
    draws = 1 + defined.size
    return PValues((1 + fall) / draws, (1 + rise) / draws, 1 / draws)


def difference_interval(
    estimate: float, replicates: Values, bias: Bias = "none", level: float = 0.95
) -> tuple[float, float] | None:
    """The interval of a difference between two models on the same samples.

    The percentile interval, if nothing speaks against it. Where resampling adds a steady bias, the reflected
    one. Of a calibration error, resampling exaggerates each side by an amount of its own: the percentile
    interval is too wide where both are well calibrated, the reflected one too narrow. Their hull is taken,
    which rejects no change too seldom rather than too often.

    Args:
        estimate: The difference.
        replicates: The difference in each replicate; nan where it is undefined.
        bias: What resampling does to the metric.
        level: Nominal coverage, in (0, 1).

    Returns:
        (low, high); None when more than one replicate in twenty is undefined.
    """
    defined = replicates[~np.isnan(replicates)]
    if defined.size < 0.95 * replicates.size or defined.size == 0:
        return None
    low, high = (float(each) for each in np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]))
    reflected = 2 * estimate - high, 2 * estimate - low
    if bias == "none":
        return low, high
    if bias == "steady":
        return reflected
    return min(low, reflected[0]), max(high, reflected[1])


def error_difference_interval(
    errors: tuple[float, float],
    replicates: Values,
    zero_p: tuple[float, float] = (0.0, 0.0),
    level: float = 0.95,
) -> tuple[float, float] | None:
    """The interval of a difference between two calibration errors on the same samples.

    As `difference_interval` with the bias "fading". An error that is 0 is overestimated by all that chance
    adds to it, which no resampling takes off again. So while a model's answers may be a calibrated one's, the
    interval reaches as far as if that model's error were 0: as the other one's `reflected_interval` does.

    Args:
        errors: Of the first and of the second model.
        replicates: Of both, on the same samples; shape (2, replicates).
        zero_p: The p values of the tests that either is calibrated; 0 where it cannot be.
        level: Nominal coverage, in (0, 1).

    Returns:
        (low, high) of second − first; None when more than one replicate in twenty is undefined.
    """
    hull = difference_interval(errors[1] - errors[0], replicates[1] - replicates[0], "fading", level)
    if hull is None:
        return None
    low, high = hull
    may_be_zero = [p > (1 - level) / 2 for p in zero_p]
    alone = [
        reflected_interval(error, drawn, may_be_zero=zero, level=level)
        for error, drawn, zero in zip(errors, replicates, may_be_zero, strict=True)
    ]
    if may_be_zero[0] and alone[1] is not None:
        low, high = min(low, alone[1][0]), max(high, alone[1][1])
    if may_be_zero[1] and alone[0] is not None:
        low, high = min(low, -alone[0][1]), max(high, -alone[0][0])
    return low, high


def error_difference_p(
    errors: tuple[float, float], replicates: Values, zero_p: tuple[float, float] = (0.0, 0.0)
) -> PValues | None:
    """The test that goes with `error_difference_interval`: an error that may be 0 can have no lower one.

    Args:
        errors: As there.
        replicates: As there.
        zero_p: As there.

    Returns:
        None when more than one replicate in twenty is undefined.
    """
    p = bootstrap_p(errors[1] - errors[0], replicates[1] - replicates[0], "fading")
    return None if p is None else PValues(max(p.fall, zero_p[0]), max(p.rise, zero_p[1]), p.least)


def holm(p_values: Mapping[Name, float]) -> dict[Name, float]:
    """P values adjusted for their number (Holm, 1979).

    Rejecting those below a level makes a false claim among all of them at most that often, however
    they depend on each other.

    Args:
        p_values: Name → p value.

    Returns:
        Name → adjusted p value, in (0, 1], never below the one given; in the same order.
    """
    adjusted = holm_adjusted(np.array(list(p_values.values()), dtype=np.float64))
    return dict(zip(p_values, adjusted.tolist(), strict=True))


def holm_adjusted(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`holm` of an array, shape (m,)."""
    order = np.argsort(p_values, kind="stable")
    multiplied = np.minimum(1.0, np.arange(p_values.size, 0, -1) * p_values[order])
    adjusted = np.empty(p_values.size)
    adjusted[order] = np.maximum.accumulate(multiplied)
    return adjusted
