"""Answers to one image, in several tasks or repeats: which there are, and how much less they tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.bootstrap import Outcomes, places_of
from vecbench.metrics.clusters import Clusters, design_effect
from vecbench.metrics.consistency import null_effect
from vecbench.parsing import Prediction
from vecbench.scoring.definitions import NULL_BINS

Share = Literal["accuracy", "coverage"]

SHARES: tuple[Share, ...] = ("accuracy", "coverage")
"""Metrics that are a count of the rows over all of them."""

FEWEST_TOGETHER = 20
"""Images of fewer than this in the same tasks are drawn with others: few by themselves would hardly vary."""


@dataclass(frozen=True, slots=True)
class Effects:
    """How much wider intervals of some rows are, as variances: 1 where no image has several of the rows.

    Attributes:
        by_image: Whether an image has several rows, so that images are drawn.
        shares: Of accuracy and coverage.
        null: Bins → of the ECE of a calibrated model.
    """

    by_image: bool = False
    shares: Mapping[Share, float] = field(default_factory=lambda: dict.fromkeys(SHARES, 1.0))
    null: Mapping[int, float] = field(default_factory=lambda: dict.fromkeys(NULL_BINS, 1.0))


INDEPENDENT = Effects()


@dataclass(frozen=True)
class TaskAnswers:
    """The rows of a task, in an order that is their own.

    Attributes:
        image: The number of each row's image, over all tasks; shape (n,).
        correct: Whether each row is right; shape (n,).
        confidence: nan where there is none; shape (n,).
    """

    image: NDArray[np.intp]
    correct: NDArray[np.bool_]
    confidence: NDArray[np.float64]

    @classmethod
    def of_rows(cls, rows: Sequence[Prediction], numbers: Mapping[str, int]) -> Self:
        """The rows as arrays.

        Args:
            rows: In any order.
            numbers: Key of each image → its number.
        """
        image = np.array([numbers[row.image_key] for row in rows], dtype=np.intp)
        correct = np.array([row.correct for row in rows], dtype=np.bool_)
        stated = [row.reading.confidence for row in rows]
        confidence = np.array([np.nan if each is None else each for each in stated], dtype=np.float64)
        # Sums must not depend on the order in which responses were stored, to the last bit.
        order = np.lexsort((correct, confidence, image))
        return cls(image[order], correct[order], confidence[order])

    def aspect(self, share: Share) -> NDArray[np.bool_]:
        """Which rows count for a share."""
        return self.correct if share == "accuracy" else np.asarray(~np.isnan(self.confidence))

    def taken(self, which: NDArray[np.bool_]) -> TaskAnswers:
        """Some of the rows."""
        return TaskAnswers(self.image[which], self.correct[which], self.confidence[which])


@dataclass(frozen=True)
class Dependence:
    """All rows of a run, where an image has several.

    Attributes:
        tasks: Task id → its rows.
        images: Images in all.
    """

    tasks: Mapping[str, TaskAnswers]
    images: int

    @classmethod
    def of_rows(cls, by_task: Mapping[str, Sequence[Prediction]]) -> Self | None:
        """The dependence of all rows, by task; None if every image has one row."""
        keys = [row.image_key for rows in by_task.values() for row in rows]
        distinct = set(keys)
        if len(distinct) == len(keys):
            return None
        numbers = {key: number for number, key in enumerate(sorted(distinct))}
        tasks = {name: TaskAnswers.of_rows(rows, numbers) for name, rows in by_task.items()}
        return cls(tasks, len(numbers))

    def is_in(self, tasks: Sequence[str]) -> bool:
        """Whether an image has several of the tasks' rows."""
        image = self._joined(tasks).image
        return np.unique(image).size < image.size

    def effects(self, tasks: Sequence[str]) -> Effects:
        """The effects on scores of the tasks' rows, pooled."""
        if not self.is_in(tasks):
            return INDEPENDENT
        rows = self._joined(tasks)
        shares = {share: self._effect(tasks, share) for share in SHARES}
        return Effects(
            True,
            shares,
            {bins: null_effect(rows.image, rows.confidence, rows.correct, bins) for bins in NULL_BINS},
        )

    def clusters(self, outcomes: Mapping[str, Outcomes]) -> list[Clusters]:
        """The images that have several rows in some tasks.

        Those of the same tasks are together, so that tasks keep their n.

        Args:
            outcomes: Task id → the rows of these tasks.
        """
        rows_in = np.stack(
            [np.bincount(self.tasks[name].image, minlength=self.images) for name in outcomes], axis=1
        )
        several = np.flatnonzero(rows_in.sum(axis=1) > 1)
        _, kind, sizes = np.unique(rows_in[several] > 0, axis=0, return_inverse=True, return_counts=True)
        kind = np.where(sizes[kind.ravel()] < FEWEST_TOGETHER, -1, kind.ravel())
        return [self._clusters(several[kind == each], outcomes) for each in np.unique(kind)]

    def _clusters(self, images: NDArray[np.intp], outcomes: Mapping[str, Outcomes]) -> Clusters:
        place, image = {}, {}
        for name, all_rows in outcomes.items():
            task = self.tasks[name]
            rows = task.taken(np.isin(task.image, images))
            if not rows.image.size:
                continue
            place[name] = places_of(all_rows.cells.confidence, rows.confidence, rows.correct)
            image[name] = np.searchsorted(images, rows.image)
        return Clusters(place, image, images.size)

    def _effect(self, tasks: Sequence[str], share: Share) -> float:
        rows = [self.tasks[name] for name in tasks]
        aspects = [each.aspect(share) for each in rows]
        residual = np.concatenate([each - each.mean() for each in aspects])
        return design_effect(residual, self._joined(tasks).image)

    def macro_effect(self, tasks: Sequence[str], share: Share) -> float:
        """The design effect on the mean of the tasks' shares, beyond that on each of them."""
        rows = [self.tasks[name] for name in tasks]
        aspects = [each.aspect(share) for each in rows]
        weight = np.concatenate([np.full(each.size, 1 / each.size) for each in aspects])
        residual = np.concatenate([(each - each.mean()) / each.size for each in aspects])
        part = np.concatenate([np.full(each.size, number) for number, each in enumerate(aspects)])
        return design_effect(residual, self._joined(tasks).image, part, weight)

    def _joined(self, tasks: Sequence[str]) -> TaskAnswers:
        parts = [self.tasks[name] for name in tasks]
        return TaskAnswers(
            np.concatenate([each.image for each in parts]),
            np.concatenate([each.correct for each in parts]),
            np.concatenate([each.confidence for each in parts]),
        )
