"""From predictions to the scores of every task, group, and everything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics import Cells, confusion_counts, mean_interval, wilson_interval
from vecbench.metrics.bootstrap import (
    LEVEL,
    REPLICATES,
    SEED,
    Outcomes,
    Statistic,
    bootstrap,
    percentile_interval,
    reflected_interval,
)
from vecbench.metrics.cells import Values
from vecbench.metrics.condensed import is_condensed
from vecbench.metrics.consistency import consistency_p, null_eces, widened
from vecbench.metrics.labels import f1_scores
from vecbench.metrics.replication import WORKERS
from vecbench.parsing import Prediction
from vecbench.parsing.prediction import ANSWER_STATUSES, CONFIDENCE_STATUSES
from vecbench.scoring.arrangement import Arrangement
from vecbench.scoring.definitions import DEFINITIONS, NULL_BINS, Definition, bounds_under_missing
from vecbench.scoring.dependence import INDEPENDENT, SHARES, Dependence, Effects
from vecbench.scoring.scores import GroupScores, RowScores, Score, Scores
from vecbench.tasks import Catalogue

OVERALL = "overall"
NO_CELLS = Cells.of_rows([], [])
WILSON = "wilson"
PERCENTILE = "bootstrap, percentile"
SQUARE_AND_ADD = "square-and-add of the tasks' Wilson intervals"
REFLECTED = "bootstrap, reflected; low end 0 unless the consistency test rejects"
BY_IMAGE = "all answers to an image together"
"""What is said beside these where an image has several rows."""


def _of_cells(definition: Definition) -> Statistic:
    return lambda rows: definition.of_cells(rows.cells)


STATISTICS = {
    key: _of_cells(definition) for key, definition in DEFINITIONS.items() if definition.interval != "none"
}
"""What is computed of every replicate; shares of all rows have an interval without."""


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
    by_task: dict[str, list[Prediction]] = {}
    for row in rows:
        by_task.setdefault(row.task, []).append(row)
    arrangement = Arrangement.of(by_task.keys(), catalogue)
    order = arrangement.tasks
    pools: dict[str, Sequence[str]] = {
        f"group {name}": present for name, present in arrangement.members.items()
    }
    if order:
        pools[OVERALL] = order
    outcomes = {name: _outcomes(by_task[name]) for name in order}
    cells = {name: each.cells for name, each in outcomes.items()}
    cells |= {name: Cells.pooled([cells[part] for part in parts]) for name, parts in pools.items()}
    dependence = Dependence.of_rows({name: by_task[name] for name in order})
    # numpy draws without holding the interpreter: the two kinds of replicates need not wait for each other.
    with ThreadPoolExecutor(WORKERS) as workers:
        workers.submit(import_module, "scipy.special")  # what SmoothECE needs takes as long to import
        simulated = {
            name: workers.submit(null_eces, each, NULL_BINS, replicates, seed)
            for name, each in cells.items()
            if each.n and replicates
        }
        drawn = _drawn(outcomes, pools, dependence, replicates, seed) if replicates else {}
    nulls = {name: each.result() for name, each in simulated.items()}

    def scored(name: str, parts: Sequence[str]) -> RowScores:
        pooled = [row for part in parts for row in by_task[part]]
        effects = dependence.effects(parts) if dependence else INDEPENDENT
        null = nulls.get(name, {}) if replicates else None
        own = drawn[name][name] if name in drawn else {}
        return _row_scores(pooled, cells.get(name, NO_CELLS), own, null, effects)

    tasks = {name: scored(name, [name]) for name in order}

    def grouped(name: str, present: Sequence[str], absent: Sequence[str]) -> GroupScores:
        macro = _macro({part: tasks[part] for part in present}, drawn.get(name, {}), dependence)
        return GroupScores(tuple(present), tuple(absent), scored(name, present), macro)

    groups = {
        name: grouped(f"group {name}", present, arrangement.absent[name])
        for name, present in arrangement.members.items()
    }
    intervals: dict[str, Any] = {"level": LEVEL, "replicates": replicates, "seed": seed}
    many = [name for name in order if drawn and is_condensed(cells[name])]
    if many:
        intervals["condensed"] = many
    return Scores(
        protocol, run or {}, tasks, groups, grouped(OVERALL, order, []), arrangement.names, intervals
    )


def _drawn(
    outcomes: Mapping[str, Outcomes],
    pools: Mapping[str, Sequence[str]],
    dependence: Dependence | None,
    replicates: int,
    seed: int,
) -> dict[str, Mapping[str, Mapping[str, Values]]]:
    """Name of a task or pool → its replicates, and those of its tasks in the same draws, by name and key.

    Where an image has several rows in it, it is drawn by itself: what else was scored makes no difference.
    """
    apart = bootstrap(outcomes, pools, STATISTICS, replicates, seed)
    drawn: dict[str, Mapping[str, Mapping[str, Values]]] = dict.fromkeys([*outcomes, *pools], apart)
    if dependence is None:
        return drawn
    for name, parts in ({name: [name] for name in outcomes} | dict(pools)).items():
        if dependence.is_in(parts):
            rows = {part: outcomes[part] for part in parts}
            pool = {name: parts} if name in pools else {}
            drawn[name] = bootstrap(rows, pool, STATISTICS, replicates, seed, dependence.clusters(rows))
    return drawn


def _outcomes(rows: Sequence[Prediction]) -> Outcomes:
    stated = [(row.reading.confidence, row.correct) for row in rows if row.reading.confidence is not None]
    silent = [row.correct for row in rows if row.reading.confidence is None]
    cells = Cells.of_rows([confidence for confidence, _ in stated], [correct for _, correct in stated])
    right = sum(silent)
    return Outcomes(cells, np.asarray(float(right)), np.asarray(float(len(silent) - right)))


def _row_scores(
    rows: Sequence[Prediction],
    cells: Cells,
    drawn: Mapping[str, Values],
    null: Mapping[int, Values] | None,
    effects: Effects,
) -> RowScores:
    n = len(rows)
    lists = dict.fromkeys(row.candidates for row in rows)  # few, however many rows there are
    candidates = tuple(dict.fromkeys(candidate for each in lists for candidate in each))
    known = set(candidates)
    # A target outside the candidates is a fault of the data: a miss of no class.
    targets = [row.target if row.target in known else None for row in rows]
    labels = [row.reading.answer for row in rows]
    metrics = {"accuracy": share(sum(row.correct for row in rows), n, effects.shares["accuracy"])}
    confusion = confusion_counts(targets, labels, candidates)
    metrics |= label_f1(confusion)
    metrics["coverage"] = share(cells.n, n, effects.shares["coverage"])
    wider = widened(null or {}, effects.null)
    p_values = {bins: consistency_p(cells, values, bins) for bins, values in wider.items()}
    for key, definition in DEFINITIONS.items():
        value = float(definition.of_cells(cells))
        if math.isnan(value):
            metrics[key] = Score(None, cells.n, why=_why_undefined(cells))
            continue
        details = {**definition.details(cells), **bounds_under_missing(key, value, cells.n, n - cells.n)}
        interval, method = None, PERCENTILE
        if drawn and definition.interval == "percentile":
            interval = percentile_interval(drawn[key])
        elif drawn and definition.interval == "reflected":
            may_be_zero = p_values[definition.bins] > 1 - LEVEL
            interval = reflected_interval(value, drawn[key], may_be_zero=may_be_zero)
            method = REFLECTED
        method += f"; {BY_IMAGE}" * effects.by_image
        metrics[key] = _scored(value, cells.n, interval, method, details)
    undefined = Score(None, 0, why=_why_undefined(cells))
    if null is not None:
        metrics["ece_null"] = Score(float(wider[10].mean()), cells.n) if wider else undefined
        metrics["calibration_p"] = Score(p_values[10], cells.n) if wider else undefined
    return RowScores(n, status_counts(rows), metrics, cells, candidates, confusion)


def _macro(
    tasks: Mapping[str, RowScores],
    drawn: Mapping[str, Mapping[str, Values]],
    dependence: Dependence | None,
) -> dict[str, Score]:
    """The unweighted mean of the tasks' scores, as far as a mean says something."""
    keys = [key for key in next(iter(tasks.values())).metrics if key != "calibration_p"] if tasks else []
    by_image = dependence is not None and dependence.is_in(list(tasks))
    macro: dict[str, Score] = {}
    for key in keys:
        values = {name: rows.metrics[key].value for name, rows in tasks.items()}
        undefined = [name for name, value in values.items() if value is None]
        if undefined:
            macro[key] = Score(None, len(values), why=f"{key} is undefined for {', '.join(undefined)}")
            continue
        value = math.fsum(each for each in values.values() if each is not None) / len(values)
        if key in SHARES:
            effect = dependence.macro_effect(list(tasks), key) if dependence else 1.0
            macro[key] = _mean_of_shares(value, [rows.metrics[key] for rows in tasks.values()], effect)
        elif drawn and key in DEFINITIONS and DEFINITIONS[key].interval == "percentile":
            interval = percentile_interval(np.mean([drawn[name][key] for name in tasks], axis=0))
            method = PERCENTILE + f"; {BY_IMAGE}" * by_image
            macro[key] = _scored(value, len(values), interval, method, {})
        else:
            macro[key] = Score(value, len(values))
    return macro


def _mean_of_shares(value: float, shares: Sequence[Score], effect: float) -> Score:
    # Of any row there are all three; undefined shares have no mean.
    known = [(each.value or 0.0, each.low or 0.0, each.high or 0.0) for each in shares]
    return Score(value, len(shares), *mean_interval(known, effect), SQUARE_AND_ADD, details=_effect(effect))


def _scored(
    value: float, n: int, interval: tuple[float, float] | None, method: str, details: Mapping[str, Any]
) -> Score:
    if interval is None:
        return Score(value, n, details=details)
    return Score(value, n, *interval, method, details=details)


def share(part: int, n: int, design_effect: float = 1.0) -> Score:
    """Some of n rows, with its Wilson interval; undefined of no rows."""
    if n == 0:
        return Score(None, 0, why="there are no rows")
    low, high = wilson_interval(part, n, design_effect=design_effect)
    return Score(part / n, n, low, high, WILSON, details=_effect(design_effect))


def _effect(design_effect: float) -> Mapping[str, Any]:
    """What is said of an interval that is wider than that of independent answers."""
    return {} if design_effect == 1 else {"design_effect": design_effect}


def label_f1(confusion: NDArray[np.int64]) -> dict[str, Score]:
    """The keys "f1_macro" and "f1_weighted" of a confusion matrix, see `confusion_counts`."""
    values, n = f1_scores(confusion), int(confusion.sum())
    return {
        key: Score(None, n, why="no row has a target that is a candidate")
        if math.isnan(value)
        else Score(value, n)
        for key, value in (("f1_macro", values.macro), ("f1_weighted", values.weighted))
    }


def _why_undefined(cells: Cells) -> str:
    if cells.n == 0:
        return "no row has a confidence"
    return "every answer with a confidence is " + ("right" if cells.total_right else "wrong")


def status_counts(rows: Sequence[Prediction]) -> dict[str, int]:
    """Rows that have a label, rows that have a confidence, errors, and rows by status."""
    labels = Counter(row.reading.answer_status for row in rows)
    confidences = Counter(row.reading.confidence_status for row in rows)
    return (
        {
            "answered": sum(row.reading.answer is not None for row in rows),
            "confident": sum(row.reading.confidence is not None for row in rows),
            "errors": labels["error"],
        }
        | {status: labels[status] for status in ANSWER_STATUSES}
        | {f"confidence_{status}": confidences[status] for status in CONFIDENCE_STATUSES}
    )
