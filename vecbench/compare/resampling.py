"""Replicates of both sides of a comparison, at a cost that is bounded.

What a replicate costs grows with the number of distinct confidences. A model that states one in two decimals
has a hundred at most; probabilities taken from logits are all distinct, and 10,000 replicates of them would
take minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecbench.compare.methods import METHODS
from vecbench.compare.task_rows import TaskRows, images_of
from vecbench.metrics import Cells
from vecbench.metrics.bootstrap import REPLICATES
from vecbench.metrics.calibration import mass_bin_of, surplus_of
from vecbench.metrics.cells import Values, share
from vecbench.metrics.paired import (
    LabelCounts,
    PairedRows,
    PairedStatistic,
    Sets,
    distinct_confidences,
    observed_sets,
    paired_bootstrap,
)
from vecbench.scoring.definitions import DEFINITIONS

MOST_DISTINCT = 1001
"""With more distinct confidences than three decimals can tell apart, the bootstrap rounds them to that."""

DECIMALS = 3

MOST_NUMBERS = 5 * 10**7
"""Distinct confidences of all tasks and pools, times replicates: five to ten seconds on one processor."""

DRAWN_A_NUMBER = 16
"""So many samples are drawn and added up in the time that one distinct confidence takes."""

FEWEST_REPLICATES = 1000

MASS_BINS = 10


@dataclass(frozen=True)
class Replicates:
    """Replicates of metrics of both sides on the same samples.

    Attributes:
        values: Metric key → values; shape (2, sets, count).
        place: Name of a task or pool → its place among the sets.
        count: How many there are.
        notes: What was done to bound their cost.
    """

    values: Mapping[str, Values]
    place: Mapping[str, int]
    count: int
    notes: tuple[str, ...]

    def of(self, name: str, key: str) -> Values:
        """A metric of both sides in a task or pool; shape (2, count)."""
        return self.values[key][:, self.place[name]]

    def macro(self, names: Sequence[str], key: str) -> Values:
        """The unweighted mean of a metric over several tasks; shape (2, count)."""
        return np.asarray(self.values[key][:, [self.place[name] for name in names]].mean(axis=1))


def replicates_of(
    tasks: Mapping[str, TaskRows],
    pools: Mapping[str, Sequence[str]],
    count: int | None,
    seed: int,
    keys: Sequence[str] = tuple(METHODS),
) -> Replicates:
    """The paired bootstrap of all tasks and pools.

    Rounded confidences are used for the spread of the replicates alone: these are moved by what rounding has
    changed in the values themselves.

    Args:
        tasks: Task → its rows, at least one.
        pools: Name → its tasks; no name is a task's.
        count: How many; None for 10,000, or fewer if those would take too long.
        seed: Of the draws.
        keys: Of the metrics that are wanted.
    """
    notes = []
    exact = used = _Strata.of(tasks)
    known = next(iter(exact.alone.values())).confidence.size
    if known > MOST_DISTINCT:
        used = _Strata.of({name: rows.with_confidences(_rounded) for name, rows in tasks.items()})
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
    observed = observed_sets(used.alone, pools, used.joint)
    statistics = _statistics(tasks, pools, observed, keys)
    drawn = paired_bootstrap(used.alone, pools, statistics, count, seed, used.joint)
    if used is not exact:
        truly = observed_sets(exact.alone, pools, exact.joint)
        for key, statistic in _statistics(tasks, pools, truly, keys).items():
            moved = statistic(truly) - statistics[key](observed)
            drawn[key] += np.where(np.isnan(moved), 0.0, moved)
    place = {name: number for number, name in enumerate([*tasks, *pools])}
    return Replicates(drawn, place, count, tuple(notes))


def _rounded(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(confidence, DECIMALS)


@dataclass(frozen=True)
class _Strata:
    """The tasks' rows, with one grid of confidences and labels, so that a pool adds them up.

    Attributes:
        alone: Task → the rows of images that no other task has.
        joint: For each set of tasks that share images: task → the rows of those.
    """

    alone: Mapping[str, PairedRows]
    joint: Sequence[Mapping[str, PairedRows]]

    @classmethod
    def of(cls, tasks: Mapping[str, TaskRows]) -> _Strata:
        confidence = distinct_confidences([side for rows in tasks.values() for side in rows.sides])
        labels = len(frozenset().union(*(each for rows in tasks.values() for each in rows.candidates)))

        def paired_rows(name: str, which: NDArray[np.bool_], *, by_image: bool) -> PairedRows:
            rows = tasks[name].taken(which)
            images = rows.image if by_image or np.unique(rows.image).size < rows.n else None
            return PairedRows.of_rows(*rows.sides, rows.target, images, confidence, labels)

        number, sharing = _sharing(list(tasks.values()))
        alone, joint = {}, []
        is_shared = sharing.sum(axis=1) > 1
        for name, images in zip(tasks, number, strict=True):
            alone[name] = paired_rows(name, ~is_shared[images], by_image=False)
        for having in np.unique(sharing[is_shared], axis=0):
            together = (sharing == having).all(axis=1)
            parts = [(name, images) for name, images, has in zip(tasks, number, having, strict=True) if has]
            joint.append({name: paired_rows(name, together[images], by_image=True) for name, images in parts})
        return cls(alone, joint)

    @property
    def cost(self) -> int:
        """What a replicate costs to draw, see `PairedRows.cost`."""
        parts = [*self.alone.values(), *(rows for each in self.joint for rows in each.values())]
        return sum(rows.cost for rows in parts)


def _sharing(tasks: Sequence[TaskRows]) -> tuple[list[NDArray[np.intp]], NDArray[np.bool_]]:
    """Each row's place among the images, by task; and which tasks each image has, shape (images, tasks)."""
    images = images_of(tasks)
    places = [np.searchsorted(images, rows.image) for rows in tasks]
    sharing = np.zeros((images.size, len(tasks)), dtype=np.bool_)
    for task, place in enumerate(places):
        sharing[place, task] = True
    return places, sharing


def _affordable(strata: _Strata, pools: Mapping[str, Sequence[str]]) -> int:
    distinct = next(iter(strata.alone.values())).confidence.size
    numbers = distinct * (len(strata.alone) + len(pools))
    numbers += strata.cost // DRAWN_A_NUMBER
    return max(FEWEST_REPLICATES, min(REPLICATES, MOST_NUMBERS // max(1, numbers)))


def _statistics(
    tasks: Mapping[str, TaskRows],
    pools: Mapping[str, Sequence[str]],
    observed: Sets,
    keys: Sequence[str],
) -> dict[str, PairedStatistic]:
    """How each metric is computed of replicates."""
    members = [[name] for name in tasks] + list(pools.values())
    candidates = np.array(
        [
            [len(frozenset().union(*(tasks[name].candidates[side] for name in each))) for each in members]
            for side in (0, 1)
        ]
    )
    not_of_cells: dict[str, PairedStatistic] = {
        "accuracy": lambda sets: sets.outcomes.accuracy,
        "coverage": lambda sets: sets.outcomes.coverage,
        "f1_macro": lambda sets: _f1_macro(sets.labels, candidates),
        "f1_weighted": lambda sets: _f1_weighted(sets.labels),
        "ece_mass": _ece_mass(observed),
    }
    return {key: not_of_cells.get(key) or _of_cells(DEFINITIONS[key].of_cells) for key in keys}


def _of_cells(metric: Callable[[Cells], Values]) -> PairedStatistic:
    return lambda sets: metric(sets.outcomes.cells)


def _f1_macro(labels: LabelCounts, candidates: NDArray[np.int64]) -> Values:
    defined = labels.support.sum(axis=-1) > 0
    return np.where(defined, labels.f1.sum(axis=-1) / candidates[..., None], np.nan)


def _f1_weighted(labels: LabelCounts) -> Values:
    return share((labels.f1 * labels.support).sum(axis=-1), labels.support.sum(axis=-1))


def _ece_mass(observed: Sets) -> PairedStatistic:
    """ECE with the bins of equal mass that the rows themselves have: each set has bins of its own."""
    cells = observed.outcomes.cells
    bins = np.zeros((*cells.right.shape[:2], cells.confidence.size, MASS_BINS))
    for side, number in np.ndindex(bins.shape[:2]):
        total = cells.total[side, number, 0]
        there = Cells(cells.confidence[total > 0], total[total > 0], np.zeros(np.count_nonzero(total)))
        if there.n:
            bins[side, number, np.flatnonzero(total), mass_bin_of(there, MASS_BINS)] = 1

    def statistic(sets: Sets) -> Values:
        drawn = sets.outcomes.cells
        return share(np.abs(drawn.once(surplus_of) @ bins).sum(axis=-1), drawn.counts)

    return statistic
