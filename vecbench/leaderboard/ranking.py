"""Rank ranges: two models whose difference is not significant share a rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vecbench.leaderboard.answers import Answers, Estimated, Matrix, alike
from vecbench.leaderboard.columns import BoardColumn, Measure
from vecbench.leaderboard.entry import Entry, RowMetrics
from vecbench.metrics.cells import Values
from vecbench.metrics.significance import FEWEST_SAMPLES, holm_adjusted, mcnemar_two_sided
from vecbench.scoring.scores import MOST_MISSING

LEVEL = 0.05
Range = tuple[int, int]
"""Best and worst rank."""
_Compared = tuple[Values, Matrix]
"""All models in one column: values, nan where there is none to be ranked; two-sided p of every pair.

P values are symmetric, shape (models, models). Those above `LEVEL` may be 1.
"""
NOWHERE = 3.8
"""Squared t below which p is above `LEVEL`, whatever the degrees of freedom."""
NEAR, FAR = 2, 60
"""Of the squared difference of the samples that one of two models alone has right, over their sum."""
NEGLIGIBLE = 1e-6
"""Share of two variances below which the variance of their difference drowns in rounding."""


def rank_ranges(
    entries: Sequence[Entry],
    pooled: Sequence[RowMetrics],
    tasks: Sequence[str],
    columns: Sequence[BoardColumn],
) -> dict[Measure, list[Range | None]]:
    """The ranks that each model may hold over the rows of some tasks, in each column that has a test.

    Every pair is tested. Pooled shares of right rows: with outcomes on the same samples McNemar's exact test,
    otherwise that of two independent shares (z test with the pooled variance). The others: a paired t test of
    what each sample contributes to the two values (`vecbench.leaderboard.answers`), stratified by task; of
    a metric that noise makes larger only what exceeds that counts, and a row without a confidence counts at
    its worst case (`Metric.worst`). Where tasks share images, what their
    samples contribute is added up by image, and pooled shares differ only if they do by such a t test too.
    Holm's correction over all pairs holds the chance of any wrong distinction in a column at 5 %. A model's
    best rank is 1 + the models that are significantly better, its worst one the number of models less those
    that are significantly worse.

    A model has no rank (None) with several repeats, when there is nothing to compare it with, in pooled
    shares without counts, in the others without outcomes, and in metrics of the rows with a confidence where
    it states none for more than 5 % of the rows: it has chosen which; nor in these where more than 20 % of
    its answers to one of the tasks were not read: who refuses with confidence 0 is never wrong. `pooled` is
    what each entry says of the rows of all `tasks` together.
    """
    # Repeated answers to a sample are not independent: as many rows as they make up, they say less.
    once = [place for place, entry in enumerate(entries) if entry.decoding.repeats == 1]
    groups = alike(entries, tasks)
    counted = [place for place in once if pooled[place].correct is not None and pooled[place].n]
    unread = [
        any(name in each.tasks and each.tasks[name].is_mostly_unread for name in tasks) for each in entries
    ]
    found: dict[Measure, list[Range | None]] = {}
    for column, (values, p) in _compared(columns, groups, pooled, counted):
        ranks: list[Range | None] = [None] * len(entries)
        found[column.measure] = ranks
        if column.metric.over == "confident":
            values[unread] = np.nan
        for place, range_ in _ranges(values, p, higher=column.metric.better == "higher"):
            ranks[place] = range_
        if len(tasks) == 1 and column.test == "shares" and column.aggregate == "macro":
            # One and the same number has one rank: that of the exact test.
            exact = found[column.metric.key, "pooled"]
            there = {place for group in groups for place in group.members}
            found[column.measure] = [exact[place] if place in there else None for place in range(len(exact))]
    return found


def _compared(
    columns: Sequence[BoardColumn],
    groups: Sequence[Answers],
    pooled: Sequence[RowMetrics],
    counted: Sequence[int],
) -> Iterator[tuple[BoardColumn, _Compared]]:
    many = [group for group in groups if group.n >= FEWEST_SAMPLES]
    estimated = [column for column in columns if column.test == "influence"]
    metrics = [column.metric for column in estimated]
    estimates = [group.estimates(metrics, 1 - MOST_MISSING) for group in many]
    for column in columns:
        if column.test == "shares" and column.aggregate == "pooled":
            yield column, _shares(groups, pooled, counted)
        elif column.test == "shares":
            yield column, _estimated(many, [group.macro_share() for group in many], len(pooled))
    for column in estimated:
        yield column, _estimated(many, [next(each) for each in estimates], len(pooled))


def _shares(groups: Sequence[Answers], pooled: Sequence[RowMetrics], counted: Sequence[int]) -> _Compared:
    values = np.full(len(pooled), np.nan)
    correct, n = (
        np.array([getattr(pooled[place], name) for place in counted], dtype=np.float64)
        for name in ("correct", "n")
    )
    values[counted] = correct / n
    p_values = np.ones((len(pooled), len(pooled)))
    if not any(group.members == counted for group in groups):
        p_values[np.ix_(counted, counted)] = _two_shares(correct, n)
    for group in groups:
        exact = _mcnemar(group.right_alone)
        if group.shares_images:
            # McNemar's test takes samples for independent, the other one takes many of them.
            exact = np.maximum(exact, _t_test(group.pooled_share, np.full(len(exact), group.freedom)))
        p_values[np.ix_(group.members, group.members)] = exact
    return values, p_values


def _mcnemar(alone: NDArray[np.int64]) -> Matrix:
    """Two-sided exact p of every pair, from the samples that only one of the two got right."""
    first, second = _pairs(len(alone))
    one, other = alone[first, second], alone[second, first]
    # The test takes time. Nothing as near to a draw as this is significant; and as far from it, Hoeffding's
    # bound on p, 2 exp(−squared / 2), is small enough for any number of models.
    squared = (one - other) ** 2 / np.maximum(one + other, 1)
    tested, far = (squared >= NEAR) & (squared < FAR), squared >= FAR
    pairs = np.ones(one.shape)
    pairs[far] = 2 * np.exp(-FAR / 2)
    pairs[tested] = mcnemar_two_sided(one[tested], other[tested])
    return _symmetric(pairs, len(alone))


def _two_shares(correct: Values, n: Values) -> Matrix:
    """Two-sided p of every pair of independent shares."""
    from scipy.special import ndtr

    share = correct / n
    together = (correct[:, None] + correct[None, :]) / (n[:, None] + n[None, :])
    variance = together * (1 - together) * (1 / n[:, None] + 1 / n[None, :])
    difference = np.abs(share[:, None] - share[None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, difference / np.sqrt(variance), 0.0)
    return np.asarray(2 * ndtr(-z))


def _estimated(groups: Sequence[Answers], estimates: Sequence[Estimated], count: int) -> _Compared:
    """What is estimated from the samples of each group, of `count` models."""
    every = Estimated(np.full(count, np.nan), np.zeros(count), np.zeros((count, count)))
    freedom = np.ones(count)
    for group, found in zip(groups, estimates, strict=True):
        members, freedom[group.members] = group.members, group.freedom
        every.value[members], every.excess[members] = found.value, found.excess
        every.covariance[np.ix_(members, members)] = found.covariance
    p_values = _t_test(every, freedom)
    for group in groups:
        places = np.ix_(group.members, group.members)
        p_values[places] = np.where(group.few_differ(p_values[places] <= LEVEL), 1.0, p_values[places])
    return every.value, p_values


def _t_test(estimated: Estimated, freedom: Values) -> Matrix:
    """Two-sided p of every pair."""
    from scipy.special import ndtr

    values, excess = estimated.value, estimated.excess
    first, second = _pairs(len(values))
    variance = np.diag(estimated.covariance)
    together = variance[first] + variance[second]
    spread = np.maximum(together - 2 * estimated.covariance[first, second], NEGLIGIBLE * together)
    difference = values[first] - values[second]
    # The larger of the two may owe as much to noise.
    apart = np.maximum(np.abs(difference) - np.where(difference > 0, excess[first], excess[second]), 0)
    tested = apart**2 > NOWHERE * spread  # false for nan
    squared = apart[tested] ** 2 / np.maximum(spread[tested], np.finfo(float).tiny)
    degrees = np.minimum(freedom[first[tested]], freedom[second[tested]])
    # Student's t as a normal deviate (Wallace, 1959): as exact as is needed, and ten times as fast.
    factor = (8 * degrees + 1) / (8 * degrees + 3)
    pairs = np.ones(difference.shape)
    pairs[tested] = 2 * ndtr(-factor * np.sqrt(degrees * np.log1p(squared / degrees)))
    return _symmetric(pairs, len(values))


def _ranges(values: Values, p_values: Matrix, *, higher: bool) -> Iterator[tuple[int, Range]]:
    """(place, range) of every model that has a value, if there are two."""
    ranked = np.flatnonzero(~np.isnan(values))
    if ranked.size < 2:
        return
    merit = values[ranked] if higher else -values[ranked]
    distinct = _distinct(p_values[np.ix_(ranked, ranked)])
    better = distinct & (merit[None, :] > merit[:, None])
    best = 1 + better.sum(axis=1)
    worst = ranked.size - better.sum(axis=0)
    for place, low, high in zip(ranked.tolist(), best.tolist(), worst.tolist(), strict=True):
        yield place, (low, high)


def _distinct(p_values: Matrix) -> NDArray[np.bool_]:
    """Which pairs differ significantly (Holm, 1979); symmetric."""
    pairs = p_values[_pairs(len(p_values))]
    first_step = LEVEL / pairs.size
    open_ = np.sort(pairs[(pairs > first_step) & (pairs <= LEVEL)])
    # What the first step rejects needs no sorting, and what is above the level none either.
    others = pairs.size - int(np.sum(pairs <= first_step)) - open_.size
    adjusted = holm_adjusted(np.concatenate([open_, np.ones(others)]))
    rejected = int(np.sum(adjusted <= LEVEL))
    return np.asarray(p_values <= (open_[rejected - 1] if rejected else first_step))


def _symmetric(pairs: Matrix, count: int) -> Matrix:
    """A matrix of the values of all pairs, with 1 on its diagonal."""
    first, second = _pairs(count)
    matrix = np.ones((count, count))
    matrix[first, second] = matrix[second, first] = pairs
    return matrix


@lru_cache(maxsize=8)
def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places above the diagonal."""
    return np.triu_indices(count, k=1)
