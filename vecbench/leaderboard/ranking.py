"""Rank ranges: two models whose difference is not significant share a rank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vecbench.leaderboard.entry import Entry, RowMetrics
from vecbench.metrics.significance import holm_adjusted, mcnemar_two_sided

LEVEL = 0.05

Matrix = NDArray[np.float64]


def rank_ranges(
    entries: Sequence[Entry], pooled: Sequence[RowMetrics], tasks: Sequence[str]
) -> list[tuple[int, int] | None]:
    """The ranks that each model may hold in accuracy over the rows of some tasks.

    Every pair is tested: with outcomes on the same samples by McNemar's exact test, otherwise as two
    independent shares (z test with the pooled variance). Holm's correction over all pairs holds the chance of
    any wrong distinction at 5 %. A model's best rank is 1 + the models that are significantly better, its
    worst one the number of models less those that are significantly worse.

    Args:
        entries: Those to rank among each other; call it once for the verified and once for the reported.
        pooled: What each entry says of the rows together.
        tasks: Whose rows are pooled.

    Returns:
        For each entry (best, worst); None without counts, with several repeats, or when there is nothing to
        compare it with.
    """
    counted = [
        place
        for place, rows in enumerate(pooled)
        # Repeated answers to a sample are not independent: as many rows as they make up, they say less.
        if rows.correct is not None and rows.n and entries[place].decoding.repeats == 1
    ]
    ranges: list[tuple[int, int] | None] = [None] * len(entries)
    if len(counted) < 2:
        return ranges
    correct = np.array([pooled[place].correct for place in counted], dtype=np.float64)
    n = np.array([pooled[place].n for place in counted], dtype=np.float64)
    alike = _same_samples([entries[place] for place in counted], tasks)
    if len(alike) == 1 and len(alike[0][0]) == len(counted):
        p_values = _mcnemar(alike[0][1])
    else:
        p_values = _two_shares(correct, n)
        for members, right in alike:
            p_values[np.ix_(members, members)] = _mcnemar(right)
    distinct = _holm(p_values)
    accuracy = correct / n
    better = distinct & (accuracy[None, :] > accuracy[:, None])
    best = 1 + better.sum(axis=1)
    worst = len(counted) - better.sum(axis=0)
    for place, low, high in zip(counted, best, worst, strict=True):
        ranges[place] = (int(low), int(high))
    return ranges


def _same_samples(
    entries: Sequence[Entry], tasks: Sequence[str]
) -> list[tuple[list[int], NDArray[np.float32]]]:
    """Entries that answered the same samples: (their places, right or wrong of shape (entries, samples))."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for place, entry in enumerate(entries):
        if all(task in entry.outcomes for task in tasks):
            alike.setdefault(tuple(entry.outcomes[task].samples_sha256 for task in tasks), []).append(place)
    return [
        (
            members,
            np.array(
                [np.concatenate([entries[each].outcomes[task].bits() for task in tasks]) for each in members],
                dtype=np.float32,
            ),
        )
        for members in alike.values()
        if len(members) > 1
    ]


def _mcnemar(right: NDArray[np.float32]) -> Matrix:
    """Two-sided exact p of every pair, from the samples that only one of the two got right."""
    both = (right @ right.T).astype(np.float64)
    alone = np.diag(both)[:, None] - both
    first, second = np.triu_indices(len(both), k=1)
    pairs = mcnemar_two_sided(alone[first, second].astype(np.int64), alone[second, first].astype(np.int64))
    p_values = np.ones(both.shape)
    p_values[first, second] = p_values[second, first] = pairs
    return p_values


def _two_shares(correct: Matrix, n: Matrix) -> Matrix:
    """Two-sided p of every pair of independent shares."""
    from scipy.special import ndtr

    share = correct / n
    together = (correct[:, None] + correct[None, :]) / (n[:, None] + n[None, :])
    variance = together * (1 - together) * (1 / n[:, None] + 1 / n[None, :])
    difference = np.abs(share[:, None] - share[None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, difference / np.sqrt(variance), 0.0)
    return np.asarray(2 * ndtr(-z))


def _holm(p_values: Matrix) -> NDArray[np.bool_]:
    """Which pairs differ significantly (Holm, 1979); symmetric."""
    first, second = np.triu_indices(len(p_values), k=1)
    significant = holm_adjusted(p_values[first, second]) <= LEVEL
    distinct = np.zeros(p_values.shape, dtype=bool)
    distinct[first[significant], second[significant]] = True
    return np.asarray(distinct | distinct.T)
