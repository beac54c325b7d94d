"""From predictions to the scores of every task, group, and everything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vecbench.answers import metrics_of_default
from vecbench.metrics.bootstrap import LEVEL, REPLICATES, SEED
from vecbench.parsing import Prediction
from vecbench.scoring.breakdown import Breakdown
from vecbench.scoring.observations import kinds_of
from vecbench.scoring.predictions import status_counts
from vecbench.scoring.row_scores import SetScorer, mean_of_shares
from vecbench.scoring.scales import scale_note
from vecbench.scoring.scores import ALL_ROWS, OVERALL, Excluded, GroupScores, Pool, RowScores, Score, Scores
from vecbench.tasks import Catalogue
from vecbench.tasks.task import Headline


@dataclass(frozen=True)
class Arrangement:
    """Tasks and groups that have rows, in the order of the tables.

    Attributes:
        tasks: Ids, in the catalogue's order; those that it does not know follow, sorted.
        members: Group id → its tasks that have rows; groups without any are left out.
        absent: Group id → its tasks that have none.
        names: Id → name in tables, of all tasks and groups of the catalogue.
    """

    tasks: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]
    absent: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]

    @classmethod
    def of(cls, present: Collection[str], catalogue: Catalogue) -> Arrangement:
        """The arrangement of the tasks that have rows."""
        order = [name for name in catalogue.tasks if name in present]
        order += sorted(name for name in present if name not in catalogue.tasks)
        every = {name: tuple(dict.fromkeys(group.members)) for name, group in catalogue.groups.items()}
        members = {name: tuple(each for each in listed if each in present) for name, listed in every.items()}
        members = {name: each for name, each in members.items() if each}
        absent = {name: tuple(each for each in every[name] if each not in members[name]) for name in members}
        names = {name: task.display for name, task in catalogue.tasks.items()}
        names |= {name: group.display for name, group in catalogue.groups.items()}
        return cls(tuple(order), members, absent, names)


def score(
    rows: Sequence[Prediction],
    protocol: str,
    catalogue: Catalogue,
    run: Mapping[str, Any] | None = None,
    *,
    replicates: int = REPLICATES,
    seed: int = SEED,
    by: Sequence[str] = (),
) -> Scores:
    """The scores of every task, of every group that a task belongs to, and of all rows.

    The order of the rows makes no difference. Answers to one image, in several tasks or repeats, are not
    independent: they are resampled together, and the other intervals are as much wider as they depend. There
    is at most one row a task, sample and repeat. With 0 replicates there are values without what the
    bootstrap and the consistency test say.

    Args:
        rows: What is scored.
        protocol: How they were read.
        catalogue: The tasks that are known.
        run: What scores.json says of the run.
        replicates: Of the bootstrap and the consistency test.
        seed: Of their draws.
        by: What the scores are broken down by, beside the columns that task files name: "answer" and
            "target" for answers of a few classes, or a column of the data.

    Raises:
        UsageError: Nothing can be broken down by one of `by`.
    """
    by_task, excluded = _by_task(rows, catalogue)
    arrangement = Arrangement.of(by_task.keys(), catalogue)
    order = arrangement.tasks
    by_task = {name: by_task[name] for name in order}
    kinds = kinds_of(by_task, catalogue)
    pools: dict[Pool, Sequence[str]] = {Pool(name): tasks for name, tasks in arrangement.members.items()}
    if order:
        pools[ALL_ROWS] = order
    scorer = SetScorer(by_task, kinds, pools, replicates, seed)
    subsets = Breakdown.of(by_task, kinds, catalogue, by, replicates, seed)

    def scored_task(name: str) -> RowScores:
        made = subsets.added([name], scorer.scores(name))
        task = catalogue.tasks.get(name)
        headline = _headline(task.headline if task else None, made, {})
        return replace(made, headline=headline, excluded=excluded.get(name))

    tasks = {name: scored_task(name) for name in order}

    def grouped(
        pool: Pool, present: Sequence[str], absent: Sequence[str], headline: Headline | None = None
    ) -> GroupScores:
        if not present:
            return GroupScores((), tuple(absent), _nothing(), {})
        macro = scorer.macro(pool, {part: tasks[part] for part in present})
        made = subsets.added(present, scorer.scores(pool))
        made = replace(made, headline=_headline(headline, made, macro))
        return GroupScores(tuple(present), tuple(absent), made, macro)

    groups = {
        name: grouped(Pool(name), present, arrangement.absent[name], catalogue.groups[name].headline)
        for name, present in arrangement.members.items()
    }
    intervals: dict[str, Any] = {"level": LEVEL, "replicates": replicates, "seed": seed}
    many = [name for name in order if scorer.is_condensed(name)]
    if many:
        intervals["condensed"] = many
    overall = grouped(ALL_ROWS, order, [])
    return Scores(
        protocol,
        run or {},
        tasks,
        groups,
        overall,
        arrangement.names,
        intervals,
        notes=(*_notes(excluded), *_reading_notes(overall.pooled, tasks, arrangement.names)),
    )


def _nothing() -> RowScores:
    """The scores of no rows: of an answer kind as responses have it that name none."""
    metrics = [each for each in metrics_of_default() if not each.needs]
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
    counts: Counter[str] = Counter()
    for row in rows:
        if is_excluded(row, catalogue):
            counts[row.task] += 1
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


def _reading_notes(
    pooled: RowScores, tasks: Mapping[str, RowScores], names: Mapping[str, str]
) -> Iterable[str]:
    if count := pooled.counts["sentence"]:
        answers = "1 answer is" if count == 1 else f"{count:,} of {pooled.n:,} answers are"
        yield f"{answers} taken from a sentence; with --no-sentences, only fields count."
    for name, scores in tasks.items():
        if note := scale_note(scores.counts, scores.n):
            yield f"{names.get(name, name)}: {note}"


def _headline(rule: Headline | None, scores: RowScores, macro: Mapping[str, Score]) -> Score | None:
    """The one number that a benchmark prints of a task or group, where it is not that of the pooled rows.

    It is of the first metric that the rows' kind has: accuracy, or the ranking score. The mean of subsets has
    a square-and-add interval where the subsets' own are Wilson's; rows of other subsets count in none.
    """
    if rule is None or not scores.metrics:
        return None
    key = next(iter(scores.metrics))
    if rule.how == "pooled":
        return scores.metrics[key]
    if rule.how == "macro" and macro:
        return macro.get(key)
    values = next(
        (
            found
            for found in scores.subsets.values()
            if rule.how == "macro" or all(each in found for each in rule.of)
        ),
        None,
    )
    if values is None:
        wanted = ", ".join(rule.of) or "any"
        return Score(None, 0, why=f"there are no rows of the subsets {wanted}")
    parts = [values[each].metrics[key] for each in rule.of or values]
    if any(part.value is None for part in parts):
        return Score(None, len(parts), why="a subset has no value")
    value = math.fsum(part.value or 0.0 for part in parts) / len(parts)
    if all(part.low is not None and part.method == "wilson" for part in parts):
        made = mean_of_shares(value, parts, 1.0)
        return replace(made, method="square-and-add of the subsets' Wilson intervals")
    return Score(value, len(parts), details={"no_interval": "a subset's is not one of a share"})


def shared_images(rows: Sequence[Prediction], scores: Scores) -> dict[str, Any]:
    """How many images several tasks of a group have, and of everything, as scores.json has it.

    Answers to one image are not independent: `Dependence` says what becomes of the intervals. An image whose
    hash is unknown is taken for one that is not shared. Empty if no image is shared; groups without one are
    left out.
    """
    tasks_of = {(row.image_sha256, row.task) for row in rows if row.image_sha256 is not None}

    def shared(tasks: Iterable[str]) -> int:
        listed = set(tasks)
        counts = Counter(image for image, task in tasks_of if task in listed)
        return sum(count > 1 for count in counts.values())

    groups = {name: shared(group.tasks) for name, group in scores.groups.items()}
    overall = shared(scores.tasks)
    if not overall:
        return {}
    return {"groups": {name: count for name, count in groups.items() if count}, OVERALL: overall}
