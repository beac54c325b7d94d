"""Answers to one image, in several tasks or repeats: which there are, and how much less they tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.catalogue import null_bins
from vecbench.metrics.clusters import Clusters, design_effect, strata
from vecbench.metrics.consistency import null_effect
from vecbench.metrics.definition import Metric
from vecbench.metrics.observations import Mask, Observations
from vecbench.metrics.totals import Totals, places_of


@dataclass(frozen=True, slots=True)
class Effects:
    """How much wider intervals are, as variances, where an image has several rows: 1 for what is absent.

    `shares` is of the metrics that count rows, by key; `null` of the ECE of a calibrated model, by bins;
    `others` of metrics with an interval of gaps or of their own, by key.
    """

    by_image: bool = False
    shares: Mapping[str, float] = field(default_factory=dict)
    null: Mapping[int, float] = field(default_factory=dict)
    others: Mapping[str, float] = field(default_factory=dict)


INDEPENDENT = Effects()


@dataclass(frozen=True)
class Dependence:
    """All rows of a run, by task, where an image has several; and how many images there are."""

    tasks: Mapping[str, Observations]
    images: int

    @classmethod
    def of(cls, tasks: Mapping[str, Observations]) -> Self | None:
        """The dependence of all rows, by task; None if every image has one row."""
        rows = sum(each.n for each in tasks.values())
        images = 1 + max((int(each.image.max(initial=-1)) for each in tasks.values()), default=-1)
        return None if images == rows else cls(tasks, images)

    def is_in(self, tasks: Sequence[str]) -> bool:
        """Whether an image has several of the tasks' rows."""
        return not self._joined(tasks).is_one_row_each

    def effects(self, tasks: Sequence[str], metrics: Sequence[Metric]) -> Effects:
        """The effects on metrics of the tasks' rows, pooled."""
        rows = self._joined(tasks)
        if rows.is_one_row_each:
            return INDEPENDENT
        shares = {
            metric.key: self._effect(tasks, rows, metric.counts)
            for metric in metrics
            if metric.counts is not None
        }
        null = {
            bins: null_effect(rows.image, rows.confidence, rows.right, bins) for bins in null_bins(metrics)
        }
        others = {
            metric.key: metric.effect(rows)
            for metric in metrics
            if metric.effect is not None and metric.interval != "none" and rows.stated.any()
        }
        return Effects(True, shares, null, others)

    def clusters(self, totals: Mapping[str, Totals]) -> list[Clusters]:
        """The images that have several rows in these tasks; those of the same ones together: tasks keep n."""
        rows_in = np.stack(
            [np.bincount(self.tasks[name].image, minlength=self.images) for name in totals], axis=1
        )
        several = np.flatnonzero(rows_in.sum(axis=1) > 1)
        kind = strata(rows_in[several] > 0)
        return [self._clusters(several[kind == each], totals) for each in np.unique(kind)]

    def _clusters(self, images: NDArray[np.intp], totals: Mapping[str, Totals]) -> Clusters:
        place, image = {}, {}
        for name, all_rows in totals.items():
            task = self.tasks[name]
            rows = task.taken(np.isin(task.image, images))
            if not rows.n:
                continue
            place[name] = places_of(all_rows.cells.confidence, rows)
            image[name] = np.searchsorted(images, rows.image)
        return Clusters(place, image, images.size)

    def _effect(
        self, tasks: Sequence[str], rows: Observations, counts: Callable[[Observations], Mask]
    ) -> float:
        counted = [counts(self.tasks[name]) for name in tasks]
        residual = np.concatenate([each - each.mean() for each in counted])
        return design_effect(residual, rows.image)

    def macro_effect(self, tasks: Sequence[str], counts: Callable[[Observations], Mask]) -> float:
        """The design effect on the mean of the tasks' shares, beyond that on each of them."""
        counted = [counts(self.tasks[name]) for name in tasks]
        weight = np.concatenate([np.full(each.size, 1 / each.size) for each in counted])
        residual = np.concatenate([(each - each.mean()) / each.size for each in counted])
        part = np.concatenate([np.full(each.size, number) for number, each in enumerate(counted)])
        return design_effect(residual, self._joined(tasks).image, part, weight)

    def _joined(self, tasks: Sequence[str]) -> Observations:
        return Observations.pooled([self.tasks[name] for name in tasks])
