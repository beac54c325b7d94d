"""The paired rows of a task as arrays, and in what they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

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
        sample: The number of each row's sample, from 0; shape (n,).
        candidates: The numbers of the candidates, as either side has them.
    """

    sides: tuple[Answers, Answers]
    target: NDArray[np.int64]
    sample: NDArray[np.int64]
    candidates: tuple[frozenset[int], frozenset[int]]

    @property
    def n(self) -> int:
        """Rows."""
        return self.target.size

    @property
    def samples(self) -> int:
        """Samples, each of which has one row or several."""
        return int(self.sample.max()) + 1

    def changed(self, aspect: Aspect) -> int:
        """How many samples differ between the sides in an aspect of their answers."""
        old, new = self.sides
        different = {
            "outcome": lambda: (old.right != new.right) | (_stated(old) != _stated(new)),
            "label": lambda: old.label != new.label,
            "certainty": lambda: _certainty(old) != _certainty(new),
        }[aspect]()
        return int(np.unique(self.sample[different]).size)

    def flipped(self, counts: Callable[[Answers], Mask]) -> tuple[int, int]:
        """Rows that only the baseline has among those that are counted, and that only the candidate has."""
        old, new = (counts(side) for side in self.sides)
        return int(np.sum(old & ~new)), int(np.sum(~old & new))

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


def rows_by_task(by_task: Mapping[str, Sequence[Pair]]) -> dict[str, TaskRows]:
    """The rows of each task; labels that tasks have in common have one number."""
    numbers: dict[str, int] = {}
    return {name: _rows(pairs, numbers) for name, pairs in by_task.items()}


def _rows(pairs: Sequence[Pair], numbers: dict[str, int]) -> TaskRows:
    lists = [dict.fromkeys(pair[side].candidates for pair in pairs) for side in (0, 1)]
    candidates = [
        frozenset(numbers.setdefault(label, len(numbers)) for each in listed for label in each)
        for listed in lists
    ]
    known = candidates[0] | candidates[1]
    target = np.array([numbers.get(old.target, -1) for old, _ in pairs], dtype=np.int64)
    target[~np.isin(target, list(known))] = -1
    samples: dict[str, int] = {}
    sample = [samples.setdefault(old.sample_id, len(samples)) for old, _ in pairs]
    old, new = (_answers([pair[side] for pair in pairs], numbers) for side in (0, 1))
    return TaskRows((old, new), target, np.array(sample, dtype=np.int64), (candidates[0], candidates[1]))


def _answers(rows: Sequence[Prediction], numbers: Mapping[str, int]) -> Answers:
    stated = [row.reading.confidence for row in rows]
    label = [-1 if row.reading.label is None else numbers.get(row.reading.label, -1) for row in rows]
    return Answers.of_rows(
        [np.nan if each is None else each for each in stated], [row.correct for row in rows], label
    )


def _stated(answers: Answers) -> NDArray[np.float64]:
    """Confidences, −1 where there is none, so that two missing ones are equal."""
    return np.nan_to_num(answers.confidence, nan=-1.0)


def _certainty(answers: Answers) -> NDArray[np.int64]:
    """Whether each row states 1, something else, or nothing."""
    return np.where(answers.confidence == 1, 1, np.where(np.isnan(answers.confidence), -1, 0))
