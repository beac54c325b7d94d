"""ECE and Brier score after a cross-fitted recalibration, beside the raw ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vecbench.metrics import brier, brier_reliability, ece
from vecbench.metrics.recalibration import FOLDS, Method, cross_fitted
from vecbench.parsing import Prediction
from vecbench.scoring.scores import Scores


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What a map of the confidences changes for some rows.

    Attributes:
        n: Rows that have a confidence.
        ece: Before and after.
        brier: Before and after.
        brier_reliability: The part of the Brier score that miscalibration costs, before; no map can
            remove more than this.
    """

    n: int
    ece: tuple[float, float]
    brier: tuple[float, float]
    brier_reliability: float

    @property
    def removed(self) -> float | None:
        """The share of the Brier score's miscalibration that the map removed; None if there was none."""
        if self.brier_reliability == 0:
            return None
        return (self.brier[0] - self.brier[1]) / self.brier_reliability

    def as_json(self) -> dict[str, Any]:
        """The result as scores.json has it."""
        return {
            "n": self.n,
            "ece": {"raw": self.ece[0], "recalibrated": self.ece[1]},
            "brier": {"raw": self.brier[0], "recalibrated": self.brier[1]},
            "share_of_miscalibration_removed": self.removed,
        }


@dataclass(frozen=True, slots=True)
class Recalibrations:
    """The results for every task, group and everything.

    Attributes:
        method: "platt", "temperature" or "isotonic".
        tasks: Task id → result; tasks whose rows have no confidence are left out.
        groups: Group id → result, of one map for the group.
        overall: Of one map for everything; None without any confidence.
    """

    method: Method
    tasks: Mapping[str, Recalibration]
    groups: Mapping[str, Recalibration]
    overall: Recalibration | None

    def as_json(self) -> dict[str, Any]:
        """The block "recalibration" of scores.json."""
        return {
            "method": self.method,
            "folds": FOLDS,
            "tasks": {name: each.as_json() for name, each in self.tasks.items()},
            "groups": {name: each.as_json() for name, each in self.groups.items()},
            "overall": self.overall.as_json() if self.overall else None,
        }


def recalibrations(rows: Sequence[Prediction], scores: Scores, method: Method) -> Recalibrations:
    """Recalibrates the rows of every task, of every group, and all rows, each with a map of their own.

    Args:
        rows: The predictions that were scored.
        scores: Their scores, for the groups.
        method: How the map is fitted.
    """

    def result(tasks: Sequence[str]) -> Recalibration | None:
        return _recalibration([row for row in rows if row.task in tasks], method)

    by_task = {name: result([name]) for name in scores.tasks}
    by_group = {name: result(group.tasks) for name, group in scores.groups.items()}
    return Recalibrations(
        method,
        {name: each for name, each in by_task.items() if each},
        {name: each for name, each in by_group.items() if each},
        result(list(scores.tasks)),
    )


def _recalibration(rows: Sequence[Prediction], method: Method) -> Recalibration | None:
    stated = [row for row in rows if row.reading.confidence is not None]
    if not stated:
        return None
    raw = np.array([row.reading.confidence for row in stated], dtype=np.float64)
    correct = np.array([row.correct for row in stated])
    # Repeats and tasks that share an image share its fold.
    images = [row.image_key for row in stated]
    after = cross_fitted(raw, correct, images, method)
    return Recalibration(
        len(stated),
        (ece(raw, correct), ece(after, correct)),
        (brier(raw, correct), brier(after, correct)),
        brier_reliability(raw, correct),
    )
