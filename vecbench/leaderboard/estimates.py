"""Calibration metrics of many models at once, with what every sample contributes to them.

A metric moves, when a sample is drawn once more, by that sample's influence on it. The variance of a
metric, and of the difference between two models on the same samples, is that of their influences: what the
bootstrap comes to with many samples (Davison and Hinkley, 1997, section 2.7), at the price of one matrix
product for all pairs. For the AUROC these are the placement values of DeLong, DeLong and Clarke-Pearson
(1988), with the share of right answers free to vary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.calibration import bin_of
from vecbench.metrics.cells import share

Matrix = NDArray[np.float64]
BINS = 10
FAR = 3
"""Standard errors beyond which a bin's gap is too far from 0 for noise to hide its sign."""
FEWEST_OF_EACH = 30
"""Right and wrong answers that it takes for the variance of an AUROC to be known."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each model's rows are right and wrong at each confidence.

    Attributes:
        confidence: The k distinct confidences of any model, ascending; shape (k,).
        right: Shape (models, k).
        wrong: Shape (models, k).
        n: Rows of each model, those without a confidence too.
    """

    confidence: Matrix
    right: Matrix
    wrong: Matrix
    n: int

    @property
    def stated(self) -> Matrix:
        """Rows with a confidence; shape (models,)."""
        return np.asarray((self.right + self.wrong).sum(axis=1))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric of several models.

    Attributes:
        value: Shape (models,); nan where it is undefined, or its variance unknown.
        when_right: Influence of a right answer, by its confidence; shape (models, k).
        when_wrong: Of a wrong one.
        excess: How far the value may lie above the truth, by what noise adds to it; shape (models,).
    """

    value: Matrix
    when_right: Matrix
    when_wrong: Matrix
    excess: Matrix


def brier(counts: Counts) -> Estimate:
    """The Brier score, see `vecbench.metrics.brier`."""
    loss_right, loss_wrong = (1 - counts.confidence) ** 2, counts.confidence**2
    stated = counts.stated
    value = share(counts.right @ loss_right + counts.wrong @ loss_wrong, stated)
    weight = share(counts.n, stated)[:, None]
    when_right, when_wrong = (weight * (loss - value[:, None]) for loss in (loss_right, loss_wrong))
    return Estimate(value, when_right, when_wrong, np.zeros_like(value))


def ece(counts: Counts) -> Estimate:
    """The expected calibration error, see `vecbench.metrics.ece`.

    Noise in a bin's gap makes its absolute value larger on average, by √(2/π) of its standard error where the
    gap is 0, by less elsewhere: `excess` adds that up over the bins whose gap may be 0.
    """
    place = bin_of(counts.confidence, BINS)
    into = np.zeros((place.size, BINS))
    into[np.arange(place.size), place] = 1
    over_right, over_wrong = counts.confidence - 1, counts.confidence
    rows = (counts.right + counts.wrong) @ into
    surplus = (counts.right * over_right + counts.wrong * over_wrong) @ into
    squares = (counts.right * over_right**2 + counts.wrong * over_wrong**2) @ into
    # As if one row more were off by 1: the spread of a few rows says little.
    error = np.sqrt(squares - surplus**2 / np.maximum(rows, 1) + 1) * (rows > 0)
    stated = counts.stated
    value = share(np.abs(surplus).sum(axis=1), stated)
    excess = np.sqrt(2 / np.pi) * share((error * (np.abs(surplus) <= FAR * error)).sum(axis=1), stated)
    sign, weight = np.sign(surplus)[:, place], share(counts.n, stated)[:, None]
    when_right, when_wrong = (weight * (sign * over - value[:, None]) for over in (over_right, over_wrong))
    return Estimate(value, when_right, when_wrong, excess)


def auroc(counts: Counts) -> Estimate:
    """The AUROC of the confidence, see `vecbench.metrics.auroc`."""
    right, wrong = (each.sum(axis=1, keepdims=True) for each in (counts.right, counts.wrong))
    below = share(np.cumsum(counts.wrong, axis=1) - counts.wrong / 2, wrong)
    above = share(right - np.cumsum(counts.right, axis=1) + counts.right / 2, right)
    value = share((counts.right * below).sum(axis=1), right[:, 0])
    known = (np.minimum(right, wrong) >= FEWEST_OF_EACH)[:, 0]
    when_right = share(counts.n, right) * (below - value[:, None])
    when_wrong = share(counts.n, wrong) * (above - value[:, None])
    return Estimate(np.where(known, value, np.nan), when_right, when_wrong, np.zeros_like(value))


ESTIMATES: Mapping[str, Callable[[Counts], Estimate]] = {"brier": brier, "ece": ece, "auroc": auroc}
