"""A leaderboard as a table: its entries in their order, its columns, every cell's value."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from vecbench.answers import known_metrics, metrics_of
from vecbench.controls.effects import MARGIN
from vecbench.errors import DataError
from vecbench.leaderboard.baselines import baselines
from vecbench.leaderboard.columns import BoardColumn, Measure, board_columns, counts_stated, leading
from vecbench.leaderboard.entry import Badge, Entry, GroupMetrics, RowMetrics
from vecbench.leaderboard.outcomes import NO_CONFIDENCE, totals_of
from vecbench.leaderboard.parts import Part, parts_of
from vecbench.leaderboard.ranking import Range, rank_ranges
from vecbench.leaderboard.value import Value
from vecbench.metrics.definition import Metric
from vecbench.metrics.totals import Totals
from vecbench.scoring.reading_health import MOST_UNREAD
from vecbench.scoring.scores import ALL_ROWS, MOST_MISSING, Pool
from vecbench.tasks import Catalogue, Task

BADGES: tuple[Badge, ...] = ("verified", "scores only", "reported")
CONDITIONAL, BELOW, SAME_OUTCOMES, UNREAD, STAYS = "*", "†", "‡", "§", "¶"
MARKS = {
    CONDITIONAL: "over the rows that state a confidence only, while more than 5 % of the rows do not",
    BELOW: "worse than a baseline: than abstaining, the most frequent answer, or chance",
    SAME_OUTCOMES: "right on the same samples, at the same confidences, as another entry",
    UNREAD: f"more than {100 * MOST_UNREAD:g} % of the answers to a task were not read, and count as wrong",
}
"""What stands behind values → what it says."""
CONTROL_MARKS = {
    STAYS: "where its control takes the image away, confidence does not fall, or by less than "
    f"{100 * MARGIN:g} points"
}
"""The same of boards on which an entry has a control."""


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
        name: Of its file, without the ending; of a baseline, its key.
        ranks: Block → measure → (best, worst) rank among the entries of its badge; None where it has none.
        silent: Block or task → its rows, where some of them have no confidence.
        below: Block → names of the baselines than which it does worse in the headline.
        unread: Block → names of its tasks of whose answers too many were not read.
        twins: Models of other entries whose answers are right on the same samples, at the same confidences.
        is_baseline: Whether it is of no model.
    """

    name: str
    entry: Entry
    ranks: Mapping[Pool, Mapping[Measure, Range | None]] = field(default_factory=dict)
    silent: Mapping[Pool | str, Totals] = field(default_factory=dict)
    below: Mapping[Pool, Sequence[str]] = field(default_factory=dict)
    unread: Mapping[Pool, Sequence[str]] = field(default_factory=dict)
    twins: Sequence[str] = ()
    is_baseline: bool = False

    @property
    def badge(self) -> str:
        """What it is shown as."""
        return "baseline" if self.is_baseline else self.entry.badge

    @property
    def notes(self) -> Sequence[str]:
        """What else is to be known of it."""
        twins = f"{SAME_OUTCOMES}: right on the same samples, at the same confidences, as "
        unread = [f"{UNREAD}: not read: {name}" for name in self.unread.get(ALL_ROWS, ())]
        entry = self.entry
        mark = f"{STAYS}: " * entry.stays(ALL_ROWS)
        control = [] if entry.control is None else [mark + entry.control.said]
        further = [f"Printed too: {name} {value:g}." for name, value in entry.further.items()]
        if entry.protocol and entry.badge == "reported":
            further.insert(0, f"Read and scored as the protocol {entry.protocol} does.")
        return [*entry.notes, *further, *control, *unread, *(twins + name for name in self.twins)]

    def value(self, block: Pool, column: BoardColumn) -> Value | None:
        """The cell's value; None if the entry does not have it."""
        scores = self.entry.scores(block)
        metrics = scores.macro if column.aggregate == "macro" else scores.pooled.metrics
        return metrics.get(column.metric.key)

    def has(self, block: Pool) -> bool:
        """Whether it has anything in a block."""
        return self.entry.scores(block) != GroupMetrics()

    def rank(self, block: Pool, column: BoardColumn) -> Range | None:
        """Best and worst rank in a column; None if it has none."""
        return self.ranks.get(block, {}).get(column.measure)

    def worst(self, name: Pool | str, metric: Metric, said: Value | None) -> float | None:
        """What a pooled value of a block or task is at worst; None if all of its rows have a confidence."""
        if said is None or name not in self.silent or metric.bounds is None or metric.better is None:
            return None
        return metric.worst(said.value, self.silent[name])

    def marks(self, block: Pool, column: BoardColumn) -> str:
        """What is put behind the cell's value, see `Leaderboard.marks`."""
        found = CONDITIONAL * (is_conditional(self.entry.scores(block).pooled, column.metric))
        if column.is_headline:
            found += BELOW * bool(self.below.get(block)) + SAME_OUTCOMES * bool(self.twins)
            found += STAYS * self.entry.stays(block)
        if column.is_headline or column.metric.over in {"confident", "answered"}:
            found += UNREAD * bool(self.unread.get(block))
        return found


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """A benchmark's standings.

    Attributes:
        display: The benchmark's name.
        blocks: Group → name, in the benchmark's order; all rows last.
        parts: Group → its tasks, and what entries break its scores and theirs down into.
        columns: Of every block, in their order, see `board_columns`.
        columns_of: Block → those that its tasks can have; no pools where its headline is a mean of tasks.
        leading: Group → the columns that its table is sorted by: each entry by the first that it has.
        standings: In the order of `BADGES`; within one by what leads the first group, over all groups that
            it leads.
        baselines: Of the samples of the first entry whose targets are known; empty without one.
    """

    display: str
    blocks: Mapping[Pool, str]
    parts: Mapping[Pool, tuple[Part, ...]]
    columns: tuple[BoardColumn, ...]
    columns_of: Mapping[Pool, Sequence[BoardColumn]]
    leading: Mapping[Pool, Sequence[BoardColumn]]
    standings: tuple[Standing, ...]
    baselines: tuple[Standing, ...]

    @property
    def has_controls(self) -> bool:
        """Whether any entry has a control."""
        return any(each.entry.control is not None for each in self.standings)

    @property
    def marks(self) -> Mapping[str, str]:
        """What may stand behind its values → what it says."""
        return MARKS | CONTROL_MARKS if self.has_controls else MARKS

    @property
    def baselines_among(self) -> Badge:
        """Whose tables have the baselines: those of the first badge that any entry has."""
        return self.standings[0].entry.badge

    def of_badge(self, badge: Badge, group: Pool = ALL_ROWS) -> list[Standing]:
        """The standings of the entries that are shown as this, in the order of a group's table."""
        found = [each for each in self.standings if each.entry.badge == badge]
        led = [(column, [group]) for column in self.leading.get(group, ())]
        return sorted(found, key=lambda each: _order(each, led)[:-1])


def leaderboard(entries: Mapping[str, Entry], catalogue: Catalogue) -> Leaderboard:
    """The leaderboard of some entries of one benchmark, by their files' names."""
    benchmark = next(iter(entries.values())).benchmark
    if benchmark not in {group.id for group in catalogue.benchmarks()}:
        raise DataError(f"unknown benchmark {benchmark!r}", "Its entries say what they are of.")
    groups = {name: catalogue.groups[name] for name in catalogue.groups[benchmark].members}
    members_of = dict.fromkeys(task for group in groups.values() for task in group.members)
    if absent := [name for name in members_of if name not in catalogue.tasks]:
        fault = next((each for each in catalogue.faults if each.file.stem in absent), None)
        raise DataError(f"{benchmark}: no file defines its task {absent[0]}", str(fault) if fault else "")
    tasks = {task: catalogue.tasks[task] for task in members_of}
    for name, entry in entries.items():
        if odd := (entry.groups.keys() - groups.keys()) | (entry.tasks.keys() - tasks.keys()):
            raise DataError(f"entry {name}: {', '.join(sorted(odd))} is not of {benchmark}")
    members = {Pool(name): group.members for name, group in groups.items()}
    means = {name for name, group in groups.items() if group.headline and group.headline.how == "macro"}
    columns = board_columns(
        (task.answers for task in tasks.values()),
        (tasks[task].answers for name in means for task in groups[name].members),
    )
    of_task = {name: metrics_of(task.answers) for name, task in tasks.items()}
    blocks = members | {ALL_ROWS: tuple(tasks)}
    columns_of = {
        block: [
            column
            for column in columns
            if any(column.metric in of_task[task] for task in each)
            and not (column.is_pool_of_pair and block.group in means)
        ]
        for block, each in members.items()
    }
    there = {column.measure for each in columns_of.values() for column in each}
    columns = tuple(column for column in columns if column.measure in there)
    columns_of[ALL_ROWS] = list(columns)
    leads = {group: _leading(columns_of[group], of_task[each[0]]) for group, each in members.items()}
    first = next(iter(leads.values()))
    led = [(column, [group for group, each in leads.items() if column in each]) for column in first]
    ranks = _ranks(entries, blocks, columns)
    own = _baselines(entries, blocks, tasks)
    by_badge = sorted(entries, key=lambda name: BADGES.index(entries[name].badge))
    shown = next((own[name] for name in by_badge if own[name]), {})
    twins = _twins(entries)
    standings = [
        Standing(
            name,
            entry,
            ranks[name],
            _silent(entry, blocks, tasks),
            {block: _below(entry, (own[name] or shown).values(), block, first[0]) for block in blocks},
            {block: _unread(entry, [tasks[task] for task in members]) for block, members in blocks.items()},
            twins[name],
        )
        for name, entry in entries.items()
    ]
    return Leaderboard(
        catalogue.groups[benchmark].display,
        {Pool(name): group.display for name, group in groups.items()} | {ALL_ROWS: "Overall"},
        {group: parts_of(group, groups[group.group or ""], tasks, entries.values()) for group in members},
        columns,
        columns_of,
        leads,
        tuple(sorted(standings, key=lambda each: _order(each, led))),
        tuple(Standing(key, entry, is_baseline=True) for key, entry in shown.items()),
    )


def _leading(columns: Sequence[BoardColumn], metrics: Sequence[Metric]) -> list[BoardColumn]:
    """The columns that entries are sorted by where a kind has these metrics, means of tasks before pools."""
    keys = [metric.key for metric in leading(metrics)]
    found = [column for column in columns if column.metric.key in keys]
    return sorted(found, key=lambda each: (keys.index(each.metric.key), each.aggregate))


def _ranks(
    entries: Mapping[str, Entry], blocks: Mapping[Pool, Sequence[str]], columns: Sequence[BoardColumn]
) -> dict[str, dict[Pool, dict[Measure, Range | None]]]:
    """Name of an entry → block → its ranks among the entries of its badge.

    What was not held against the data could be made up, and must push no other entry down.
    """
    ranks: dict[str, dict[Pool, dict[Measure, Range | None]]] = {name: {} for name in entries}
    for badge in BADGES:
        alike = {name: entry for name, entry in entries.items() if entry.badge == badge}

        def found(
            block: Pool, ranked: Sequence[Entry] = tuple(alike.values())
        ) -> dict[Measure, list[Range | None]]:
            pooled = [each.scores(block).pooled for each in ranked]
            return rank_ranges(ranked, pooled, blocks[block], columns)

        # numpy frees the interpreter while it counts and multiplies, so threads are enough; see `in_blocks`.
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            for block, measures in zip(blocks, pool.map(found, blocks), strict=True):
                for place, name in enumerate(alike):
                    ranks[name][block] = {measure: each[place] for measure, each in measures.items()}
    return ranks


def _baselines(
    entries: Mapping[str, Entry], blocks: Mapping[Pool, Sequence[str]], tasks: Mapping[str, Task]
) -> dict[str, Mapping[str, Entry]]:
    """Name of an entry → the baselines of its samples, computed once for all that have the same targets."""
    made: dict[tuple[tuple[str, int | None, str], ...], Mapping[str, Entry]] = {}
    found = {}
    for name, entry in entries.items():
        key = tuple(
            (task, entry.tasks[task].n, each.model_dump_json()) for task, each in entry.targets.items()
        )
        if key not in made:
            made[key] = baselines(entry, blocks, tasks)
        found[name] = made[key]
    return found


def _below(entry: Entry, others: Iterable[Entry], block: Pool, column: BoardColumn) -> list[str]:
    """Names of the baselines than which an entry does worse in the headline; none if that is no headline."""
    key, said = column.metric.key, entry.scores(block).pooled.metrics.get(column.metric.key)
    if said is None or not column.is_headline:
        return []
    sign = -1 if column.metric.better == "lower" else 1
    values = {each.model.name: each.scores(block).pooled.metrics.get(key) for each in others}
    return [name for name, each in values.items() if each and sign * said.value < sign * each.value]


def _unread(entry: Entry, tasks: Iterable[Task]) -> list[str]:
    """Names of the tasks of whose answers too many were not read, with how many that are."""
    rows = ((task.display, entry.tasks.get(task.id, RowMetrics())) for task in tasks)
    return [f"{name} ({each.unread:,} of {each.n:,})" for name, each in rows if each.is_mostly_unread]


def _silent(
    entry: Entry, blocks: Mapping[Pool, Sequence[str]], tasks: Iterable[str]
) -> dict[Pool | str, Totals]:
    """The rows of blocks and tasks in which some have no confidence, where the entry has their outcomes."""
    if not any(np.any(each.codes == NO_CONFIDENCE) for each in entry.outcomes.values()):
        return {}
    members: dict[Pool | str, Sequence[str]] = {task: (task,) for task in tasks}
    members.update(blocks.items())
    known = {
        name: totals_of([entry.outcomes[task] for task in parts])
        for name, parts in members.items()
        if entry.outcomes.keys() >= set(parts)
    }
    return {block: rows for block, rows in known.items() if rows.missing}


def _twins(entries: Mapping[str, Entry]) -> dict[str, list[str]]:
    """Name of an entry → models of others with the same outcomes on the same samples.

    None of a lesser badge: what was not held against the data says nothing of an entry that was.
    """
    alike: dict[tuple[object, ...], list[str]] = {}
    for name, entry in entries.items():
        same = [(task, *each.samples, each.right, each.confidence) for task, each in entry.outcomes.items()]
        alike.setdefault(tuple(same) or (name,), []).append(name)
    return {
        name: [
            entries[other].model.name
            for other in names
            if other != name and BADGES.index(entries[other].badge) <= BADGES.index(entries[name].badge)
        ]
        for names in alike.values()
        for name in names
    }


def _order(
    standing: Standing, leading: Sequence[tuple[BoardColumn, Sequence[Pool]]]
) -> tuple[int, int, float, str]:
    """By the mean over its groups of the first column that it has in all of them."""
    badge = BADGES.index(standing.entry.badge)
    for place, (column, groups) in enumerate(leading):
        sign = 1 if column.metric.better == "lower" else -1
        values = [standing.value(group, column) for group in groups]
        known = [value.value for value in values if value is not None]
        if len(known) == len(values):
            return badge, place, sign * sum(known), standing.name
    return badge, len(leading), 0.0, standing.name
