"""The columns of a leaderboard, and how models are compared in each: what metrics declare of themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from vecbench.answers import AnswerKind, metrics_of
from vecbench.metrics.definition import Metric
from vecbench.metrics.observations import Mask, Observations

Aggregate = Literal["pooled", "macro"]
Measure = tuple[str, str]
"""A metric's key and an `Aggregate`."""

_NUMBER = np.arange(8)
_ROWS = Observations(
    image=_NUMBER,
    right=(_NUMBER & 1) > 0,
    confidence=np.where(_NUMBER & 2, 0.5, np.nan),
    answered=(_NUMBER & 4) > 0,
)
"""Rows that differ in everything that a share of rows may count."""


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """A column of every group's block: of a metric, over the rows of its tasks or as their unweighted mean.

    Attributes:
        is_paired: Whether there is a column of the other aggregate too, so that the heading tells which.
    """

    metric: Metric
    aggregate: Aggregate
    is_paired: bool

    @property
    def measure(self) -> Measure:
        """What values and ranks are found under."""
        return self.metric.key, self.aggregate

    @property
    def is_pool_of_pair(self) -> bool:
        """Whether there is a mean of tasks beside it."""
        return self.is_paired and self.aggregate == "pooled"

    @property
    def heading(self) -> str:
        """What it is called where it stands among others."""
        return f"{self.metric.heading} {self.aggregate}" if self.is_paired else self.metric.heading

    @property
    def scale(self) -> float:
        """What its values are multiplied by where they are printed."""
        return self.metric.scale

    @property
    def is_main(self) -> bool:
        """Whether it is shown when all groups are."""
        return self.metric.board in {"headline", "main"}

    @property
    def is_headline(self) -> bool:
        """Whether entries are ordered by it, and held against the baselines."""
        return self.metric.board == "headline"

    @property
    def leads(self) -> bool:
        """Whether it says how well the tasks are solved: the headline, main ones, the first of each kind."""
        return self.is_headline or self.is_paired

    @property
    def qualifies(self) -> bool:
        """Whether it only tells how to read the others, as a share of rows does that is not a main one."""
        return self.metric.counts is not None and not self.is_main and not self.is_paired

    @property
    def test(self) -> Literal["shares", "influence"] | None:
        """How two models are compared in it.

        shares: as shares of right rows. influence: by what every sample contributes to it. None: not at all;
        because its changes never are, or an entry does not hold what it is made of: that has right or wrong
        and the confidence of every sample, and no classes and no numbers of the answers.
        """
        if counts_right(self.metric):
            return "shares"
        metric = self.metric
        is_known = metric.basis == "confidence" and metric.over != "answered" and self.aggregate == "pooled"
        is_tested = metric.better is not None and metric.change.refused(()) is None
        return "influence" if is_known and is_tested and not self.qualifies else None


def board_columns(
    kinds: Iterable[AnswerKind], of_means: Iterable[AnswerKind] = ()
) -> tuple[BoardColumn, ...]:
    """The columns of a benchmark: of metrics that say so, and of the first one of each kind.

    The headline comes first. The first one of a kind, which tells how well its tasks are solved, has a macro
    column too; the two of the first kind follow the headline. So have numbers that are no shares in kinds
    that have groups whose headline is a mean of tasks, `of_means`: the pool of answers on several scales, or
    about several things, says nothing. What only qualifies the others stands last.
    """
    kinds = list(kinds)
    first = {metrics_of(kind)[0].key for kind in kinds}
    paired = first | {metric.key for metric in _metrics_of_all(of_means) if metric.unit == "number"}
    columns = [
        BoardColumn(metric, aggregate, metric.key in paired)
        for metric in _metrics_of_all(kinds)
        if metric.board is not None or metric.key in first
        for aggregate in (("pooled", "macro") if metric.key in paired else ("pooled",))
    ]
    return tuple(sorted(columns, key=lambda each: each.qualifies - each.is_headline))


def leading(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """What the entries of a kind with these metrics are sorted by: the first that they have.

    Where the kind's first metric counts right answers, the headline, and then that one; of other kinds the
    first of the main columns, such as the ranking score, or Spearman's correlation of ratings.
    """
    first, wanted = metrics[0], "headline" if counts_right(metrics[0]) else "main"
    lead = next((metric for metric in metrics if metric.board == wanted), first)
    return (first,) if lead.key == first.key else (lead, first)


def published_metrics(kinds: Iterable[AnswerKind]) -> tuple[Metric, ...]:
    """What entries of a benchmark hold: what a leaderboard or the tables of scores show."""
    every = (each for each in _metrics_of_all(kinds) if not each.needs)  # which a run may be without
    return tuple(each for each in every if each.board is not None or each.shown != "asked")


def _metrics_of_all(kinds: Iterable[AnswerKind]) -> list[Metric]:
    """The metrics of several kinds, each once, in the order of the kinds."""
    return list({metric.key: metric for kind in kinds for metric in metrics_of(kind)}.values())


def counts_right(metric: Metric) -> bool:
    """Whether a metric is the share of right rows, which is what `correct` counts in an entry."""
    return metric.basis == "confidence" and _counts(metric.counts, "right")


def counts_stated(metric: Metric) -> bool:
    """Whether a metric is the share of rows that state a confidence."""
    return metric.basis == "confidence" and _counts(metric.counts, "stated")


@lru_cache(maxsize=64)
def _counts(counts: Callable[[Observations], Mask] | None, rows: Literal["right", "stated"]) -> bool:
    return counts is not None and np.array_equal(counts(_ROWS), getattr(_ROWS, rows))
