"""Replicates of all sides of a comparison, at a cost that is bounded.

What a replicate costs grows with the number of distinct confidences. A model that states one in two decimals
has a hundred at most; probabilities taken from logits are all distinct, and 10,000 replicates of them would
take minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.comparing.observed_pairs import ObservedPairs
from vecbench.metrics.bootstrap import REPLICATES
from vecbench.metrics.cells import Values
from vecbench.metrics.definition import Metric
from vecbench.metrics.paired import (
    PairedRows,
    PairedStatistic,
    distinct_confidences,
    observed_totals,
    paired_bootstrap,
)
from vecbench.metrics.resampling import image_places, resampled
from vecbench.metrics.totals import Totals

MOST_DISTINCT = 1001
"""With more distinct confidences than three decimals can tell apart, the bootstrap rounds them to that."""

DECIMALS = 3

MOST_NUMBERS = 5 * 10**7
"""Distinct confidences of all tasks and pools, times replicates: five to ten seconds on one processor."""

DRAWN_A_NUMBER = 16
"""So many samples are drawn and added up in the time that one distinct confidence takes."""

FEWEST_REPLICATES = 1000

MISSING = "share of missing confidences"
"""Drawn beside the metrics; no metric's key has spaces."""


Fewer = Callable[[Mapping[str, ObservedPairs]], Mapping[str, ObservedPairs]]
"""The rows of all tasks with fewer distinct confidences, which are near their own."""


@dataclass(frozen=True)
class Replicates:
    """Replicates of metrics of s sides on the same samples, and what was done to bound their cost.

    Attributes:
        values: By task or pool and metric; shape (s, count), fewer of a metric of the rows themselves.
        missing: By task or pool, the share of rows without a confidence, by what it is of the rows that were
            not resampled: 1 on average, and where no row lacks one; shape (s, count). Empty if nothing else
            is drawn of counted rows.
    """

    values: Mapping[Any, Mapping[str, Values]]
    missing: Mapping[Any, Values]
    count: int
    notes: tuple[str, ...]


def replicates_of(
    tasks: Mapping[str, ObservedPairs],
    pools: Mapping[Any, Sequence[str]],
    metrics: Mapping[Any, Sequence[Metric]],
    count: int | None,
    seed: int,
    fewer: Fewer | None = None,
) -> Replicates:
    """The paired bootstrap of all tasks and pools; the key of a pool is no task's name.

    Rounded confidences are used for the spread of the replicates alone: these are moved by what rounding has
    changed in the values themselves. `fewer` is what is used in their place, however many there are.
    """
    notes = []
    wanted = {each.key: each for listed in metrics.values() for each in listed if not _is_by_row(each)}
    exact = used = Strata.of(tasks)
    known = next(iter(exact.alone.values())).confidence.size
    if fewer is not None:
        used = Strata.of(fewer(tasks))
    elif known > MOST_DISTINCT:
        used = Strata.of({name: rows.rounded(DECIMALS) for name, rows in tasks.items()})
        notes.append(
            f"There are {known:,} distinct confidences: intervals and p values take them with three decimals."
        )
    if count is None:
        count = _affordable(used, pools)
        if count < REPLICATES:
            notes.append(
                f"{count:,} bootstrap replicates instead of {REPLICATES:,}, since there are many distinct "
                "confidences; --replicates sets another number."
            )
    members: dict[Any, Sequence[str]] = {**{name: [name] for name in tasks}, **pools}
    candidates = _candidates(tasks, members)
    drawn: dict[str, Values] = {}
    if wanted:
        observed = observed_totals(used.alone, pools, candidates, used.joint)
        statistics = {key: _statistic(metric, observed) for key, metric in wanted.items()}
        statistics[MISSING] = _relative_missing(observed)
        drawn = paired_bootstrap(used.alone, pools, statistics, candidates, count, seed, used.joint)
        if used is not exact:
            truly = observed_totals(exact.alone, pools, candidates, exact.joint)
            for key, metric in wanted.items():
                moved = _statistic(metric, truly)(truly) - statistics[key](observed)
                drawn[key] += np.where(np.isnan(moved), 0.0, moved)
    missing = drawn.pop(MISSING, None)
    values: dict[Any, dict[str, Values]] = {
        name: {key: each[:, place] for key, each in drawn.items()} for place, name in enumerate(members)
    }
    by_row = {name: [each for each in listed if _is_by_row(each)] for name, listed in metrics.items()}
    if any(by_row.values()):
        sides = range(len(next(iter(tasks.values())).sides))
        models = [{name: rows.sides[side] for name, rows in tasks.items()} for side in sides]
        for name, found in resampled(models, members, by_row, count, seed).items():
            values[name] |= found
    shares = {} if missing is None else {name: missing[:, place] for place, name in enumerate(members)}
    return Replicates(values, shares, count, tuple(notes))


def _is_by_row(metric: Metric) -> bool:
    return metric.basis in {"sums", "rows"}


def _statistic(metric: Metric, observed: Totals) -> PairedStatistic:
    return metric.value if metric.held is None else metric.held(observed)


def _relative_missing(observed: Totals) -> PairedStatistic:
    known = 1 - observed.coverage
    return lambda totals: np.where(known > 0, (1 - totals.coverage) / np.where(known > 0, known, 1), 1.0)


def _candidates(
    tasks: Mapping[str, ObservedPairs], members: Mapping[Any, Sequence[str]]
) -> NDArray[np.int64]:
    """How many classes each side could answer with in each task or pool; shape (s, sets)."""
    return np.array(
        [
            [
                len(frozenset().union(*(tasks[part].candidates[side] for part in parts)))
                for parts in members.values()
            ]
            for side in range(len(next(iter(tasks.values())).sides))
        ]
    )


@dataclass(frozen=True)
class Strata:
    """The tasks' rows, with one grid of confidences and labels, so that a pool adds them up.

    Attributes:
        alone: Task → the rows of images that no other task has.
        joint: For each set of tasks that share images: task → the rows of those.
    """

    alone: Mapping[str, PairedRows]
    joint: Sequence[Mapping[str, PairedRows]]

    @classmethod
    def of(cls, tasks: Mapping[str, ObservedPairs]) -> Strata:
        confidence = distinct_confidences([side for rows in tasks.values() for side in rows.sides])
        classes = tuple(dict.fromkeys(name for rows in tasks.values() for name in rows.old.classes))
        numbered = {name: rows.in_classes(classes) if classes else rows for name, rows in tasks.items()}

        def paired_rows(name: str, which: NDArray[np.bool_], *, by_image: bool) -> PairedRows:
            rows = numbered[name].taken(which)
            several = by_image or not rows.old.is_one_row_each
            return PairedRows.of_rows(rows.sides, confidence, by_image=several)

        [place], sharing = image_places([{name: rows.old for name, rows in tasks.items()}])
        is_shared = sharing.sum(axis=1) > 1
        alone = {
            name: paired_rows(name, ~is_shared[images], by_image=False) for name, images in place.items()
        }
        joint = []
        for having in np.unique(sharing[is_shared], axis=0):
            together = (sharing == having).all(axis=1)
            parts = [name for name, has in zip(tasks, having, strict=True) if has]
            joint.append({name: paired_rows(name, together[place[name]], by_image=True) for name in parts})
        return cls(alone, joint)


def _affordable(strata: Strata, pools: Mapping[Any, Sequence[str]]) -> int:
    distinct = next(iter(strata.alone.values())).confidence.size
    numbers = distinct * (len(strata.alone) + len(pools))
    parts = [strata.alone, *strata.joint]
    numbers += sum(rows.cost for part in parts for rows in part.values()) // DRAWN_A_NUMBER
    return max(FEWEST_REPLICATES, min(REPLICATES, MOST_NUMBERS // max(1, numbers)))
