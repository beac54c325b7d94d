"""Replicates of metrics that are no function of confidences: images drawn with all their rows.

A metric of sums is computed from each image's sums, so that what a replicate costs is bounded by the number
of images that are drawn. One of the rows themselves is computed from how often each was drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.bootstrap import REPLICATES, SEED, rows_drawn
from vecbench.metrics.cells import Values
from vecbench.metrics.clusters import MOST_UNITS
from vecbench.metrics.definition import Metric
from vecbench.metrics.observations import Observations
from vecbench.metrics.replication import in_blocks
from vecbench.metrics.totals import Totals, WeightedRows

REPLICATES_OF_ROWS = 2000
"""Of metrics of the rows themselves: the ends of their intervals are uncertain by a twentieth of them."""

FEWEST_REPLICATES = 200
MOST_NUMBERS = 4 * 10**8
"""Rows times replicates of such a metric."""

AT_ONCE = 2**22
"""Numbers of a block."""

FEWEST_TOGETHER = 20
"""Images of fewer than this in the same tasks are drawn with others: few by themselves would hardly vary."""

Models = Sequence[Mapping[str, Observations]]
"""Of each model: task → its rows; the same tasks, and an image has one number in all of them."""


@dataclass(frozen=True)
class _Units:
    """What is drawn: images that are in the same tasks, or groups of them.

    Attributes:
        strata: How many units each stratum has; they are numbered one stratum after the other.
        of_row: Of each model: task → the unit of each row.
    """

    strata: tuple[int, ...]
    of_row: Sequence[Mapping[str, NDArray[np.intp]]]

    @classmethod
    def of(cls, models: Models) -> _Units:
        images = np.unique(np.concatenate([rows.image for model in models for rows in model.values()]))
        tasks = {name: column for column, name in enumerate(models[0])}
        places = [
            {name: np.searchsorted(images, rows.image) for name, rows in model.items()} for model in models
        ]
        present = np.zeros((images.size, len(tasks)), dtype=np.bool_)
        for model in places:
            for name, place in model.items():
                present[place, tasks[name]] = True
        _, kind, sizes = np.unique(present, axis=0, return_inverse=True, return_counts=True)
        kind = kind.ravel()
        kind = np.where(sizes[kind] < FEWEST_TOGETHER, -1, kind)
        unit = np.empty(images.size, dtype=np.intp)
        strata: list[int] = []
        for number in np.unique(kind):
            own = np.flatnonzero(kind == number)
            units = min(own.size, MOST_UNITS)
            within = np.arange(own.size)
            if own.size > units:
                within = np.random.default_rng(SEED).permutation(own.size) % units
            unit[own] = sum(strata) + within
            strata.append(units)
        of_row = [{name: unit[place] for name, place in model.items()} for model in places]
        return cls(tuple(strata), of_row)

    def draw(self, replicates: int, stream: np.random.Generator) -> NDArray[np.float64]:
        """How often each unit is drawn, of its own stratum's; shape (replicates, units)."""
        drawn = [rows_drawn(np.ones(size, dtype=np.int64), replicates, stream) for size in self.strata]
        return np.concatenate(drawn, axis=1).astype(np.float64)


def resampled(
    models: Models,
    members: Mapping[str, Sequence[str]],
    metrics: Mapping[str, Sequence[Metric]],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> dict[str, dict[str, Values]]:
    """Replicates of metrics of the bases "sums" and "rows", of sets of tasks.

    Every task keeps its number of images; an image that several tasks share is drawn for all of them. The
    draws do not depend on the number of processors.

    Args:
        models: The rows of one model, or of several on the same images.
        members: Name of a set → its tasks, at least one.
        metrics: Name of a set → what to compute of it; metrics of other bases are passed over.
        replicates: How many, at least 1; of metrics of the rows at most `REPLICATES_OF_ROWS`.
        seed: Of the draws.

    Returns:
        Name of a set → key → values of shape (models, replicates); one replicate is of the same images
        everywhere.
    """
    units = _Units.of(models)
    found: dict[str, dict[str, Values]] = {name: {} for name in members}
    by_sums, by_rows = (
        {name: [each for each in listed if each.basis == basis] for name, listed in metrics.items()}
        for basis in ("sums", "rows")
    )
    n = sum(rows.n for rows in models[0].values())
    if any(by_sums.values()):
        size = sum(units.strata)
        sums = [
            {name: _unit_sums(rows, own[name], size) for name, rows in model.items()}
            for model, own in zip(models, units.of_row, strict=True)
        ]

        def of_sums(size: int, stream: np.random.Generator) -> dict[tuple[str, str], Values]:
            drawn = units.draw(size, stream)
            by_task = [
                {name: {key: drawn @ column for key, column in own.items()} for name, own in model.items()}
                for model in sums
            ]
            return {
                (name, metric.key): np.stack([metric.value(each) for each in totals])
                for name, wanted in by_sums.items()
                if wanted
                for totals in [[_added([model[part] for part in members[name]]) for model in by_task]]
                for metric in wanted
            }

        at_once = max(8, min(500, AT_ONCE // max(1, size)))
        _gather(found, in_blocks(of_sums, replicates, at_once, seed))
    if any(by_rows.values()):

        def of_rows(size: int, stream: np.random.Generator) -> dict[tuple[str, str], Values]:
            drawn = units.draw(size, stream)
            weights = [{name: drawn[:, own] for name, own in model.items()} for model in units.of_row]
            return {
                (name, metric.key): np.stack([metric.value(each) for each in totals])
                for name, wanted in by_rows.items()
                if wanted
                for totals in [
                    [_weighted(model, own, members[name]) for model, own in zip(models, weights, strict=True)]
                ]
                for metric in wanted
            }

        count = min(replicates, max(FEWEST_REPLICATES, min(REPLICATES_OF_ROWS, MOST_NUMBERS // max(1, n))))
        _gather(found, in_blocks(of_rows, count, max(1, min(100, AT_ONCE // max(1, n))), seed))
    return found


def _unit_sums(rows: Observations, own: NDArray[np.intp], units: int) -> dict[str, Values]:
    """Column → its sum over the rows of each unit; shape (units,)."""
    columns = {"rows": np.ones(rows.n), **rows.columns}
    return {
        key: np.bincount(own, weights=column, minlength=units).astype(np.float64)
        for key, column in columns.items()
    }


def _added(parts: Sequence[Mapping[str, Values]]) -> Totals:
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return Totals(sums={name: np.asarray(sum(part[name] for part in parts)) for name in names})


def _weighted(
    model: Mapping[str, Observations], weights: Mapping[str, Values], parts: Sequence[str]
) -> Totals:
    columns = Observations.pooled([model[part] for part in parts]).columns
    return Totals(weighted=WeightedRows(columns, np.concatenate([weights[part] for part in parts], axis=-1)))


def _gather(found: dict[str, dict[str, Values]], blocks: Sequence[Mapping[tuple[str, str], Values]]) -> None:
    for name, key in blocks[0]:
        found[name][key] = np.concatenate([block[name, key] for block in blocks], axis=-1)
