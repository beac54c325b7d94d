"""Replicates of both sides of a comparison, at a cost that is bounded.

What a replicate costs grows with the number of distinct confidences. A model that states one in two decimals
has a hundred at most; probabilities taken from logits are all distinct, and 10,000 replicates of them would
take minutes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecbench.compare.pairs import Pair
from vecbench.metrics import Cells
from vecbench.metrics.bootstrap import REPLICATES, Outcomes
from vecbench.metrics.cells import Values
from vecbench.metrics.paired import PairedOutcomes, paired_bootstrap
from vecbench.scoring.aggregate import STATISTICS

MOST_DISTINCT = 1001
"""With more distinct confidences than three decimals can tell apart, the bootstrap rounds them to that."""

DECIMALS = 3

MOST_CELLS = 2 * 10**7
"""Distinct confidences times replicates, over all tasks and pools: five to ten seconds on one processor."""

FEWEST_REPLICATES = 1000

Rows = tuple[NDArray[np.float64], NDArray[np.bool_]]
"""Confidences, nan where there is none, and whether each row is right."""


@dataclass(frozen=True)
class Replicates:
    """Replicates of every metric of `STATISTICS`, of both sides on the same samples.

    Attributes:
        baseline: Name of a task or pool → metric key → values; shape (count,).
        candidate: The other side's.
        count: How many there are.
        notes: What was done to bound their cost.
    """

    baseline: Mapping[str, Mapping[str, Values]]
    candidate: Mapping[str, Mapping[str, Values]]
    count: int
    notes: tuple[str, ...]


def replicates_of(
    by_task: Mapping[str, Sequence[Pair]],
    pools: Mapping[str, Sequence[str]],
    count: int | None,
    seed: int,
    *,
    repeated: bool,
) -> Replicates:
    """The paired bootstrap of all tasks and pools.

    Rounded confidences are used for the spread of the replicates alone: these are moved by what rounding has
    changed in the values themselves.

    Args:
        by_task: Task → its pairs.
        pools: Name → its tasks; no name is a task's.
        count: How many; None for 10,000, or fewer if those would take too long.
        seed: Of the draws.
        repeated: Whether there are several answers to a sample.
    """
    exact = [{name: _rows(pairs, side) for name, pairs in by_task.items()} for side in (0, 1)]
    notes = []
    distinct = np.unique(np.concatenate([stated for side in exact for stated, _ in side.values()]))
    known = int((~np.isnan(distinct)).sum())
    is_rounded = known > MOST_DISTINCT
    used = exact
    if is_rounded:
        used = [
            {name: (np.round(stated, DECIMALS), right) for name, (stated, right) in side.items()}
            for side in exact
        ]
        notes.append(
            f"There are {known:,} distinct confidences: intervals and p values take them with three decimals."
        )
    strata = {
        name: PairedOutcomes.of_rows(
            used[0][name], used[1][name], _sample_numbers(by_task[name]) if repeated else None
        )
        for name in by_task
    }
    if count is None:
        count = _affordable(strata, pools)
        if count < REPLICATES:
            notes.append(
                f"{count:,} bootstrap replicates instead of {REPLICATES:,}, since there are many distinct "
                "confidences; --replicates sets another number."
            )
    drawn = paired_bootstrap(strata, pools, STATISTICS, count, seed)
    if is_rounded:
        for replicates, rows, rounded in zip(drawn, exact, used, strict=True):
            _move(replicates, _values(rows, pools), _values(rounded, pools))
    return Replicates(*drawn, count, tuple(notes))


def _rows(pairs: Sequence[Pair], side: int) -> Rows:
    stated = [pair[side].reading.confidence for pair in pairs]
    confidence = np.array([np.nan if each is None else each for each in stated], dtype=np.float64)
    return confidence, np.array([pair[side].correct for pair in pairs], dtype=np.bool_)


def _sample_numbers(pairs: Sequence[Pair]) -> list[int]:
    numbers: dict[str, int] = {}
    return [numbers.setdefault(old.sample_id, len(numbers)) for old, _ in pairs]


def _affordable(strata: Mapping[str, PairedOutcomes], pools: Mapping[str, Sequence[str]]) -> int:
    cells = sum(each.confidence.size for each in strata.values())
    for parts in pools.values():
        cells += np.unique(np.concatenate([strata[part].confidence for part in parts])).size
    return max(FEWEST_REPLICATES, min(REPLICATES, MOST_CELLS // max(1, cells)))


def _values(rows: Mapping[str, Rows], pools: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """Every metric of the rows themselves."""
    sets = {name: _outcomes(*each) for name, each in rows.items()}
    sets |= {name: Outcomes.pooled([sets[part] for part in parts]) for name, parts in pools.items()}
    return {
        name: {key: float(statistic(each)) for key, statistic in STATISTICS.items()}
        for name, each in sets.items()
    }


def _outcomes(stated: NDArray[np.float64], right: NDArray[np.bool_]) -> Outcomes:
    missing = np.isnan(stated)
    cells = Cells.of_rows(stated[~missing], right[~missing])
    return Outcomes(
        cells, np.asarray(float(right[missing].sum())), np.asarray(float((~right[missing]).sum()))
    )


def _move(
    replicates: Mapping[str, dict[str, Values]],
    exact: Mapping[str, Mapping[str, float]],
    rounded: Mapping[str, Mapping[str, float]],
) -> None:
    for name, metrics in replicates.items():
        for key, values in metrics.items():
            moved = exact[name][key] - rounded[name][key]
            if not np.isnan(moved):
                metrics[key] = values + moved
