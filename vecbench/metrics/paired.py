"""Two models on the same samples: replicates of both at once, so that what they share cancels.

A sample that is hard for one model is hard for the other one as a rule. Drawing samples, each with both
answers, keeps that; drawing the two models' rows apart would lose it, and with it most of the power.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecbench.metrics.bootstrap import BLOCK, REPLICATES, SEED, Outcomes, Statistic
from vecbench.metrics.cells import Cells, Counts, Values

Places = NDArray[np.float32]
"""Rows by pattern and place: right at each confidence, wrong at each, right without one, wrong without one.

32 bits hold whole numbers up to 2**24 exactly, and their matrix products take half the time.
"""

MOST_SAMPLES = 2**24
"""More samples in one stratum than this would not be counted exactly."""


@dataclass(frozen=True)
class PairedOutcomes:
    """Both models' rows, collapsed to the distinct patterns of a sample's answers.

    With one answer a sample and model a pattern is a joint cell: (confidence, right or wrong) of the one
    model and of the other. Several answers to one sample are one pattern together, since they are not
    independent: whole samples are drawn.

    Attributes:
        confidence: The k distinct confidences of either model, ascending; shape (k,).
        baseline: The first model's rows by pattern and place; shape (u, 2k + 2).
        candidate: The second model's; shape (u, 2k + 2).
        samples: Samples of each pattern; shape (u,).
    """

    confidence: NDArray[np.float64]
    baseline: Places
    candidate: Places
    samples: NDArray[np.int64]

    @classmethod
    def of_rows(
        cls,
        baseline: tuple[ArrayLike, ArrayLike],
        candidate: tuple[ArrayLike, ArrayLike],
        samples: ArrayLike | None = None,
    ) -> PairedOutcomes:
        """The patterns of n pairs of rows.

        Args:
            baseline: The first model's confidences, nan where there is none, and whether each row is
                right; both of shape (n,).
            candidate: The second model's, in the same order.
            samples: A number for each pair's sample; shape (n,). None when every pair is of another one.

        Raises:
            ValueError: Shapes differ, a confidence is outside [0, 1], or there are too many samples.
        """
        stated = [np.asarray(side[0], dtype=np.float64) for side in (baseline, candidate)]
        right = [np.asarray(side[1], dtype=np.bool_) for side in (baseline, candidate)]
        n = stated[0].size
        if any(each.shape != (n,) for each in (*stated, *right)):
            raise ValueError("both sides' confidences and outcomes must be lists of one length")
        known = np.unique(np.concatenate([each[~np.isnan(each)] for each in stated]))
        if known.size and not (known[0] >= 0 and known[-1] <= 1):
            raise ValueError("every confidence must lie in [0, 1]")
        if n > MOST_SAMPLES:
            raise ValueError(f"at most {MOST_SAMPLES:,} pairs can be compared at once")
        width = 2 * known.size + 2
        places = [_places(known, *side) for side in zip(stated, right, strict=True)]
        joint = places[0] * width + places[1]
        if samples is None:
            cells, counts = np.unique(joint, return_counts=True)
            patterns: Sequence[NDArray[np.int64]] = cells[:, None]
        else:
            patterns, counts = _patterns(joint, np.asarray(samples))
        rows = np.zeros((2, len(patterns), width), dtype=np.float32)
        for number, pattern in enumerate(patterns):
            for code in pattern:
                rows[0, number, code // width] += 1
                rows[1, number, code % width] += 1
        return cls(known, rows[0], rows[1], counts.astype(np.int64))

    def outcomes(self) -> tuple[Outcomes, Outcomes]:
        """The rows of the first and of the second model, as they are."""
        samples = self.samples.astype(np.float32)
        return self._split(samples @ self.baseline), self._split(samples @ self.candidate)

    def resample(self, replicates: int, stream: np.random.Generator) -> tuple[Outcomes, Outcomes]:
        """Replicates of samples drawn with replacement, each with the answers of both models.

        Args:
            replicates: How many, at least 1.
            stream: Of the draws.

        Returns:
            The first and the second model's outcomes; counts of shape (replicates, k) and (replicates,).
        """
        drawn = self._drawn_patterns(int(self.samples.sum()), replicates, stream)
        first, second = (_places_of(drawn, side) for side in (self.baseline, self.candidate))
        return self._split(first), self._split(second)

    def _drawn_patterns(self, n: int, replicates: int, stream: np.random.Generator) -> NDArray[np.int64]:
        """Samples of each pattern; shape (replicates, u)."""
        u = self.samples.size
        if n == 0:
            return np.zeros((replicates, 0), dtype=np.int64)
        if u * FEW_A_PATTERN < n:
            return stream.multinomial(n, self.samples / n, size=replicates)
        pattern = np.repeat(np.arange(u), self.samples)
        drawn = np.empty((replicates, u), dtype=np.int64)
        for begin in range(0, replicates, AT_ONCE):
            rows = min(AT_ONCE, replicates - begin)
            chosen = pattern[stream.integers(0, n, (rows, n))]
            chosen += np.arange(rows)[:, None] * u
            counts = np.bincount(chosen.ravel(), minlength=rows * u)
            drawn[begin : begin + rows] = counts.reshape(rows, u)
        return drawn

    def _split(self, rows: NDArray[Any]) -> Outcomes:
        k = self.confidence.size
        exact: Counts = rows.astype(np.float64)
        right, wrong = exact[..., :k], exact[..., k : 2 * k]
        return Outcomes(Cells(self.confidence, right, wrong), exact[..., -2], exact[..., -1])


FEW_A_PATTERN = 8
"""With fewer samples a pattern, drawing them one by one is faster than drawing the patterns' counts."""

AT_ONCE = 125
"""Replicates that are drawn one by one at once: few enough to stay in a processor's cache."""


def paired_bootstrap(
    strata: Mapping[str, PairedOutcomes],
    pools: Mapping[str, Sequence[str]],
    statistics: Mapping[str, Statistic],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> tuple[dict[str, dict[str, Values]], dict[str, dict[str, Values]]]:
    """Replicates of statistics of two models on the same samples, and of pools of them.

    As `bootstrap`, with the same samples drawn for both models.

    Args:
        strata: Name → rows that were not resampled.
        pools: Name → the strata it holds, at least one; no name is a stratum's.
        statistics: Key → what to compute.
        replicates: How many, at least 1.
        seed: Of the draws.

    Returns:
        For the first and for the second model: name of stratum or pool → key → values of shape
        (replicates,); the same replicate of both is of the same samples.
    """
    streams = np.random.SeedSequence(seed).spawn(-(-replicates // BLOCK))
    sizes = [min(BLOCK, replicates - begin) for begin in range(0, replicates, BLOCK)]

    def block(size: int, sequence: np.random.SeedSequence) -> list[dict[str, dict[str, Values]]]:
        stream = np.random.default_rng(sequence)
        drawn = {name: rows.resample(size, stream) for name, rows in strata.items()}
        computed = []
        for side in (0, 1):
            sets = {name: both[side] for name, both in drawn.items()}
            sets |= {name: Outcomes.pooled([sets[part] for part in parts]) for name, parts in pools.items()}
            computed.append(
                {
                    name: {key: statistic(rows) for key, statistic in statistics.items()}
                    for name, rows in sets.items()
                }
            )
        return computed

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        blocks = list(pool.map(block, sizes, streams))
    baseline, candidate = (
        {
            name: {key: np.concatenate([each[side][name][key] for each in blocks]) for key in statistics}
            for name in [*strata, *pools]
        }
        for side in (0, 1)
    )
    return baseline, candidate


def _places_of(drawn: NDArray[np.int64], side: Places) -> NDArray[Any]:
    """Rows by place, of samples by pattern; shape (replicates, places)."""
    if side.size == 0 or not np.all(side.sum(axis=1) == 1):
        return drawn.astype(np.float32) @ side
    # With one row a pattern, adding up neighbours is faster than a matrix product that is nearly all zeros.
    place = side.argmax(axis=1)
    order = np.argsort(place, kind="stable")
    found, starts = np.unique(place[order], return_index=True)
    rows = np.zeros((drawn.shape[0], side.shape[1]))
    rows[:, found] = np.add.reduceat(drawn[:, order], starts, axis=1)
    return rows


def _places(
    known: NDArray[np.float64], stated: NDArray[np.float64], right: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Each row's place, see `Places`."""
    k = known.size
    with_one = np.searchsorted(known, stated) + k * ~right
    return np.where(np.isnan(stated), 2 * k + ~right, with_one).astype(np.int64)


def _patterns(
    joint: NDArray[np.int64], samples: NDArray[np.int64]
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """The distinct multisets of a sample's joint cells, and how many samples have each."""
    order = np.lexsort((joint, samples))
    starts = np.flatnonzero(np.diff(samples[order], prepend=samples[order][:1] - 1))
    found: dict[bytes, int] = {}
    for part in np.split(joint[order], starts[1:]):
        found[part.tobytes()] = found.get(part.tobytes(), 0) + 1
    return [np.frombuffer(each, dtype=np.int64) for each in found], np.array(list(found.values()))
