"""The difference of every metric, with its interval and p value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vecbench.answers import is_of_one_run
from vecbench.comparing.sides import Side
from vecbench.metrics import Cells
from vecbench.metrics.bootstrap import REPLICATES
from vecbench.metrics.cells import Values
from vecbench.metrics.consistency import consistency_p, null_eces, widened
from vecbench.metrics.definition import Metric
from vecbench.metrics.significance import FEWEST_SAMPLES, PValues, binomial_p, bootstrap_p
from vecbench.scoring import Scores, protocol_named, score, score_responses
from vecbench.scoring.scores import OVERALL
from vecbench.tasks import Catalogue


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of both sides, on the same rows.

    Attributes:
        baseline: The first side's value; None if undefined.
        candidate: The second side's.
        low: Lower end of the 95 % interval of candidate − baseline; None if there is none.
        high: Upper end.
        error: Standard error of candidate − baseline; None if unknown.
        p: How often chance would show as large a fall or rise; None if there is no test, or too few samples
            differ for one.
        p_holm: The two-sided p value, adjusted for the number of tasks; None for groups.
        method: How interval and p value were made.
        samples_changed: Samples that differ in what the metric depends on; None where nothing was paired. Of
            a macro mean, so many samples of one task would say as much.
        why: Why a value, or the test, is missing.
    """

    baseline: float | None
    candidate: float | None
    low: float | None = None
    high: float | None = None
    error: float | None = None
    p: PValues | None = None
    p_holm: float | None = None
    method: str | None = None
    why: str | None = None
    samples_changed: float | None = None

    @property
    def change(self) -> float | None:
        """Candidate − baseline; None if one of them is undefined."""
        if self.baseline is None or self.candidate is None:
            return None
        return self.candidate - self.baseline

    @property
    def is_of_few(self) -> bool:
        """Whether too few samples differ for a bootstrap."""
        return (
            self.change is not None
            and self.samples_changed is not None
            and self.samples_changed < FEWEST_SAMPLES
        )

    @property
    def significant(self) -> bool:
        """Whether the change is more than chance, at 5 %, over all tasks if it is a task's."""
        if self.p is None:
            return False
        return (self.p.two_sided if self.p_holm is None else self.p_holm) < 0.05


@dataclass(frozen=True, slots=True)
class CandidateReplicates:
    """The candidate alone, to be tested against a fixed bound.

    Attributes:
        drawn: Metric key → values; shape (replicates,).
        counted: Metric key → rows that count for a share; empty when rows are not independent.
        metrics: Metric key → its declaration.
        cells: Of the rows that have a confidence.
        null_effect: Bins → design effect on a calibrated model's ECE, see `consistency.null_effect`; 1 where
            it is absent.
    """

    drawn: Mapping[str, Values]
    counted: Mapping[str, int]
    metrics: Mapping[str, Metric]
    cells: Cells
    null_effect: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Differences:
    """All differences of one task, group, or everything.

    Attributes:
        n: Rows of each side.
        samples: Samples, of which a row is one answer; those of one image count once.
        changed: Samples, likewise, whose answers or confidences differ between the sides; None if only scores
            are known.
        tasks: The tasks whose rows these are.
        metrics: Metric key → difference.
        alone: The candidate's replicates; None if only scores are known.
        macro: Metric key → difference of the unweighted means over the tasks; empty for a task.
        dropped: Rows that the protocol leaves out of the candidate's scores and counts in the baseline's.
    """

    n: int
    samples: int
    tasks: tuple[str, ...]
    metrics: Mapping[str, Difference]
    alone: CandidateReplicates | None = None
    changed: int | None = None
    macro: Mapping[str, Difference] = field(default_factory=dict)
    dropped: int = 0

    def has_exact_test(self, metric: str, *, of_change: bool) -> bool:
        """Whether a metric is tested exactly, on however few samples, and not by bootstrap.

        Args:
            metric: Its key.
            of_change: Whether its change is tested, or the candidate alone.
        """
        if of_change:
            p = self.metrics[metric].p
            return p is not None and p.least == 0
        return self.alone is not None and metric in self.alone.counted

    def bound_p(self, metric: str, bound: float) -> PValues | None:
        """How often chance would put the candidate as far below (`fall`) or above (`rise`) a bound."""
        value = self.metrics[metric].candidate
        if self.alone is None or value is None:
            return None
        if metric in self.alone.counted:
            return binomial_p(self.alone.counted[metric], self.n, bound)
        if metric not in self.alone.drawn or self.samples < FEWEST_SAMPLES:
            return None
        known = self.alone.metrics[metric]
        p = bootstrap_p(value - bound, self.alone.drawn[metric] - bound, known.change.bias)
        if p is None or known.bins is None:
            return p
        # As for its interval: while the answers look like a calibrated model's, its error may be 0.
        draws = max(REPLICATES, self.alone.drawn[metric].size)
        null = widened(null_eces(self.alone.cells, [known.bins], draws), self.alone.null_effect)
        consistent = consistency_p(self.alone.cells, null[known.bins], known.bins)
        return PValues(p.fall, max(p.rise, consistent), p.least)

    def candidate_error(self, metric: str) -> float | None:
        """The standard error of the candidate's value; None if unknown."""
        if self.alone is None or metric not in self.alone.drawn:
            return None
        return float(np.nanstd(self.alone.drawn[metric]))


@dataclass(frozen=True, slots=True)
class AllDifferences:
    """The differences of every task and group, and of everything.

    Attributes:
        tasks: Task id → differences.
        groups: Group id → differences of its rows, pooled.
        overall: Of all rows.
        names: Id → name in tables.
        replicates: Of the paired bootstrap; 0 if there was none.
        notes: How they were made, if not as usual.
    """

    tasks: Mapping[str, Differences]
    groups: Mapping[str, Differences]
    overall: Differences
    names: Mapping[str, str]
    replicates: int = 0
    notes: tuple[str, ...] = ()


def score_differences(baseline: Side, candidate: Side, catalogue: Catalogue) -> AllDifferences:
    """The differences between scores, at least one side of which has no rows: values, and no test.

    Args:
        baseline: The first side.
        candidate: The second side; both in the same protocol, or one that is unknown.
        catalogue: Brings the names.
    """
    first, second = (_score_content(side, catalogue) for side in (baseline, candidate))
    why = "scores without rows cannot be paired, so there is no test: compare the runs themselves"

    def values(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Difference]:
        return {
            key: Difference(value.get("value"), new.get(key, {}).get("value"), why=why)
            for key, value in old.items()
            if not is_of_one_run(key)
        }

    def differences(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Differences:
        metrics = values(old["metrics"], new["metrics"])
        macro = values(old.get("macro", {}), new.get("macro", {}))
        tasks = tuple(old.get("tasks", [name]))
        return Differences(int(new["n"]), int(new["n"]), tasks, metrics, macro=macro)

    blocks = {
        level: {
            name: differences(name, old, second[level][name])
            for name, old in first[level].items()
            if name in second[level]
        }
        for level in ("tasks", "groups")
    }
    names = {name: task.display for name, task in catalogue.tasks.items()}
    names |= {name: group.display for name, group in catalogue.groups.items()}
    overall = differences(OVERALL, first["overall"], second["overall"])
    return AllDifferences(blocks["tasks"], blocks["groups"], overall, names)


def _score_content(side: Side, catalogue: Catalogue) -> Mapping[str, Any]:
    if side.scores is not None:
        return side.scores
    scored: Scores
    if side.responses:
        scored = score_responses(side.responses, protocol_named(side.protocol or ""), catalogue).scores
    else:
        scored = score(side.rows, side.protocol or "", catalogue, replicates=0)
    return scored.content()
