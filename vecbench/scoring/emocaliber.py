"""The emocaliber protocol: scores responses exactly as EmoCaliber's published script does.

Source: `inference/evaluate_multi_task_conf_from_merged.py`, fed by `inference/extract_verb_confidence.py`,
of github.com/wdqqdw/EmoCaliber.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vecbench.errors import UsageError
from vecbench.metrics import Cells, auroc, brier, f1_weighted
from vecbench.metrics.cells import surplus_of
from vecbench.metrics.confusion import Confusion
from vecbench.parsing import Prediction, emocaliber
from vecbench.scoring.aggregate import Arrangement
from vecbench.scoring.predictions import prediction, status_counts
from vecbench.scoring.protocol import Protocol, Term
from vecbench.scoring.scores import GroupScores, RowScores, Score, Scores
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

NAME = "emocaliber"
UNKNOWN = "unknown"
"""What the script calls a response without any label: a class like any other."""

FAILED = "generation failed"
NO_RESPONSE = "no response"
NO_NUMBER = "confidence is no number"
"""Why a row is dropped."""

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
BINS = 10

_ANYWHERE = (
    "another matcher than for the tasks: the first candidate that stands anywhere in the response, "
    "reasoning included"
)
_CONFIDENT_ROWS = "over the rows that have a confidence only"


@dataclass(frozen=True, slots=True)
class _Row:
    """A response as the script sees it; texts are lower-cased."""

    prediction: Prediction
    target: str
    label: str
    anywhere: str
    confidence: float | None

    @property
    def right(self) -> bool:
        return self.target == self.label


def emocaliber_scores(
    responses: Iterable[StoredResponse], catalogue: Catalogue, run: Mapping[str, Any] | None = None
) -> tuple[list[Prediction], Scores]:
    """What every response says, and the scores, as the published script has them.

    Every response counts, also a further one to the same sample. A failed or null response, and one whose
    confidence `float` does not read, is dropped; scores.json says how many, and why. Of the tasks and overall
    there are accuracy and weighted F1; of the groups the calibration too, over the rows with a confidence.
    """
    predictions: list[Prediction] = []
    by_task: dict[str, list[_Row]] = {}
    for response in responses:
        row = _row(response.as_stated())
        if isinstance(row, _Row):
            by_task.setdefault(response.task, []).append(row)
            predictions.append(row.prediction)
        else:
            predictions.append(row)
    arrangement = Arrangement.of(by_task.keys(), catalogue)
    tasks = {name: _task_scores(by_task[name]) for name in arrangement.tasks}
    pools = {
        name: [row for task in present for row in by_task[task]]
        for name, present in arrangement.members.items()
    }
    groups = {
        name: GroupScores(
            present, arrangement.absent[name], _group_scores(pools[name]), _macro(present, tasks)
        )
        for name, present in arrangement.members.items()
    }
    every = [row for name in arrangement.tasks for row in by_task[name]]
    overall = GroupScores(
        arrangement.tasks, (), _overall_scores(every), _macro(arrangement.tasks, tasks), line="own matcher"
    )
    further = {
        "thresholds": {name: _threshold_lines(rows) for name, rows in pools.items()},
        "dropped": _dropped(predictions),
        "duplicates": _duplicates(predictions),
    }
    notes = tuple(_notes(groups.values(), further))
    return predictions, Scores(
        NAME, run or {}, tasks, groups, overall, arrangement.names, further=further, notes=notes
    )


def _row(response: StoredResponse) -> _Row | Prediction:
    """The response as the script sees it; as a plain prediction if the script drops it."""
    reading = emocaliber.read(response.response, response.candidates)
    if response.response is None or response.error is not None:
        reason = NO_RESPONSE if response.error is None else FAILED
        return prediction(response, reading, judged=False, dropped=reason)
    if not isinstance(response.target, str):
        raise UsageError(
            f"the protocol {NAME} reads labels, and {response.task} has answers of the kind "
            f"{response.kind!r}",
            "Score with the protocol strict.",
        )
    target = response.target.lower()
    label = UNKNOWN if reading.answer is None else reading.answer.lower()
    judged = target == label
    try:
        confidence = emocaliber.stated_confidence(response.response)
    except ValueError:
        return prediction(response, reading, judged=judged, dropped=NO_NUMBER)
    kept = prediction(response, reading, judged=judged)
    return _Row(kept, target, label, _label_anywhere(response), confidence)


def _label_anywhere(response: StoredResponse) -> str:
    found = emocaliber.matched_anywhere(response.response or "", response.candidates)
    return UNKNOWN if found is None else found


def _terms(
    responses: Sequence[StoredResponse], rows: Sequence[Prediction]
) -> Iterator[tuple[Prediction, list[Term]]]:
    """Each row with what it adds to the means that the script prints; see `Protocol.terms`."""
    for response, row in zip(responses, rows, strict=True):
        yield row, list(_row_terms(response, row)) if row.dropped is None else []


def _row_terms(response: StoredResponse, row: Prediction) -> Iterator[Term]:
    right, stated = float(row.correct), row.reading.confidence
    as_stated = response.as_stated()
    # One that is nan counts as stated, and leaves the Brier score and the mean undefined.
    confident = row.reading.confidence_status != "missing"
    yield Term("task", "accuracy", right)
    yield Term("overall", "accuracy", float(_label_anywhere(as_stated) == as_stated.target.lower()))
    yield Term("group", "accuracy_all_rows", right)
    yield Term("group", "coverage", float(confident))
    if confident:
        yield Term("group", "accuracy", right)
    if stated is not None:
        yield Term("group", "brier", (stated - right) ** 2)
        yield Term("group", "mean_confidence", stated)


def _task_scores(rows: Sequence[_Row]) -> RowScores:
    return _row_scores(rows, {"accuracy": _accuracy(rows), "f1_weighted": _f1(rows)})


def _overall_scores(rows: Sequence[_Row]) -> RowScores:
    matched = [replace(row, label=row.anywhere) for row in rows]
    found = {"accuracy": _accuracy(matched), "f1_weighted": _f1(matched)}
    noted = {key: replace(each, details={"note": _ANYWHERE}) for key, each in found.items()}
    return _row_scores(rows, noted)


def _group_scores(rows: Sequence[_Row]) -> RowScores:
    confident = [row for row in rows if row.confidence is not None]
    accuracy = _undefined("no row has a confidence")  # the script crashes here
    if confident:
        accuracy = replace(_accuracy(confident), details={"note": _CONFIDENT_ROWS})
    metrics = {
        "accuracy": accuracy,
        "accuracy_all_rows": _accuracy(rows),
        "f1_weighted": replace(_f1(rows), details={"note": "over all rows"}),
        "coverage": Score(len(confident) / len(rows), len(rows)),
    }
    return _row_scores(rows, metrics | _calibration(confident))


def _calibration(rows: Sequence[_Row]) -> dict[str, Score]:
    """ECE, Brier, AUROC and mean confidence of rows that have a confidence, clipped to [0, 1]."""
    n, cells = len(rows), _cells(rows)
    if n == 0:
        return {
            key: _undefined("no row has a confidence") for key in ("ece", "brier", "auroc", "mean_confidence")
        }
    value, unbinned = _ece(cells, n)
    metrics = {"ece": Score(value, n, details={"rows_in_no_bin": unbinned})}
    if cells.n < n:
        return metrics | {
            key: Score(None, n, why="a confidence is nan, and the script's value nan or missing with it")
            for key in ("brier", "auroc", "mean_confidence")
        }
    metrics["brier"] = Score(float(brier.of_cells(cells)), n)
    area = float(auroc.of_cells(cells))
    one_sided = f"every answer with a confidence is {'right' if rows[0].right else 'wrong'}"
    metrics["auroc"] = Score(None, n, why=one_sided) if math.isnan(area) else Score(area, n)
    metrics["mean_confidence"] = Score(float(cells.total @ cells.confidence) / n, n)
    return metrics


def script_ece(confidence: ArrayLike, correct: ArrayLike) -> float:
    """ECE as the script computes it: ten bins that hold their lower edge only, so that 1.0 lies in none.

    Args:
        confidence: In [0, 1]; shape (n,), n at least 1.
        correct: Whether each row is right; shape (n,).

    Returns:
        In [0, 1]; 0 for a model that always states 1.0, however often it is wrong.

    Raises:
        ValueError: As `Cells.of_rows`.
    """
    cells = Cells.of_rows(confidence, correct)
    return _ece(cells, cells.n)[0]


def _ece(cells: Cells, n: int) -> tuple[float, int]:
    """The script's ECE and the number of rows in none of its bins.

    The edges are those of `np.linspace`, a bin holds its lower edge only, and no bin holds 1.0; the rows
    without a bin (1.0, nan) still count in the denominator.
    """
    edges = np.linspace(0, 1, BINS + 1)
    place = np.searchsorted(edges, cells.confidence, side="right") - 1
    surplus = surplus_of(cells)
    binned = place < BINS
    distances = np.abs(np.bincount(place[binned], weights=surplus[binned], minlength=BINS))
    return float(distances.sum() / n), n - int(cells.total[binned].sum())


def _threshold_lines(rows: Sequence[_Row]) -> list[dict[str, Any]]:
    """Accuracy, weighted F1 and coverage of the rows at or above each threshold; 0 where there is none."""
    lines = []
    for threshold in THRESHOLDS:
        kept = [row for row in rows if row.confidence is not None and row.confidence >= threshold]
        lines.append(
            {
                "threshold": threshold,
                "n": len(kept),
                "accuracy": _accuracy(kept).value or 0.0,
                "f1_weighted": _f1(kept).value or 0.0,
                "coverage": len(kept) / len(rows),
            }
        )
    return lines


def _macro(names: Sequence[str], tasks: Mapping[str, RowScores]) -> dict[str, Score]:
    """The unweighted mean over the tasks: the paper's group accuracy, which the script does not print."""
    note = {"note": "the mean of the tasks; not printed by the script"}
    macro = {}
    for key in ("accuracy", "f1_weighted"):
        values = [value for name in names if (value := tasks[name].metrics[key].value) is not None]
        macro[key] = _undefined("there are no rows")
        if values:
            macro[key] = Score(math.fsum(values) / len(values), len(values), details=note)
    return macro


def _row_scores(rows: Sequence[_Row], metrics: Mapping[str, Score]) -> RowScores:
    predictions = [row.prediction for row in rows]
    candidates = tuple(dict.fromkeys(each for row in predictions for each in row.candidates))
    spelt = {candidate.lower(): candidate for candidate in candidates}
    confusion = Confusion.of_labels(
        [spelt.get(row.target) for row in rows], [row.reading.answer for row in predictions], candidates
    )
    counts = status_counts(predictions)
    counts["confident"] = sum(row.confidence is not None for row in rows)
    return RowScores(len(rows), counts, metrics, _cells(rows), candidates, confusion)


def _cells(rows: Sequence[_Row]) -> Cells:
    """Of the confidences that are numbers, clipped to [0, 1]."""
    known = [row for row in rows if row.prediction.reading.confidence is not None]
    confidences = [row.prediction.reading.confidence for row in known]
    return Cells.of_rows(np.array(confidences, dtype=np.float64), [row.right for row in known])


def _accuracy(rows: Sequence[_Row]) -> Score:
    if not rows:
        return _undefined("there are no rows")
    return Score(sum(row.right for row in rows) / len(rows), len(rows))


def _f1(rows: Sequence[_Row]) -> Score:
    if not rows:
        return _undefined("there are no rows")
    targets, labels = [row.target for row in rows], [row.label for row in rows]
    return Score(f1_weighted(targets, labels, sorted({*targets, *labels})), len(rows))


def _undefined(why: str) -> Score:
    return Score(None, 0, why=why)


def _dropped(predictions: Sequence[Prediction]) -> dict[str, Any]:
    dropped = [row for row in predictions if row.dropped is not None]
    return {
        "n": len(dropped),
        "of": len(predictions),
        "reasons": dict(Counter(str(row.dropped) for row in dropped)),
        "tasks": dict(Counter(row.task for row in dropped)),
    }


def _duplicates(predictions: Sequence[Prediction]) -> int:
    counted = [row for row in predictions if row.dropped is None]
    return len(counted) - len({(row.task, row.sample_id, row.repeat) for row in counted})


def _notes(groups: Iterable[GroupScores], further: Mapping[str, Any]) -> Iterable[str]:
    yield f"Acc of a group: {_CONFIDENT_ROWS}; Acc all: over all rows."
    yield f"Acc and F1 overall: {_ANYWHERE}."
    unbinned = sum(group.pooled.metrics["ece"].details.get("rows_in_no_bin", 0) for group in groups)
    if unbinned:
        yield f"Rows in no bin of the ECE (confidence 1.0 or more, or nan), yet in its n: {unbinned}."
    dropped = further["dropped"]
    if dropped["n"]:
        reasons = ", ".join(f"{reason} ({n})" for reason, n in dropped["reasons"].items())
        yield f"Rows dropped, as the script does: {dropped['n']} of {dropped['of']}: {reasons}."
    again = further["duplicates"]
    if again:
        yield f"Further responses to a sample that has one, which count like any other: {again}."


EMOCALIBER = Protocol(
    NAME,
    emocaliber.read,
    emocaliber_scores,
    headings={
        "accuracy": "Acc",
        "accuracy_all_rows": "Acc all",
        "f1_weighted": "F1 wgt",
        "coverage": "Cov",
        "ece": "ECE",
        "brier": "Brier",
        "auroc": "AUROC",
        "mean_confidence": "Conf",
    },
    decimals=2,
    terms=_terms,
    counted=frozenset({"accuracy", "accuracy_all_rows", "coverage"}),
    figure_note="The diagrams draw the answers that state 1.0 too, which the ECE leaves out.",
)
