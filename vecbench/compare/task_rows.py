"""The paired rows of a task as arrays, and in what they differ."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vecbench.compare.methods import Aspect
from vecbench.compare.pairs import Pair
from vecbench.metrics.paired import Answers
from vecbench.parsing import Prediction

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class TaskRows:
    """Both sides' rows of one task.

    Attributes:
        sides: The baseline's and the candidate's answers; labels are numbered over all tasks.
        target: The number of each row's target, −1 where it is no candidate; shape (n,).
        image: The number of each row's image, shape (n,); tasks that share one have its number in common.
            A sample whose image is unknown has a number of its own.
        candidates: The numbers of the candidates, as either side has them.
    """

    sides: tuple[Answers, Answers]
    target: NDArray[np.int64]
    image: NDArray[np.int64]
    candidates: tuple[frozenset[int], frozenset[int]]

    @property
    def n(self) -> int:
        """Rows."""
        return self.target.size

    def changed(self, aspect: Aspect) -> NDArray[np.int64]:
        """The images that differ between the sides in an aspect of their answers."""
        return self._changed[aspect]

    @cached_property
    def _changed(self) -> dict[Aspect, NDArray[np.int64]]:
        old, new = self.sides
        different: dict[Aspect, Mask] = {
            "outcome": (old.right != new.right) | (_stated(old) != _stated(new)),
            "label": old.label != new.label,
            "certainty": _certainty(old) != _certainty(new),
        }
        return {aspect: np.unique(self.image[rows]) for aspect, rows in different.items()}

    def taken(self, which: Mask) -> TaskRows:
        """Some of the rows."""
        old, new = (
            Answers(side.confidence[which], side.right[which], side.label[which]) for side in self.sides
        )
        return replace(self, sides=(old, new), target=self.target[which], image=self.image[which])

    def with_confidences(self, changed: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> TaskRows:
        """The rows with other confidences."""
        old, new = (replace(side, confidence=changed(side.confidence)) for side in self.sides)
        return replace(self, sides=(old, new))


def is_right(answers: Answers) -> Mask:
    """Which rows are right."""
    return answers.right


def is_covered(answers: Answers) -> Mask:
    """Which rows have a confidence."""
    return np.asarray(~np.isnan(answers.confidence))


def images_of(tasks: Sequence[TaskRows]) -> NDArray[np.int64]:
    """Every image of several tasks, once."""
    return np.unique(np.concatenate([rows.image for rows in tasks]))


def changes_by_image(tasks: Sequence[TaskRows], counts: Callable[[Answers], Mask]) -> NDArray[np.int64]:
    """Of each image: rows that only the candidate has among those that are counted, less the baseline's.

    Args:
        tasks: At least one.
        counts: Which rows are counted.
    """
    images = np.concatenate([rows.image for rows in tasks])
    old, new = (
        np.concatenate([counts(rows.sides[side]) for rows in tasks]).astype(np.int64) for side in (0, 1)
    )
    _, place = np.unique(images, return_inverse=True)
    return np.bincount(place.ravel(), weights=new - old).astype(np.int64)


def rows_by_task(by_task: Mapping[str, Sequence[Pair]]) -> dict[str, TaskRows]:
    """The rows of each task; labels and images that tasks have in common have one number."""
    numbers: dict[str, int] = {}
    images: dict[Hashable, int] = {}
    return {name: _rows(pairs, numbers, images) for name, pairs in by_task.items()}


def _rows(pairs: Sequence[Pair], numbers: dict[str, int], images: dict[Hashable, int]) -> TaskRows:
    lists = [dict.fromkeys(pair[side].candidates for pair in pairs) for side in (0, 1)]
    candidates = [
        frozenset(numbers.setdefault(label, len(numbers)) for each in listed for label in each)
        for listed in lists
    ]
    known = candidates[0] | candidates[1]
    target = np.array([numbers.get(old.target, -1) for old, _ in pairs], dtype=np.int64)
    target[~np.isin(target, list(known))] = -1
    image = [images.setdefault(old.image_key, len(images)) for old, _ in pairs]
    old, new = (_answers([pair[side] for pair in pairs], numbers) for side in (0, 1))
    return TaskRows((old, new), target, np.array(image, dtype=np.int64), (candidates[0], candidates[1]))


def _answers(rows: Sequence[Prediction], numbers: Mapping[str, int]) -> Answers:
    stated = [row.reading.confidence for row in rows]
    label = [-1 if row.reading.answer is None else numbers.get(row.reading.answer, -1) for row in rows]
    return Answers.of_rows(
        [np.nan if each is None else each for each in stated], [row.correct for row in rows], label
    )


def _stated(answers: Answers) -> NDArray[np.float64]:
    """Confidences, −1 where there is none, so that two missing ones are equal."""
    return np.nan_to_num(answers.confidence, nan=-1.0)


def _certainty(answers: Answers) -> NDArray[np.int64]:
    """Whether each row states 1, something else, or nothing."""
    return np.where(answers.confidence == 1, 1, np.where(np.isnan(answers.confidence), -1, 0))
