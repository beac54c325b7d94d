"""The answers of several models to the same samples, and how their metrics vary together.

A metric moves, when a sample is drawn once more, by that sample's influence on it. The variance of a
metric, and of the difference between two models on the same samples, is that of their influences: what the
bootstrap comes to with many samples (Davison and Hinkley, 1997, section 2.7), at the price of one matrix
product for all pairs. For the AUROC these are the placement values of DeLong, DeLong and Clarke-Pearson
(1988), with the share of right answers free to vary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vecbench.leaderboard.entry import Entry
from vecbench.leaderboard.outcomes import NO_CONFIDENCE, UNITS, Codes, Samples, TaskOutcomes, images_of
from vecbench.metrics.cells import Cells, Counts, Values
from vecbench.metrics.condensed import MOST_DISTINCT, grouping
from vecbench.metrics.definition import Change, Metric
from vecbench.metrics.significance import FEWEST_SAMPLES
from vecbench.metrics.totals import Totals

Matrix = NDArray[np.float64]
ROWS = 2**30
"""A row is added to so many: its influence is known to 1e-6 then, and metrics that count rows still can."""
AT_ONCE = 2**19
"""Counts that are computed with at a time."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """A metric of some models.

    Attributes:
        value: Shape (models,); nan where it is undefined, or not to be compared.
        excess: How far the value may lie above the truth, by what noise adds to it; shape (models,).
        covariance: Of the values; shape (models, models).
    """

    value: Values
    excess: Values
    covariance: Matrix


class ConfidenceTable:
    """How many answers of some models are right and wrong at each confidence.

    Of a single model with very many confidences, neighbours are merged where influences are made. `right`
    and `codes` are of each answer; so is `place`, where its influence stands among those of all models; each
    of shape (models, samples).
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

    def influences(
        self, metrics: Sequence[Metric], least_stated: float
    ) -> list[tuple[Values, Values, NDArray[np.float32]]]:
        """Value and excess of metrics of confidences, as in `Estimated`, and the influences of each answer.

        Those are by its place in `Totals.by_place`, 0 where a model has none; shape (models, places). With a
        smaller share of rows with a confidence than `least_stated`, none of those rows alone is compared: the
        model has chosen which.
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
                value, start, end = (metric.value(each) for each in (self._observed, before, after))
            else:
                value, start, end = self._held(metric.value, metric.held, model, many, one_more)
            # Who hides the confidences of likely errors must not gain by it.
            value, start, end = (
                _at_worst(metric, each, rows)
                for each, rows in ((value, self._observed), (start, before), (end, after))
            )
            by_place[model, place] = (end - start[model]) * times * self._n
            found.append((*self._compared(metric, value, least_stated), by_place))
        return found

    def _held(
        self,
        of_rows: Callable[[Totals], Values],
        held: Callable[[Totals], Callable[[Totals], Values]],
        model: NDArray[np.intp],
        many: Counts,
        one_more: Counts,
    ) -> tuple[Values, Values, Values]:
        """A metric that takes something from the rows themselves, model by model.

        Of the models, of their rows many times over, and of those with one more.
        """
        confidence, observed = self._observed.cells.confidence, self._observed.by_place
        start, end = np.empty(len(observed)), np.empty(model.size)
        for number, counts in enumerate(self._counts):
            own = np.flatnonzero(model == number)
            rows = np.concatenate([many[[number]], one_more[own]])
            made = held(Totals.of_counts(self._confidence, counts[None]))
            start[number], *end[own] = made(Totals.of_counts(self._confidence, rows))
        values = [float(of_rows(Totals.of_counts(confidence, each))) for each in observed]
        return np.array(values), start, end

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


def _at_worst(metric: Metric, values: Values, rows: Totals) -> Values:
    """A metric as it would be if every row without a confidence had the worst one; shape (models,)."""
    worst, by_place = values.copy(), rows.by_place
    for number in np.flatnonzero((rows.missing > 0) & ~np.isnan(values)):
        alone = Totals.of_counts(rows.cells.confidence, by_place[number])
        worst[number] = metric.worst(float(values[number]), alone)
    return worst


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


class Answers:
    """Several models' answers to the same samples of some tasks: a model's place → its outcomes by task."""

    def __init__(self, outcomes: Mapping[int, Mapping[str, TaskOutcomes]]) -> None:
        self.members = list(outcomes)
        models = [list(each.values()) for each in outcomes.values()]
        self._right = np.array([np.concatenate([task.bits for task in tasks]) for tasks in models])
        self._codes = np.array([np.concatenate([task.codes for task in tasks]) for tasks in models])
        ends = np.cumsum([task.n for task in models[0]]).tolist()
        self._strata = [slice(begin, end) for begin, end in zip([0, *ends], ends, strict=False)]
        # The samples are the same, so the images are; but an entry of an older version does not tell them.
        told = max(outcomes.values(), key=lambda tasks: sum(len(task.shared) for task in tasks.values()))
        self._of_images = _answers_of_images(images_of(told))

    @property
    def n(self) -> int:
        """Samples."""
        return int(self._right.shape[1])

    @property
    def freedom(self) -> int:
        """Degrees of freedom of a variance: that of the images, less a mean for every task."""
        images = self._of_images[0].size if self.shares_images else self.n
        return max(1, images - len(self._strata))

    @property
    def shares_images(self) -> bool:
        """Whether an image has samples in several of the tasks: those are not independent."""
        return bool(self._of_images)

    @cached_property
    def right_alone(self) -> NDArray[np.int64]:
        """Samples that the model of the row got right and that of the column did not."""
        right = self._right.astype(np.float32)
        both = right @ right.T
        return np.asarray(np.diag(both)[:, None] - both, dtype=np.int64)

    @cached_property
    def pooled_share(self) -> Estimated:
        """The shares of right rows."""
        return self._right_share([1 / self.n] * len(self._strata))

    def macro_share(self) -> Estimated:
        """The unweighted means of the tasks' shares of right rows."""
        sizes = [each.stop - each.start for each in self._strata]
        if len(set(sizes)) == 1:
            return self.pooled_share
        return self._right_share([1 / (len(sizes) * size) for size in sizes])

    def _right_share(self, weights: Sequence[float]) -> Estimated:
        """Weighted sums of what is right, with a weight for the samples of each task."""
        influence = self._right.astype(np.float32)
        value = np.zeros(len(self.members))
        for part, weight in zip(self._strata, weights, strict=True):
            value += weight * self._right[:, part].sum(axis=1)
            influence[:, part] *= self.n * weight
        return Estimated(value, np.zeros_like(value), self._covariance(influence))

    def estimates(self, metrics: Sequence[Metric], least_stated: float) -> Iterator[Estimated]:
        """Metrics of the confidences, see `ConfidenceTable.influences`."""
        size = models_at_once(self._codes)
        rows = [slice(begin, begin + size) for begin in range(0, len(self.members), size)]
        tables = [ConfidenceTable(self._right[each], self._codes[each]) for each in rows]
        for found in zip(*(table.influences(metrics, least_stated) for table in tables), strict=True):
            values, excesses, by_place = zip(*found, strict=True)
            value = np.concatenate(values)
            influence = np.empty(self._right.shape, dtype=np.float32)
            for where, table, each in zip(rows, tables, by_place, strict=True):
                np.take(each.ravel(), table.place, out=influence[where])
            influence[np.isnan(value)] = 0
            yield Estimated(value, np.concatenate(excesses), self._covariance(influence))

    def _covariance(self, influence: NDArray[np.float32]) -> Matrix:
        """The covariance of means of influences, images being drawn with all their samples, task by task."""
        for part in self._strata:
            n, own = part.stop - part.start, influence[:, part]
            own -= own.mean(axis=1, keepdims=True)
            own *= np.sqrt(n / max(1, n - 1)) / self.n
        if self.shares_images:
            first, *further = self._of_images
            by_image = np.take(influence, first, axis=1)
            for places in further:
                by_image[:, : places.size] += np.take(influence, places, axis=1)
            influence = by_image
        return np.asarray(influence @ influence.T, dtype=np.float64)

    def few_differ(self, doubtful: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Pairs, of the doubtful ones, of which too few samples differ for anything but an exact test."""
        # Where one is right and the other is not, the answers differ.
        few = doubtful & (self.right_alone + self.right_alone.T < FEWEST_SAMPLES)
        for row in np.flatnonzero(few.any(axis=1)):
            columns = np.flatnonzero(few[row])
            differ = (self._codes[columns] != self._codes[row]) | (self._right[columns] != self._right[row])
            few[row, columns] = differ.sum(axis=1) < FEWEST_SAMPLES
        return few


def alike(entries: Sequence[Entry], tasks: Sequence[str]) -> list[Answers]:
    """The answers to some tasks, apart for the entries that have not answered the same samples.

    Those with several repeats are left out: such answers are not independent.
    """
    found: dict[tuple[Samples, ...], dict[int, dict[str, TaskOutcomes]]] = {}
    for place, entry in enumerate(entries):
        if entry.decoding.repeats == 1 and all(task in entry.outcomes for task in tasks):
            outcomes = {task: entry.outcomes[task] for task in tasks}
            found.setdefault(tuple(each.samples for each in outcomes.values()), {})[place] = outcomes
    return [Answers(each) for each in found.values()]


def _answers_of_images(image: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The places of every image's first sample, of the second one of those that have two, and so on.

    Images with many samples come first, in the same order each time. Empty if every image has one sample.
    """
    order = np.argsort(image, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(image[order]) != 0])
    sizes = np.diff(np.r_[starts, order.size])
    if starts.size == order.size:
        return []
    starts = starts[np.argsort(-sizes, kind="stable")]
    several = [np.count_nonzero(sizes > number) for number in range(int(sizes.max()))]
    return [order[starts[:count] + number] for number, count in enumerate(several)]
