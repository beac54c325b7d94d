"""The tests of one comparison: those that its table shows, and so those that chance may make stand out.

A table of nine tasks has some 150 tests. Each by itself at 5 %, one or the other would have a star in 85 of
100 comparisons of a model with itself (`benchmarks/compare_error_rates.py`). So all of them are one family,
and Holm's adjustment is over all of it: whatever is starred, in whichever line and column, is false in at
most 5 % of comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from vecbench.answers import known_metrics
from vecbench.comparing.differences import AllDifferences, Difference, Differences
from vecbench.metrics.significance import holm
from vecbench.scoring.scores import OVERALL

NOT_COMPARED = ("f1_weighted",)
"""What tables of scores have and those of differences leave out, for want of room."""


@dataclass(frozen=True, slots=True)
class DifferenceScope:
    """A line of the table of differences: whose it is, and whether of its tasks' mean, not of its rows."""

    level: Literal["task", "group", "overall"]
    name: str
    is_macro: bool = False


def lines_of(differences: AllDifferences, *, is_published: bool) -> Iterator[DifferenceScope]:
    """Group by group: its tasks, then, if it has several, the group, pooled and macro; then overall.

    Of a published protocol, a group of one task has a line too: it is scored otherwise than the task.
    """
    left = dict.fromkeys(differences.tasks)
    for name, group in differences.groups.items():
        for task in group.tasks:
            if task in left:
                del left[task]
                yield DifferenceScope("task", task)
        if len(group.tasks) > 1 or is_published:
            yield from _pooled_and_macro(DifferenceScope("group", name), group)
    yield from (DifferenceScope("task", task) for task in left)
    if len(differences.tasks) > 1 or is_published:
        yield from _pooled_and_macro(DifferenceScope("overall", OVERALL), differences.overall)


def _pooled_and_macro(line: DifferenceScope, found: Differences) -> Iterator[DifferenceScope]:
    yield line
    if found.macro:
        yield replace(line, is_macro=True)


def block_of(differences: AllDifferences, line: DifferenceScope) -> Differences:
    """The differences that a line is of."""
    if line.level == "overall":
        return differences.overall
    return (differences.tasks if line.level == "task" else differences.groups)[line.name]


def with_family(differences: AllDifferences, *, is_published: bool) -> AllDifferences:
    """The differences with `Difference.p_holm`, over every test that the widest table of them shows."""
    columns = {
        key for key, metric in known_metrics().items() if metric.shown != "asked" and key not in NOT_COMPARED
    }
    lines = list(lines_of(differences, is_published=is_published))
    tests = {
        (line, key): found.p.two_sided
        for line in lines
        for key, found in _metrics(block_of(differences, line), line).items()
        if key in columns and found.p is not None
    }
    adjusted = holm(tests)

    def with_p_holm(line: DifferenceScope, block: Differences) -> dict[str, Difference]:
        return {
            key: replace(found, p_holm=adjusted.get((line, key)))
            for key, found in _metrics(block, line).items()
        }

    def block(line: DifferenceScope) -> Differences:
        found = block_of(differences, line)
        macro = with_p_holm(replace(line, is_macro=True), found)
        return replace(found, metrics=with_p_holm(line, found), macro=macro)

    return replace(
        differences,
        tasks={name: block(DifferenceScope("task", name)) for name in differences.tasks},
        groups={name: block(DifferenceScope("group", name)) for name in differences.groups},
        overall=block(DifferenceScope("overall", OVERALL)),
        family=len(tests),
    )


def _metrics(block: Differences, line: DifferenceScope) -> dict[str, Difference]:
    return dict(block.macro if line.is_macro else block.metrics)
