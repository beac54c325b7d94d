"""What the scores of a group are broken down into: its tasks, and subsets of the rows of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vecbench.answers import metrics_of
from vecbench.leaderboard.entry import Entry, RowMetrics
from vecbench.scoring.scores import HEADLINE, Pool
from vecbench.tasks import Group, Task


@dataclass(frozen=True, slots=True)
class Part:
    """A task, or some of the rows of a task or group.

    Attributes:
        name: What it is called among the parts of its group.
        of: The task's id, or the group.
        column: Of the data, whose value its rows have; "headline" for the number that the benchmark prints,
            a value of the metric `value`; empty for the task itself.
    """

    name: str
    of: str | Pool
    column: str = ""
    value: str = ""

    def rows(self, entry: Entry) -> RowMetrics | None:
        """What an entry says of it; None if that is nothing."""
        rows = entry.tasks.get(self.of) if isinstance(self.of, str) else entry.scores(self.of).pooled
        if rows is None or not self.column:
            return rows
        if self.column == HEADLINE:
            return RowMetrics(metrics={self.value: rows.headline}) if rows.headline else None
        metrics = rows.subsets.get(self.column, {}).get(self.value)
        return RowMetrics(metrics=metrics) if metrics else None


def parts_of(
    pool: Pool, group: Group, tasks: Mapping[str, Task], entries: Iterable[Entry]
) -> tuple[Part, ...]:
    """The tasks of a group, each with its headline and subsets, and those of the group that any entry has."""
    entries = list(entries)
    found: list[Part] = []
    for task in (tasks[name] for name in group.members):
        found += [Part(task.display, task.id), *_further(task.id, task.display, task, entries)]
    if len(group.members) > 1:
        found += _further(pool, group.display, tasks[group.members[0]], entries)
    return tuple(found)


def _further(of: str | Pool, display: str, task: Task, entries: Sequence[Entry]) -> Iterator[Part]:
    """The headline and the subsets that any entry has of a task, or of a group of tasks like this one."""
    known = [rows for entry in entries if (rows := Part(display, of).rows(entry))]
    if any(rows.headline for rows in known):
        yield Part(f"{display}: {HEADLINE}", of, HEADLINE, metrics_of(task.answers)[0].key)
    columns = dict.fromkeys(column for rows in known for column in rows.subsets)
    for column in columns:
        for value in dict.fromkeys(value for rows in known for value in rows.subsets.get(column, {})):
            yield Part(f"{display}: {value}", of, column, value)
