"""Intervals for a proportion, and for the plain mean of several."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import NormalDist


def wilson_interval(
    successes: int, n: int, level: float = 0.95, design_effect: float = 1.0
) -> tuple[float, float]:
    """The Wilson score interval (Wilson, 1927), without continuity correction.

    Of rows that are not independent, it is that of the same share among as many independent rows as would say
    as much, n / design effect of them (Korn and Graubard, 1998).

    Args:
        successes: In [0, n].
        n: At least 1.
        level: Nominal coverage, in (0, 1).
        design_effect: See `clusters.design_effect`; at least 1.

    Returns:
        (low, high), within [0, 1].

    Raises:
        ValueError: The counts, the level or the design effect are out of range.
    """
    if not (0 <= successes <= n and n >= 1 and 0 < level < 1 and design_effect >= 1):
        raise ValueError(f"no interval for {successes} of {n} at level {level}")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, m = successes / n, n / design_effect
    centre = (share + z * z / (2 * m)) / (1 + z * z / m)
    half = z / (1 + z * z / m) * sqrt(share * (1 - share) / m + z * z / (4 * m * m))
    # At 0 and n successes one end is exact, which rounding would miss.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def mean_interval(
    estimates: Sequence[tuple[float, float, float]], design_effect: float = 1.0
) -> tuple[float, float]:
    """An interval for the unweighted mean of proportions, from the interval of each.

    The distances of the ends from the estimates add up as standard errors do: the square-and-add rule of
    Newcombe (1998), for any linear combination by Zou and Donner (2008). With Wilson intervals, a single
    proportion keeps its own; unlike a bootstrap's, the interval has a width where every proportion is 0 or 1.

    Args:
        estimates: (proportion, low, high) of each, within [0, 1]; at least one.
        design_effect: How much larger the mean's variance is than that of independent proportions.

    Returns:
        (low, high), within [0, 1].

    Raises:
        ValueError: There are none.
    """
    if not estimates:
        raise ValueError("no mean of no proportions")
    n = len(estimates) / sqrt(design_effect)
    mean = fsum(value for value, _, _ in estimates) / len(estimates)
    below = sqrt(fsum((value - low) ** 2 for value, low, _ in estimates)) / n
    above = sqrt(fsum((high - value) ** 2 for value, _, high in estimates)) / n
    return max(0.0, mean - below), min(1.0, mean + above)
