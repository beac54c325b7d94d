"""What every answer contributes to a metric of confidences, of several models at once.

A metric moves, when a sample is drawn once more, by that sample's influence on it. The variance of a
metric, and of the difference between two models on the same samples, is that of their influences: what the
bootstrap comes to with many samples (Davison and Hinkley, 1997, section 2.7), at the price of one matrix
product for all pairs. For the AUROC these are the placement values of DeLong, DeLong and Clarke-Pearson
(1988), with the share of right answers free to vary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecbench.leaderboard.outcomes import NO_CONFIDENCE, UNITS, Codes
from vecbench.metrics.cells import Cells, Counts, Values
from vecbench.metrics.condensed import MOST_DISTINCT, grouping
from vecbench.metrics.definition import Change, Metric
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


class ConfidenceTable:
    """How many answers of some models are right and wrong at each confidence.

    Of a single model with very many confidences, neighbours are merged where influences are made.

    Args:
        right: Whether each answer is right; shape (models, samples).
        codes: Its confidence; shape (models, samples).

    Attributes:
        place: Where the influence of each answer stands among those of all models; shape (models, samples).
    """

    def __init__(self, right: NDArray[np.bool_], codes: Codes) -> None:
        models, self._n = right.shape
        known = np.flatnonzero(np.bincount(codes.ravel(), minlength=NO_CONFIDENCE + 1)[: UNITS + 1])
        k, confidence = known.size, known / UNITS
        of_code = np.full(NO_CONFIDENCE + 1, k, dtype=np.intp)
        of_code[known] = np.arange(k)
        stated = of_code[codes]
        place = np.where(stated < k, stated + k * ~right, 2 * k + ~right)
        self._counts = _counts(place, 2 * k + 2)
        self._observed = Totals.of_counts(confidence, self._counts)
        if models == 1 and k > MOST_DISTINCT:
            alone = Cells(confidence, self._counts[0, :k], self._counts[0, k : 2 * k])
            group = grouping(alone)
            confidence = alone.merged(group).confidence
            k = confidence.size
            place = np.concatenate([group, k + group, 2 * k + np.arange(2)])[place]
            self._counts = _counts(place, 2 * k + 2)
        self._confidence = confidence
        self.place = place + self._counts.shape[1] * np.arange(models)[:, None]

    def influences(self, metrics: Sequence[Metric], least_stated: float) -> list[Influence]:
        """How metrics depend on each answer.

        Args:
            metrics: Of confidences.
            least_stated: Share of rows with a confidence below which none of those rows alone is compared:
                the model has chosen which.
        """
        times = max(1, ROWS // self._n)
        model, place = np.nonzero(self._counts)
        many = times * self._counts
        one_more = many[model]
        one_more[np.arange(model.size), place] += 1
        before, after = (Totals.of_counts(self._confidence, each) for each in (many, one_more))
        found = []
        for metric in metrics:
            by_place = np.zeros(self._counts.shape, dtype=np.float32)
            if metric.held is None:
                value = metric.value(self._observed)
                moved = metric.value(after) - metric.value(before)[model]
            else:
                value, moved = self._held(metric.value, metric.held, model, many, one_more)
            by_place[model, place] = moved * times * self._n
            found.append(Influence(*self._compared(metric, value, least_stated), by_place))
        return found

    def _held(
        self,
        of_rows: Callable[[Totals], Values],
        held: Callable[[Totals], Callable[[Totals], Values]],
        model: NDArray[np.intp],
        many: Counts,
        one_more: Counts,
    ) -> tuple[Values, Values]:
        """Value and moves of a metric that takes something from the rows themselves, model by model."""
        confidence, observed = self._observed.cells.confidence, self._observed.by_place
        moved = np.empty(model.size)
        for number, counts in enumerate(self._counts):
            own = np.flatnonzero(model == number)
            rows = np.concatenate([many[[number]], one_more[own]])
            made = held(Totals.of_counts(self._confidence, counts[None]))
            before, *after = made(Totals.of_counts(self._confidence, rows))
            moved[own] = np.array(after) - before
        values = [float(of_rows(Totals.of_counts(confidence, each))) for each in observed]
        return np.array(values), moved

    def _compared(self, metric: Metric, value: Values, least_stated: float) -> tuple[Values, Values]:
        cells = self._observed.cells
        known = np.minimum(cells.total_right, cells.counts - cells.total_right) >= metric.fewest_of_each
        if metric.over == "confident":
            known &= self._observed.coverage >= least_stated
        if metric.change.refused is not Change().refused:
            alone = (Totals.of_counts(cells.confidence, each) for each in self._observed.by_place)
            known &= [metric.change.refused([each]) is None for each in alone]
        excess = np.zeros_like(value) if metric.excess is None else metric.excess(cells)
        return np.where(known, value, np.nan), excess


def _counts(place: NDArray[np.intp], places: int) -> Counts:
    """How often each place occurs in each row; shape (models, places)."""
    models = len(place)
    offset = places * np.arange(models)[:, None]
    counted = np.bincount((place + offset).ravel(), minlength=models * places)
    return counted.reshape(models, places).astype(np.float64)


def models_at_once(codes: Codes) -> int:
    """How many models to put into one table: one if they state very many confidences."""
    distinct = int(np.count_nonzero(np.bincount(codes.ravel(), minlength=NO_CONFIDENCE + 1)[: UNITS + 1]))
    return 1 if distinct > MOST_DISTINCT else max(1, int(np.sqrt(AT_ONCE) / (distinct + 1)))
