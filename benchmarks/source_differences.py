"""How often intervals of what sources of confidence differ in hold the truth: nominal 95 %.

Each population has answers of a few kinds: how often each is right, and what two or three sources say of it.
So the true ECE, Brier score, AUROC, AURC and rank correlation of every source are known, and what they differ
in. An interval that is not printed cannot miss: shares are of those that are. Prints a table in Markdown.

Usage: python benchmarks/source_differences.py [SIMULATIONS [N ...]]
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations, repeat

import numpy as np

from vecbench.comparing.observed_pairs import ObservedPairs
from vecbench.comparing.source_differences import SourceRows
from vecbench.metrics import Cells
from vecbench.metrics.catalogue import JUDGED_METRICS
from vecbench.metrics.observations import Floats, Observations
from vecbench.metrics.regression import SPEARMAN, rating_columns
from vecbench.metrics.totals import Totals, WeightedRows
from vecbench.scoring.side_by_side import compared

METRICS = compared(JUDGED_METRICS)
RANKS = SPEARMAN.key
SIZES = (100, 300, 1000)
REPLICATES = 1000
MANY = 1e8
TASK = "simulated"

RIGHT = np.array([0.2, 0.4, 0.6, 0.8, 0.95])
HONEST = RIGHT
SURE = np.array([0.85, 0.9, 0.95, 0.99, 1.0])
BLIND = np.array([0.9, 0.7, 0.9, 0.9, 0.7])
POPULATIONS: Mapping[str, tuple[Floats, Sequence[Floats]]] = {
    "an honest and a too sure one": (RIGHT, (HONEST, SURE)),
    "an honest, a too sure and a blind one": (RIGHT, (HONEST, SURE, BLIND)),
    "two alike": (RIGHT, (HONEST, HONEST + np.array([0.02, -0.02, 0.02, -0.02, 0.02]))),
    "two blind ones": (np.full(5, 0.7), (BLIND, BLIND[::-1])),
}
"""Name → how often each of five equally frequent kinds of answers is right; what each source says of it."""


def truths(right: Floats, sources: Sequence[Floats]) -> dict[tuple[int, int, str], float]:
    """(one source, another, key of a metric) → what they differ in truly, and their rank correlation."""
    each = MANY / right.size
    found: dict[tuple[int, int, str], float] = {}
    for one, other in combinations(range(len(sources)), 2):
        for metric in METRICS:
            first, second = (
                float(metric.value(Totals(_cells(sources[place], each * right, each * (1 - right)))))
                for place in (one, other)
            )
            found[one, other, metric.key] = second - first
        columns = rating_columns(sources[one], sources[other])
        weighted = WeightedRows(columns, np.full(right.size, each))
        found[one, other, RANKS] = float(SPEARMAN.value(Totals(weighted=weighted)))
    return found


def _cells(confidence: Floats, right: Floats, wrong: Floats) -> Cells:
    known, place = np.unique(confidence, return_inverse=True)
    return Cells(known, np.bincount(place, right), np.bincount(place, wrong))


def sampled(right: Floats, sources: Sequence[Floats], n: int, seed: int) -> SourceRows:
    """Rows of a population."""
    stream = np.random.default_rng(seed)
    kind = stream.integers(0, right.size, n)
    outcome = stream.random(n) < right[kind]
    every = np.ones(n, dtype=np.bool_)
    sides = tuple(Observations(np.arange(n), outcome, values[kind], every) for values in sources)
    pairs = ObservedPairs(sides, (frozenset(),) * len(sides))
    names = [f"source {place}" for place in range(len(sides))]
    return SourceRows(names, {TASK: pairs}, {TASK: [TASK]}, {TASK: METRICS})


def held(name: str, n: int, seed: int) -> dict[str, list[bool]]:
    """Key of a metric → whether each interval of one data set that is printed holds the truth."""
    right, sources = POPULATIONS[name]
    truth = truths(right, sources)
    rows = sampled(right, sources, n, seed)
    differences = rows.differences(REPLICATES, seed)[0][TASK]
    pairs = list(combinations(range(len(sources)), 2))
    found = [
        (pair, each.metric, each.change) for pair, each in zip(_repeated(pairs), differences, strict=True)
    ]
    found += [
        (pair, RANKS, each.spearman) for pair, each in zip(pairs, rows.correlations(seed)[TASK], strict=True)
    ]
    said: dict[str, list[bool]] = {}
    for pair, key, score in found:
        if score.low is not None and score.high is not None:
            said.setdefault(key, []).append(score.low <= truth[*pair, key] <= score.high)
    return said


def _repeated(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [pair for pair in pairs for _ in METRICS]


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    sizes = [int(each) for each in sys.argv[2:]] or SIZES
    keys = [*(metric.key for metric in METRICS), RANKS]
    print(f"| sources | n | {' | '.join(keys)} |")
    print(f"| :-- | --: | {' | '.join('--:' for _ in keys)} |")
    with ProcessPoolExecutor() as workers:
        for name in POPULATIONS:
            for n in sizes:
                every = list(workers.map(held, repeat(name), repeat(n), range(simulations), chunksize=8))
                cells = []
                for key in keys:
                    shares = [each for said in every for each in said.get(key, [])]
                    cells.append(f"{100 * np.mean(shares):.1f}" if shares else "–")
                print(f"| {name} | {n:,} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
