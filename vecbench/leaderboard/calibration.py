"""Whether the calibration metrics of verified entries are those that their outcomes give; many at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecbench.errors import DataError
from vecbench.leaderboard.entry import Entry, RowMetrics
from vecbench.leaderboard.outcomes import NO_CONFIDENCE, UNITS, Codes
from vecbench.metrics import Cells, auroc, brier, confidence_gap, ece
from vecbench.metrics.cells import share

ROUNDING = 2e-6
"""Most by which numbers of six decimals differ when they say the same."""
AT_ONCE = 32
"""Entries whose tables are held at a time: models may state 10,001 different confidences."""
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Found:
    """A metric of several entries, from their outcomes; nan where it is undefined."""

    value: Values
    tolerance: Values


def require_outcomes(
    entries: Mapping[str, Entry], groups: Mapping[str, Sequence[str]], where: str = "entry {}"
) -> None:
    """Refuses a verified entry whose outcomes, from which it is ranked, give other metrics than it states.

    Coverage, Brier score, confidence gap, ECE and AUROC are computed anew: of every task, and pooled of every
    group and of all. Entries of several repeats have no outcomes.

    Args:
        entries: File name → entry, each with the outcomes of all tasks or with none.
        groups: Group id → ids of its tasks, of the benchmark.
        where: Named in the error, with a place for the entry's name.

    Raises:
        DataError: A metric is missing or differs by more than rounding explains.
    """
    known = {name: entry for name, entry in entries.items() if entry.outcomes}
    names = list(known)
    for begin in range(0, len(names), AT_ONCE):
        some = names[begin : begin + AT_ONCE]
        for place, problem in _problems([known[name] for name in some], groups):
            raise DataError(
                f"{where.format(some[place])}: {problem}",
                "A verified entry is what vecbench leaderboard check --write has written, unedited.",
            )


def _problems(entries: Sequence[Entry], groups: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, str]]:
    """(place among the entries, what is wrong)."""
    tables = _Tables(entries, [task for tasks in groups.values() for task in tasks])
    for task in tables.by_task:
        yield from _differing(f"tasks.{task}", [entry.tasks[task] for entry in entries], tables.found([task]))
    for name, tasks in groups.items():
        if len(tasks) > 1:  # of one task they have been compared with the task's
            rows = [entry.groups[name].pooled for entry in entries]
            yield from _differing(f"groups.{name}.pooled", rows, tables.found(tasks))
    rows = [entry.overall.pooled for entry in entries]
    yield from _differing("overall.pooled", rows, tables.found(list(tables.by_task)))


class _Tables:
    """How many rows of several entries are right and wrong at each confidence, task by task.

    Args:
        entries: The entries.
        tasks: That all of them have outcomes of.
    """

    def __init__(self, entries: Sequence[Entry], tasks: Sequence[str]) -> None:
        self._entries = entries
        codes = {task: [entry.outcomes[task].codes for entry in entries] for task in tasks}
        seen = np.zeros(NO_CONFIDENCE + 1, dtype=np.bool_)
        for some in codes.values():
            seen[np.concatenate(some)] = True
        known = np.flatnonzero(seen[: UNITS + 1])
        self._confidence = known / UNITS
        self._column = np.full(NO_CONFIDENCE + 1, known.size, dtype=np.intp)
        self._column[known] = np.arange(known.size)
        self.by_task = {task: self._table(task, some) for task, some in codes.items()}

    def _table(self, task: str, codes: Sequence[Codes]) -> Values:
        """Shape (entries, confidences and one for none, 2): wrong, right."""
        width = self._confidence.size + 1
        row = np.repeat(np.arange(len(codes)), [each.size for each in codes])
        right = np.concatenate([entry.outcomes[task].bits for entry in self._entries])
        cell = 2 * (width * row + self._column[np.concatenate(codes)]) + right
        counts = np.bincount(cell, minlength=2 * width * len(codes))
        return counts.reshape(len(codes), width, 2).astype(np.float64)

    def found(self, tasks: Sequence[str]) -> dict[str, _Found]:
        """The metrics over the rows of some tasks."""
        table = sum((self.by_task[task] for task in tasks[1:]), start=self.by_task[tasks[0]])
        stated = table[:, :-1]
        wrong, right = stated[..., 0], stated[..., 1]
        cells = Cells(self._confidence, right, wrong)
        # No rounded confidence is further off than this, see `vecbench.leaderboard.outcomes.code_of`.
        rounded = [any(entry.outcomes[task].rounded for task in tasks) for entry in self._entries]
        off = np.where(rounded, 1 / UNITS, 0.0)
        # Confidences that rounding made equal: each such pair may have stood in either order.
        tied = share((right * wrong).sum(axis=1), right.sum(axis=1) * wrong.sum(axis=1))
        return {
            "coverage": _Found(cells.counts / table.sum(axis=(1, 2)), np.zeros(len(off))),
            "brier": _Found(brier.of_cells(cells), 2 * off),
            "confidence_gap": _Found(confidence_gap.of_cells(cells), off),
            "ece": _Found(ece.of_cells(cells), off),
            "auroc": _Found(auroc.of_cells(cells), np.where(rounded, np.nan_to_num(tied) / 2, 0.0)),
        }


def _differing(
    place: str, rows: Sequence[RowMetrics], found: Mapping[str, _Found]
) -> Iterator[tuple[int, str]]:
    for metric, computed in found.items():
        values = [each.metrics.get(metric) for each in rows]
        said = np.array([np.nan if value is None else value.value for value in values])
        close = np.abs(said - computed.value) <= ROUNDING + computed.tolerance
        for number in np.flatnonzero(~(close | (np.isnan(said) & np.isnan(computed.value)))).tolist():
            stated = "missing" if np.isnan(said[number]) else f"{said[number]:.6f}"
            gives = "none" if np.isnan(computed.value[number]) else f"{computed.value[number]:.6f}"
            yield number, f"{place}: {metric} is {stated}, its outcomes give {gives}"
