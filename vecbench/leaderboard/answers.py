"""The answers of several models to the same samples, and how their metrics vary together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vecbench.leaderboard.entry import Entry
from vecbench.leaderboard.influence import ConfidenceTable, models_at_once
from vecbench.leaderboard.outcomes import Codes, Samples, TaskOutcomes, images_of
from vecbench.metrics.cells import Values
from vecbench.metrics.definition import Metric
from vecbench.metrics.significance import FEWEST_SAMPLES

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimated:
    """A metric of the models.

    Attributes:
        value: Shape (models,); nan where it is undefined, or not to be compared.
        excess: See `vecbench.leaderboard.influence.Influence`; shape (models,).
        covariance: Of the values; shape (models, models).
    """

    value: Values
    excess: Values
    covariance: Matrix


class Answers:
    """Several models' answers to the same samples of some tasks.

    Args:
        members: The places of the models among all entries, ascending.
        right: For each task, whether each answer is right; each of shape (models, samples).
        codes: For each task the confidences, see `vecbench.leaderboard.outcomes.Codes`; likewise.
        image: The number of each sample's image; shape (samples of all tasks,).
    """

    def __init__(
        self,
        members: Sequence[int],
        right: Sequence[NDArray[np.bool_]],
        codes: Sequence[Codes],
        image: NDArray[np.intp],
    ) -> None:
        self.members = list(members)
        self._right, self._codes = np.concatenate(right, axis=1), np.concatenate(codes, axis=1)
        ends = np.cumsum([each.shape[1] for each in right]).tolist()
        self._strata = [slice(begin, end) for begin, end in zip([0, *ends], ends, strict=False)]
        self._of_images = _answers_of_images(image)

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
        right = self._right.astype(np.float32)
        both = right @ right.T
        return np.asarray(np.diag(both)[:, None] - both, dtype=np.int64)

    @cached_property
    def pooled_share(self) -> Estimated:
        """The shares of right rows."""
        return self._right_share([1 / self.n] * len(self._strata))

    def macro_share(self) -> Estimated:
        """The unweighted means of the tasks' shares of right rows."""
        sizes = [each.stop - each.start for each in self._strata]
        if len(set(sizes)) == 1:
            return self.pooled_share
        return self._right_share([1 / (len(sizes) * size) for size in sizes])

    def _right_share(self, weights: Sequence[float]) -> Estimated:
        """Weighted sums of what is right, with a weight for the samples of each task."""
        influence = self._right.astype(np.float32)
        value = np.zeros(len(self.members))
        for part, weight in zip(self._strata, weights, strict=True):
            value += weight * self._right[:, part].sum(axis=1)
            influence[:, part] *= self.n * weight
        return Estimated(value, np.zeros_like(value), self._covariance(influence))

    def estimates(self, metrics: Sequence[Metric], least_stated: float) -> Iterator[Estimated]:
        """Metrics of the confidences, see `ConfidenceTable.influences`."""
        size = models_at_once(self._codes)
        rows = [slice(begin, begin + size) for begin in range(0, len(self.members), size)]
        tables = [ConfidenceTable(self._right[each], self._codes[each]) for each in rows]
        for found in zip(*(table.influences(metrics, least_stated) for table in tables), strict=True):
            value = np.concatenate([each.value for each in found])
            influence = np.empty(self._right.shape, dtype=np.float32)
            for where, table, each in zip(rows, tables, found, strict=True):
                np.take(each.by_place.ravel(), table.place, out=influence[where])
            influence[np.isnan(value)] = 0
            excess = np.concatenate([each.excess for each in found])
            yield Estimated(value, excess, self._covariance(influence))

    def _covariance(self, influence: NDArray[np.float32]) -> Matrix:
        """The covariance of means of influences, images being drawn with all their samples, task by task."""
        for part in self._strata:
            n, own = part.stop - part.start, influence[:, part]
            own -= own.mean(axis=1, keepdims=True)
            own *= np.sqrt(n / max(1, n - 1)) / self.n
        if self.shares_images:
            first, *further = self._of_images
            by_image = np.take(influence, first, axis=1)
            for places in further:
                by_image[:, : places.size] += np.take(influence, places, axis=1)
            influence = by_image
        return np.asarray(influence @ influence.T, dtype=np.float64)

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
        entries: All of them. Those with several repeats are left out: such answers are not independent.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._outcomes = {
            place: entry.outcomes for place, entry in enumerate(entries) if entry.decoding.repeats == 1
        }
        members: dict[tuple[str, Samples], list[int]] = {}
        for place, by_task in self._outcomes.items():
            for task, each in by_task.items():
                members.setdefault((task, each.samples), []).append(place)
        self._sheets = {
            (task, samples): (
                places,
                np.array([self._outcomes[place][task].bits for place in places]),
                np.array([self._outcomes[place][task].codes for place in places]),
            )
            for (task, samples), places in members.items()
        }

    def alike(self, tasks: Sequence[str]) -> list[Answers]:
        """The answers to some tasks, apart for those who have not answered the same samples."""
        found: dict[tuple[Samples, ...], list[int]] = {}
        for place, by_task in self._outcomes.items():
            if all(task in by_task for task in tasks):
                samples = tuple(by_task[task].samples for task in tasks)
                found.setdefault(samples, []).append(place)
        return [self._answers(tasks, samples, members) for samples, members in found.items()]

    def _answers(self, tasks: Sequence[str], samples: Sequence[Samples], members: Sequence[int]) -> Answers:
        right, codes = [], []
        for key in zip(tasks, samples, strict=True):
            places, all_right, all_codes = self._sheets[key]
            rows = slice(None) if places == members else np.searchsorted(places, members)
            right.append(all_right[rows])
            codes.append(all_codes[rows])
        # The samples are the same, so the images are; but an entry of an older version does not tell them.
        told = max(members, key=lambda place: sum(len(each.shared) for each in self._of(place, tasks)))
        image = images_of(dict(zip(tasks, self._of(told, tasks), strict=True)))
        return Answers(members, right, codes, image)

    def _of(self, place: int, tasks: Sequence[str]) -> list[TaskOutcomes]:
        return [self._outcomes[place][task] for task in tasks]


def _answers_of_images(image: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The places of every image's first sample, of the second one of those that have two, and so on.

    Images with many samples come first, in the same order each time. Empty if every image has one sample.
    """
    order = np.argsort(image, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(image[order]) != 0])
    sizes = np.diff(np.r_[starts, order.size])
    if starts.size == order.size:
        return []
    starts = starts[np.argsort(-sizes, kind="stable")]
    several = [np.count_nonzero(sizes > number) for number in range(int(sizes.max()))]
    return [order[starts[:count] + number] for number, count in enumerate(several)]
