"""Scores after a map of the confidences: cross-fitted, or fitted on some tasks and judged on the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.errors import UsageError, nearest
from vecbench.metrics import brier, ece
from vecbench.metrics.cells import Cells
from vecbench.metrics.definition import Metric
from vecbench.metrics.isotonic import MCB
from vecbench.metrics.observations import Floats
from vecbench.metrics.proper import BRIER_RELIABILITY
from vecbench.metrics.recalibration import FOLDS, Map, Method, cross_fitted, fitted
from vecbench.metrics.stated_values import has_few_values
from vecbench.metrics.totals import Totals
from vecbench.parsing import Prediction
from vecbench.scoring.scores import Scores


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What a map of the confidences changes for the n rows that have one.

    Attributes:
        ece: Before and after, in [0, 1].
        brier: Before and after, in [0, 1].
        part: The metric of what miscalibration costs in the Brier score: `brier_reliability` where there are
            at most 25 distinct confidences. Where there are more, hardly any is stated twice, so that it
            would be most of the Brier score, and `mcb` is taken.
        miscalibration: Its value before, in [0, 1].
    """

    n: int
    ece: tuple[float, float]
    brier: tuple[float, float]
    part: Metric
    miscalibration: float

    @property
    def removed(self) -> float | None:
        """The share of the miscalibration that the map removed, negative if it added; None of none."""
        if self.miscalibration == 0:
            return None
        return (self.brier[0] - self.brier[1]) / self.miscalibration

    def as_json(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "ece": {"raw": self.ece[0], "recalibrated": self.ece[1]},
            "brier": {"raw": self.brier[0], "recalibrated": self.brier[1]},
            "miscalibration": {"metric": self.part.key, "value": self.miscalibration},
            "share_of_miscalibration_removed": self.removed,
        }


@dataclass(frozen=True, slots=True)
class FitOn:
    """What a map was fitted on.

    Attributes:
        name: Id of a task or a group.
        tasks: Ids of its tasks that have rows.
        n: Rows that have a confidence.
    """

    name: str
    tasks: tuple[str, ...]
    n: int

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "tasks": list(self.tasks), "n": self.n}


@dataclass(frozen=True, slots=True)
class Recalibrations:
    """The results of a map for each task, each group and everything, where a row has a confidence.

    Attributes:
        method: "platt", "temperature" or "isotonic".
        fit_on: What one map was fitted on; it is judged on the other tasks, and on groups without any of
            these. None where each task, group and everything has maps of its own, cross-fitted.
        overall: Of everything that is judged.
    """

    method: Method
    fit_on: FitOn | None
    tasks: Mapping[str, Recalibration]
    groups: Mapping[str, Recalibration]
    overall: Recalibration | None

    def as_json(self) -> dict[str, Any]:
        how = {"fit_on": self.fit_on.as_json()} if self.fit_on else {"folds": FOLDS}
        return {
            "method": self.method,
            **how,
            "tasks": {name: each.as_json() for name, each in self.tasks.items()},
            "groups": {name: each.as_json() for name, each in self.groups.items()},
            "overall": self.overall.as_json() if self.overall else None,
        }


def recalibrations(
    rows: Sequence[Prediction], scores: Scores, method: Method, fit_on: str | None = None
) -> Recalibrations:
    """What a map of the confidences changes for everything that was scored.

    Args:
        rows: What was scored.
        scores: Of these rows.
        method: As for `cross_fitted`.
        fit_on: Task or group whose rows one map is fitted on. It is judged on the rest, without rows that
            show an image of these; None for maps that are cross-fitted.

    Raises:
        UsageError: There is no such task or group, or nothing to fit or to judge there.
    """
    # What is held against shares of raters has no right and wrong to fit a map on.
    judged = {
        name for name, scored in scores.tasks.items() if scored.has_confidences and scored.shares is None
    }
    stated = [row for row in rows if row.reading.confidence is not None and row.task in judged]
    if fit_on is None:
        return _results(stated, scores, method, None, None)
    if fit_on not in scores.groups and fit_on not in scores.tasks:
        raise UsageError(
            f"--fit-on: the scores have no task or group {fit_on!r}",
            nearest(fit_on, [*scores.groups, *scores.tasks]),
        )
    tasks = (fit_on,) if fit_on in scores.tasks else scores.groups[fit_on].tasks
    inside = [row for row in stated if row.task in tasks]
    confidence, correct = _arrays(inside)
    if not 0 < correct.sum() < correct.size:
        raise UsageError(
            f"--fit-on {fit_on}: nothing can be fitted on {correct.size:,} rows with a confidence, of which "
            f"{int(correct.sum()):,} are right",
            "A map takes right and wrong answers.",
        )
    if scores.tasks.keys() <= set(tasks):
        raise UsageError(
            f"--fit-on {fit_on}: no other task is there to judge the map on",
            "Leave --fit-on out for a cross-fitted map.",
        )
    # What is known of an image must not be judged on it: tasks may share images.
    images = {row.image_key for row in inside}
    outside = [row for row in stated if row.task not in tasks and row.image_key not in images]
    on = FitOn(fit_on, tuple(tasks), len(inside))
    return _results(outside, scores, method, fitted(confidence, correct, method), on)


def _results(
    rows: Sequence[Prediction], scores: Scores, method: Method, fit: Map | None, on: FitOn | None
) -> Recalibrations:
    def results(tasks_of: Mapping[str, Sequence[str]]) -> dict[str, Recalibration]:
        found = {}
        for name, tasks in tasks_of.items():
            several = [row for row in rows if row.task in tasks]
            if several and (on is None or not set(tasks) & set(on.tasks)):
                found[name] = _recalibration(several, method, fit)
        return found

    groups = results({name: group.tasks for name, group in scores.groups.items()})
    overall = results({"": sorted({row.task for row in rows})}).get("")
    return Recalibrations(method, on, results({name: [name] for name in scores.tasks}), groups, overall)


def _recalibration(rows: Sequence[Prediction], method: Method, fit: Map | None) -> Recalibration:
    raw, correct = _arrays(rows)
    # Repeats and tasks that share an image share its fold.
    after = fit(raw) if fit else cross_fitted(raw, correct, [row.image_key for row in rows], method)
    cells = Cells.of_rows(raw, correct)
    part = BRIER_RELIABILITY if has_few_values(cells) else MCB
    return Recalibration(
        len(rows),
        (ece(raw, correct), ece(after, correct)),
        (brier(raw, correct), brier(after, correct)),
        part,
        float(part.value(Totals(cells))),
    )


def _arrays(rows: Sequence[Prediction]) -> tuple[Floats, NDArray[np.bool_]]:
    confidence = np.array([row.reading.confidence for row in rows], dtype=np.float64)
    return confidence, np.array([row.correct for row in rows], dtype=np.bool_)
