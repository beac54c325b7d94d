"""The scores of a run as the report's first page shows them: tables, diagrams, and what was not read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from vecbench.answers import known_metrics
from vecbench.metrics import Cells, wilson_interval
from vecbench.metrics.calibration import bin_of
from vecbench.metrics.observations import Floats
from vecbench.plots.points import BINS
from vecbench.report.calibration_notes import calibration_notes
from vecbench.report.columns import Column, columns, columns_of, has_confidences
from vecbench.report.marks import Notes
from vecbench.scoring import RowScores, Score, Scores, protocol_named
from vecbench.scoring.scores import STATED
from vecbench.scoring.sources import is_probability
from vecbench.viewer.controls import control_entries
from vecbench.viewer.sides import ScoredRun
from vecbench.viewer.sources import source_entries

MOST_CLASSES = 200
"""Of more classes nobody sees a confusion matrix."""


def overview(side: ScoredRun, tasks: Sequence[str]) -> dict[str, Any]:
    """What `overview` of a run in the report holds; `tasks` are the ids, in the report's order."""
    scores = side.complete.scores
    place = {name: number for number, name in enumerate(tasks)}
    named = list(_named(scores, place))
    return {
        "tables": [_table(scores, named)],
        "reliability": [
            _reliability(name, of, rows)
            for level, name, of, rows in named
            if level != "subset" and has_confidences(rows) and rows.cells.n
        ]
        + [
            _reliability(name, of, each, source)
            for _, name, of, rows in named
            if rows.sources is not None
            for source, each in rows.sources.scores.items()
            if source != STATED and is_probability(source) and each.cells.n
        ],
        "confusion": [
            _confusion(name, of, rows)
            for level, name, of, rows in named
            if level == "task" and 0 < len(rows.classes) <= MOST_CLASSES
        ],
        "unread": list(_unread(side)),
        "sources": [*source_entries(scores), *control_entries(side.controls, scores.names)],
    }


Named = tuple[str, str, list[int], RowScores]
"""Level, name, places of the tasks, scores."""


def _named(scores: Scores, place: Mapping[str, int]) -> Iterator[Named]:
    """Everything that a line of the table is of, as `score_table` orders it."""
    grouped = {name for group in scores.groups.values() for name in group.tasks}
    for name, group in scores.groups.items():
        of = [place[task] for task in group.tasks]
        if len(group.tasks) > 1 or protocol_named(scores.protocol).is_published:
            yield "group", scores.names.get(name, name), of, group.pooled
        for task in group.tasks:
            yield "task", scores.names.get(task, task), [place[task]], scores.tasks[task]
    for task, rows in scores.tasks.items():
        if task not in grouped:
            yield "task", scores.names.get(task, task), [place[task]], rows
    if len(scores.tasks) > 1:
        yield "benchmark", "All rows", [place[task] for task in scores.tasks], scores.overall.pooled


def _table(scores: Scores, named: Iterable[Named]) -> dict[str, Any]:
    shown = columns(scores)
    notes = Notes.of(scores, intervals=False)
    known = known_metrics()
    lines = []
    for level, name, of, rows in named:
        lines.append(_line(level, name, of, rows, shown, notes))
        for column, values in rows.subsets.items():
            for value, subset in values.items():
                line = _line("subset", value or "–", of, subset, shown, notes)
                lines.append(line | {"subset": [column, value]})
    printed = "".join(cell["mark"] for line in lines for cell in line["cells"])
    return {
        "title": "Scores",
        "columns": [
            {
                "heading": each.heading,
                "description": known[each.key].description if each.key in known else "",
                "better": known[each.key].better if each.key in known else None,
                "unit": "%" if each.scale == 100 else "",
            }
            for each in shown
        ],
        "rows": lines,
        "notes": [*notes.of_cells(printed), *calibration_notes(scores, intervals=False), *scores.notes],
    }


def _line(
    level: str, name: str, of: list[int], rows: RowScores, shown: Sequence[Column], notes: Notes
) -> dict[str, Any]:
    marks = notes.marks(rows)
    cells = [_cell(column, rows.metrics.get(column.key), marks.get(column.key, "")) for column in shown]
    return {"name": name, "level": level, "tasks": of, "n": rows.n, "subset": None, "cells": cells}


def _cell(column: Column, score: Score | None, mark: str) -> dict[str, Any]:
    if score is None:
        return {"text": "", "low": None, "high": None, "mark": "", "why": None}
    if score.value is None:
        return {"text": "–", "low": None, "high": None, "mark": "", "why": score.why or "undefined"}
    ends = [None if end is None else column.printed(end) for end in (score.low, score.high)]
    text = column.printed(score.value)
    return {"text": text, "low": ends[0], "high": ends[1], "mark": mark, "why": score.no_interval}


def _reliability(name: str, of: list[int], rows: RowScores, source: str = STATED) -> dict[str, Any]:
    cells = rows.cells
    error = next((each for each in rows.scored_by if each.place is not None and each.shown == "always"), None)
    of_error = None if error is None else columns_of([error], [])[0]
    value = None if error is None else rows.metrics[error.key].value
    bins = _bins(cells) if rows.shares is None else _share_bins(*rows.shares[:2])
    n = sum(each[0] for each in bins.values())
    names = ("n", "confidence", "accuracy", "accuracy_low", "accuracy_high")
    return {
        "name": name,
        "tasks": of,
        "source": source,
        "bins": [
            {"low": place / BINS, "high": (place + 1) / BINS}
            | dict(zip(names, bins.get(place, (0, None, None, None, None)), strict=True))
            for place in range(BINS)
        ],
        "ece": None
        if of_error is None or value is None
        else {"text": of_error.printed(value), "heading": of_error.heading},
        "accuracy": sum(each[0] * each[2] for each in bins.values()) / n,
        "confidence": sum(each[0] * each[1] for each in bins.values()) / n,
        "n": n,
    }


def _bins(cells: Cells) -> dict[int, tuple[int, float, float, float, float]]:
    """Place of a bin of the ECE that has rows → how many, mean confidence, share right, its interval."""
    group = bin_of(cells.confidence, BINS)
    merged = cells.merged(group)
    bins = {}
    for place, confidence, right, n in zip(
        dict.fromkeys(group.tolist()), merged.confidence, merged.right, merged.total, strict=True
    ):
        ends = wilson_interval(int(right), int(n))
        bins[place] = int(n), float(confidence), float(right / n), *ends
    return bins


def _share_bins(confidence: Floats, shares: Floats) -> dict[int, tuple[int, float, float, float, float]]:
    """The same of shares of raters who agree: their mean, and two standard errors of it."""
    group = bin_of(confidence, BINS)
    bins = {}
    for place in np.unique(group).tolist():
        here = group == place
        n, mean = int(here.sum()), float(shares[here].mean())
        width = 1.96 * float(shares[here].std(ddof=1)) / math.sqrt(n) if n > 1 else 1.0
        bins[place] = n, float(confidence[here].mean()), mean, max(0.0, mean - width), min(1.0, mean + width)
    return bins


def _confusion(name: str, of: list[int], rows: RowScores) -> dict[str, Any]:
    pairs = rows.confusion
    counts = zip(pairs.target.tolist(), pairs.answer.tolist(), pairs.count.tolist(), strict=True)
    return {
        "name": name,
        "tasks": of,
        "labels": [*rows.classes, None],
        "counts": [list(each) for each in counts],
    }


def _unread(side: ScoredRun) -> Iterator[dict[str, Any]]:
    """What was not read, by reason, with what to do about it."""
    health = side.complete.reading
    for what, count in (("answer", health.answers), ("confidence", health.confidences)):
        for each in count.unread:
            name, remedy = count.reasons[each.reason]
            yield {"what": what, "status": each.reason, "name": name, "n": each.n, "remedy": remedy}
