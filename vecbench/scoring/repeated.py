"""Several answers to one sample: how much scores vary, and agreement as a second confidence."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vecbench.parsing import Prediction, Reading
from vecbench.scoring.scores import RowScores, Scores


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over repeats.

    Attributes:
        mean: Of the repeats' values.
        deviation: Their standard deviation (n − 1); 0 with one value.
    """

    mean: float
    deviation: float


def repeats_of(rows: Sequence[Prediction]) -> list[int]:
    """The repeats that occur, ascending."""
    return sorted({row.repeat for row in rows})


def spreads(every: Sequence[RowScores]) -> Mapping[str, Spread | None]:
    """Mean and standard deviation of each metric over repeats; None where a repeat has it undefined.

    Args:
        every: The scores of the same rows, one entry a repeat; at least one.
    """
    result: dict[str, Spread | None] = {}
    for key in every[0].metrics:
        values = [scores.metrics[key].value for scores in every]
        known = [value for value in values if value is not None]
        deviation = statistics.stdev(known) if len(known) > 1 else 0.0
        result[key] = Spread(statistics.fmean(known), deviation) if len(known) == len(values) else None
    return result


def spread_json(every: Sequence[Scores]) -> dict[str, Any]:
    """The block "repeats" of scores.json.

    Args:
        every: The scores of each repeat alone.
    """

    def block(rows: Sequence[RowScores]) -> dict[str, Any]:
        return {
            key: None if each is None else {"mean": each.mean, "std": each.deviation}
            for key, each in spreads(rows).items()
        }

    return {
        "n": len(every),
        "tasks": {
            name: block([each.tasks[name] for each in every if name in each.tasks])
            for name in _names([each.tasks for each in every])
        },
        "groups": {
            name: block([each.groups[name].pooled for each in every if name in each.groups])
            for name in _names([each.groups for each in every])
        },
        "overall": block([each.overall.pooled for each in every]),
    }


def _names(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every name once: a run that was stopped may have a task in its first repeats only."""
    return list(dict.fromkeys(name for part in parts for name in part))


def agreement(rows: Sequence[Prediction]) -> list[Prediction]:
    """One prediction a sample: its most frequent answer, and as confidence the share of repeats that gave it.

    Of equally frequent answers the one that was given first counts; responses without an answer count as
    repeats and for no answer (self-consistency: Wang et al., 2023). A sample without any has no confidence
    either.

    Args:
        rows: All repeats of all samples, in any order.
    """
    by_sample: dict[tuple[str, str], list[Prediction]] = {}
    for row in sorted(rows, key=lambda row: row.repeat):
        by_sample.setdefault((row.task, row.sample_id), []).append(row)
    return [_agreed(answers) for answers in by_sample.values()]


def _agreed(rows: Sequence[Prediction]) -> Prediction:
    answers = Counter(row.reading.answer for row in rows if row.reading.answer is not None)
    if not answers:
        silent = replace(rows[0].reading, confidence=None, confidence_status="missing")
        return replace(rows[0], repeat=0, reading=silent)
    # most_common keeps the order of first occurrence among equals.
    answer, count = answers.most_common(1)[0]
    given = next(row for row in rows if row.reading.answer == answer)
    reading = Reading(answer, "ok", count / len(rows), "ok")
    return replace(rows[0], repeat=0, reading=reading, judged=given.correct)
