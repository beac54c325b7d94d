"""Rows collapsed to the counts of (confidence, correct): all that a calibration metric depends on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Options = ParamSpec("Options")
Made = TypeVar("Made")
Values = NDArray[np.float64]
"""One value for each replicate, shape (...); of rows that were not resampled, a 0-dimensional array."""

Counts = NDArray[np.float64]
"""Whole numbers, as floats: exact up to 2**53, and matrix products of them are fast."""


class Shared:
    """What metrics are computed of, with what several of them need."""

    @cached_property
    def _made(self) -> dict[tuple[Hashable, ...], Any]:
        return {}

    def once(self, compute: Callable[..., Made], *options: Hashable) -> Made:
        """What a function makes of this and options, computed once: metrics share what is costly."""
        key = compute, *options
        if key not in self._made:
            self._made[key] = compute(self, *options)
        made: Made = self._made[key]
        return made


@dataclass(frozen=True)
class Cells(Shared):
    """How many rows were right and wrong at each distinct confidence, in one or many replicates.

    Attributes:
        confidence: The k distinct confidences, ascending, float64, in [0, 1]; shape (k,).
        right: Rows that were right at each; shape (..., k), the leading axes being replicates.
        wrong: Rows that were wrong at each; shape (..., k).
    """

    confidence: NDArray[np.float64]
    right: Counts
    wrong: Counts

    @classmethod
    def of_rows(cls, confidence: ArrayLike, correct: ArrayLike) -> Cells:
        """The cells of n rows; their order makes no difference, to the last bit of any metric.

        Args:
            confidence: In [0, 1]; shape (n,). n may be 0.
            correct: Whether each row is right: booleans, or 0 and 1; shape (n,).

        Raises:
            ValueError: Shapes differ or are not one-dimensional, a confidence is outside [0, 1] or not
                a number, or `correct` holds something else than 0 and 1.
        """
        stated = np.asarray(confidence, dtype=np.float64)
        outcome = np.asarray(correct)
        if stated.ndim != 1 or stated.shape != outcome.shape:
            raise ValueError(
                f"confidence and correct must be lists of one length, not {stated.shape} and {outcome.shape}"
            )
        if not np.all((stated >= 0) & (stated <= 1)):  # false for nan as well
            raise ValueError("every confidence must lie in [0, 1]")
        if outcome.dtype != np.bool_ and not np.all((outcome == 0) | (outcome == 1)):
            raise ValueError("correct must hold booleans, or 0 and 1")
        is_right = outcome.astype(np.bool_)
        # Two plain sorts; asking for the place of every row would need a much slower one.
        when_right, right = np.unique(stated[is_right], return_counts=True)
        when_wrong, wrong = np.unique(stated[~is_right], return_counts=True)
        distinct = np.union1d(when_right, when_wrong)
        cells = cls(distinct, np.zeros(distinct.size), np.zeros(distinct.size))
        cells.right[np.searchsorted(distinct, when_right)] = right
        cells.wrong[np.searchsorted(distinct, when_wrong)] = wrong
        return cells

    @classmethod
    def pooled(cls, parts: Sequence[Cells]) -> Cells:
        """The cells of several sets of rows together, replicate by replicate.

        Args:
            parts: At least one; all with the same leading axes.
        """
        distinct = np.unique(np.concatenate([part.confidence for part in parts]))
        shape = (*parts[0].right.shape[:-1], distinct.size)
        right, wrong = np.zeros(shape), np.zeros(shape)
        for part in parts:
            place = np.searchsorted(distinct, part.confidence)
            right[..., place] += part.right
            wrong[..., place] += part.wrong
        return cls(distinct, right, wrong)

    def merged(self, group: NDArray[np.integer[Any]]) -> Cells:
        """Neighbouring confidences taken for one, the mean of their rows: no sum over a group changes.

        Args:
            group: A number for each distinct confidence, of rows that were not resampled; neighbours with
                equal numbers are merged; shape (k,).
        """
        if self.confidence.size == 0:
            return self
        starts = np.r_[0, _changes(group)]
        ends = np.r_[starts[1:], self.confidence.size] - 1
        total = np.add.reduceat(self.total, starts)
        mean = np.add.reduceat(self.total * self.confidence, starts) / total
        # Rounding must not move a mean out of its group, and so into another bin.
        mean = np.clip(mean, self.confidence[starts], self.confidence[ends])
        return Cells(mean, np.add.reduceat(self.right, starts), np.add.reduceat(self.wrong, starts))

    def split(self, group: NDArray[np.integer[Any]]) -> list[Cells]:
        """The cells of each group by itself, in the order of their confidences.

        Args:
            group: As for `merged`.
        """
        columns = (self.confidence, self.right, self.wrong)
        parts = [np.split(column, _changes(group), axis=-1) for column in columns]
        return [Cells(*each) for each in zip(*parts, strict=True)]

    @cached_property
    def total(self) -> Counts:
        """Rows at each confidence; shape (..., k)."""
        return self.right + self.wrong

    @cached_property
    def total_right(self) -> Counts:
        """Rows that were right, at any confidence; shape (...)."""
        return np.asarray(self.right.sum(axis=-1))

    @cached_property
    def counts(self) -> Counts:
        """Rows in all; shape (...)."""
        return np.asarray(self.total.sum(axis=-1))

    @property
    def n(self) -> int:
        """Rows in all, of rows that were not resampled."""
        return int(self.counts)


def _changes(group: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    return np.flatnonzero(np.diff(group)) + 1


class ConfidenceMetric(Generic[Options]):
    """A metric of confidences, to be called with rows or, as `of_cells`, with their cells."""

    def __init__(self, of_cells: Callable[Concatenate[Cells, Options], Values]) -> None:
        self.of_cells = of_cells
        update_wrapper(self, of_cells)

    def __call__(
        self, confidence: ArrayLike, correct: ArrayLike, *args: Options.args, **kwargs: Options.kwargs
    ) -> float:
        """The metric of n rows; see `Cells.of_rows` for what they may hold."""
        return float(self.of_cells(Cells.of_rows(confidence, correct), *args, **kwargs))


def surplus_of(cells: Cells) -> Values:
    """The sum of confidence − correctness over the rows at each confidence; shape (..., k)."""
    return cells.total * cells.confidence - cells.right


def reciprocal_total(cells: Cells) -> Values:
    """1 / rows at each confidence, 1 where a replicate has none; shape (..., k); for `Shared.once`."""
    return 1 / np.maximum(cells.total, 1)


def share(part: ArrayLike, whole: ArrayLike) -> Values:
    """Part / whole, and nan where whole is 0."""
    numerator, denominator = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    undefined = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    return np.asarray(np.divide(numerator, denominator, out=undefined, where=denominator != 0))
