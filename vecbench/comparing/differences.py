"""The difference of a metric, with its interval and p value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics import Cells
from vecbench.metrics.bootstrap import REPLICATES
from vecbench.metrics.cells import Values
from vecbench.metrics.consistency import consistency_p, null_eces, widened
from vecbench.metrics.definition import Bias, Metric
from vecbench.metrics.significance import (
    FEWEST_SAMPLES,
    PValues,
    binomial_p,
    bootstrap_p,
    difference_interval,
    error_difference_interval,
    error_difference_p,
    holm,
    sign_flip_p,
)

EXACT = "exact McNemar test; paired bootstrap interval"
EXACT_ALONE = "exact McNemar test"
EXACT_BY_IMAGE = "exact sign-flip test by image; paired bootstrap interval"
EXACT_BY_IMAGE_ALONE = "exact sign-flip test by image"
BOOTSTRAP: Mapping[Bias, str] = {
    "none": "paired bootstrap, percentile",
    "steady": "paired bootstrap, reflected",
    "fading": "paired bootstrap, hull of percentile and reflected, an error that may be 0 taken for 0 too",
}
"""How interval and p value are made, as the outputs say it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of both sides, on the same rows; None for what is undefined, unknown or not there.

    Attributes:
        low: Lower end of the 95 % interval of candidate − baseline; `high` is the upper one.
        error: Standard error of candidate − baseline.
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
        null_effect: Bins → `consistency.null_effect`; 1 where it is absent.
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
        changed: Samples, likewise, whose answers or confidences differ; None if only scores are known.
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
        """Whether its change, or the candidate alone, is tested exactly, and not by bootstrap."""
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
    """The differences of every task and group (its rows, pooled), and of all rows.

    Attributes:
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


def tested(metric: Metric, plain: Difference, replicates: Values, zero_p: tuple[float, float]) -> Difference:
    """The difference with what the bootstrap says of it.

    `replicates` are of both sides on the same samples: shape (2, replicates). `zero_p` are the p values of
    the tests that either side's error may be 0; 0 where it cannot be.
    """
    bias = metric.change.bias
    values = plain.baseline or 0.0, plain.candidate or 0.0
    change = replicates[1] - replicates[0]
    if bias == "fading":
        interval = error_difference_interval(values, replicates, zero_p)
        p = error_difference_p(values, replicates, zero_p)
    else:
        interval = difference_interval(values[1] - values[0], change, bias)
        p = bootstrap_p(values[1] - values[0], change, bias)
    if interval is None or p is None:
        return replace(plain, why=f"{metric.key} is undefined in too many bootstrap replicates")
    error = float(np.nanstd(change))
    if plain.is_of_few:
        changed = plain.samples_changed or 0.0
        differ = "1 sample differs" if changed == 1 else f"{changed:.0f} samples differ"
        why = f"{differ}, too few for a bootstrap: it takes {FEWEST_SAMPLES}"
        return replace(plain, error=error, why=why)
    return replace(plain, low=interval[0], high=interval[1], error=error, p=p, method=BOOTSTRAP[bias])


def exactly_tested(found: Difference, changes: NDArray[np.int64], *, by_image: bool) -> Difference:
    """The difference of a share with the exact test's p value in place of the bootstrap's.

    `changes` are of each image or sample: rows that it gained less those that it lost.
    """
    alone, with_interval = (EXACT_BY_IMAGE_ALONE, EXACT_BY_IMAGE) if by_image else (EXACT_ALONE, EXACT)
    return replace(found, p=sign_flip_p(changes), method=alone if found.p is None else with_interval)


def adjusted_for_tasks(tasks: Mapping[str, Differences]) -> dict[str, Differences]:
    """The tasks with their p values adjusted for the number of tasks, metric by metric."""
    metrics = {name: dict(each.metrics) for name, each in tasks.items()}
    for key in dict.fromkeys(key for each in metrics.values() for key in each):
        p_values = {name: each[key].p for name, each in metrics.items() if key in each}
        adjusted = holm({name: p.two_sided for name, p in p_values.items() if p is not None})
        for name, p_holm in adjusted.items():
            metrics[name][key] = replace(metrics[name][key], p_holm=p_holm)
    return {name: replace(each, metrics=metrics[name]) for name, each in tasks.items()}
