"""Sources of confidence held against each other, of a task, a group or everything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vecbench.metrics.definition import Metric
from vecbench.scoring.scores import RowScores, Score

TABLE = ("ece", "brier", "auroc", "aurc")
"""What sources are compared in unless more is asked for."""


def compared(metrics: Iterable[Metric], further: Collection[str] = ()) -> tuple[Metric, ...]:
    """Of a kind's metrics those in which sources are compared: of `TABLE` and further ones.

    A kind that has none of these is compared in what tables show of its confidences.
    """
    possible = [each for each in metrics if each.is_of_confidences and not each.counts_stated]
    usual = [each for each in possible if each.key in TABLE]
    usual = usual or [each for each in possible if each.shown != "asked"]
    return tuple(each for each in possible if each in usual or each.key in further)


@dataclass(frozen=True, slots=True)
class SourceDifference:
    """What another source of confidence changes in a metric, on the same rows.

    Attributes:
        first: The source that it is held against.
        second: The other one.
        metric: Key of the metric.
        change: Value of `second` − value of `first`, of the rows that have all sources, with the interval of
            a paired bootstrap.
        p: Two-sided p value of it; None where there is no test.
        p_holm: The same, adjusted for all tests of the table (Holm).
    """

    first: str
    second: str
    metric: str
    change: Score
    p: float | None = None
    p_holm: float | None = None

    def as_json(self) -> dict[str, Any]:
        said = {"first": self.first, "second": self.second, "metric": self.metric, **self.change.as_json()}
        return said if self.p is None else said | {"p": self.p, "p_holm": self.p_holm}


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """How far two sources put answers in the same order: Spearman's, of the rows that have all sources."""

    first: str
    second: str
    spearman: Score

    def as_json(self) -> dict[str, Any]:
        return {"first": self.first, "second": self.second, **self.spearman.as_json()}


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The sources of some rows, each scored, and held against each other.

    Attributes:
        rows: Whether a row is an answer, or a sample: its most frequent answer.
        in_common: Rows that have a confidence of every source: what differences and correlations are of.
        metrics: Those in which they are compared.
        scores: Source → its scores, of the rows that have it.
        differences: Of every two sources in every metric of the table.
        correlations: Of every two sources.
        replicates: Of the paired bootstrap; 0 if there was none.
    """

    rows: Literal["answers", "samples"]
    in_common: int
    metrics: Sequence[Metric]
    scores: Mapping[str, RowScores]
    differences: Sequence[SourceDifference] = ()
    correlations: Sequence[RankCorrelation] = ()
    replicates: int = 0

    def as_json(self) -> dict[str, Any]:
        """The block `sources` of scores.json."""
        return {
            "rows": self.rows,
            "in_common": self.in_common,
            "replicates": self.replicates,
            "scores": {
                name: {"n": each.n, "metrics": {key: score.as_json() for key, score in each.metrics.items()}}
                for name, each in self.scores.items()
            },
            "differences": [each.as_json() for each in self.differences],
            "correlations": [each.as_json() for each in self.correlations],
        }
