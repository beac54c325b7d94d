"""The difference of every metric, with its interval and p value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vecbench.compare.pairs import Pair
from vecbench.compare.resampling import replicates_of
from vecbench.compare.sides import Side
from vecbench.metrics import Cells, calibration_p
from vecbench.metrics.bootstrap import REPLICATES, SEED
from vecbench.metrics.cells import Values
from vecbench.metrics.significance import (
    FEWEST_SAMPLES,
    PValues,
    binomial_p,
    bootstrap_p,
    difference_interval,
    holm,
    mcnemar_p,
)
from vecbench.parsing import Prediction
from vecbench.scoring import RowScores, Scores, score
from vecbench.scoring.aggregate import OVERALL, STATISTICS
from vecbench.scoring.definitions import DEFINITIONS
from vecbench.tasks import Catalogue

MCNEMAR = "exact McNemar test; paired bootstrap interval"
MCNEMAR_ALONE = "exact McNemar test"
PAIRED = "paired bootstrap, percentile"
PAIRED_HULL = "paired bootstrap, hull of percentile and reflected"

OF_ONE_RUN = ("ece_null", "calibration_p")
"""Scores that say how to read another score of the same run: their differences mean nothing."""

SHARES = ("accuracy", "coverage")
"""Metrics that are a share of the rows, for which there are exact tests."""


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

    @property
    def change(self) -> float | None:
        """Candidate − baseline; None if one of them is undefined."""
        if self.baseline is None or self.candidate is None:
            return None
        return self.candidate - self.baseline

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
        right: Right rows, or None when rows are not independent.
        stated: Rows with a confidence, likewise.
        cells: Of the rows that have a confidence.
    """

    drawn: Mapping[str, Values]
    right: int | None
    stated: int | None
    cells: Cells


@dataclass(frozen=True, slots=True)
class Differences:
    """All differences of one task, group, or everything.

    Attributes:
        n: Rows of each side.
        samples: Samples, of which a row is one answer.
        changed: Samples whose answers or confidences differ between the sides; None if only scores are known.
        tasks: The tasks whose rows these are.
        metrics: Metric key → difference.
        alone: The candidate's replicates; None if only scores are known.
    """

    n: int
    samples: int
    tasks: tuple[str, ...]
    metrics: Mapping[str, Difference]
    alone: CandidateReplicates | None = None
    changed: int | None = None

    def has_exact_test(self, metric: str) -> bool:
        """Whether a metric is tested exactly, on however few samples, and not by bootstrap."""
        return metric in SHARES and self.alone is not None and self.alone.right is not None

    def bound_p(self, metric: str, bound: float) -> PValues | None:
        """How often chance would put the candidate as far below (`fall`) or above (`rise`) a bound."""
        value = self.metrics[metric].candidate
        if self.alone is None or value is None:
            return None
        counted = {"accuracy": self.alone.right, "coverage": self.alone.stated}.get(metric)
        if counted is not None:
            return binomial_p(counted, self.n, bound)
        if metric not in self.alone.drawn or self.samples < FEWEST_SAMPLES:
            return None
        biased = metric in DEFINITIONS and DEFINITIONS[metric].interval == "reflected"
        p = bootstrap_p(value - bound, self.alone.drawn[metric] - bound, biased=biased)
        if p is None or not biased:
            return p
        # As for its interval: while the answers look like a calibrated model's, its error may be 0.
        draws = max(REPLICATES, self.alone.drawn[metric].size)
        consistent = float(calibration_p.of_cells(self.alone.cells, DEFINITIONS[metric].bins, draws))
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


def row_differences(
    pairs: Sequence[Pair],
    protocol: str,
    catalogue: Catalogue,
    *,
    replicates: int | None = None,
    seed: int = SEED,
) -> AllDifferences:
    """The differences between paired rows.

    Args:
        pairs: (baseline, candidate) of the same task, sample and repeat; at least one.
        protocol: Of both.
        catalogue: Brings the groups and the names.
        replicates: Of the paired bootstrap; None for 10,000, or fewer if those would take too long.
        seed: Of its draws.
    """
    # Only values are used: what one run's intervals say of it is no part of a comparison.
    first, second = (
        score([pair[side] for pair in pairs], protocol, catalogue, replicates=1) for side in (0, 1)
    )
    by_task: dict[str, list[Pair]] = {name: [] for name in first.tasks}
    for pair in pairs:
        by_task[pair[0].task].append(pair)
    repeated = len({old.repeat for old, _ in pairs}) > 1
    pools = {f"group {name}": group.tasks for name, group in first.groups.items()}
    pools[OVERALL] = first.overall.tasks
    drawn = replicates_of(by_task, pools, replicates, seed, repeated=repeated)
    before, after = drawn.baseline, drawn.candidate

    def differences(name: str, tasks: Sequence[str], old: RowScores, new: RowScores) -> Differences:
        rows = [pair for task in tasks for pair in by_task[task]]
        changed = len({(each.task, each.sample_id) for each, other in rows if _differ(each, other)})
        metrics = {}
        for key, value in old.metrics.items():
            if key in OF_ONE_RUN:
                continue
            plain = Difference(value.value, new.metrics[key].value, why=value.why or new.metrics[key].why)
            tested = key in STATISTICS and plain.change is not None
            metrics[key] = (
                _tested(plain, key, after[name][key] - before[name][key], rows, changed, repeated=repeated)
                if tested
                else plain
            )
        alone = CandidateReplicates(
            after[name],
            None if repeated else sum(pair[1].correct for pair in rows),
            None if repeated else new.counts["confident"],
            new.cells,
        )
        samples = len({(pair[0].task, pair[0].sample_id) for pair in rows}) if repeated else len(rows)
        return Differences(old.n, samples, tuple(tasks), metrics, alone, changed)

    by_name = {name: differences(name, [name], first.tasks[name], second.tasks[name]) for name in first.tasks}
    groups = {
        name: differences(f"group {name}", group.tasks, group.pooled, second.groups[name].pooled)
        for name, group in first.groups.items()
    }
    overall = differences(OVERALL, first.overall.tasks, first.overall.pooled, second.overall.pooled)
    return AllDifferences(_adjusted(by_name), groups, overall, first.names, drawn.count, drawn.notes)


def score_differences(baseline: Side, candidate: Side, catalogue: Catalogue) -> AllDifferences:
    """The differences between scores, at least one side of which has no rows: values, and no test.

    Args:
        baseline: The first side.
        candidate: The second side; both in the same protocol, or one that is unknown.
        catalogue: Brings the names.
    """
    first, second = (_score_content(side, catalogue) for side in (baseline, candidate))
    why = "scores without rows cannot be paired, so there is no test: compare the runs themselves"

    def differences(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Differences:
        metrics = {
            key: Difference(value.get("value"), new["metrics"].get(key, {}).get("value"), why=why)
            for key, value in old["metrics"].items()
            if key not in OF_ONE_RUN
        }
        return Differences(int(new["n"]), int(new["n"]), tuple(old.get("tasks", [name])), metrics)

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
    scored: Scores = score(side.rows, side.protocol or "", catalogue, replicates=1)
    return scored.content()


def _tested(
    plain: Difference, key: str, replicates: Values, rows: Sequence[Pair], changed: int, *, repeated: bool
) -> Difference:
    biased = key in DEFINITIONS and DEFINITIONS[key].interval == "reflected"
    change = plain.change or 0.0
    interval = difference_interval(change, replicates, biased=biased)
    p = bootstrap_p(change, replicates, biased=biased)
    if interval is None or p is None:
        return replace(plain, why=f"{key} is undefined in too many bootstrap replicates")
    method = PAIRED_HULL if biased else PAIRED
    if key in SHARES and not repeated:
        p = mcnemar_p(*_changed(key, rows))
        method = MCNEMAR
    error = float(np.nanstd(replicates))
    if changed < FEWEST_SAMPLES:
        differing = "1 sample differs" if changed == 1 else f"{changed} samples differ"
        why = f"{differing}, too few for a bootstrap: it takes {FEWEST_SAMPLES}"
        exact = p if method == MCNEMAR else None
        return replace(plain, error=error, p=exact, method=MCNEMAR_ALONE if exact else None, why=why)
    return replace(plain, low=interval[0], high=interval[1], error=error, p=p, method=method)


def _differ(old: Prediction, new: Prediction) -> bool:
    """Whether a row adds anything to a difference: every metric depends on no more than this."""
    return old.correct != new.correct or old.reading.confidence != new.reading.confidence


def _changed(key: str, rows: Sequence[Pair]) -> tuple[int, int]:
    """Rows that lost what the share counts, and rows that gained it."""

    def counts(row: Prediction) -> bool:
        return row.correct if key == "accuracy" else row.reading.confidence is not None

    lost = sum(counts(old) and not counts(new) for old, new in rows)
    return lost, sum(counts(new) and not counts(old) for old, new in rows)


def _adjusted(tasks: Mapping[str, Differences]) -> dict[str, Differences]:
    """The tasks with their p values adjusted for the number of tasks, metric by metric."""
    metrics = {name: dict(each.metrics) for name, each in tasks.items()}
    keys = dict.fromkeys(key for each in metrics.values() for key in each)
    for key in keys:
        tested = {
            name: each[key].p for name, each in metrics.items() if key in each and each[key].p is not None
        }
        adjusted = holm({name: p.two_sided for name, p in tested.items() if p is not None})
        for name, p_holm in adjusted.items():
            metrics[name][key] = replace(metrics[name][key], p_holm=p_holm)
    return {name: replace(each, metrics=metrics[name]) for name, each in tasks.items()}
