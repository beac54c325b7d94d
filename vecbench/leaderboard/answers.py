"""The answers of several models to the same samples, and how their metrics vary together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vecbench.leaderboard.entry import Entry
from vecbench.leaderboard.estimates import ESTIMATES, Counts, Matrix
from vecbench.leaderboard.outcomes import NO_CONFIDENCE, UNITS, Codes, TaskOutcomes, images_of
from vecbench.metrics.significance import FEWEST_SAMPLES

AT_ONCE = 2**20
"""Entries × cells of their tables that are held at a time: models may state 10,001 different confidences."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """A metric of the models.

    Attributes:
        value: Shape (models,); nan where it is undefined, or not to be compared.
        excess: See `vecbench.leaderboard.estimates.Estimate`.
        covariance: Of the values; shape (models, models).
    """

    value: Matrix
    excess: Matrix
    covariance: Matrix


class TaskAnswers:
    """Several models' answers to the same samples of one task.

    Attributes:
        members: The places of the models among all entries, ascending.
        right: Whether each answer is right; shape (models, samples).
        codes: Its confidence, see `vecbench.leaderboard.outcomes.Codes`; shape (models, samples).
    """

    def __init__(self, members: list[int], right: NDArray[np.bool_], codes: Codes) -> None:
        self.members = members
        self.right = right
        self.codes = codes

    @classmethod
    def of_entries(cls, entries: Sequence[Entry], members: list[int], task: str) -> Self:
        """The answers that entries hold."""
        outcomes = [entries[place].outcomes[task] for place in members]
        shape = len(members), outcomes[0].n
        right, codes = np.empty(shape, dtype=np.bool_), np.empty(shape, dtype=np.uint16)
        for row, each in enumerate(outcomes):
            right[row], codes[row] = each.bits, each.codes
        return cls(members, right, codes)

    def of_members(self, members: list[int]) -> TaskAnswers:
        """Those of some of the models only."""
        if members == self.members:
            return self
        rows = np.searchsorted(self.members, members)
        return TaskAnswers(members, self.right[rows], self.codes[rows])

    @property
    def n(self) -> int:
        """Samples."""
        return int(self.right.shape[1])

    @cached_property
    def both_right(self) -> Matrix:
        """Samples that two models both got right; shape (models, models)."""
        right = self.right.astype(np.float32)
        return np.asarray(right @ right.T, dtype=np.float64)


class Answers:
    """Several models' answers to the same samples of some tasks.

    Args:
        parts: The answers of the same models to each task.
        image: The number of each sample's image, where tasks share some; shape (samples,).
    """

    def __init__(self, parts: Sequence[TaskAnswers], image: NDArray[np.intp] | None = None) -> None:
        self.members = parts[0].members
        self._of_images = _answers_of_images(image)
        self._parts = parts
        self._right = np.concatenate([each.right for each in parts], axis=1)
        self._codes = np.concatenate([each.codes for each in parts], axis=1)
        ends = np.cumsum([each.n for each in parts])
        self._strata = [slice(int(end) - each.n, int(end)) for end, each in zip(ends, parts, strict=True)]

    @property
    def n(self) -> int:
        """Samples."""
        return int(self._right.shape[1])

    @property
    def freedom(self) -> int:
        """Degrees of freedom of a variance: that of the images, less a mean for every task."""
        images = self._of_images[0].size if self.shares_images else self.n
        return max(1, images - len(self._strata))

    @property
    def shares_images(self) -> bool:
        """Whether an image has samples in several of the tasks: those are not independent."""
        return bool(self._of_images)

    @cached_property
    def right_alone(self) -> NDArray[np.int64]:
        """Samples that the model of the row got right and that of the column did not."""
        both = np.asarray(np.sum([each.both_right for each in self._parts], axis=0))
        return np.asarray(np.diag(both)[:, None] - both, dtype=np.int64)

    def macro_accuracy(self) -> tuple[Matrix, Matrix]:
        """The unweighted means of the tasks' accuracies, and their covariance."""
        if self.shares_images:
            if len({each.n for each in self._parts}) == 1:
                return self.accuracy
            return self._mean([1 / (len(self._parts) * each.n) for each in self._parts])
        value, covariance = np.zeros(len(self.members)), np.zeros((len(self.members),) * 2)
        for each in self._parts:
            share = np.diag(each.both_right) / each.n
            value += share / len(self._parts)
            varies = each.both_right / each.n - np.outer(share, share)
            covariance += varies / max(1, each.n - 1) / len(self._parts) ** 2
        return value, covariance

    @cached_property
    def accuracy(self) -> tuple[Matrix, Matrix]:
        """The pooled accuracies, and their covariance as `estimate` has it."""
        return self._mean([1 / self.n] * len(self._parts))

    def _mean(self, weights: Sequence[float]) -> tuple[Matrix, Matrix]:
        """Weighted sums of what is right, a weight for the samples of each task, and their covariance."""
        influence = self._right.astype(np.float32)
        value = np.zeros(len(self.members))
        for part, weight in zip(self._strata, weights, strict=True):
            value += weight * self._right[:, part].sum(axis=1)
            influence[:, part] *= self.n * weight
        return value, self._covariance(influence)

    def estimate(self, metric: str, coverage: float) -> Estimated:
        """A metric of the confidences.

        Args:
            metric: Key of `ESTIMATES`.
            coverage: Least share of rows with a confidence for its value to be compared.
        """
        places, confidence = self._cells
        k = confidence.size
        values, excesses = [], []
        influence = np.empty(self._right.shape, dtype=np.float32)
        for rows in self._portions(2 * k + 2):
            cells = places[rows]
            offset = np.arange(len(cells))[:, None] * (2 * k + 2)
            flat = cells + offset
            counts = np.bincount(flat.ravel(), minlength=len(cells) * (2 * k + 2))
            table = counts.reshape(len(cells), k + 1, 2)[:, :k].astype(np.float64)
            made = ESTIMATES[metric](Counts(confidence, table[..., 1], table[..., 0], self.n))
            share = table.sum(axis=(1, 2)) / self.n
            values.append(np.where(share >= coverage, made.value, np.nan))
            excesses.append(made.excess)
            by_cell = np.zeros((len(cells), k + 1, 2), dtype=np.float32)
            by_cell[:, :k, 0], by_cell[:, :k, 1] = made.when_wrong, made.when_right
            np.take(by_cell.ravel(), flat, out=influence[rows])
        value = np.concatenate(values)
        influence[np.isnan(value)] = 0
        return Estimated(value, np.concatenate(excesses), self._covariance(influence))

    def _covariance(self, influence: NDArray[np.float32]) -> Matrix:
        """The covariance of means of influences, images being drawn with all their samples."""
        self._standardise(influence)
        if self.shares_images:
            first, *further = self._of_images
            by_image = np.take(influence, first, axis=1)
            for places in further:
                by_image[:, : places.size] += np.take(influence, places, axis=1)
            influence = by_image
        return np.asarray(influence @ influence.T, dtype=np.float64)

    @cached_property
    def _cells(self) -> tuple[NDArray[np.intp], Matrix]:
        """For every answer twice the place of its confidence, and 1 if it is right; and the confidences."""
        known = np.flatnonzero(np.bincount(self._codes.ravel(), minlength=NO_CONFIDENCE + 1)[: UNITS + 1])
        place = np.full(NO_CONFIDENCE + 1, known.size, dtype=np.intp)
        place[known] = np.arange(known.size)
        return 2 * place[self._codes] + self._right, known / UNITS

    def _portions(self, cells: int) -> Iterator[slice]:
        size = max(1, min(64, AT_ONCE // cells))
        for begin in range(0, len(self.members), size):
            yield slice(begin, begin + size)

    def _standardise(self, influence: NDArray[np.float32]) -> None:
        """Makes the products of two rows the covariance of their means, samples being drawn task by task."""
        for part in self._strata:
            n = part.stop - part.start
            own = influence[:, part]
            own -= own.mean(axis=1, keepdims=True)
            own *= np.sqrt(n / max(1, n - 1)) / self.n

    def few_differ(self, doubtful: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Pairs of which too few samples differ for anything but an exact test.

        Args:
            doubtful: Those to look at; shape (models, models), as what is returned.
        """
        # Where one is right and the other is not, the answers differ.
        few = doubtful & (self.right_alone + self.right_alone.T < FEWEST_SAMPLES)
        for row in np.flatnonzero(few.any(axis=1)):
            columns = np.flatnonzero(few[row])
            differ = (self._codes[columns] != self._codes[row]) | (self._right[columns] != self._right[row])
            few[row, columns] = differ.sum(axis=1) < FEWEST_SAMPLES
        return few


class AnswerSheets:
    """The outcomes of entries, unpacked once.

    Args:
        entries: All of them.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._by_task: dict[tuple[str, str], TaskAnswers] = {}

    def alike(self, tasks: Sequence[str]) -> list[Answers]:
        """The answers to some tasks, apart for those who have not answered the same samples.

        Entries with several repeats are left out: such answers are not independent.
        """
        found: dict[tuple[str, ...], list[int]] = {}
        for place, entry in enumerate(self._entries):
            if entry.decoding.repeats == 1 and all(task in entry.outcomes for task in tasks):
                samples = tuple(entry.outcomes[task].samples_sha256 for task in tasks)
                found.setdefault(samples, []).append(place)
        return [
            Answers(
                [self._of_task(*each).of_members(members) for each in zip(tasks, samples, strict=True)],
                self._images(tasks, members),
            )
            for samples, members in found.items()
        ]

    def _images(self, tasks: Sequence[str], members: Sequence[int]) -> NDArray[np.intp]:
        # The samples are the same, so the images are; but an entry of an older version does not tell them.
        told = max(members, key=lambda place: sum(len(self._outcomes(place, task).shared) for task in tasks))
        return images_of({task: self._outcomes(told, task) for task in tasks})

    def _outcomes(self, place: int, task: str) -> TaskOutcomes:
        return self._entries[place].outcomes[task]

    def unpack(self, tasks: Sequence[str]) -> None:
        """Unpacks some tasks ahead, so that threads do not do it side by side."""
        for task in tasks:
            for samples in {
                entry.outcomes[task].samples_sha256 for entry in self._entries if task in entry.outcomes
            }:
                _ = self._of_task(task, samples).both_right

    def _of_task(self, task: str, samples: str) -> TaskAnswers:
        if (task, samples) not in self._by_task:
            members = [
                place
                for place, entry in enumerate(self._entries)
                if task in entry.outcomes and entry.outcomes[task].samples_sha256 == samples
            ]
            self._by_task[task, samples] = TaskAnswers.of_entries(self._entries, members, task)
        return self._by_task[task, samples]


def _answers_of_images(image: NDArray[np.intp] | None) -> list[NDArray[np.intp]]:
    """The places of every image's first sample, of the second one of those that have two, and so on.

    Images with many samples come first, in the same order each time. Empty if every image has one sample.
    """
    if image is None:
        return []
    order = np.argsort(image, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(image[order]) != 0])
    sizes = np.diff(np.r_[starts, order.size])
    if starts.size == order.size:
        return []
    starts = starts[np.argsort(-sizes, kind="stable")]
    several = [np.count_nonzero(sizes > number) for number in range(int(sizes.max()))]
    return [order[starts[:count] + number] for number, count in enumerate(several)]
