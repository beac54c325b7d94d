"""The bootstrap, on counts: its cost does not depend on the number of rows.

Rows with the same confidence and the same outcome are the same to every metric here. Drawing n rows with
replacement therefore is one multinomial draw of the cells' counts, and a metric over all replicates is a
few matrix products.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from vecbench.metrics.cells import Cells, Counts, Values, share

LEVEL = 0.95
REPLICATES = 10_000
SEED = 0
BLOCK = 500
"""Replicates that are drawn and computed at once: few enough to stay in a processor's cache."""


@dataclass(frozen=True)
class Outcomes:
    """All rows: those with a confidence, and those without.

    Attributes:
        cells: Rows that have a confidence; right and wrong of shape (..., k).
        missing_right: Rows without a confidence that are right; shape (...).
        missing_wrong: Rows without a confidence that are wrong; shape (...).
    """

    cells: Cells
    missing_right: Counts
    missing_wrong: Counts

    @classmethod
    def pooled(cls, parts: Sequence[Outcomes]) -> Outcomes:
        """Several sets of rows together, replicate by replicate."""
        right = np.asarray(np.sum([part.missing_right for part in parts], axis=0))
        wrong = np.asarray(np.sum([part.missing_wrong for part in parts], axis=0))
        return cls(Cells.pooled([part.cells for part in parts]), right, wrong)

    @property
    def accuracy(self) -> Values:
        """Right rows among all rows; shape (...)."""
        right = self.cells.total_right + self.missing_right
        return share(right, self.cells.counts + self.missing_right + self.missing_wrong)

    @property
    def coverage(self) -> Values:
        """Rows with a confidence among all rows; shape (...)."""
        stated = self.cells.counts
        return share(stated, stated + self.missing_right + self.missing_wrong)


Statistic = Callable[[Outcomes], Values]


def resample(outcomes: Outcomes, replicates: int, stream: np.random.Generator) -> Outcomes:
    """Replicates of n rows drawn with replacement from the n rows (Efron, 1979).

    Args:
        outcomes: Rows that were not resampled.
        replicates: How many, at least 1.
        stream: Of the draws.

    Returns:
        Outcomes whose counts have shape (replicates, k) and (replicates,).
    """
    cells, k = outcomes.cells, outcomes.cells.confidence.size
    counts = np.r_[cells.right, cells.wrong, outcomes.missing_right, outcomes.missing_wrong]
    drawn = np.zeros((replicates, counts.size))
    filled = counts > 0
    n = int(counts.sum())
    if n:
        drawn[:, filled] = stream.multinomial(n, counts[filled] / n, size=replicates)
    right, wrong = drawn[:, :k], drawn[:, k : 2 * k]
    return Outcomes(Cells(cells.confidence, right, wrong), drawn[:, -2], drawn[:, -1])


def bootstrap(
    strata: Mapping[str, Outcomes],
    pools: Mapping[str, Sequence[str]],
    statistics: Mapping[str, Statistic],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> dict[str, dict[str, Values]]:
    """Replicates of statistics of several sets of rows, and of pools of them.

    Every stratum is resampled by itself, so a pool holds as many rows of each as the data does. The
    draws do not depend on the number of processors.

    Args:
        strata: Name → rows that were not resampled.
        pools: Name → the strata it holds, at least one; no name is a stratum's.
        statistics: Key → what to compute.
        replicates: How many, at least 1.
        seed: Of the draws.

    Returns:
        Name of stratum or pool → key → values of shape (replicates,); the same replicate of a stratum and
        of a pool that holds it is of the same draw.
    """
    streams = np.random.SeedSequence(seed).spawn(-(-replicates // BLOCK))
    sizes = [min(BLOCK, replicates - begin) for begin in range(0, replicates, BLOCK)]

    def block(size: int, sequence: np.random.SeedSequence) -> dict[str, dict[str, Values]]:
        stream = np.random.default_rng(sequence)
        drawn = {name: resample(rows, size, stream) for name, rows in strata.items()}
        drawn |= {name: Outcomes.pooled([drawn[each] for each in parts]) for name, parts in pools.items()}
        return {
            name: {key: statistic(rows) for key, statistic in statistics.items()}
            for name, rows in drawn.items()
        }

    # numpy frees the interpreter while it draws and multiplies, so threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        blocks = list(pool.map(block, sizes, streams))
    return {
        name: {key: np.concatenate([each[name][key] for each in blocks]) for key in statistics}
        for name in [*strata, *pools]
    }


def percentile_interval(replicates: Values, level: float = LEVEL) -> tuple[float, float] | None:
    """The percentile interval: the middle `level` of the replicates.

    Args:
        replicates: The metric of each replicate; nan where it is undefined there.
        level: Nominal coverage, in (0, 1).

    Returns:
        (low, high); None when more than one replicate in twenty is undefined, since what is left would
        be the interval of something else.
    """
    defined = replicates[~np.isnan(replicates)]
    if defined.size < 0.95 * replicates.size:
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def reflected_interval(
    estimate: float, replicates: Values, *, may_be_zero: bool, level: float = LEVEL
) -> tuple[float, float] | None:
    """The reflected ("basic") interval [2e − q_high, 2e − q_low], within [0, 1]; for calibration errors.

    Resampling a calibration error adds noise that it takes for more error: its replicates lie above the
    estimate as the estimate lies above the truth, and near 0 no percentile interval reaches down to
    it. Reflecting them corrects for that (Davison and Hinkley, 1997, section 5.2).

    Args:
        estimate: The metric of the rows.
        replicates: The metric of each replicate.
        may_be_zero: Whether the consistency test lets 0 stand; the lower end is 0 then.
        level: Nominal coverage, in (0, 1).

    Returns:
        (low, high) with 0 ≤ low ≤ estimate ≤ high ≤ 1; None as for `percentile_interval`.
    """
    percentiles = percentile_interval(replicates, level)
    if percentiles is None:
        return None
    low = 0.0 if may_be_zero else min(estimate, max(0.0, 2 * estimate - percentiles[1]))
    return low, min(1.0, max(estimate, 2 * estimate - percentiles[0]))
