"""The rows of two models on the same samples as arrays, and in what they differ."""

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
from vecbench.scoring.observations import paired_observations


@dataclass(frozen=True)
class ObservedPairs:
    """Both models' rows of one task, pair by pair, with the same classes; `candidates` were asked with."""

    old: Observations
    new: Observations
    candidates: tuple[frozenset[str], frozenset[str]]

    @property
    def sides(self) -> tuple[Observations, Observations]:
        """The baseline's rows and the candidate's."""
        return self.old, self.new

    @property
    def image(self) -> NDArray[np.intp]:
        """The number of each row's image; shape (n,)."""
        return self.old.image

    @cached_property
    def changed(self) -> dict[Aspect, NDArray[np.intp]]:
        """The images that differ between the sides, by aspect of their answers."""
        old, new = self.sides
        answers = old.answered != new.answered
        if old.classes:
            answers |= old.answer != new.answer
        for name, column in old.columns.items():
            answers |= column != new.columns[name]
        different: dict[Aspect, Mask] = {
            "outcome": (old.right != new.right) | (_stated(old) != _stated(new)),
            "answer": answers,
            "certainty": _certainty(old) != _certainty(new),
        }
        return {aspect: np.unique(self.image[rows]) for aspect, rows in different.items()}

    def taken(self, which: Mask) -> ObservedPairs:
        """Some of the rows."""
        return ObservedPairs(self.old.taken(which), self.new.taken(which), self.candidates)

    def rounded(self, decimals: int) -> ObservedPairs:
        """The rows with rounded confidences."""
        old, new = (replace(side, confidence=np.round(side.confidence, decimals)) for side in self.sides)
        return ObservedPairs(old, new, self.candidates)

    def in_classes(self, classes: Sequence[str]) -> ObservedPairs:
        """The rows counted by a longer list of classes."""
        return ObservedPairs(self.old.in_classes(classes), self.new.in_classes(classes), self.candidates)


def observed_pairs(
    by_task: Mapping[str, Sequence[Pair]], kinds: Mapping[str, AnswerKind]
) -> dict[str, ObservedPairs]:
    """The rows of each task; images that tasks have in common have one number."""
    found = {}
    for name, (old, new) in paired_observations(by_task, kinds).items():
        classes = tuple(dict.fromkeys([*old.classes, *new.classes]))
        candidates = frozenset(old.classes), frozenset(new.classes)
        found[name] = ObservedPairs(old.in_classes(classes), new.in_classes(classes), candidates)
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
