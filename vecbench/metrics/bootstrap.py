"""The bootstrap, on counts: its cost does not depend on the number of rows.

Rows with the same confidence and the same outcome are the same to every metric here. Drawing n rows with
replacement therefore is one multinomial draw of the cells' counts, and a metric over all replicates is a
few matrix products.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Counts, Values
from vecbench.metrics.clusters import Clusters
from vecbench.metrics.condensed import condensed, grouping, is_condensed
from vecbench.metrics.replication import in_blocks
from vecbench.metrics.totals import Totals

LEVEL = 0.95
REPLICATES = 10_000
SEED = 0
BLOCK = 500
"""Replicates that are drawn and computed at once: few enough to stay in a processor's cache."""

FEW_CELLS = 64
FEW_A_CELL = 8
"""With more cells than `FEW_CELLS` and fewer rows a cell than this, drawing rows beats drawing counts."""

AT_ONCE = 125
"""Replicates whose rows are drawn at once: few enough to stay in a processor's cache."""


Statistic = Callable[[Totals], Values]


def _resampled(counts: Counts, replicates: int, stream: np.random.Generator) -> Counts:
    """Counts of drawn rows, shape (replicates, places), of the rows' own, shape (places,).

    With replacement (Efron, 1979).
    """
    drawn = np.zeros((replicates, counts.size))
    filled = counts > 0
    n = int(counts.sum())
    few = np.count_nonzero(filled)
    if few > FEW_CELLS and n < FEW_A_CELL * few:
        drawn[:, filled] = rows_drawn(counts[filled].astype(np.int64), replicates, stream)
    elif n:
        drawn[:, filled] = stream.multinomial(n, counts[filled] / n, size=replicates)
    return drawn


def rows_drawn(
    counts: NDArray[np.int64],
    replicates: int,
    stream: np.random.Generator,
    kind: type[np.uint16 | np.int64] = np.int64,
) -> NDArray[np.int64]:
    """How often each cell is drawn when n rows are drawn one by one, with replacement.

    Args:
        counts: Rows of each cell, at least one each, n in all, at least one; shape (u,).
        replicates: How many, at least 1.
        stream: Of the draws.
        kind: Of the numbers that are drawn. Those of 16 bits are faster, for n of at most 2**16; they are
            others.

    Returns:
        Shape (replicates, u); every line's sum is n.
    """
    u, n = counts.size, int(counts.sum())
    parts = []
    cell = None if n == u else np.repeat(np.arange(u), counts)
    for begin in range(0, replicates, AT_ONCE):
        lines = min(AT_ONCE, replicates - begin)
        chosen = stream.integers(0, n, (lines, n), dtype=kind).astype(np.int64, copy=False)
        if cell is not None:
            chosen = cell[chosen]
        chosen += np.arange(lines)[:, None] * u
        parts.append(np.bincount(chosen.ravel(), minlength=lines * u).reshape(lines, u))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def bootstrap(
    strata: Mapping[str, Totals],
    pools: Mapping[Any, Sequence[str]],
    statistics: Mapping[str, Statistic],
    replicates: int = REPLICATES,
    seed: int = SEED,
    clusters: Sequence[Clusters] = (),
    *,
    unseen: bool = False,
) -> dict[Any, dict[str, Values]]:
    """Replicates of statistics of several sets of rows, and of pools of them.

    Every stratum is resampled by itself, so a pool holds as many rows of each as the data does; images that
    have several rows are drawn with all of them, whatever their strata. The draws do not depend on the
    number of processors.

    A stratum with very many distinct confidences is condensed first, for the spread of the replicates
    alone: they are moved by what condensing has changed in the statistics of the rows themselves.

    Args:
        strata: Name → rows that were not resampled.
        pools: Key, which is no stratum's name → the strata it holds, at least one.
        statistics: Key → what to compute.
        replicates: How many, at least 1.
        seed: Of the draws.
        clusters: Images of which the strata have several rows; the rows are among those of the strata.
        unseen: Whether a replicate has two rows more than were seen, on average, so that rows which are all
            right, or ranked without a fault, have a spread too; see `_with_unseen`.

    Returns:
        Stratum or pool → key → values of shape (replicates,); the same replicate of a stratum and
        of a pool that holds it is of the same draw.
    """
    used = {name: replace(rows, cells=condensed(rows.cells)) for name, rows in strata.items()}
    apart = {name: rows.by_place for name, rows in used.items()}
    together = [
        {name: each.counts(name, grouping(strata[name].cells)) for name in each.place} for each in clusters
    ]
    for units in together:
        for name, counts in units.items():
            apart[name] = apart[name] - counts.sum(axis=0)

    observed = _with_pools(used, pools)

    def block(size: int, stream: np.random.Generator) -> dict[Any, dict[str, Values]]:
        drawn = {name: _resampled(counts, size, stream) for name, counts in apart.items()}
        for units in together:
            number = len(next(iter(units.values())))
            times = rows_drawn(np.ones(number, dtype=np.int64), size, stream).astype(np.float64)
            for name, counts in units.items():
                drawn[name] += times @ counts
        rows = {name: Totals.of_counts(used[name].cells.confidence, drawn[name]) for name in used}
        sets = _with_pools(rows, pools)
        if unseen:
            sets = {name: _with_unseen(each, observed[name], size, stream) for name, each in sets.items()}
        return _of_sets(sets, statistics)

    blocks = in_blocks(block, replicates, BLOCK, seed)
    drawn = {
        name: {key: np.concatenate([each[name][key] for each in blocks]) for key in statistics}
        for name in [*strata, *pools]
    }
    if any(is_condensed(rows.cells) for rows in strata.values()):
        move(drawn, of_strata(strata, pools, statistics), of_strata(used, pools, statistics))
    return drawn


def of_strata(
    strata: Mapping[str, Totals], pools: Mapping[Any, Sequence[str]], statistics: Mapping[str, Statistic]
) -> dict[Any, dict[str, Values]]:
    """Statistics of sets of rows, and of pools of them: name → key → values, of shape (...).

    Args and errors as for `bootstrap`; the rows may be resampled or not.
    """
    return _of_sets(_with_pools(strata, pools), statistics)


def _with_pools(strata: Mapping[str, Totals], pools: Mapping[Any, Sequence[str]]) -> dict[Any, Totals]:
    pooled = {name: Totals.pooled([strata[part] for part in parts]) for name, parts in pools.items()}
    return {**strata, **pooled}


def _of_sets(sets: Mapping[Any, Totals], statistics: Mapping[str, Statistic]) -> dict[Any, dict[str, Values]]:
    return {
        name: {key: statistic(rows) for key, statistic in statistics.items()} for name, rows in sets.items()
    }


def _with_unseen(drawn: Totals, observed: Totals, size: int, stream: np.random.Generator) -> Totals:
    """Replicates with one more right and one more wrong row, on average.

    Rows that were all right are resampled as all right, however few they are. Two more, at confidences that
    were stated, are what a uniform prior of the chance of being right adds (Rubin, 1981).

    Args:
        drawn: Replicates of the rows.
        observed: The rows.
        size: How many replicates.
        stream: Of the draws.
    """
    k = observed.cells.confidence.size
    rows = np.append(observed.cells.total, observed.missing)
    if not rows.sum():
        return drawn
    replicate = np.repeat(np.arange(size), stream.poisson(2, size))
    chosen = stream.choice(k + 1, replicate.size, p=rows / rows.sum())
    wrong = stream.integers(0, 2, replicate.size)
    # The order of `Totals.by_place`: right and wrong at each confidence, then without one.
    place = np.where(chosen < k, chosen + k * wrong, 2 * k + wrong)
    counts = drawn.by_place
    np.add.at(counts, (replicate, place), 1)
    return Totals.of_counts(observed.cells.confidence, counts)


def move(
    replicates: Mapping[Any, dict[str, Values]],
    exact: Mapping[Any, Mapping[str, Values]],
    used: Mapping[Any, Mapping[str, Values]],
) -> None:
    """Moves replicates of rows whose confidences were changed a little to where the rows themselves are.

    Args:
        replicates: Name → key → values; changed in place.
        exact: The same statistics of the rows; nan where undefined, which moves nothing.
        used: Those of the rows that were resampled.
    """
    for name, statistics in replicates.items():
        for key, values in statistics.items():
            distance = exact[name][key] - used[name][key]
            if not np.isnan(distance):
                statistics[key] = values + distance


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
