"""Which answers each target got: the pairs that occur, since a list of many classes has very many others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.observations import Observations

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by target and answer.

    Attributes:
        target: Place of the class of each pair that occurs, in order; `size` for no target; shape (pairs,).
        answer: Likewise of the answer.
        count: Rows of each pair, at least 1; shape (pairs,).
        size: How many classes there are.
    """

    target: Places
    answer: Places
    count: NDArray[np.int64]
    size: int

    @classmethod
    def of(cls, target: Places, answer: Places, size: int, count: NDArray[np.int64] | None = None) -> Self:
        """Of rows, or of pairs that may be equal; all of them within [0, `size`]."""
        pairs, place = np.unique(target * (size + 1) + answer, return_inverse=True)
        counts = np.bincount(place.ravel(), count, pairs.size).astype(np.int64)
        return cls(pairs // (size + 1), pairs % (size + 1), counts, size)

    @classmethod
    def of_rows(cls, rows: Observations) -> Self:
        """Of rows by their classes; without classes, all rows have neither target nor answer."""
        k = len(rows.classes)
        target, answer = (np.where((each < 0) | (k == 0), k, each) for each in (rows.target, rows.answer))
        return cls.of(target.astype(np.intp), answer.astype(np.intp), k)

    @classmethod
    def of_labels(
        cls, targets: Sequence[str | None], labels: Sequence[str | None], candidates: Sequence[str]
    ) -> Self:
        """Of targets and labels, None where there is none.

        Raises:
            ValueError: The lengths differ, or a target or label is not among the candidates.
        """
        place: dict[str | None, int] = {candidate: index for index, candidate in enumerate(candidates)}
        place[None] = len(candidates)
        for name in (*targets, *labels):
            if name not in place:
                raise ValueError(f"{name!r} is not among the candidates")
        if len(targets) != len(labels):
            raise ValueError(f"there are {len(targets)} targets and {len(labels)} labels")
        target, answer = (np.array([place[name] for name in each], np.intp) for each in (targets, labels))
        return cls.of(target, answer, len(candidates))

    def of_parents(self, parent: Places, size: int) -> Confusion:
        """By coarser classes: `parent` has the place of each class's own, shape (classes,)."""
        places = np.append(parent, size)
        return Confusion.of(places[self.target], places[self.answer], size, self.count)

    @property
    def support(self) -> NDArray[np.int64]:
        """Rows of each target; shape (classes,)."""
        return np.bincount(self.target, self.count, self.size + 1).astype(np.int64)[:-1]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Rows of each answer; shape (classes,)."""
        return np.bincount(self.answer, self.count, self.size + 1).astype(np.int64)[:-1]

    @property
    def hits(self) -> NDArray[np.int64]:
        """Rows of each target that are answered with it; shape (classes,)."""
        right = self.target == self.answer
        return np.bincount(self.target[right], self.count[right], self.size + 1).astype(np.int64)[:-1]

    def matrix(self) -> NDArray[np.int64]:
        """Shape (classes + 1, classes + 1), the last of each for none: for few classes."""
        counts = np.zeros((self.size + 1, self.size + 1), dtype=np.int64)
        counts[self.target, self.answer] = self.count
        return counts


NO_CONFUSION = Confusion(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.int64), 0)
