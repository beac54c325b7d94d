"""Several answers to a sample as one: the most frequent, with how far they agree."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from vecbench.parsing import Prediction, Reading
from vecbench.scoring.scores import STATED

AGREEMENT = "agreement"


def agreement(rows: Sequence[Prediction]) -> list[Prediction]:
    """One prediction a sample: its most frequent answer, and as confidence the share of repeats that gave it.

    Of equally frequent answers the one that was given first counts; responses without an answer count as
    repeats and for no answer (self-consistency: Wang et al., 2023). A sample without any has no confidence
    either.

    `confidences` has that share as "agreement", and of every other source, "stated" among them, the mean over
    those repeats that gave this answer and have one: what is said of another answer is no confidence in this
    one.
    """
    by_sample: dict[tuple[str, str], list[Prediction]] = {}
    for row in sorted(rows, key=lambda row: row.repeat):
        by_sample.setdefault((row.task, row.sample_id), []).append(row)
    return [_agreed(answers) for answers in by_sample.values()]


def _agreed(rows: Sequence[Prediction]) -> Prediction:
    answers = Counter(row.reading.answer for row in rows if row.reading.answer is not None)
    if not answers:
        silent = replace(rows[0].reading, confidence=None, confidence_status="missing")
        return replace(rows[0], repeat=0, reading=silent, confidences={}, options=None)
    # most_common keeps the order of first occurrence among equals.
    answer, count = answers.most_common(1)[0]
    giving = [row for row in rows if row.reading.answer == answer]
    reading = Reading(answer, "ok", count / len(rows), "ok")
    means = _means([stated_and_other(row) for row in giving]) | {AGREEMENT: count / len(rows)}
    return replace(
        rows[0], repeat=0, reading=reading, judged=giving[0].correct, confidences=means, options=None
    )


def stated_and_other(row: Prediction) -> Mapping[str, float]:
    """Source → confidence of an answer of the model's, the stated one among them where it has one."""
    stated = row.reading.confidence
    return row.confidences if stated is None else {STATED: stated, **row.confidences}


def _means(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for one in each for name in one)
    return {name: statistics.fmean(one[name] for one in each if name in one) for name in names}
