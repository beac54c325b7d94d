"""How often a label is right about the coarser label that it belongs to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.labels import F1_MACRO, F1_WEIGHTED
from vecbench.metrics.totals import ClassCounts, Totals
from vecbench.scoring.row_scores import share
from vecbench.scoring.scores import RowScores, Score, Scores
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
        """The scores as scores.json has them."""
        metrics = {key: score.as_json() for key, score in self.metrics.items()}
        said = {"labels": list(self.labels), "n": self.n, "metrics": metrics}
        return said | {"share_of_wrong_labels_within": self.within}


def coarse_scores(scores: Scores, catalogue: Catalogue) -> dict[str, CoarseScores]:
    """The coarse scores of every task whose file maps its labels to coarser ones.

    Nothing is read anew: they follow from the confusion matrix. A task whose rows have other candidates than
    its file has none.

    Args:
        scores: Of the tasks.
        catalogue: Brings the tasks' `parents`.

    Returns:
        Task id → scores, in the order of the scores.
    """
    found = {}
    for name, scored in scores.tasks.items():
        parents = catalogue.tasks[name].parents if name in catalogue.tasks else {}
        if parents and scored.n and parents.keys() >= set(scored.classes):
            found[name] = _coarse(scored, parents)
    return found


def _coarse(scored: RowScores, parents: Mapping[str, str]) -> CoarseScores:
    labels = tuple(dict.fromkeys(parents[candidate] for candidate in scored.classes))
    # The last row and column, without a target or a label, stay what they are.
    belongs: NDArray[np.int64] = np.zeros((len(labels) + 1, len(scored.classes) + 1), dtype=np.int64)
    belongs[-1, -1] = 1
    for place, candidate in enumerate(scored.classes):
        belongs[labels.index(parents[candidate]), place] = 1
    counts = belongs @ scored.confusion @ belongs.T
    right, fine = (int(each.diagonal()[:-1].sum()) for each in (counts, scored.confusion))
    # Answers that depend on each other as fine labels are taken to do so as coarse ones.
    effect = scored.metrics["accuracy"].details.get("design_effect", 1.0)
    metrics = {"accuracy": share(right, scored.n, effect)}
    totals = Totals(classes=ClassCounts.of_confusion(counts))
    for metric in (F1_MACRO, F1_WEIGHTED):
        value = float(metric.value(totals))
        undefined = math.isnan(value)
        metrics[metric.key] = Score(
            None if undefined else value, scored.n, why=metric.undefined if undefined else None
        )
    wrong = int(scored.confusion[:, :-1].sum()) - fine
    return CoarseScores(labels, scored.n, metrics, (right - fine) / wrong if wrong else None)
