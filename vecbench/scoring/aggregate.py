"""From predictions to the scores of every task, group, and everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vecbench.answers import AnswerKind, metrics_of_default
from vecbench.metrics.bootstrap import LEVEL, REPLICATES, SEED
from vecbench.parsing import Prediction
from vecbench.scoring.arrangement import Arrangement
from vecbench.scoring.headline import headline_of
from vecbench.scoring.observations import kinds_of
from vecbench.scoring.row_scores import SetScorer, status_counts
from vecbench.scoring.scores import Excluded, GroupScores, RowScores, Score, Scores, Subsets
from vecbench.tasks import Catalogue
from vecbench.tasks.task import Headline

OVERALL = "overall"


def score(
    rows: Sequence[Prediction],
    protocol: str,
    catalogue: Catalogue,
    run: Mapping[str, Any] | None = None,
    *,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Scores:
    """The scores of every task, of every group that a task belongs to, and of all rows.

    The order of the rows makes no difference. Answers to one image, in several tasks or repeats, are not
    independent: they are resampled together, and the other intervals are as much wider as they depend.

    Args:
        rows: At most one a task, sample and repeat.
        protocol: Named in the result.
        catalogue: Brings the groups and the names; a task that it does not know belongs to no group.
        run: What to say of the run.
        replicates: Of the bootstrap and of the consistency test; 0 for values without what these two say.
        seed: Of their draws.
    """
    by_task, excluded = _by_task(rows, catalogue)
    arrangement = Arrangement.of(by_task.keys(), catalogue)
    order = arrangement.tasks
    by_task = {name: by_task[name] for name in order}
    kinds = kinds_of(by_task, catalogue)
    pools: dict[str, Sequence[str]] = {
        f"group {name}": present for name, present in arrangement.members.items()
    }
    if order:
        pools[OVERALL] = order
    scorer = SetScorer(by_task, kinds, pools, replicates, seed)
    subsets = _Subsets(by_task, kinds, catalogue, replicates, seed)

    def scored_task(name: str) -> RowScores:
        made = subsets.added([name], scorer.scores(name))
        task = catalogue.tasks.get(name)
        made = replace(made, headline=headline_of(task.headline if task else None, made, {}))
        return replace(made, excluded=excluded.get(name))

    tasks = {name: scored_task(name) for name in order}

    def grouped(
        name: str, present: Sequence[str], absent: Sequence[str], headline: Headline | None = None
    ) -> GroupScores:
        if not present:
            return GroupScores((), tuple(absent), _nothing(), {})
        macro = scorer.macro(name, {part: tasks[part] for part in present})
        made = subsets.added(present, scorer.scores(name))
        made = replace(made, headline=headline_of(headline, made, macro))
        return GroupScores(tuple(present), tuple(absent), made, macro)

    groups = {
        name: grouped(f"group {name}", present, arrangement.absent[name], catalogue.groups[name].headline)
        for name, present in arrangement.members.items()
    }
    intervals: dict[str, Any] = {"level": LEVEL, "replicates": replicates, "seed": seed}
    many = [name for name in order if scorer.is_condensed(name)]
    if many:
        intervals["condensed"] = many
    return Scores(
        protocol,
        run or {},
        tasks,
        groups,
        grouped(OVERALL, order, []),
        arrangement.names,
        intervals,
        notes=tuple(_notes(excluded)),
    )


def _nothing() -> RowScores:
    """The scores of no rows: of an answer kind as responses have it that name none."""
    metrics = metrics_of_default()
    undefined = Score(None, 0, why="there are no rows")
    return RowScores(0, status_counts([]), {each.key: undefined for each in metrics}, scored_by=metrics)


def is_excluded(row: Prediction, catalogue: Catalogue) -> bool:
    """Whether the file of its task leaves a row out of all scores."""
    task = catalogue.tasks.get(row.task)
    return task is not None and row.sample_id in task.excluded


def _by_task(
    rows: Iterable[Prediction], catalogue: Catalogue
) -> tuple[dict[str, list[Prediction]], dict[str, Excluded]]:
    """Task id → its rows that are scored; and those that its file excludes."""
    by_task: dict[str, list[Prediction]] = {}
    counts: dict[str, int] = {}
    for row in rows:
        if is_excluded(row, catalogue):
            counts[row.task] = counts.get(row.task, 0) + 1
        else:
            by_task.setdefault(row.task, []).append(row)
    excluded = {
        name: Excluded(count, catalogue.tasks[name].excluded_because) for name, count in counts.items()
    }
    return by_task, excluded


def _notes(excluded: Mapping[str, Excluded]) -> Iterable[str]:
    for name, each in excluded.items():
        rows = "1 row is" if each.n == 1 else f"{each.n:,} rows are"
        yield f"{name}: {rows} excluded by its file: {each.because}."


class _Subsets:
    """The scores of tasks and groups by the values of the columns that their tasks name.

    Args:
        by_task: Task id → rows.
        kinds: Task id → kind.
        catalogue: Brings the tasks' `subsets`.
        replicates: As for `score`.
        seed: As for `score`.
    """

    def __init__(
        self,
        by_task: Mapping[str, Sequence[Prediction]],
        kinds: Mapping[str, AnswerKind],
        catalogue: Catalogue,
        replicates: int,
        seed: int,
    ) -> None:
        self._by_task = by_task
        self._kinds = kinds
        self._columns = {
            name: catalogue.tasks[name].subsets if name in catalogue.tasks else () for name in by_task
        }
        self._replicates, self._seed = replicates, seed

    def added(self, tasks: Sequence[str], scores: RowScores) -> RowScores:
        """The scores of some tasks together, with those of their subsets.

        A pool has the subsets that all of its tasks have; one task alone has been scored already.
        """
        columns = [each for each in self._columns[tasks[0]] if all(each in self._columns[t] for t in tasks)]
        if not columns or len({self._kinds[task].name for task in tasks}) > 1:
            return scores
        return replace(scores, subsets={column: self._by_value(column, tasks) for column in columns})

    def _by_value(self, column: str, tasks: Sequence[str]) -> Subsets:
        sets: dict[str, list[Prediction]] = {}
        for task in tasks:
            for row in self._by_task[task]:
                sets.setdefault(row.attributes.get(column, ""), []).append(row)
        ordered = {value: sets[value] for value in sorted(sets)}
        kinds = dict.fromkeys(ordered, self._kinds[tasks[0]])
        scorer = SetScorer(ordered, kinds, {}, self._replicates, self._seed)
        return {value: scorer.scores(value) for value in ordered}
