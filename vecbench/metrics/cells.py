"""Rows collapsed to the counts of (confidence, correct): all that a calibration metric depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Concatenate, Generic, ParamSpec

import numpy as np
from numpy.typing import ArrayLike, NDArray

Options = ParamSpec("Options")


@dataclass(frozen=True)
class Cells:
    """How many rows were right and wrong at each distinct confidence.

    Attributes:
        confidence: The k distinct confidences, ascending, float64, in [0, 1]; shape (k,).
        right: Rows that were right at each; int64, shape (k,).
        wrong: Rows that were wrong at each; int64, shape (k,).
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.int64]
    wrong: NDArray[np.int64]

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
        distinct, place = np.unique(stated, return_inverse=True)
        right = np.bincount(place[outcome.astype(np.bool_)], minlength=distinct.size)
        total = np.bincount(place, minlength=distinct.size)
        return cls(distinct, right.astype(np.int64), (total - right).astype(np.int64))

    @property
    def total(self) -> NDArray[np.int64]:
        """Rows at each confidence; shape (k,)."""
        return self.right + self.wrong

    @property
    def n(self) -> int:
        """Rows in all."""
        return int(self.total.sum())


class ConfidenceMetric(Generic[Options]):
    """A metric of confidences, to be called with rows or, as `of_cells`, with their cells."""

    def __init__(self, of_cells: Callable[Concatenate[Cells, Options], float]) -> None:
        self.of_cells = of_cells
        update_wrapper(self, of_cells)

    def __call__(
        self, confidence: ArrayLike, correct: ArrayLike, *args: Options.args, **kwargs: Options.kwargs
    ) -> float:
        """The metric of n rows; see `Cells.of_rows` for what they may hold."""
        return self.of_cells(Cells.of_rows(confidence, correct), *args, **kwargs)
