"""Predictions as arrays, task by task; rows that share an image depend on each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.answers import AnswerKind
from vecbench.metrics.cells import Values
from vecbench.metrics.observations import Observations
from vecbench.parsing import Prediction
from vecbench.tasks import Catalogue

LARGEST_COMPONENT = 0.05
"""Images that are linked by pairs are drawn together unless that leaves fewer than twenty to draw."""


def observations(
    by_task: Mapping[str, Sequence[Prediction]], kinds: Mapping[str, AnswerKind]
) -> dict[str, Observations]:
    """The rows of each task, which are of one kind; what rows show has the same number in all tasks.

    Where an image has several rows, or metrics are sums of the kind's columns, the rows are in an order of
    their own: sums must not depend on the order in which responses were stored, to the last bit.
    """
    numbers = _image_numbers(list(by_task.values()))
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
    pairs: Mapping[str, Sequence[Sequence[Prediction]]], kinds: Mapping[str, AnswerKind]
) -> dict[str, tuple[Observations, ...]]:
    """The rows of several sides on the same samples, in the order of the pairs, task by task.

    Args:
        pairs: Task → of each sample, the rows of all sides; a pair where there are two. At least one.
        kinds: Task → the kind of its answers.
    """
    old = [[pair[0] for pair in each] for each in pairs.values()]
    found = {}
    for (name, each), numbers in zip(pairs.items(), _image_numbers(old, in_order=True), strict=True):
        sides = zip(*each, strict=True)
        found[name] = tuple(_observations(side, kinds[name], numbers) for side in sides)
    return found


def kinds_of(by_task: Mapping[str, Sequence[Prediction]], catalogue: Catalogue) -> dict[str, AnswerKind]:
    """Task id → the kind of its answers."""
    return {name: catalogue.answers_of(name, rows[0].kind) for name, rows in by_task.items()}


def _observations(rows: Sequence[Prediction], kind: AnswerKind, image: NDArray[np.intp]) -> Observations:
    n = len(rows)
    stated = (row.reading.confidence for row in rows)
    confidence = np.fromiter((np.nan if each is None else each for each in stated), dtype=np.float64, count=n)
    right = np.fromiter((row.correct for row in rows), dtype=np.bool_, count=n)
    answered = np.fromiter((row.reading.is_read for row in rows), dtype=np.bool_, count=n)
    columns = {**kind.columns(rows), **kind.option_columns(rows)}
    if columns:
        columns["rows"] = np.ones(n)
    made = Observations(image, right, confidence, answered, columns=columns)
    if not kind.has_confusion:
        return made
    lists = dict.fromkeys(row.candidates for row in rows)  # few, however many rows there are
    classes = tuple(dict.fromkeys(each for listed in lists for each in kind.classes(listed)))
    place: dict[Any, int] = {name: number for number, name in enumerate(classes)}

    def places(values: Iterable[Any]) -> NDArray[np.intp]:
        # A target outside the classes is a fault of the data: a miss of no class.
        return np.fromiter((place.get(each, -1) for each in values), dtype=np.intp, count=n)

    target, answer = places(row.target for row in rows), places(row.reading.answer for row in rows)
    return Observations(image, right, confidence, answered, classes, target, answer, made.columns)


def _image_numbers(
    tasks: Sequence[Sequence[Prediction]], *, in_order: bool = False
) -> list[NDArray[np.intp]]:
    """The number of what each row shows, in all tasks; each of shape (rows,).

    Rows that show several images are linked by every image that they have in common, so that what is drawn
    is independent of what is not. If that links more than `LARGEST_COMPONENT` of all rows, rows are together
    only where they show the same images. Numbers follow the rows only if they are to be `in_order`.
    """
    keys = [[row.image_key for row in rows] for rows in tasks]
    total = sum(map(len, keys))
    distinct = {key for listed in keys for key in listed}
    if any(row.images_sha256 for rows in tasks for row in rows):
        linked = _linked(tasks)
        _, sizes = np.unique(np.concatenate(linked), return_counts=True)
        if sizes.max(initial=0) <= max(1, LARGEST_COMPONENT * total):
            return linked
    if len(distinct) == total:
        ends = np.cumsum([0, *map(len, keys)])
        return [np.arange(begin, end) for begin, end in pairwise(ends)]
    named = dict.fromkeys(key for listed in keys for key in listed) if in_order else sorted(distinct)
    number = {key: place for place, key in enumerate(named)}
    return [np.fromiter((number[key] for key in listed), dtype=np.intp, count=len(listed)) for listed in keys]


def _linked(tasks: Sequence[Sequence[Prediction]]) -> list[NDArray[np.intp]]:
    """The connected component of each row; shape (rows,) each."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    places: dict[str, int] = {}
    row_of: list[int] = []
    image_of: list[int] = []
    rows = [row for each in tasks for row in each]
    for number, row in enumerate(rows):
        for image in [each for each in row.images_sha256 if each is not None] or [row.image_key]:
            row_of.append(number)
            image_of.append(len(rows) + places.setdefault(image, len(places)))
    nodes = len(rows) + len(places)
    edges = coo_matrix((np.ones(len(row_of)), (row_of, image_of)), shape=(nodes, nodes))
    _, component = connected_components(edges, directed=False)
    _, numbered = np.unique(component[: len(rows)], return_inverse=True)
    ends = np.cumsum([len(each) for each in tasks])[:-1]
    return [each.astype(np.intp) for each in np.split(numbered.ravel(), ends)]


def stated_shares(rows: Observations) -> tuple[Values, Values, Values]:
    """Confidence, share of raters who agree, and the largest share, of rows that have a confidence."""
    hit, ceiling = (rows.columns[name][rows.stated] for name in ("expected_hit", "ceiling"))
    return rows.confidence[rows.stated], hit, ceiling


def answered_ratings(rows: Observations) -> tuple[Values, Values] | None:
    """Targets and answers of rows that have an answer; None where each has several, one a dimension."""
    if "answered" not in rows.columns:
        return None  # their subsets have them
    there = rows.columns["answered"] > 0
    return rows.columns["target"][there], rows.columns["answer"][there]
