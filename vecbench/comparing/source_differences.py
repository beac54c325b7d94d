"""What one source of confidence changes against another, on the same answers: paired, resampled, tested."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from vecbench.comparing.differences import Difference, tested
from vecbench.comparing.observed_pairs import ObservedPairs
from vecbench.comparing.resampling import replicates_of
from vecbench.comparing.row_differences import Name
from vecbench.metrics.cells import Cells, Values
from vecbench.metrics.condensed import condensed, grouping
from vecbench.metrics.definition import Metric
from vecbench.metrics.gaps import gap_effect, paired_excess
from vecbench.metrics.observations import Floats, Observations
from vecbench.metrics.regression import SPEARMAN, rating_columns, spearman
from vecbench.metrics.resampling import resampled
from vecbench.metrics.totals import Totals
from vecbench.scoring.scores import Score
from vecbench.scoring.side_by_side import RankCorrelation, SourceDifference
from vecbench.scoring.sources import is_probability

ERROR_REPLICATES = 200
"""Of rank correlations, for their standard errors: those are uncertain by a twentieth of them."""

FISHER = "normal on Fisher's z, standard error by bootstrap"
NO_PROBABILITY = "{} is an order of answers and no probability: nothing can be calibrated"
Z = 1.959964


@dataclass(frozen=True)
class SourceRows:
    """The rows of all tasks that have a confidence of every source, as arrays, in one order for all sources.

    Attributes:
        sources: Names, in the order of the sides.
        tasks: Task → its rows, a side for each source.
        members: Task or pool → the tasks it holds.
        metrics: Task or pool → in what sources are compared there.
    """

    sources: Sequence[str]
    tasks: Mapping[str, ObservedPairs]
    members: Mapping[Name, Sequence[str]]
    metrics: Mapping[Name, Sequence[Metric]]

    def differences(
        self, replicates: int | None, seed: int
    ) -> tuple[dict[Name, list[SourceDifference]], int]:
        """Task or pool → what every two sources differ in there, without adjusted p values; and replicates.

        Without a number of these there are so many as take some seconds, see `replicates_of`.
        """
        pools = {name: parts for name, parts in self.members.items() if not isinstance(name, str)}
        drawn = replicates_of(self.tasks, pools, self._tested(), replicates, seed, _condensed)
        found: dict[Name, list[SourceDifference]] = {}
        for name in self.members:
            sides = self._sides(name)
            found[name] = [
                self._difference(metric, pair, sides, drawn.values[name].get(metric.key))
                for pair in combinations(range(len(self.sources)), 2)
                for metric in self.metrics[name]
            ]
        return found, drawn.count

    def correlations(self, seed: int) -> dict[Name, list[RankCorrelation]]:
        """Task or pool → the rank correlation of every two sources there."""
        pairs = list(combinations(range(len(self.sources)), 2))
        models = [
            {
                name: replace(
                    rows.old,
                    columns=rating_columns(rows.sides[one].confidence, rows.sides[other].confidence),
                )
                for name, rows in self.tasks.items()
            }
            for one, other in pairs
        ]
        wanted = {name: [SPEARMAN] for name in self.members}
        drawn = resampled(models, self.members, wanted, ERROR_REPLICATES, seed)
        found = {}
        for name in self.members:
            sides = self._sides(name)
            found[name] = [
                RankCorrelation(
                    self.sources[one],
                    self.sources[other],
                    _correlation(sides[one].confidence, sides[other].confidence, values),
                )
                for (one, other), values in zip(pairs, drawn[name][SPEARMAN.key], strict=True)
            ]
        return found

    def _tested(self) -> dict[Name, list[Metric]]:
        """What is resampled: not what has no test, whatever the source."""
        return {
            name: [
                each
                for each in self.metrics[name]
                if any(each.change.refused([side]) is None for side in totals)
            ]
            for name in self.members
            for totals in [[Totals.of(side) for side in self._sides(name)]]
        }

    def _sides(self, name: Name) -> list[Observations]:
        parts = self.members[name]
        return [
            Observations.pooled([self.tasks[part].sides[side] for part in parts])
            for side in range(len(self.sources))
        ]

    def _difference(
        self, metric: Metric, pair: tuple[int, int], sides: Sequence[Observations], drawn: Values | None
    ) -> SourceDifference:
        names = self.sources[pair[0]], self.sources[pair[1]]
        old, new = (sides[side] for side in pair)
        made = SourceDifference(*names, metric.key, Score(None, old.n))
        why = next((why for each in names if (why := why_no_value(metric, each))), None)
        totals = [Totals.of(each) for each in (old, new)]
        values = [math.nan if why else float(metric.value(each)) for each in totals]
        if any(map(math.isnan, values)):
            return replace(made, change=Score(None, old.n, why=why or metric.undefined or "it is undefined"))
        plain = Difference(values[0], values[1], why=metric.change.refused(totals))
        if plain.why is None and drawn is not None:
            changed = np.unique(old.image[old.confidence != new.confidence]).size
            plain = tested(
                metric,
                replace(plain, samples_changed=changed),
                drawn[list(pair)],
                lambda error: _noise(metric, (old, new), (totals[0].cells, totals[1].cells), error),
                None,
            )
        change = plain.change or 0.0
        if plain.low is None or plain.high is None or plain.p is None:
            return replace(made, change=Score(change, old.n, details={"no_interval": plain.why}))
        score = Score(change, old.n, plain.low, plain.high, plain.method)
        return replace(made, change=score, p=plain.p.two_sided)


def why_no_value(metric: Metric, source: str) -> str | None:
    """Why a metric has no value of a source, whatever its confidences are; None if it may have one."""
    if is_probability(source) or metric.is_of_order or metric.counts_stated:
        return None
    return NO_PROBABILITY.format(source)


def _noise(
    metric: Metric, rows: tuple[Observations, Observations], cells: tuple[Cells, Cells], error: float
) -> tuple[float, float]:
    if metric.place is None:
        return 0.0, 0.0
    first, second = (gap_effect(each, metric.place) for each in rows)
    return paired_excess(metric.place, cells, error, (first, second))


def _correlation(first: Floats, second: Floats, drawn: Values) -> Score:
    value, n = spearman(first, second), first.size
    if math.isnan(value):
        return Score(None, n, why="a source has the same confidence everywhere")
    if abs(value) == 1 or not np.all(np.abs(drawn) < 1):
        return Score(value, n, details={"no_interval": "one order is the other, or too nearly so"})
    half = Z * float(np.std(np.arctanh(drawn), ddof=1))
    low, high = (math.tanh(math.atanh(value) + side * half) for side in (-1, 1))
    return Score(value, n, low, high, FISHER)


def _condensed(tasks: Mapping[str, ObservedPairs]) -> dict[str, ObservedPairs]:
    """Each source with as few distinct confidences as a bootstrap of it alone would take."""
    sides = zip(*(rows.sides for rows in tasks.values()), strict=True)
    fewer = [list(_fewer(each)) for each in sides]
    return {
        name: replace(rows, sides=tuple(side[place] for side in fewer))
        for place, (name, rows) in enumerate(tasks.items())
    }


def _fewer(parts: Sequence[Observations]) -> Iterator[Observations]:
    every = np.concatenate([rows.confidence for rows in parts])
    cells = Cells.of_rows(every, np.concatenate([rows.right for rows in parts]))
    near = condensed(cells).confidence[grouping(cells)]
    for rows in parts:
        yield replace(rows, confidence=near[np.searchsorted(cells.confidence, rows.confidence)])
