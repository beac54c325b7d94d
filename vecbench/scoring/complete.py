"""Everything that can be scored of some responses, in one go.

Beside the scores: those by coarser labels, those after a recalibration, and, of several answers to a sample,
how much scores vary and how far the answers agree.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vecbench.errors import UsageError
from vecbench.metrics.labels import F1_MACRO, F1_WEIGHTED
from vecbench.metrics.recalibration import Method
from vecbench.metrics.totals import ClassCounts, Totals
from vecbench.parsing import Prediction
from vecbench.scoring.aggregate import is_excluded, score, shared_images
from vecbench.scoring.agreement import agreement
from vecbench.scoring.predictions import predictions
from vecbench.scoring.protocol import Protocol
from vecbench.scoring.reading_health import ReadingHealth
from vecbench.scoring.recalibrated import Recalibrations, recalibrations
from vecbench.scoring.row_scores import share
from vecbench.scoring.scores import RowScores, Score, Scores
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue


@dataclass(frozen=True, slots=True)
class CoarseScores:
    """The scores of a task after targets and labels are replaced by the coarser labels that they belong to.

    Attributes:
        labels: The coarser labels, in the order of the candidates.
        n: All rows; one without a label is wrong here too.
        metrics: "accuracy", "f1_macro" and "f1_weighted".
        within: The share of the wrong labels that belong with their target, in [0, 1]; None if none is wrong.
    """

    labels: tuple[str, ...]
    n: int
    metrics: Mapping[str, Score]
    within: float | None

    def as_json(self) -> dict[str, Any]:
        metrics = {key: score.as_json() for key, score in self.metrics.items()}
        said = {"labels": list(self.labels), "n": self.n, "metrics": metrics}
        return said | {"share_of_wrong_labels_within": self.within}


@dataclass(frozen=True)
class CompleteScores:
    """Scores with what was asked for beside them.

    Attributes:
        scores: Of all rows; its JSON holds all of the below.
        recalibration: After a recalibration; None unless asked for.
        spread: Mean and standard deviation over repeats, as scores.json has them; None with one repeat.
        consistency: Of the most frequent label, with the share of repeats that agree as its confidence;
            None with one repeat.
        rows: What the responses say, as the protocol reads them.
        coarse: Task id → scores by coarser labels, of the tasks that have such.
        reading: How far the responses were read.
    """

    scores: Scores
    recalibration: Recalibrations | None
    spread: Mapping[str, Any] | None
    consistency: Scores | None
    rows: Sequence[Prediction] = ()
    coarse: Mapping[str, CoarseScores] = field(default_factory=dict)
    reading: ReadingHealth = field(default_factory=lambda: ReadingHealth.of([], {}))


def score_responses(
    responses: Iterable[StoredResponse],
    protocol: Protocol,
    catalogue: Catalogue,
    run: Mapping[str, Any] | None = None,
    recalibrate: Method | None = None,
    *,
    fit_on: str | None = None,
    by: Sequence[str] = (),
) -> CompleteScores:
    """Reads and scores responses, in the order stored and with every further one, as a protocol does.

    A published protocol neither recalibrates nor breaks scores down, which is a UsageError.
    """
    if protocol.scored is None:
        rows = predictions(responses, protocol, catalogue)
        return complete_scores(rows, protocol.name, catalogue, run, recalibrate, fit_on=fit_on, by=by)
    if recalibrate is not None or by:
        cannot = "does not recalibrate" if recalibrate is not None else f"has no scores by {by[0]}"
        raise UsageError(f"the protocol {protocol.name} {cannot}", "Score with the protocol strict.")
    rows, scores = protocol.scored(responses, catalogue, run)
    reading = _reading(rows, catalogue, confidences=protocol.has_confidences)
    further = {"reading": reading.as_json(), **scores.further}
    return CompleteScores(replace(scores, further=further), None, None, None, rows, reading=reading)


def _reading(rows: Iterable[Prediction], catalogue: Catalogue, *, confidences: bool = True) -> ReadingHealth:
    kept = [row for row in rows if not is_excluded(row, catalogue)]
    kinds = {row.task: catalogue.answers_of(row.task, row.kind) for row in kept}
    return ReadingHealth.of(kept, kinds, confidences=confidences)


def predicted(
    responses: Iterable[StoredResponse], protocol: Protocol, catalogue: Catalogue
) -> Sequence[Prediction]:
    """What responses, as for `score_responses`, say."""
    if protocol.is_published:  # which rows it drops shows once it has scored them
        return score_responses(responses, protocol, catalogue).rows
    return predictions(responses, protocol, catalogue)


def complete_scores(
    rows: Sequence[Prediction],
    protocol: str,
    catalogue: Catalogue,
    run: Mapping[str, Any] | None = None,
    recalibrate: Method | None = None,
    *,
    fit_on: str | None = None,
    by: Sequence[str] = (),
) -> CompleteScores:
    """Scores predictions, as `score` does; recalibrates and compares repeats where possible.

    `fit_on` is for `recalibrate`, see `recalibrations`; `by` for `score`.
    """
    scores = score(rows, protocol, catalogue, run, by=by)
    reading = _reading(rows, catalogue)
    further: dict[str, Any] = {"reading": reading.as_json()}
    if shared := shared_images(rows, scores):
        further["shared_images"] = shared
    coarse = _coarse_scores(scores, catalogue)
    if coarse:
        further["coarse"] = {name: each.as_json() for name, each in coarse.items()}
    kept = [row for row in rows if not is_excluded(row, catalogue)]
    recalibration = recalibrations(kept, scores, recalibrate, fit_on) if recalibrate else None
    if recalibration:
        further["recalibration"] = recalibration.as_json()
    repeats = sorted({row.repeat for row in rows})
    spread: Mapping[str, Any] | None = None
    consistency: Scores | None = None
    if len(repeats) > 1:
        alone = [[row for row in rows if row.repeat == repeat] for repeat in repeats]
        spread = _spread([score(each, protocol, catalogue) for each in alone])
        consistency = score(agreement(rows), protocol, catalogue)
        said = consistency.content()
        further |= {
            "repeats": spread,
            "consistency": {key: said[key] for key in ("tasks", "groups", "overall")},
        }
    made = replace(scores, further=further)
    return CompleteScores(made, recalibration, spread, consistency, rows, coarse, reading)


def _coarse_scores(scores: Scores, catalogue: Catalogue) -> dict[str, CoarseScores]:
    """Task id → coarse scores, where the task's file maps its labels to coarser ones.

    Nothing is read anew: they follow from the confusion matrix. A task whose rows have other candidates than
    its file has none.
    """
    found = {}
    for name, scored in scores.tasks.items():
        parents = catalogue.tasks[name].parents if name in catalogue.tasks else {}
        if parents and scored.n and parents.keys() >= set(scored.classes):
            found[name] = _coarse(scored, parents)
    return found


def _coarse(scored: RowScores, parents: Mapping[str, str]) -> CoarseScores:
    labels = tuple(dict.fromkeys(parents[candidate] for candidate in scored.classes))
    place = {label: number for number, label in enumerate(labels)}
    parent = np.array([place[parents[candidate]] for candidate in scored.classes], dtype=np.intp)
    counts = scored.confusion.of_parents(parent, len(labels))
    right, fine = (int(each.hits.sum()) for each in (counts, scored.confusion))
    # Answers that depend on each other as fine labels are taken to do so as coarse ones.
    effect = scored.metrics["accuracy"].details.get("design_effect", 1.0)
    metrics = {"accuracy": share(right, scored.n, effect)}
    totals = Totals(classes=ClassCounts.of_confusion(counts))
    for metric in (F1_MACRO, F1_WEIGHTED):
        value = float(metric.value(totals))
        metrics[metric.key] = (
            Score(None, scored.n, why=metric.undefined) if math.isnan(value) else Score(value, scored.n)
        )
    wrong = int(scored.confusion.predicted.sum()) - fine
    return CoarseScores(labels, scored.n, metrics, (right - fine) / wrong if wrong else None)


def _spread(every: Sequence[Scores]) -> dict[str, Any]:
    """The block "repeats" of scores.json, of the scores of each repeat alone."""
    # A run that was stopped may have a task in its first repeats only.
    tasks = dict.fromkeys(name for each in every for name in each.tasks)
    groups = dict.fromkeys(name for each in every for name in each.groups)
    return {
        "n": len(every),
        "tasks": {
            name: _spread_of([each.tasks[name] for each in every if name in each.tasks]) for name in tasks
        },
        "groups": {
            name: _spread_of([each.groups[name].pooled for each in every if name in each.groups])
            for name in groups
        },
        "overall": _spread_of([each.overall.pooled for each in every]),
    }


def _spread_of(every: Sequence[RowScores]) -> dict[str, Any]:
    """Metric → mean and deviation (n − 1; 0 with one value); None where a repeat has it undefined."""
    result: dict[str, Any] = {}
    for key in every[0].metrics:
        values = [scores.metrics[key].value if key in scores.metrics else None for scores in every]
        known = [value for value in values if value is not None]
        deviation = statistics.stdev(known) if len(known) > 1 else 0.0
        is_known = len(known) == len(values)
        result[key] = {"mean": statistics.fmean(known), "std": deviation} if is_known else None
    return result
