"""What can be had without any model: the rows of a board below which a model has shown nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm

import numpy as np

from vecbench.answers import metrics_of
from vecbench.leaderboard.entry import (
    Entry,
    EntryModel,
    GroupMetrics,
    RowMetrics,
    Source,
)
from vecbench.leaderboard.outcomes import TaskTargets
from vecbench.leaderboard.value import DIGITS, Value
from vecbench.metrics.cells import Cells
from vecbench.metrics.definition import Metric
from vecbench.metrics.totals import Totals
from vecbench.scoring.scores import ALL_ROWS, Pool
from vecbench.tasks import Task

Stated = Iterator[tuple[Fraction, Fraction, int]]
"""(confidence, share of right rows, rows); several parts of a task, each with a confidence of its own."""


def _abstain(_: TaskTargets, n: int) -> Stated:
    yield Fraction(0), Fraction(0), n


def _most_frequent(targets: TaskTargets, n: int) -> Stated:
    share = Fraction(targets.most_frequent, n)
    yield share, share, n


def _half(targets: TaskTargets, _: int) -> Stated:
    for size, rows in targets.candidates.items():
        yield Fraction(1, 2), Fraction(1, size), rows


def _chance(targets: TaskTargets, _: int) -> Stated:
    for size, rows in targets.candidates.items():
        yield Fraction(1, size), Fraction(1, size), rows


BASELINES: Mapping[str, tuple[str, Callable[[TaskTargets, int], Stated]]] = {
    "baseline-abstain": ("Baseline: abstain", _abstain),
    "baseline-most-frequent": ("Baseline: most frequent answer", _most_frequent),
    "baseline-half": ("Baseline: random answer at 0.5", _half),
    "baseline-chance": ("Baseline: chance", _chance),
}
"""Name of a baseline's line → what it is called, and what it states.

Nothing, with confidence 0. In each task the answer that is right most often, at its frequency. A random
candidate, with confidence 0.5 or with its probability: the values are those of its expected counts.
"""


def baselines(
    entry: Entry, blocks: Mapping[Pool, Sequence[str]], tasks: Mapping[str, Task]
) -> dict[str, Entry]:
    """The baselines of the samples of an entry, as entries; without intervals, since nothing is drawn.

    Args:
        entry: Any; without targets it has none.
        blocks: Group, and all rows → ids of its tasks.
        tasks: By id, all of the benchmark.

    Returns:
        Key of `BASELINES` → entry, with the metrics of confidences; empty blocks where a task's targets are
        unknown. Random answers take tasks whose answers are chosen from lists.
    """
    found = {}
    # So many times the rows that expected counts are whole: metrics may take them for counts.
    times = lcm(*(size for each in entry.targets.values() for size in each.candidates))
    for key, (name, stated) in BASELINES.items():
        totals = {
            task: _totals(parts, times)
            for task, targets in entry.targets.items()
            if (parts := list(stated(targets, entry.tasks[task].n or 0)))
        }
        made = {
            block: _group({task: totals[task] for task in block_tasks}, tasks, times)
            for block, block_tasks in blocks.items()
            if totals.keys() >= set(block_tasks)
        }
        if totals:
            found[key] = Entry(
                benchmark=entry.benchmark,
                kind="reported",
                model=EntryModel(name=name),
                source=Source(name="computed from the targets"),
                tasks={task: _rows(each, _metrics(tasks[task]), times) for task, each in totals.items()},
                groups={block.group: each for block, each in made.items() if block.group is not None},
                overall=made.get(ALL_ROWS, GroupMetrics()),
            )
    return found


def _totals(parts: Sequence[tuple[Fraction, Fraction, int]], times: int) -> Totals:
    cells = [
        Cells(
            *(
                np.array([float(each)])
                for each in (confidence, share * rows * times, (1 - share) * rows * times)
            )
        )
        for confidence, share, rows in parts
    ]
    return Totals(Cells.pooled(cells))


def _metrics(task: Task) -> list[Metric]:
    """Those of confidences that a board shows."""
    return [
        each for each in metrics_of(task.answers) if each.basis == "confidence" and each.board is not None
    ]


def _group(totals: Mapping[str, Totals], tasks: Mapping[str, Task], times: int) -> GroupMetrics:
    first, *others = [_metrics(tasks[task]) for task in totals]
    common = [metric for metric in first if all(metric in each for each in others)]
    rows = [_rows(each, common, times).metrics for each in totals.values()]
    macro = {
        metric.key: _value(float(np.mean([each[metric.key].value for each in rows])))
        for metric in common
        if metric.averaged and all(metric.key in each for each in rows)
    }
    return GroupMetrics(pooled=_rows(Totals.pooled([*totals.values()]), common, times), macro=macro)


def _rows(totals: Totals, metrics: Sequence[Metric], times: int) -> RowMetrics:
    values = {metric.key: float(metric.value(totals)) for metric in metrics}
    return RowMetrics(
        n=totals.cells.n // times,
        metrics={key: _value(value) for key, value in values.items() if np.isfinite(value)},
    )


def _value(value: float) -> Value:
    return Value(value=round(value, DIGITS) + 0.0)  # no −0
