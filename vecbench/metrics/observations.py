"""Predictions as numbers: what metrics and resampling work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Observations:
    """The rows of one task, or of several that are pooled.

    Attributes:
        image: The number of what each row shows: rows that share it are drawn together; shape (n,).
        right: Whether each row is right; a row without an answer is wrong; shape (n,).
        confidence: In [0, 1], nan where there is none; shape (n,).
        answered: Whether each row has an answer; shape (n,).
        classes: What answers are counted by where they are one of a few: labels, letters; empty otherwise.
        target: The place of each row's target among the classes, −1 where it is none; shape (n,).
        answer: Likewise of its answer, −1 where it has none; shape (n,).
        columns: The kind's own numbers, by name; each of shape (n,).
    """

    image: NDArray[np.intp]
    right: Mask
    confidence: Floats
    answered: Mask
    classes: tuple[str, ...] = ()
    target: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    answer: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    columns: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Rows."""
        return self.image.size

    @cached_property
    def stated(self) -> Mask:
        """Which rows have a confidence; shape (n,)."""
        return np.asarray(~np.isnan(self.confidence))

    @cached_property
    def images(self) -> int:
        """Different images."""
        return np.unique(self.image).size

    @property
    def is_one_row_each(self) -> bool:
        """Whether no image has several of the rows."""
        return self.images == self.n

    def taken(self, which: Mask | NDArray[np.intp]) -> Observations:
        """Some of the rows, or all in another order."""
        return replace(
            self,
            image=self.image[which],
            right=self.right[which],
            confidence=self.confidence[which],
            answered=self.answered[which],
            target=self.target[which] if self.classes else self.target,
            answer=self.answer[which] if self.classes else self.answer,
            columns={name: column[which] for name, column in self.columns.items()},
        )

    def in_classes(self, classes: Sequence[str]) -> Observations:
        """The same rows, their targets and answers numbered by a longer list of classes.

        Args:
            classes: All of `self.classes`, and whatever else.
        """
        if tuple(classes) == self.classes:
            return self
        if not self.classes:  # answers that are none of any
            none = np.full(self.n, -1, dtype=np.intp)
            return replace(self, classes=tuple(classes), target=none, answer=none)
        place = {name: number for number, name in enumerate(classes)}
        # The last place stands for −1.
        moved = np.array([*(place[name] for name in self.classes), -1], dtype=np.intp)
        return replace(self, classes=tuple(classes), target=moved[self.target], answer=moved[self.answer])

    @classmethod
    def pooled(cls, parts: Sequence[Observations]) -> Observations:
        """The rows of several tasks together.

        Args:
            parts: At least one, of one kind; an image has the same number in all of them.
        """
        if len(parts) == 1:
            return parts[0]
        classes = tuple(dict.fromkeys(name for part in parts for name in part.classes))
        numbered = [part.in_classes(classes) for part in parts] if classes else parts
        names = [name for name in parts[0].columns if all(name in part.columns for part in parts)]

        def joined(name: str) -> Any:
            return np.concatenate([getattr(part, name) for part in numbered])

        return cls(
            image=joined("image"),
            right=joined("right"),
            confidence=joined("confidence"),
            answered=joined("answered"),
            classes=classes,
            target=joined("target"),
            answer=joined("answer"),
            columns={name: np.concatenate([part.columns[name] for part in parts]) for name in names},
        )
