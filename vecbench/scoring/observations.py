"""Predictions as arrays, task by task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.answers import AnswerKind
from vecbench.metrics.observations import Observations
from vecbench.parsing import Prediction
from vecbench.scoring.shown_images import image_numbers
from vecbench.tasks import Catalogue


def observations(
    by_task: Mapping[str, Sequence[Prediction]], kinds: Mapping[str, AnswerKind]
) -> dict[str, Observations]:
    """The rows of each task as arrays; what rows show has the same number in all tasks.

    Where an image has several rows, or metrics are sums of the kind's columns, the rows are in an order of
    their own: sums must not depend on the order in which responses were stored, to the last bit.

    Args:
        by_task: Task id → its rows, of one kind.
        kinds: Task id → the kind.
    """
    numbers = image_numbers(list(by_task.values()))
    images = sum(len(rows) for rows in by_task.values())
    shared = 1 + max((int(each.max(initial=-1)) for each in numbers), default=-1) < images
    found = {}
    for (name, rows), image in zip(by_task.items(), numbers, strict=True):
        made = _observations(rows, kinds[name], image)
        if shared or made.columns:
            keys = [*made.columns.values(), made.answered, made.right, made.confidence, made.image]
            made = made.taken(np.lexsort(keys))
        found[name] = made
    return found


def paired_observations(
    pairs: Mapping[str, Sequence[tuple[Prediction, Prediction]]], kinds: Mapping[str, AnswerKind]
) -> dict[str, tuple[Observations, Observations]]:
    """The rows of two models on the same samples, in the order of the pairs.

    Args:
        pairs: Task id → (one model's row, the other's) of each sample.
        kinds: Task id → the kind of both.
    """
    old = {name: [pair[0] for pair in each] for name, each in pairs.items()}
    numbers = dict(zip(old, image_numbers(list(old.values()), in_order=True), strict=True))
    found = {}
    for name, each in pairs.items():
        first, second = (
            _observations([pair[side] for pair in each], kinds[name], numbers[name]) for side in (0, 1)
        )
        found[name] = first, second
    return found


def kinds_of(by_task: Mapping[str, Sequence[Prediction]], catalogue: Catalogue) -> dict[str, AnswerKind]:
    """Task id → the kind of its answers."""
    return {name: catalogue.answers_of(name, rows[0].kind) for name, rows in by_task.items()}


def _observations(rows: Sequence[Prediction], kind: AnswerKind, image: NDArray[np.intp]) -> Observations:
    stated = (row.reading.confidence for row in rows)
    confidence = np.fromiter(
        (np.nan if each is None else each for each in stated), dtype=np.float64, count=len(rows)
    )
    right = np.fromiter((row.correct for row in rows), dtype=np.bool_, count=len(rows))
    answered = np.fromiter((row.reading.answer is not None for row in rows), dtype=np.bool_, count=len(rows))
    columns = dict(kind.columns(rows))
    if columns:
        columns["rows"] = np.ones(len(rows))
    made = Observations(image, right, confidence, answered, columns=columns)
    if not kind.has_confusion:
        return made
    lists = dict.fromkeys(row.candidates for row in rows)  # few, however many rows there are
    classes = tuple(dict.fromkeys(each for listed in lists for each in kind.classes(listed)))
    place: dict[Any, int] = {name: number for number, name in enumerate(classes)}
    # A target outside the classes is a fault of the data: a miss of no class.
    target, answer = (
        np.fromiter((place.get(each, -1) for each in values), dtype=np.intp, count=len(rows))
        for values in ((row.target for row in rows), (row.reading.answer for row in rows))
    )
    return Observations(image, right, confidence, answered, classes, target, answer, made.columns)
