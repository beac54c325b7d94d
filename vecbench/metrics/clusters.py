"""Rows that are not independent: all answers to one image are drawn together.

A picture that is hard to read is hard in every task that asks about it, and each time that it is asked. Taken
for independent, its answers would promise more than they know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecbench.metrics.cells import Counts, Values

MOST_UNITS = 4096
"""More images than this are drawn in so many random groups: the cost of a replicate is bounded, and the
replicates' standard deviation is known to a percent all the same."""

SEED = 0
"""Of the groups."""

ROUNDING = 1e-12
FEWEST_TOGETHER = 20
"""Images of fewer than this in the same tasks are drawn with others: few by themselves would hardly vary."""


def strata(present: NDArray[np.bool_]) -> NDArray[np.intp]:
    """A number for images that are in the same tasks, −1 for all of those that few are; shape (images,).

    Args:
        present: Whether each image has rows in each task; shape (images, tasks).
    """
    _, kind, sizes = np.unique(present, axis=0, return_inverse=True, return_counts=True)
    kind = kind.ravel()
    return np.where(sizes[kind] < FEWEST_TOGETHER, -1, kind)


@dataclass(frozen=True)
class Clusters:
    """Images that have several rows, in one or several sets of rows.

    Attributes:
        place: Name of a set → each row's place among the set's counts: right at each of the k confidences,
            wrong at each, right without one, wrong without one; below 2k + 2; shape (rows,).
        image: Name of a set → the number of each row's image, below `images`; shape (rows,).
        images: At least one.
    """

    place: Mapping[str, NDArray[np.intp]]
    image: Mapping[str, NDArray[np.intp]]
    images: int

    @property
    def units(self) -> int:
        """What is drawn: images, or groups of them."""
        return min(self.images, MOST_UNITS)

    def counts(self, name: str, group: NDArray[np.intp]) -> Counts:
        """The rows of each unit in a set, counted.

        Args:
            name: Of the set.
            group: The place of each of its confidences among those that are counted by; shape (k,).

        Returns:
            Shape (units, 2 · distinct groups + 2), in the order of `place`.
        """
        k, groups = group.size, int(group[-1]) + 1 if group.size else 0
        place = self.place[name]
        stated = place < 2 * k
        column = np.where(stated, 0, 2 * (groups - k) + place)
        column[stated] = place[stated] // max(1, k) * groups + group[place[stated] % max(1, k)]
        width = 2 * groups + 2
        cells = self._unit_of_image[self.image[name]] * width + column
        return np.bincount(cells, minlength=self.units * width).reshape(self.units, width).astype(np.float64)

    @property
    def _unit_of_image(self) -> NDArray[np.intp]:
        if self.images <= MOST_UNITS:
            return np.arange(self.images)
        return np.random.default_rng(SEED).permutation(self.images) % MOST_UNITS


def centred(values: Values, part: NDArray[np.intp]) -> Values:
    """Values less the mean of their part; exactly 0 where a part's values are all alike; shape (n,)."""
    mean = np.bincount(part, weights=values) / np.maximum(np.bincount(part), 1)
    apart: Values = values - mean[part]
    apart[np.abs(apart) < ROUNDING] = 0
    return apart


def design_effect(
    residual: ArrayLike, image: ArrayLike, within: ArrayLike | None = None, weight: ArrayLike | None = None
) -> float:
    """How much larger the variance of a mean is than independent rows would make it (Kish, 1965).

    The sum over images of their squared sums of residuals, divided by the sum of squares that independence
    would leave: of the rows, or of all rows of an image `within` a part. Where no residual differs from 0,
    nothing can be estimated, and an image's answers are taken for wholly dependent.

    Args:
        residual: Of each row from its expected value, times its weight; shape (n,), at least one.
        image: The number of each row's image, from 0; shape (n,).
        within: The number of each row's part, from 0: what is dependent in a part alone is no part of the
            effect; None for rows that are parts by themselves; shape (n,).
        weight: Of each row in the mean; None for equal ones; shape (n,).

    Returns:
        At least 1: chance makes answers look as if they excluded each other, which no model is to profit by.
    """
    deviation: Values = np.asarray(residual, dtype=np.float64)
    images = np.asarray(image, dtype=np.intp)
    if not deviation.any():
        deviation = np.ones(deviation.shape) if weight is None else np.asarray(weight, dtype=np.float64)
    apart: Values = deviation
    if within is not None:
        parts = np.asarray(within, dtype=np.intp)
        apart = _sums(images * (int(parts.max()) + 1) + parts, deviation)
    together = _sums(images, deviation)
    if not apart.any():  # what cancels in every part cancels over them
        return 1.0
    return max(1.0, float((together**2).sum() / (apart**2).sum()))


def _sums(number: NDArray[np.intp], values: Values) -> Values:
    return np.bincount(number, weights=values).astype(np.float64)
