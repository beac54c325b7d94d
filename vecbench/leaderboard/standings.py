"""A leaderboard as a table: its entries in their order, its columns, every cell's value."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from vecbench.answers import known_metrics, metrics_of
from vecbench.errors import DataError
from vecbench.leaderboard.columns import BoardColumn, Measure, board_columns, counts_stated
from vecbench.leaderboard.entry import OVERALL, Badge, Entry, RowMetrics, Value
from vecbench.leaderboard.ranking import Range, rank_ranges
from vecbench.metrics.definition import Metric
from vecbench.scoring.scores import MOST_MISSING
from vecbench.tasks import Catalogue

BADGES: tuple[Badge, ...] = ("verified", "scores only", "reported")


def is_conditional(rows: RowMetrics, metric: Metric) -> bool:
    """Whether a metric is over the rows with a confidence only, and too many rows have none."""
    return metric.over == "confident" and any(
        said.value < 1 - MOST_MISSING and counts_stated(known_metrics()[key])
        for key, said in rows.metrics.items()
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """One entry in its leaderboard.

    Attributes:
        name: Of its file, without the ending.
        ranks: Block → measure → (best, worst) rank among the entries of its badge; None where it has none.
    """

    name: str
    entry: Entry
    ranks: Mapping[str, Mapping[Measure, Range | None]]

    def value(self, block: str, column: BoardColumn) -> Value | None:
        """The cell's value; None if the entry does not have it."""
        scores = self.entry.scores(block)
        metrics = scores.macro if column.aggregate == "macro" else scores.pooled.metrics
        return metrics.get(column.metric.key)

    def rank(self, block: str, column: BoardColumn) -> Range | None:
        """Best and worst rank in a column; None if it has none."""
        return self.ranks[block].get(column.measure)

    def is_conditional(self, block: str, column: BoardColumn) -> bool:
        """Whether the cell's value is, see the function of this name."""
        return is_conditional(self.entry.scores(block).pooled, column.metric)


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """A benchmark's standings.

    Attributes:
        display: The benchmark's name.
        blocks: Group id → name, in the benchmark's order; "overall" last.
        members: Group id → ids of its tasks.
        tasks: Task id → name.
        columns: Of every block, in their order; those of the first kind's first metric come first.
        columns_of: Block → those that its tasks can have.
        standings: In the order of `BADGES`; within one by the first column's metric, over all groups.
    """

    display: str
    blocks: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]
    tasks: Mapping[str, str]
    columns: tuple[BoardColumn, ...]
    columns_of: Mapping[str, Sequence[BoardColumn]]
    standings: tuple[Standing, ...]

    def of_badge(self, badge: Badge) -> list[Standing]:
        """The standings of the entries that are shown as this."""
        return [each for each in self.standings if each.entry.badge == badge]


def leaderboard(entries: Mapping[str, Entry], catalogue: Catalogue) -> Leaderboard:
    """The leaderboard of some entries of one benchmark, by their files' names."""
    benchmark = next(iter(entries.values())).benchmark
    if benchmark not in {group.id for group in catalogue.benchmarks()}:
        raise DataError(f"unknown benchmark {benchmark!r}", "Its entries say what they are of.")
    groups = {name: catalogue.groups[name] for name in catalogue.groups[benchmark].members}
    tasks = {task: catalogue.tasks[task] for group in groups.values() for task in group.members}
    for name, entry in entries.items():
        if odd := (entry.groups.keys() - groups.keys()) | (entry.tasks.keys() - tasks.keys()):
            raise DataError(f"entry {name}: {', '.join(sorted(odd))} is not of {benchmark}")
    members = {name: group.members for name, group in groups.items()}
    columns = board_columns(task.answers for task in tasks.values())
    of_task = {name: metrics_of(task.answers) for name, task in tasks.items()}
    blocks = members | {OVERALL: tuple(tasks)}
    columns_of = {
        block: [column for column in columns if any(column.metric in of_task[task] for task in each)]
        for block, each in blocks.items()
    }
    led = [block for block in members if columns[0] in columns_of[block]]
    ranks = _ranks(entries, blocks, columns)
    standings = [Standing(name, entry, ranks[name]) for name, entry in entries.items()]
    return Leaderboard(
        catalogue.groups[benchmark].display,
        {name: group.display for name, group in groups.items()} | {OVERALL: "Overall"},
        members,
        {name: task.display for name, task in tasks.items()},
        columns,
        columns_of,
        tuple(sorted(standings, key=lambda each: _order(each, columns, led))),
    )


def _ranks(
    entries: Mapping[str, Entry], blocks: Mapping[str, Sequence[str]], columns: Sequence[BoardColumn]
) -> dict[str, dict[str, dict[Measure, Range | None]]]:
    """Name of an entry → block → its ranks among the entries of its badge.

    What was not held against the data could be made up, and must push no other entry down.
    """
    ranks: dict[str, dict[str, dict[Measure, Range | None]]] = {name: {} for name in entries}
    for badge in BADGES:
        alike = {name: entry for name, entry in entries.items() if entry.badge == badge}

        def found(
            block: str, ranked: Sequence[Entry] = tuple(alike.values())
        ) -> dict[Measure, list[Range | None]]:
            pooled = [each.scores(block).pooled for each in ranked]
            return rank_ranges(ranked, pooled, blocks[block], columns)

        # numpy frees the interpreter while it counts and multiplies, so threads are enough; see `in_blocks`.
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            for block, measures in zip(blocks, pool.map(found, blocks), strict=True):
                for place, name in enumerate(alike):
                    ranks[name][block] = {measure: each[place] for measure, each in measures.items()}
    return ranks


def _order(
    standing: Standing, columns: Sequence[BoardColumn], groups: Iterable[str]
) -> tuple[int, int, float, str]:
    """By the mean of the first metric's macro values of groups that have it; others, by the pooled ones."""
    badge = BADGES.index(standing.entry.badge)
    pooled, macro, *_ = columns
    sign = 1 if pooled.metric.better == "lower" else -1
    for place, column in enumerate((macro, pooled)):
        values = [standing.value(group, column) for group in groups]
        known = [value.value for value in values if value is not None]
        if len(known) == len(values):
            return badge, place, sign * sum(known), standing.name
    return badge, len(columns), 0.0, standing.name
