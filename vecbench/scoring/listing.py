"""All scores of a run one after the other, as tables with a row a score have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from vecbench.scoring.aggregate import OVERALL
from vecbench.scoring.scores import RowScores, Score, Scores

Scope = Literal["task", "group", "group macro", "overall", "overall macro"]
"""What a score is of: rows of a task, pooled rows of a group or of everything, or the plain mean of tasks."""

HEADLINE = "headline"
"""Stands for a metric's key where a score is the number that the benchmark prints."""


class ListedScore(NamedTuple):
    """A score with what it is of.

    Attributes:
        scope: Of what.
        name: Id of the task or group; "overall".
        subset: Such as "question_type=Yes-or-No"; empty for all rows.
        metric: Key of the metric, or "headline".
        score: The score.
    """

    scope: Scope
    name: str
    subset: str
    metric: str
    score: Score


def listed(scores: Scores) -> Iterator[ListedScore]:
    """Every score, in the order of scores.json: task by task, group by group, everything."""
    for name, rows in scores.tasks.items():
        yield from _of_rows("task", name, rows)
    for name, group in scores.groups.items():
        yield from _of_rows("group", name, group.pooled)
        yield from _of_metrics("group macro", name, "", group.macro)
    yield from _of_rows("overall", OVERALL, scores.overall.pooled)
    yield from _of_metrics("overall macro", OVERALL, "", scores.overall.macro)


def _of_rows(scope: Scope, name: str, rows: RowScores) -> Iterator[ListedScore]:
    yield from _of_metrics(scope, name, "", rows.metrics)
    if rows.headline is not None:
        yield ListedScore(scope, name, "", HEADLINE, rows.headline)
    for column, values in rows.subsets.items():
        for value, subset in values.items():
            yield from _of_metrics(scope, name, f"{column}={value}", subset.metrics)


def _of_metrics(scope: Scope, name: str, subset: str, metrics: Mapping[str, Score]) -> Iterator[ListedScore]:
    for key, score in metrics.items():
        yield ListedScore(scope, name, subset, key, score)
