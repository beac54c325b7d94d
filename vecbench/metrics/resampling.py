"""Replicates of metrics that are no function of confidences: images drawn with all their rows.

A metric of sums is computed from each image's sums, so that what a replicate costs is bounded by the number
of images that are drawn. One of the rows themselves is computed from how often each was drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vecbench.metrics.bootstrap import BLOCK, REPLICATES, SEED, rows_drawn
from vecbench.metrics.cells import Values
from vecbench.metrics.clusters import MOST_UNITS, strata
from vecbench.metrics.definition import Metric
from vecbench.metrics.observations import Observations
from vecbench.metrics.replication import in_blocks
from vecbench.metrics.totals import Totals, WeightedRows

REPLICATES_OF_ROWS = 2000
"""Of metrics of the rows themselves: the ends of their intervals are uncertain by a twentieth of them."""

FEWEST_REPLICATES = 200
MOST_NUMBERS = 4 * 10**8
"""Rows times replicates of such a metric."""

AT_ONCE = 2**22
"""Numbers of a block of such replicates."""

FEW_PATTERNS = 512
FEW_A_PATTERN = 8
"""With more patterns and fewer images a pattern, drawing images one by one is faster than drawing counts."""

Name = TypeVar("Name")

Models = Sequence[Mapping[str, Observations]]
"""Of each model: task → its rows; the same tasks, and an image has one number in all of them."""


@dataclass(frozen=True)
class _Images:
    """What is drawn: images, each among those that are in the same tasks.

    Attributes:
        stratum: Of each image; shape (images,).
        of_row: Of each model: task → the place of each row's image.
    """

    stratum: NDArray[np.intp]
    of_row: Sequence[Mapping[str, NDArray[np.intp]]]

    @classmethod
    def of(cls, models: Models) -> _Images:
        of_row, present = image_places(models)
        _, stratum = np.unique(strata(present), return_inverse=True)
        return cls(stratum.ravel(), of_row)

    @property
    def strata(self) -> list[NDArray[np.intp]]:
        """The images of each stratum."""
        return [np.flatnonzero(self.stratum == number) for number in range(int(self.stratum.max()) + 1)]


def image_places(models: Models) -> tuple[list[dict[str, NDArray[np.intp]]], NDArray[np.bool_]]:
    """Of each model: task → each row's place among all images; and which tasks each image has rows in."""
    images = np.unique(np.concatenate([rows.image for model in models for rows in model.values()]))
    of_row = [{name: np.searchsorted(images, rows.image) for name, rows in model.items()} for model in models]
    present = np.zeros((images.size, len(models[0])), dtype=np.bool_)
    for model in of_row:
        for column, place in enumerate(model.values()):
            present[place, column] = True
    return of_row, present


def resampled(
    models: Models,
    members: Mapping[Name, Sequence[str]],
    metrics: Mapping[Name, Sequence[Metric]],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> dict[Name, dict[str, Values]]:
    """Replicates of metrics of the bases "sums" and "rows", of sets of tasks.

    Every task keeps its number of images; an image that several tasks share is drawn for all of them. The
    draws do not depend on the number of processors.

    Args:
        models: The rows of one model, or of several on the same images.
        members: Name of a set → its tasks, at least one.
        metrics: Name of a set → what to compute of it; metrics of other bases are passed over.
        replicates: How many, at least 1; of metrics of the rows at most `REPLICATES_OF_ROWS`.
        seed: Of the draws.

    Returns:
        Name of a set → key → values of shape (models, replicates); one replicate is of the same images
        everywhere.
    """
    images = _Images.of(models)
    found: dict[Name, dict[str, Values]] = {name: {} for name in members}
    by_sums, by_rows = (
        {name: [each for each in listed if each.basis == basis] for name, listed in metrics.items()}
        for basis in ("sums", "rows")
    )
    if any(by_sums.values()):
        drawn = _drawn_sums(models, images, replicates, seed)
        for name, wanted in by_sums.items():
            totals = [_added([model[part] for part in members[name]]) for model in drawn]
            found[name] |= {each.key: np.stack([each.value(part) for part in totals]) for each in wanted}
    if any(by_rows.values()):
        n = sum(rows.n for rows in models[0].values())

        def of_rows(size: int, stream: np.random.Generator) -> dict[tuple[Name, str], Values]:
            times = np.zeros((size, images.stratum.size))
            for own in images.strata:
                times[:, own] = rows_drawn(np.ones(own.size, dtype=np.int64), size, stream)
            weights = [{name: times[:, own] for name, own in model.items()} for model in images.of_row]
            return {
                (name, metric.key): np.stack([metric.value(each) for each in totals])
                for name, wanted in by_rows.items()
                if wanted
                for totals in [
                    [_weighted(model, own, members[name]) for model, own in zip(models, weights, strict=True)]
                ]
                for metric in wanted
            }

        count = min(replicates, max(FEWEST_REPLICATES, min(REPLICATES_OF_ROWS, MOST_NUMBERS // max(1, n))))
        blocks = in_blocks(of_rows, count, max(1, min(100, AT_ONCE // max(1, n))), seed)
        for name, key in blocks[0]:
            found[name][key] = np.concatenate([block[name, key] for block in blocks], axis=-1)
    return found


def _drawn_sums(
    models: Models, images: _Images, replicates: int, seed: int
) -> list[dict[str, dict[str, Values]]]:
    """Of each model: task → column → its sum in each replicate; shape (replicates,).

    Images whose sums are equal are one pattern, and where there are few of these, their counts are drawn.
    """
    sums = _sums_by_image(models, images)
    names = [[list(rows.columns) for rows in model.values()] for model in models]
    drawn = np.zeros((replicates, *sums.shape[1:]))
    stream = np.random.default_rng(seed)
    # One thread, so that the sums are the same to the last bit on any number of processors.
    with threadpool_limits(1, user_api="blas"):
        for own in images.strata:
            flat = sums[own].reshape(own.size, -1)
            patterns, counts = np.unique(flat, axis=0, return_counts=True)
            few = counts.size <= FEW_PATTERNS or counts.size * FEW_A_PATTERN < own.size
            if not few:
                patterns, counts = _grouped(flat)
            for begin in range(0, replicates, BLOCK):
                block = drawn[begin : begin + BLOCK]
                if few:
                    times = stream.multinomial(own.size, counts / own.size, size=len(block))
                else:
                    times = rows_drawn(counts, len(block), stream)
                block += (times @ patterns).reshape(block.shape)
    return [
        {
            name: {column: drawn[:, task, place, number] for number, column in enumerate(names[place][task])}
            for task, name in enumerate(model)
        }
        for place, model in enumerate(models)
    ]


def _sums_by_image(models: Models, images: _Images) -> Values:
    """Each image's sums; shape (images, tasks, models, columns), of zeros where there is no such column."""
    width = max(len(rows.columns) for model in models for rows in model.values())
    size = images.stratum.size
    sums = np.zeros((size, len(models[0]), len(models), width))
    for place, (model, of_row) in enumerate(zip(models, images.of_row, strict=True)):
        for task, (name, rows) in enumerate(model.items()):
            for number, column in enumerate(rows.columns.values()):
                sums[:, task, place, number] = np.bincount(of_row[name], weights=column, minlength=size)
    return sums


def _grouped(flat: Values) -> tuple[Values, NDArray[np.int64]]:
    """The sums of at most `MOST_UNITS` random groups of images, to bound what a replicate costs; and ones."""
    if len(flat) > MOST_UNITS:
        group = np.random.default_rng(SEED).permutation(len(flat)) % MOST_UNITS
        grouped = np.zeros((MOST_UNITS, flat.shape[1]))
        np.add.at(grouped, group, flat)
        flat = grouped
    return flat, np.ones(len(flat), dtype=np.int64)


def _added(parts: Sequence[Mapping[str, Values]]) -> Totals:
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return Totals(sums={name: np.asarray(sum(part[name] for part in parts)) for name in names})


def _weighted(
    model: Mapping[str, Observations], weights: Mapping[str, Values], parts: Sequence[str]
) -> Totals:
    columns = Observations.pooled([model[part] for part in parts]).columns
    return Totals(weighted=WeightedRows(columns, np.concatenate([weights[part] for part in parts], axis=-1)))
