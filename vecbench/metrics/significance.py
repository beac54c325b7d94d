"""Is a difference between two models more than chance?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecbench.metrics.cells import Values
from vecbench.metrics.definition import Bias

FEWEST_SAMPLES = 50
"""A bootstrap of fewer samples than this claims too much, and of one sample whatever it shows.

Of a difference, only samples that differ count: the others add the same to both sides. Resampled from few,
the replicates are too much alike and too seldom of the other sign.
"""

SLACK = 1e-12
"""A difference that is no larger than this is a rounding error."""

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


def bootstrap_p(
    estimate: float, replicates: Values, bias: Bias = "none", noise: tuple[float, float] = (0.0, 0.0)
) -> PValues | None:
    """The test that goes with `difference_interval`: the largest level at which that still holds 0.

    That is the share of replicates beyond 0, counting the data itself as one of them (Davison and
    Hinkley, 1997, section 4.4.5), so that it is never 0. Of two intervals the less favourable one counts.

    Args:
        estimate: The difference.
        replicates: The difference in each replicate; nan where it is undefined.
        bias: What resampling does to the metric.
        noise: What chance has added to the first and to the second model's value, at most.

    Returns:
        None when more than one replicate in twenty is undefined.
    """
    defined = _defined(replicates)
    if defined is None:
        return None
    fall, rise = 0, 0
    if bias != "steady":
        fall, rise = int(np.sum(defined + noise[0] >= -SLACK)), int(np.sum(defined - noise[1] <= SLACK))
    if bias in {"steady", "fading"}:
        fall = max(fall, int(np.sum(defined <= 2 * estimate + SLACK)))
        rise = max(rise, int(np.sum(defined >= 2 * estimate - SLACK)))
    draws = 1 + defined.size
    return PValues((1 + fall) / draws, (1 + rise) / draws, 1 / draws)


def difference_interval(
    estimate: float,
    replicates: Values,
    bias: Bias = "none",
    level: float = 0.95,
    noise: tuple[float, float] = (0.0, 0.0),
) -> tuple[float, float] | None:
    """The interval of a difference between two models on the same samples.

    It holds 0 exactly where the two-sided p value of `bootstrap_p` is no less than 1 − level.

    Args:
        estimate: The difference.
        replicates: The difference in each replicate; nan where it is undefined.
        bias: What resampling does to the metric.
        level: Nominal coverage, in (0, 1).
        noise: What chance has added to the first and to the second model's value, at most.

    Returns:
        (low, high); None when more than one replicate in twenty is undefined.
    """
    defined = _defined(replicates)
    if defined is None:
        return None
    # With fewer replicates beyond 0 than so many, and the data counted as one, the test rejects.
    place = max(0, int(np.ceil((1 - level) / 2 * (1 + defined.size) - SLACK)) - 2)
    ordered = np.partition(defined, (place, defined.size - 1 - place))
    low, high = float(ordered[place]) - noise[1], float(ordered[defined.size - 1 - place]) + noise[0]
    reflected = 2 * estimate - high, 2 * estimate - low
    if bias == "steady":
        low, high = reflected
    elif bias == "fading":
        low, high = min(low, reflected[0]), max(high, reflected[1])
    # Counts are whole, sums of confidences are not: a difference of 0 may come out as a rounding error.
    return (0.0 if abs(low) <= SLACK else low), (0.0 if abs(high) <= SLACK else high)


def _defined(replicates: Values) -> Values | None:
    defined: Values = replicates[~np.isnan(replicates)]
    return defined if defined.size >= max(1, 0.95 * replicates.size) else None


def agreeing(
    interval: tuple[float, float], p: PValues, least: float, level: float = 0.95
) -> tuple[float, float]:
    """An interval that was made otherwise than its test, made to hold 0 exactly where the test lets 0 stand.

    Args:
        interval: Low and high end.
        p: Of the test.
        least: The smallest difference that there can be.
        level: Nominal coverage, in (0, 1).
    """
    low, high = interval
    if p.two_sided >= 1 - level:
        return min(low, 0.0), max(high, 0.0)
    return (max(low, least / 2), high) if p.rise < p.fall else (low, min(high, -least / 2))


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
