"""The rows of several sides on the same samples as arrays, and in what two of them differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vecbench.answers import AnswerKind
from vecbench.comparing.pairs import Pair
from vecbench.metrics.definition import Aspect
from vecbench.metrics.observations import Floats, Mask, Observations
from vecbench.metrics.scored_options import OPTIONS
from vecbench.scoring.observations import paired_observations


@dataclass(frozen=True)
class ObservedPairs:
    """The rows of one task on every side, in the same order, with the same classes.

    Sides are a baseline and a candidate, or the same answers with several confidences; `candidates` is what
    each side was asked with.
    """

    sides: tuple[Observations, ...]
    candidates: tuple[frozenset[str], ...]

    @property
    def old(self) -> Observations:
        """The first side's rows: the baseline's."""
        return self.sides[0]

    @property
    def new(self) -> Observations:
        """The last side's rows: the candidate's."""
        return self.sides[-1]

    @property
    def image(self) -> NDArray[np.intp]:
        """The number of each row's image; shape (n,)."""
        return self.old.image

    @cached_property
    def changed(self) -> dict[Aspect, NDArray[np.intp]]:
        """The images that differ between the sides, by aspect of their answers."""
        old, new = self.old, self.new
        answers, options = old.answered != new.answered, np.zeros(old.n, dtype=np.bool_)
        if old.classes:
            answers |= old.answer != new.answer
        for name in old.columns.keys() & new.columns.keys():  # options may be scored on one side alone
            different = old.columns[name] != new.columns[name]
            if name.startswith(OPTIONS):
                options |= different
            else:
                answers |= different
        by_aspect: dict[Aspect, Mask] = {
            "outcome": (old.right != new.right) | (_stated(old) != _stated(new)),
            "answer": answers,
            "certainty": _certainty(old) != _certainty(new),
            "options": options,
        }
        return {aspect: np.unique(self.image[rows]) for aspect, rows in by_aspect.items()}

    def taken(self, which: Mask) -> ObservedPairs:
        """Some of the rows."""
        return replace(self, sides=tuple(side.taken(which) for side in self.sides))

    def rounded(self, decimals: int) -> ObservedPairs:
        """The rows with rounded confidences."""
        sides = (replace(side, confidence=np.round(side.confidence, decimals)) for side in self.sides)
        return replace(self, sides=tuple(sides))

    def in_classes(self, classes: Sequence[str]) -> ObservedPairs:
        """The rows counted by a longer list of classes."""
        return replace(self, sides=tuple(side.in_classes(classes) for side in self.sides))


def observed_pairs(
    by_task: Mapping[str, Sequence[Pair]], kinds: Mapping[str, AnswerKind]
) -> dict[str, ObservedPairs]:
    """The rows of each task; images that tasks have in common have one number."""
    found = {}
    for name, (old, new) in paired_observations(by_task, kinds).items():
        classes = tuple(dict.fromkeys([*old.classes, *new.classes]))
        candidates = frozenset(old.classes), frozenset(new.classes)
        found[name] = ObservedPairs((old.in_classes(classes), new.in_classes(classes)), candidates)
    return found


def image_count(tasks: Sequence[ObservedPairs]) -> int:
    """Different images of several tasks."""
    return np.unique(np.concatenate([rows.image for rows in tasks])).size


def changes_by_image(
    tasks: Sequence[ObservedPairs], counts: Callable[[Observations], Mask]
) -> NDArray[np.int64]:
    """Of each image: the candidate's rows among those that are counted, less the baseline's."""
    _, place = np.unique(np.concatenate([rows.image for rows in tasks]), return_inverse=True)
    old, new = (np.concatenate([counts(rows.sides[side]) for rows in tasks]) * 1 for side in (0, 1))
    return np.bincount(place.ravel(), weights=new - old).astype(np.int64)


def _stated(rows: Observations) -> Floats:
    """Confidences, −1 where there is none, so that two missing ones are equal."""
    return np.nan_to_num(rows.confidence, nan=-1.0)


def _certainty(rows: Observations) -> NDArray[np.int64]:
    """Whether each row states 1, something else, or nothing."""
    return np.where(rows.confidence == 1, 1, np.where(rows.stated, 0, -1))
