"""Whether a verified entry agrees with itself: what its tasks say is what its groups say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from vecbench.errors import DataError
from vecbench.leaderboard.calibration import ROUNDING
from vecbench.leaderboard.entry import Entry, GroupMetrics, RowMetrics
from vecbench.leaderboard.outcomes import TaskOutcomes

LINEAR = ("brier", "confidence_gap", "coverage")
"""Metrics that are means over rows: pooled, they are the weighted means of the tasks'."""


def require_consistent(
    entry: Entry,
    groups: Mapping[str, Sequence[str]],
    where: str,
    expected: Mapping[str, tuple[int, int] | None] | None = None,
) -> None:
    """Refuses a verified entry that is not whole or contradicts itself; a reported one says what it likes.

    Args:
        entry: The entry.
        groups: Group id → ids of its tasks, of the benchmark.
        where: Named in the error.
        expected: Task id → fewest and most samples.

    Raises:
        DataError: Something is missing or contradicts something else.
    """
    if entry.kind == "reported":
        return
    problem = _problem(entry, groups, expected or {})
    if problem is not None:
        raise DataError(
            f"{where}: {problem}",
            "A verified entry is what vecbench leaderboard check --write has written, unedited.",
        )


def _problem(
    entry: Entry,
    groups: Mapping[str, Sequence[str]],
    expected: Mapping[str, tuple[int, int] | None],
) -> str | None:
    """What is wrong; None if nothing is."""
    everything = [task for tasks in groups.values() for task in tasks]
    for said, names, whole in (
        ("tasks", entry.tasks, everything),
        ("groups", entry.groups, groups),
        # Repeated answers are not independent samples: they have no outcomes.
        ("outcomes", entry.outcomes, everything if entry.decoding.repeats == 1 else ()),
    ):
        if odd := set(names) ^ set(whole):
            return f"{said} are not those of the benchmark: {', '.join(sorted(odd))}"
    for task, rows in entry.tasks.items():
        low, high = (entry.decoding.repeats * size for size in expected.get(task) or (1, 10**9))
        if rows.n is not None and not low <= rows.n <= high:
            return (
                f"tasks.{task} has {rows.n} rows, {low if low == high else f'{low} to {high}'} are expected"
            )
        problem = _rows_problem(rows, f"tasks.{task}")
        if problem is not None:
            return problem
    problem = _sharing_problem(entry.outcomes)
    if problem is not None:
        return problem
    blocks = [(f"groups.{name}", entry.groups[name], list(tasks)) for name, tasks in groups.items()]
    for place, block, tasks in [*blocks, ("overall", entry.overall, everything)]:
        parts = [entry.tasks[task] for task in tasks]
        problem = _pooled_problem(block.pooled, parts, f"{place}.pooled") or _macro_problem(
            block, parts, f"{place}.macro"
        )
        if problem:
            return problem
    if entry.errors is None or entry.errors > (entry.overall.pooled.n or 0):
        return "errors is missing, or more than there are rows"
    return None


def _rows_problem(rows: RowMetrics, place: str) -> str | None:
    if rows.n is None or rows.correct is None:
        return f"{place} needs n and correct"
    if not _alike(_value(rows, "accuracy"), rows.correct / rows.n):
        return f"{place}: accuracy is not {rows.correct}/{rows.n}"
    ece, gap = _value(rows, "ece"), _value(rows, "confidence_gap")
    if ece is not None and gap is not None and ece < abs(gap) - ROUNDING:
        return f"{place}: no ECE is below its confidence gap ({ece} and {gap})"
    return None


def _sharing_problem(outcomes: Mapping[str, TaskOutcomes]) -> str | None:
    """What two tasks contradict of each other in the images that they share."""
    for task, each in outcomes.items():
        for other in each.shared:
            if other == task or other not in outcomes:
                return f"outcomes.{task} shares images with {other}, which is no other task"
            back = outcomes[other]
            shared = int(back.shared_with(task).sum()) if task in back.shared else 0
            if int(each.shared_with(other).sum()) != shared:
                return f"outcomes.{task} and outcomes.{other} share different numbers of images"
    return None


def _pooled_problem(pooled: RowMetrics, tasks: Sequence[RowMetrics], place: str) -> str | None:
    problem = _rows_problem(pooled, place)
    if problem:
        return problem
    sums = sum(task.n or 0 for task in tasks), sum(task.correct or 0 for task in tasks)
    if (pooled.n, pooled.correct) != sums:
        return f"{place} has {pooled.correct} of {pooled.n} right, its tasks have {sums[1]} of {sums[0]}"
    if len(tasks) == 1 and pooled.metrics != tasks[0].metrics:
        return f"{place} has one task and other metrics than it"
    for metric, said in pooled.metrics.items():
        mean = _mean_over_rows(tasks, metric)
        if mean is None:
            continue
        if metric in LINEAR and not _alike(said.value, mean):
            return f"{place}: {metric} is {said.value}, its tasks give {mean:.6f}"
        # Gaps of one bin can cancel each other, and cannot grow, when tasks are pooled.
        if metric == "ece" and said.value > mean + ROUNDING:
            return f"{place}: ece is {said.value}, its tasks allow {mean:.6f} at most"
    return None


def _macro_problem(block: GroupMetrics, tasks: Sequence[RowMetrics], place: str) -> str | None:
    if "accuracy" not in block.macro:
        return f"{place} needs an accuracy"
    for metric, said in block.macro.items():
        values = [_value(task, metric) for task in tasks]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return f"{place}: {metric} is given, and not for each of its tasks"
        mean = math.fsum(known) / len(known)
        if not _alike(said.value, mean):
            return f"{place}: {metric} is {said.value}, the mean of its tasks is {mean:.6f}"
    return None


def _mean_over_rows(tasks: Sequence[RowMetrics], metric: str) -> float | None:
    """The tasks' mean, weighted by the rows that it is over; None where it cannot be known."""
    total = weights = 0.0
    for task in tasks:
        value, coverage = _value(task, metric), _value(task, "coverage")
        if coverage is None:
            return None
        n = task.n or 0
        weight = n if metric == "coverage" else round(n * coverage)
        if value is None and weight:
            return None
        total += weight * (value or 0.0)
        weights += weight
    return total / weights if weights else None


def _value(rows: RowMetrics, metric: str) -> float | None:
    found = rows.metrics.get(metric)
    return None if found is None else found.value


def _alike(said: float | None, found: float | None) -> bool:
    return said is not None and found is not None and abs(said - found) <= ROUNDING
