"""Predictions, and the scores of tasks, groups and everything."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vecbench.metrics import (
    Cells,
    auroc,
    brier,
    confidence_gap,
    ece,
    ece_null,
    f1_macro,
    f1_weighted,
    wilson_interval,
)
from vecbench.parsing import Prediction, protocol_named
from vecbench.parsing.prediction import CONFIDENCE_STATUSES, LABEL_STATUSES
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

SCHEMA = "vecbench.scores/1"

CONFIDENCE_METRICS: Mapping[str, Callable[[Cells], float]] = {
    "brier": brier.of_cells,
    "confidence_gap": confidence_gap.of_cells,
    "ece": ece.of_cells,
    "ece_null": ece_null.of_cells,
    "auroc": auroc.of_cells,
}
"""Metrics of the rows that have a confidence, by their key in scores.json."""


@dataclass(frozen=True, slots=True)
class Score:
    """A metric's value.

    Attributes:
        value: None when undefined.
        n: Rows that it was computed from; for a macro score, tasks.
        low: Lower end of its 95 % interval; None if there is none.
        high: Upper end.
        method: How the interval was made; None if there is none.
        why: Why the value is undefined; None if it is not.
    """

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    method: str | None = None
    why: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The score as scores.json has it."""
        if self.value is None:
            return {"value": None, "n": self.n, "why": self.why}
        said: dict[str, Any] = {"value": self.value, "n": self.n}
        if self.method is not None:
            said |= {"low": self.low, "high": self.high, "method": self.method}
        return said


@dataclass(frozen=True, slots=True)
class RowScores:
    """The scores of some rows: of one task, or pooled over several.

    Attributes:
        n: All rows, errors included.
        counts: Rows that are answered (have a label), confident (have a confidence), errors, and by status.
        metrics: Metric key → score.
        cells: Of the rows that have a confidence, for diagrams.
    """

    n: int
    counts: Mapping[str, int]
    metrics: Mapping[str, Score]
    cells: Cells

    def as_json(self) -> dict[str, Any]:
        """The scores as scores.json has them."""
        metrics = {key: score.as_json() for key, score in self.metrics.items()}
        return {"n": self.n, "counts": dict(self.counts), "metrics": metrics}


@dataclass(frozen=True, slots=True)
class GroupScores:
    """The scores of several tasks together.

    Attributes:
        tasks: Ids of the tasks that have rows.
        absent: Ids of the group's tasks that have none.
        pooled: Over all rows.
        macro: The unweighted mean of the tasks' scores.
    """

    tasks: tuple[str, ...]
    absent: tuple[str, ...]
    pooled: RowScores
    macro: Mapping[str, Score]

    def as_json(self) -> dict[str, Any]:
        """The scores as scores.json has them."""
        macro = {key: score.as_json() for key, score in self.macro.items()}
        return (
            {"tasks": list(self.tasks), "absent": list(self.absent)}
            | self.pooled.as_json()
            | {"macro": macro}
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """All scores of a set of predictions.

    Attributes:
        protocol: How the responses were read.
        run: What scores.json says of the run: model, engine and so on; empty when unknown.
        tasks: Task id → scores.
        groups: Group id → scores.
        overall: Over all tasks.
        names: Id → name in tables, of tasks and groups.
    """

    protocol: str
    run: Mapping[str, Any]
    tasks: Mapping[str, RowScores]
    groups: Mapping[str, GroupScores]
    overall: GroupScores
    names: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> str:
        """The text of scores.json."""
        said = {
            "schema": SCHEMA,
            "protocol": self.protocol,
            "run": dict(self.run),
            "tasks": {name: scores.as_json() for name, scores in self.tasks.items()},
            "groups": {name: scores.as_json() for name, scores in self.groups.items()},
            "overall": self.overall.as_json(),
        }
        return json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def predictions(responses: Iterable[StoredResponse], protocol: str, catalogue: Catalogue) -> list[Prediction]:
    """What each response says; of several to one sample and repeat, the last counts.

    Args:
        responses: In the order in which they were stored.
        protocol: A key of `PROTOCOLS`.
        catalogue: Brings the tasks' aliases.

    Raises:
        UsageError: There is no such protocol.
    """
    read = protocol_named(protocol)
    aliases = {name: task.aliases for name, task in catalogue.tasks.items()}
    latest: dict[tuple[str, str, int], Prediction] = {}
    for each in responses:
        reading = read(each.response, each.candidates, aliases.get(each.task, {}), each.finish_reason)
        latest[each.task, each.sample_id, each.repeat] = Prediction(
            each.key, each.task, each.sample_id, each.repeat, each.target, each.candidates, reading
        )
    return list(latest.values())


def prediction_lines(rows: Iterable[Prediction]) -> Iterator[str]:
    """The lines of predictions.jsonl."""
    for row in rows:
        said = {
            "key": row.key,
            "task": row.task,
            "sample_id": row.sample_id,
            "repeat": row.repeat,
            "target": row.target,
            "label": row.reading.label,
            "label_status": row.reading.label_status,
            "confidence": row.reading.confidence,
            "confidence_status": row.reading.confidence_status,
            "correct": row.correct,
        }
        yield json.dumps(said) + "\n"


def score(
    rows: Sequence[Prediction], protocol: str, catalogue: Catalogue, run: Mapping[str, Any] | None = None
) -> Scores:
    """The scores of every task, of every group that a task belongs to, and of all rows.

    The order of the rows makes no difference.

    Args:
        rows: At most one a task, sample and repeat.
        protocol: Named in the result.
        catalogue: Brings the groups and the names; a task that it does not know belongs to no group.
        run: What to say of the run.
    """
    by_task: dict[str, list[Prediction]] = {}
    for row in rows:
        by_task.setdefault(row.task, []).append(row)
    order = [name for name in catalogue.tasks if name in by_task]
    order += sorted(name for name in by_task if name not in catalogue.tasks)
    tasks = {name: _row_scores(by_task[name]) for name in order}
    groups: dict[str, GroupScores] = {}
    for name, group in catalogue.groups.items():
        present = [member for member in group.members if member in tasks]
        if present:
            absent = [member for member in group.members if member not in tasks]
            groups[name] = _group_scores(present, absent, tasks, by_task)
    names = {name: task.display for name, task in catalogue.tasks.items()}
    names |= {name: group.display for name, group in catalogue.groups.items()}
    return Scores(protocol, run or {}, tasks, groups, _group_scores(order, [], tasks, by_task), names)


def _group_scores(
    present: Sequence[str],
    absent: Sequence[str],
    tasks: Mapping[str, RowScores],
    by_task: Mapping[str, Sequence[Prediction]],
) -> GroupScores:
    pooled = _row_scores([row for name in present for row in by_task[name]])
    macro = {key: _mean(key, {name: tasks[name].metrics[key] for name in present}) for key in pooled.metrics}
    return GroupScores(tuple(present), tuple(absent), pooled, macro)


def _mean(key: str, scores: Mapping[str, Score]) -> Score:
    undefined = [name for name, each in scores.items() if each.value is None]
    if undefined or not scores:
        return Score(None, len(scores), why=f"{key} is undefined for {', '.join(undefined) or 'no task'}")
    return Score(math.fsum(each.value or 0.0 for each in scores.values()) / len(scores), len(scores))


def _row_scores(rows: Sequence[Prediction]) -> RowScores:
    n = len(rows)
    stated = [(row.reading.confidence, row.correct) for row in rows if row.reading.confidence is not None]
    cells = Cells.of_rows([confidence for confidence, _ in stated], [correct for _, correct in stated])
    metrics = {"accuracy": _share(sum(row.correct for row in rows), n)}
    metrics |= _f1(rows)
    metrics["coverage"] = _share(len(stated), n)
    for key, metric in CONFIDENCE_METRICS.items():
        metrics[key] = _score(metric(cells), cells.n, _why_undefined(cells))
    return RowScores(n, _counts(rows), metrics, cells)


def _share(part: int, n: int) -> Score:
    if n == 0:
        return Score(None, 0, why="there are no rows")
    low, high = wilson_interval(part, n)
    return Score(part / n, n, low, high, "wilson")


def _f1(rows: Sequence[Prediction]) -> dict[str, Score]:
    candidates = sorted({candidate for row in rows for candidate in row.candidates})
    known = set(candidates)
    # A target outside the candidates is a fault of the data: a miss of no class.
    targets = [row.target if row.target in known else None for row in rows]
    labels = [row.reading.label for row in rows]
    return {
        "f1_macro": _score(f1_macro(targets, labels, candidates), len(rows), "there are no rows"),
        "f1_weighted": _score(f1_weighted(targets, labels, candidates), len(rows), "there are no rows"),
    }


def _score(value: float, n: int, why: str) -> Score:
    return Score(None, n, why=why) if math.isnan(value) else Score(value, n)


def _why_undefined(cells: Cells) -> str:
    if cells.n == 0:
        return "no row has a confidence"
    return "every answer with a confidence is " + ("right" if cells.right.sum() else "wrong")


def _counts(rows: Sequence[Prediction]) -> dict[str, int]:
    labels = Counter(row.reading.label_status for row in rows)
    confidences = Counter(row.reading.confidence_status for row in rows)
    return (
        {
            "answered": sum(row.reading.label is not None for row in rows),
            "confident": sum(row.reading.confidence is not None for row in rows),
            "errors": labels["error"],
        }
        | {status: labels[status] for status in LABEL_STATUSES}
        | {f"confidence_{status}": confidences[status] for status in CONFIDENCE_STATUSES}
    )
