"""Scores, and how scores.json spells them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics import Cells

SCHEMA = "vecbench.scores/1"


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
        details: What has to be known to read the value, such as its bounds under missing confidences.
    """

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    method: str | None = None
    why: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The score as scores.json has it."""
        if self.value is None:
            return {"value": None, "n": self.n, "why": self.why}
        said: dict[str, Any] = {"value": self.value, "n": self.n}
        if self.method is not None:
            said |= {"low": self.low, "high": self.high, "method": self.method}
        return said | dict(self.details)


@dataclass(frozen=True, slots=True)
class RowScores:
    """The scores of some rows: of one task, or pooled over several.

    Attributes:
        n: All rows, errors included.
        counts: Rows that are answered (have a label), confident (have a confidence), errors, and by status.
        metrics: Metric key → score.
        cells: Of the rows that have a confidence, for diagrams.
        candidates: Every candidate of any row, in the order of their first rows.
        confusion: Rows by target and label, as `confusion_counts` has them.
    """

    n: int
    counts: Mapping[str, int]
    metrics: Mapping[str, Score]
    cells: Cells
    candidates: tuple[str, ...]
    confusion: NDArray[np.int64]

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
        pooled: Over all rows, or what stands in their place under the protocol.
        macro: The unweighted mean of the tasks' scores; empty where `pooled` is that already.
        line: What tables call `pooled`.
    """

    tasks: tuple[str, ...]
    absent: tuple[str, ...]
    pooled: RowScores
    macro: Mapping[str, Score]
    line: str = "pooled"

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
        intervals: Level, number of replicates and seed of the intervals, and the tasks whose confidences
            were condensed for them, if any.
        further: Blocks that scores.json has when they were asked for (recalibration, repeats, consistency),
            apply (shared_images, coarse) or belong to a protocol (thresholds, dropped).
        notes: What has to be known to read the scores, one sentence each.
    """

    protocol: str
    run: Mapping[str, Any]
    tasks: Mapping[str, RowScores]
    groups: Mapping[str, GroupScores]
    overall: GroupScores
    names: Mapping[str, str] = field(default_factory=dict)
    intervals: Mapping[str, Any] = field(default_factory=dict)
    further: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def content(self) -> dict[str, Any]:
        """What scores.json says."""
        said: dict[str, Any] = {
            "schema": SCHEMA,
            "protocol": self.protocol,
            "run": dict(self.run),
            "intervals": dict(self.intervals),
            "tasks": {name: scores.as_json() for name, scores in self.tasks.items()},
            "groups": {name: scores.as_json() for name, scores in self.groups.items()},
            "overall": self.overall.as_json(),
        }
        if self.notes:
            said["notes"] = list(self.notes)
        return said | dict(self.further)

    def as_json(self) -> str:
        """The text of scores.json."""
        return json.dumps(self.content(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
