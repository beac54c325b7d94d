"""A leaderboard as a table: its entries in their order, its columns, every cell's value."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from threadpoolctl import threadpool_limits

from vecbench.errors import DataError
from vecbench.leaderboard.answers import AnswerSheets
from vecbench.leaderboard.calibration import require_outcomes
from vecbench.leaderboard.consistency import require_consistent
from vecbench.leaderboard.entry import Badge, Entry, GroupMetrics, RowMetrics, Value
from vecbench.leaderboard.ranking import ACCURACY, Measure, Range, rank_ranges
from vecbench.report.tables import MOST_MISSING
from vecbench.tasks import Catalogue

OVERALL = "overall"
CONDITIONAL = ("ece", "brier", "auroc")
"""Metrics of the rows that have a confidence only."""
BADGES: tuple[Badge, ...] = ("verified", "scores only", "reported")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of every group's block.

    Attributes:
        metric: Key of the metric.
        aggregate: How a group's value is made; said in the heading.
        heading: Of the column.
        better: Which values are better.
        main: Whether it is shown when all groups are.
    """

    metric: str
    aggregate: Literal["pooled", "macro"]
    heading: str
    better: Literal["higher", "lower"]
    main: bool

    @property
    def measure(self) -> Measure:
        """What ranks in it are found under."""
        return self.metric, self.aggregate


COLUMNS = (
    Column("accuracy", "pooled", "Acc", "higher", True),
    Column("accuracy", "macro", "Acc", "higher", True),
    Column("f1_weighted", "pooled", "F1 wgt", "higher", False),
    Column("ece", "pooled", "ECE", "lower", True),
    Column("brier", "pooled", "Brier", "lower", True),
    Column("auroc", "pooled", "AUROC", "higher", False),
    Column("coverage", "pooled", "Cov", "higher", False),
)


def is_conditional(rows: RowMetrics, metric: str) -> bool:
    """Whether a metric is over the rows with a confidence only, and too many rows have none."""
    coverage = rows.metrics.get("coverage")
    return metric in CONDITIONAL and coverage is not None and coverage.value < 1 - MOST_MISSING


@dataclass(frozen=True, slots=True)
class Standing:
    """One entry in its leaderboard.

    Attributes:
        name: Of its file, without the ending.
        entry: The entry.
        ranks: Block → measure → (best, worst) rank among the entries of its badge; None where it has none.
    """

    name: str
    entry: Entry
    ranks: Mapping[str, Mapping[Measure, Range | None]]

    def scores(self, block: str) -> GroupMetrics:
        """Of a group, or of everything."""
        if block == OVERALL:
            return self.entry.overall
        return self.entry.groups.get(block) or GroupMetrics()

    def value(self, block: str, column: Column) -> Value | None:
        """The cell's value; None if the entry does not have it."""
        scores = self.scores(block)
        metrics = scores.macro if column.aggregate == "macro" else scores.pooled.metrics
        return metrics.get(column.metric)

    def rank(self, block: str, measure: Measure = ACCURACY) -> Range | None:
        """Best and worst rank in a measure; None if it has none."""
        return self.ranks[block].get(measure)

    def is_conditional(self, block: str, column: Column) -> bool:
        """Whether the cell's value is, see the function of this name."""
        return is_conditional(self.scores(block).pooled, column.metric)


@dataclass(frozen=True)
class Leaderboard:
    """A benchmark's standings.

    Attributes:
        benchmark: Its id.
        display: Its name.
        blocks: Group id → name, in the benchmark's order; "overall" last.
        members: Group id → ids of its tasks.
        tasks: Task id → name.
        standings: In the order of `BADGES`; within one by accuracy over all groups.
    """

    benchmark: str
    display: str
    blocks: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]
    tasks: Mapping[str, str]
    standings: tuple[Standing, ...]

    @cached_property
    def has_ranks(self) -> bool:
        """Whether any entry has a rank in anything."""
        return any(
            range_ for each in self.standings for found in each.ranks.values() for range_ in found.values()
        )

    def of_badge(self, badge: Badge) -> list[Standing]:
        """The standings of the entries that are shown as this."""
        return [each for each in self.standings if each.entry.badge == badge]


def leaderboard(entries: Mapping[str, Entry], catalogue: Catalogue) -> Leaderboard:
    """The leaderboard of some entries of one benchmark.

    Args:
        entries: File name → entry.
        catalogue: Brings the benchmark's groups and tasks.

    Raises:
        DataError: The benchmark, or a group or task of an entry, is unknown, or a verified entry contradicts
            itself.
    """
    benchmark = next(iter(entries.values())).benchmark
    if benchmark not in {group.id for group in catalogue.benchmarks()}:
        raise DataError(f"unknown benchmark {benchmark!r}", "Its entries say what they are of.")
    members = catalogue.groups[benchmark].members
    tasks = {name: catalogue.groups[name].members for name in members}
    everything = [task for each in tasks.values() for task in each]
    for name, entry in entries.items():
        odd = (entry.groups.keys() - set(members)) | (entry.tasks.keys() - set(everything))
        if odd:
            raise DataError(f"entry {name}: {', '.join(sorted(odd))} is not of {benchmark}")
        sizes = {task: catalogue.tasks[task].expected_n for task in everything}
        require_consistent(entry, tasks, f"entry {name}", sizes)
    require_outcomes(entries, tasks)
    ranks = _ranks(entries, tasks | {OVERALL: tuple(everything)})
    standings = [Standing(name, entry, ranks[name]) for name, entry in entries.items()]
    blocks = {name: catalogue.groups[name].display for name in members} | {OVERALL: "Overall"}
    return Leaderboard(
        benchmark,
        catalogue.groups[benchmark].display,
        blocks,
        tasks,
        {task: catalogue.tasks[task].display for task in everything},
        tuple(sorted(standings, key=lambda each: _order(each, members))),
    )


def _ranks(
    entries: Mapping[str, Entry], blocks: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, dict[Measure, Range | None]]]:
    """Name of an entry → block → its ranks among the entries of its badge.

    What was not held against the data could be made up, and must push no other entry down.
    """
    ranks: dict[str, dict[str, dict[Measure, Range | None]]] = {name: {} for name in entries}
    for badge in BADGES:
        alike = {name: entry for name, entry in entries.items() if entry.badge == badge}
        ranked = list(alike.values())
        sheets = AnswerSheets(ranked)
        sheets.unpack(blocks[OVERALL])

        def found(
            block: str, ranked: list[Entry] = ranked, sheets: AnswerSheets = sheets
        ) -> dict[Measure, list[Range | None]]:
            pooled = [
                (each.overall if block == OVERALL else each.groups.get(block, GroupMetrics())).pooled
                for each in ranked
            ]
            return rank_ranges(ranked, pooled, blocks[block], sheets)

        # numpy frees the interpreter while it counts and multiplies, so threads are enough; see `in_blocks`.
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            for block, measures in zip(blocks, pool.map(found, blocks), strict=True):
                for place, name in enumerate(alike):
                    ranks[name][block] = {measure: each[place] for measure, each in measures.items()}
    return ranks


def _order(standing: Standing, groups: tuple[str, ...]) -> tuple[int, int, float, str]:
    """By the mean of the groups' macro accuracies; entries without them follow, by the pooled ones."""
    badge = BADGES.index(standing.entry.badge)
    for place, column in enumerate((COLUMNS[1], COLUMNS[0])):
        values = [standing.value(group, column) for group in groups]
        known = [value.value for value in values if value is not None]
        if len(known) == len(groups):
            return badge, place, -sum(known), standing.name
    return badge, len(COLUMNS), 0.0, standing.name
