"""The scores of tasks and groups, broken down by answer, target or a column of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vecbench.answers import AnswerKind
from vecbench.errors import UsageError, nearest
from vecbench.parsing import Prediction
from vecbench.scoring.row_scores import SetScorer
from vecbench.scoring.scores import RowScores, Subsets
from vecbench.tasks import Catalogue

_OF_CLASSES: Mapping[str, Callable[[Prediction], str]] = {
    "answer": lambda row: "" if row.reading.answer is None else str(row.reading.answer),
    "target": lambda row: str(row.target),
}
"""What rows are broken down by beside columns of the data, where answers are of a few classes."""


@dataclass(frozen=True)
class Breakdown:
    """The columns that each task is broken down by, and the scores of their values.

    Attributes:
        columns: Task id → those of its file, and further ones that were asked for.
        own: Task id → those of its file, which are columns of the data whatever they are called.
    """

    columns: Mapping[str, Sequence[str]]
    own: Mapping[str, Sequence[str]]
    by_task: Mapping[str, Sequence[Prediction]]
    kinds: Mapping[str, AnswerKind]
    replicates: int
    seed: int
    _made: dict[tuple[str, ...], Subsets] = field(default_factory=dict)
    """Column and tasks → what was scored of them: a group may have all rows that there are."""

    @classmethod
    def of(
        cls,
        by_task: Mapping[str, Sequence[Prediction]],
        kinds: Mapping[str, AnswerKind],
        catalogue: Catalogue,
        further: Sequence[str],
        replicates: int,
        seed: int,
    ) -> Breakdown:
        """The breakdown of some tasks; `further` columns of those that have them.

        Raises:
            UsageError: No task has one of the further columns.
        """
        possible = {
            name: [
                *(_OF_CLASSES if kinds[name].has_confusion else ()),
                *dict.fromkeys(column for row in rows for column in row.attributes),
            ]
            for name, rows in by_task.items()
        }
        known = dict.fromkeys(each for columns in possible.values() for each in columns)
        for column in further:
            if by_task and column not in known:
                raise UsageError(
                    f"--by {column}: no task here can be broken down by it", nearest(column, known)
                )
        own = {name: catalogue.tasks[name].subsets if name in catalogue.tasks else () for name in by_task}
        columns = {
            name: tuple(dict.fromkeys((*own[name], *(each for each in further if each in possible[name]))))
            for name in by_task
        }
        return cls(columns, own, by_task, kinds, replicates, seed)

    def added(self, tasks: Sequence[str], scores: RowScores) -> RowScores:
        """The scores of some tasks together, with those of their subsets.

        A pool has the subsets that all of its tasks have, and those of the parts of its answers.
        """
        first, *others = [self.columns[name] for name in tasks]
        columns = [each for each in first if all(each in other for other in others)]
        if len({self.kinds[task].pool for task in tasks}) > 1:
            return scores
        for column in columns:
            if (column, *tasks) not in self._made:
                self._made[column, *tasks] = self._by_value(column, tasks)
        subsets = {column: made for column in columns if (made := self._made[column, *tasks])}
        kind = self.kinds[tasks[0]]
        for column, parts in kind.parts([row for task in tasks for row in self.by_task[task]]).items():
            if (column, *tasks) not in self._made:
                self._made[column, *tasks] = self._scored(parts, kind.part)
            subsets[column] = self._made[column, *tasks]
        return replace(scores, subsets=subsets) if subsets else scores

    def _by_value(self, column: str, tasks: Sequence[str]) -> Subsets:
        sets: dict[str, list[Prediction]] = {}
        for task in tasks:
            of_classes = None if column in self.own[task] else _OF_CLASSES.get(column)
            for row in self.by_task[task]:
                value = of_classes(row) if of_classes else row.attributes.get(column, "")
                sets.setdefault(value, []).append(row)
        if sets.keys() == {""} and column in {name for task in tasks for name in self.own[task]}:
            return {}  # the data have no such column
        return self._scored({value: sets[value] for value in sorted(sets)}, self.kinds[tasks[0]])

    def _scored(self, sets: Mapping[str, Sequence[Prediction]], kind: AnswerKind) -> Subsets:
        scorer = SetScorer(sets, dict.fromkeys(sets, kind), {}, self.replicates, self.seed)
        return {value: scorer.scores(value) for value in sets}
