"""The kind "level": one of a few words in order, such as low, medium, high, and how far off it is."""

from dataclasses import dataclass

import numpy as np

from vecbench.answers import AnswerKind
from vecbench.answers.label import read_bare_label, read_label
from vecbench.labels import normal_form
from vecbench.metrics.catalogue import JUDGED_METRICS
from vecbench.metrics.definition import Change, Metric

LEVEL_ERROR = Metric(
    key="level_error",
    heading="Levels",
    description="Mean distance between answer and target, in levels; of rows that have an answer.",
    value=lambda totals: totals.mean("distance", over="answered"),
    interval="percentile",
    basis="sums",
    over="answered",
    better="lower",
    range=(0.0, np.inf),
    unit="number",
    change=Change(aspect="answer"),
    shown="always",
    board="column",
    undefined="no row has an answer",
)


@dataclass(frozen=True)
class Level(AnswerKind):
    """One of a few levels, the lowest first."""

    name = "level"
    metrics = (*JUDGED_METRICS[:1], LEVEL_ERROR, *JUDGED_METRICS[1:])
    has_confusion = True

    levels: tuple[str, ...] = ()

    @classmethod
    def of(cls, specification):
        specification.require_only("levels")
        levels = specification.options.get("levels")
        if specification.labels or not isinstance(levels, list) or len(levels) < 2:
            raise ValueError("a task of levels lists them as answer: {kind: level, levels: [low, high]}")
        return cls(tuple(map(str, levels)))

    def candidates(self, columns):
        del columns
        return self.levels

    def target(self, written, candidates):
        for level in candidates:
            if isinstance(written, str) and normal_form(written) == normal_form(level):
                return level
        raise ValueError(f"the target {written!r:.60} is no level")

    def prompt_variables(self, candidates):
        return {"levels": list(candidates)}

    def read(self, text, candidates):
        return read_label(text, candidates, {})

    def read_bare(self, text, candidates):
        return read_bare_label(text, candidates, {})

    def load(self, stored):
        if not isinstance(stored, str):
            raise ValueError(f"{stored!r:.60} is no level")
        return stored

    def classes(self, candidates):
        return candidates

    def columns(self, rows):
        place = {level: number for row in rows for number, level in enumerate(row.candidates)}
        distance, answered = np.zeros(len(rows)), np.zeros(len(rows))
        for number, row in enumerate(rows):
            if row.reading.answer is not None and row.target in place:
                distance[number] = abs(place[row.reading.answer] - place[row.target])
                answered[number] = 1
        return {"distance": distance, "answered": answered}
