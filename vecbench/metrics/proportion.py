"""Intervals for a proportion."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson_interval(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval (Wilson, 1927), without continuity correction.

    Args:
        successes: In [0, n].
        n: At least 1.
        level: Nominal coverage, in (0, 1).

    Returns:
        (low, high), within [0, 1].

    Raises:
        ValueError: The counts or the level are out of range.
    """
    if not (0 <= successes <= n and n >= 1 and 0 < level < 1):
        raise ValueError(f"no interval for {successes} of {n} at level {level}")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At 0 and n successes one end is exact, which rounding would miss.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high
