"""What every answer contributes to a metric of confidences, of several models at once.

A metric moves, when a sample is drawn once more, by that sample's influence on it. The variance of a
metric, and of the difference between two models on the same samples, is that of their influences: what the
bootstrap comes to with many samples (Davison and Hinkley, 1997, section 2.7), at the price of one matrix
product for all pairs. For the AUROC these are the placement values of DeLong, DeLong and Clarke-Pearson
(1988), with the share of right answers free to vary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecbench.leaderboard.outcomes import NO_CONFIDENCE, UNITS, Codes
from vecbench.metrics.cells import Cells, Counts, Values
from vecbench.metrics.condensed import MOST_DISTINCT, grouping
from vecbench.metrics.definition import Metric
from vecbench.metrics.totals import Totals

ROWS = 2**30
"""A row is added to so many: its influence is known to 1e-6 then, and metrics that count rows still can."""
AT_ONCE = 2**19
"""Counts that are computed with at a time."""


@dataclass(frozen=True, slots=True)
class Influence:
    """A metric of some models, and how it moves.

    Attributes:
        value: Shape (models,); nan where it is undefined, or not to be compared.
        excess: How far the value may lie above the truth, by what noise adds to it; shape (models,).
        by_place: Of an answer at each place of `Totals.by_place`, 0 where a model has none; shape
            (models, places).
    """

    value: Values
    excess: Values
    by_place: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers of some models by confidence.

    Attributes:
        place: Where the influence of each stands among those of all of the models; shape (models, samples).
        influences: Of each metric.
    """

    place: NDArray[np.intp]
    influences: tuple[Influence, ...]


def models_at_once(codes: Codes) -> int:
    """How many models to hand to `answered` together; one by one if they state very many confidences."""
    distinct = int(np.count_nonzero(np.bincount(codes.ravel(), minlength=NO_CONFIDENCE + 1)[: UNITS + 1]))
    return 1 if distinct > MOST_DISTINCT else max(1, int(np.sqrt(AT_ONCE) / (distinct + 1)))


def answered(
    right: NDArray[np.bool_], codes: Codes, metrics: Sequence[Metric], least_stated: float
) -> Answered:
    """How metrics of some models depend on their answers.

    Args:
        right: Whether each answer is right; shape (models, samples).
        codes: Its confidence; shape (models, samples).
        metrics: Of confidences.
        least_stated: Share of rows with a confidence below which none of those rows alone is compared: the
            model has chosen which.
    """
    models, n = right.shape
    known = np.flatnonzero(np.bincount(codes.ravel(), minlength=NO_CONFIDENCE + 1)[: UNITS + 1])
    k, confidence = known.size, known / UNITS
    of_code = np.full(NO_CONFIDENCE + 1, k, dtype=np.intp)
    of_code[known] = np.arange(k)
    stated = of_code[codes]
    place = np.where(stated < k, stated + k * ~right, 2 * k + ~right)
    counts = _counts(place, 2 * k + 2)
    observed = Totals.of_counts(confidence, counts)
    if models == 1 and k > MOST_DISTINCT:
        alone = Cells(confidence, counts[0, :k], counts[0, k : 2 * k])
        group = grouping(alone)
        confidence = alone.merged(group).confidence
        merged = np.concatenate([group, confidence.size + group, 2 * confidence.size + np.arange(2)])
        place = merged[place]
        counts = _counts(place, 2 * confidence.size + 2)
    moves = _Moves(confidence, counts, n)
    influences = tuple(_influence(metric, observed, moves, least_stated) for metric in metrics)
    return Answered(place + counts.shape[1] * np.arange(models)[:, None], influences)


def _counts(place: NDArray[np.intp], places: int) -> Counts:
    """How often each place occurs in each row; shape (models, places)."""
    models = len(place)
    offset = places * np.arange(models)[:, None]
    counted = np.bincount((place + offset).ravel(), minlength=models * places)
    return counted.reshape(models, places).astype(np.float64)


class _Moves:
    """Models' rows, very many times over, and with one more at each place where they have any.

    Args:
        confidence: As for `Totals.of_counts`; shape (k,).
        counts: Likewise; shape (models, 2k + 2).
        n: Rows of each model.
    """

    def __init__(self, confidence: NDArray[np.float64], counts: Counts, n: int) -> None:
        self._confidence, self._counts = confidence, counts
        times = max(1, ROWS // n)
        self._model, self._place = np.nonzero(counts)
        many = times * counts
        moved = many[self._model]
        moved[np.arange(self._model.size), self._place] += 1
        self._before, self._after = (Totals.of_counts(confidence, each) for each in (many, moved))
        self._rows = times * n

    def by_place(self, metric: Metric) -> NDArray[np.float32]:
        """The influence of a row at each place; shape as the counts."""
        found = np.zeros(self._counts.shape, dtype=np.float32)
        if metric.held is None:
            before, after = metric.value(self._before)[self._model], metric.value(self._after)
        else:
            # What it takes from the rows themselves, it takes from those of each model.
            before, after = np.empty(self._model.size), np.empty(self._model.size)
            for model, counts in enumerate(self._counts):
                own = self._model == model
                value = metric.held(Totals.of_counts(self._confidence, counts[None]))
                before[own] = value(Totals.of_counts(self._confidence, self._before.by_place[[model]]))
                after[own] = value(Totals.of_counts(self._confidence, self._after.by_place[own]))
        found[self._model, self._place] = (after - before) * self._rows
        return found


def _influence(metric: Metric, observed: Totals, moves: _Moves, least_stated: float) -> Influence:
    cells = observed.cells
    if metric.held is None:
        value = metric.value(observed)
    else:  # of rows that were not resampled
        alone = (Totals.of_counts(cells.confidence, each) for each in observed.by_place)
        value = np.array([float(metric.value(each)) for each in alone])
    known = np.minimum(cells.total_right, cells.counts - cells.total_right) >= metric.fewest_of_each
    if metric.over == "confident":
        known &= observed.coverage >= least_stated
    excess = np.zeros_like(value) if metric.excess is None else metric.excess(cells)
    return Influence(np.where(known, value, np.nan), excess, moves.by_place(metric))
