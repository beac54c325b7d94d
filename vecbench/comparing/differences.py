"""The difference of a metric, with its interval and p value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Values
from vecbench.metrics.definition import Bias, Metric
from vecbench.metrics.significance import (
    FEWEST_SAMPLES,
    PValues,
    agreeing,
    binomial_p,
    bootstrap_p,
    difference_interval,
    sign_flip_p,
)

SIGNIFICANT = 0.05
"""An adjusted p value below this is a star in tables."""

EXACT = "exact McNemar test; paired bootstrap interval"
EXACT_ALONE = "exact McNemar test"
EXACT_BY_IMAGE = "exact sign-flip test by image; paired bootstrap interval"
EXACT_BY_IMAGE_ALONE = "exact sign-flip test by image"
BOOTSTRAP: Mapping[Bias, str] = {
    "none": "paired bootstrap, percentile",
    "steady": "paired bootstrap, reflected",
    "fading": "paired bootstrap, hull of percentile and reflected",
    "gaps": "paired bootstrap of signed gaps, what noise adds to either error allowed for",
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
        p_holm: The two-sided p value, adjusted for all tests of the comparison's table (Holm), see `family`;
            None for what the table does not show.
        method: How interval and p value were made.
        samples_changed: Samples that differ in what the metric depends on; None where nothing was paired. Of
            a macro mean, so many samples of one task would say as much.
        why: Why a value, or the test, is missing.
        worst: Both values if rows without a confidence had the worst one; None where none is missing, or the
            metric does not depend on it.
        p_worst: As `p`, of these.
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
    worst: tuple[float, float] | None = None
    p_worst: PValues | None = None

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
        """Whether the change is more than chance, at 5 %, over everything that the table shows."""
        return self.p_holm is not None and self.p_holm < SIGNIFICANT


@dataclass(frozen=True, slots=True)
class CandidateReplicates:
    """The candidate alone, to be tested against a fixed bound.

    Attributes:
        drawn: Metric key → values; shape (replicates,).
        counted: Metric key → rows that count for a share; empty when rows are not independent.
        metrics: Metric key → its declaration.
        excess: Metric key → what noise has added to its value, at most; 0 where it is absent.
        missing: Rows without a confidence in each replicate, by what they are; shape (replicates,).
    """

    drawn: Mapping[str, Values]
    counted: Mapping[str, int]
    metrics: Mapping[str, Metric]
    excess: Mapping[str, float] = field(default_factory=dict)
    missing: Values = field(default_factory=lambda: np.ones(()))


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
        """How often chance would put the candidate as far below (`fall`) or above (`rise`) a bound.

        Confidences that are missing count at their worst.
        """
        value = self.metrics[metric].candidate
        if self.alone is None or value is None:
            return None
        if metric in self.alone.counted:
            return binomial_p(self.alone.counted[metric], self.n, bound)
        if metric not in self.alone.drawn or self.samples < FEWEST_SAMPLES:
            return None
        worst, drawn = self.metrics[metric].worst, self.alone.drawn[metric]
        if worst is not None:
            drawn = at_worst(drawn, worst[1] - value, self.alone.missing)
            value = worst[1]
        bias, noise = self.alone.metrics[metric].change.bias, self.alone.excess.get(metric, 0.0)
        return bootstrap_p(value - bound, drawn - bound, bias, (0.0, noise))

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
        family: Tests that the table shows, over which `Difference.p_holm` is adjusted.
    """

    tasks: Mapping[str, Differences]
    groups: Mapping[str, Differences]
    overall: Differences
    names: Mapping[str, str]
    replicates: int = 0
    notes: tuple[str, ...] = ()
    family: int = 0


def with_worst(plain: Difference, metric: Metric, bounds: Sequence[Sequence[float] | None]) -> Difference:
    """The difference with `Difference.worst`.

    Args:
        plain: Both values.
        metric: What they are of.
        bounds: Between what the baseline's and the candidate's value lie if all rows had a confidence; None
            where all have, or the metric is not of confidences.
    """
    if plain.baseline is None or plain.candidate is None or metric.better is None or not any(bounds):
        return plain
    end = 0 if metric.better == "higher" else 1
    old, new = (
        value if each is None else float(each[end])
        for value, each in zip((plain.baseline, plain.candidate), bounds, strict=True)
    )
    return replace(plain, worst=(old, new))


def at_worst(drawn: Values, added: float, missing: Values) -> Values:
    """Replicates of a metric if rows without a confidence had the worst one.

    What they add is in proportion to how many there are, as it is for means of rows and for errors.

    Args:
        drawn: Those of the rows that have a confidence; shape (replicates,).
        added: What they add to the value itself.
        missing: How many there are in each replicate, by how many there are; shape (replicates,) or ().
    """
    # Metrics of the rows themselves have fewer replicates, drawn otherwise.
    alike = missing if missing.shape == drawn.shape else np.ones(())
    return np.asarray(drawn + added * alike)


def tested(
    metric: Metric,
    plain: Difference,
    replicates: Values,
    noise: Callable[[float], tuple[float, float]],
    missing: Values | None,
) -> Difference:
    """The difference with what the bootstrap says of it.

    `replicates` are of both sides on the same samples: shape (2, replicates). `noise` says what chance has
    added to either value, at most, given the standard error of the change. `missing` are rows without a
    confidence, see `at_worst`; shape (2, replicates); without them, missing confidences are not tested.
    """
    bias = metric.change.bias
    estimate, change = plain.change or 0.0, replicates[1] - replicates[0]
    error = float(np.nanstd(change))
    added = noise(error)
    interval = difference_interval(estimate, change, bias, noise=added)
    p = bootstrap_p(estimate, change, bias, added)
    if interval is None or p is None:
        return replace(plain, why=f"{metric.key} is undefined in too many bootstrap replicates")
    if plain.is_of_few:
        changed = plain.samples_changed or 0.0
        differ = "1 sample differs" if changed == 1 else f"{changed:.0f} samples differ"
        why = f"{differ}, too few for a bootstrap: it takes {FEWEST_SAMPLES}"
        return replace(plain, error=error, why=why)
    p_worst = None
    if plain.worst is not None and missing is not None:
        measured = plain.baseline or 0.0, plain.candidate or 0.0
        old, new = (
            at_worst(replicates[side], plain.worst[side] - measured[side], missing[side]) for side in (0, 1)
        )
        p_worst = bootstrap_p(plain.worst[1] - plain.worst[0], new - old, bias, added)
    method = BOOTSTRAP[bias]
    return replace(plain, low=interval[0], high=interval[1], error=error, p=p, p_worst=p_worst, method=method)


def exactly_tested(found: Difference, changes: NDArray[np.int64], rows: int, *, by_image: bool) -> Difference:
    """The difference of a share with the exact test's p value in place of the bootstrap's.

    `changes` are of each image or sample: rows that it gained less those that it lost, of so many `rows`.
    """
    alone, with_interval = (EXACT_BY_IMAGE_ALONE, EXACT_BY_IMAGE) if by_image else (EXACT_ALONE, EXACT)
    p = sign_flip_p(changes)
    if found.low is None or found.high is None:
        return replace(found, p=p, method=alone)
    low, high = agreeing((found.low, found.high), p, 1 / rows)
    return replace(found, p=p, low=low, high=high, method=with_interval)
