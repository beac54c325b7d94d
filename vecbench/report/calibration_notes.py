"""What the consistency test says, below a table: its p, and what an ECE does not show."""

from __future__ import annotations

from collections.abc import Iterator

from vecbench.metrics.calibration import ECE
from vecbench.metrics.consistency import CALIBRATION_P, p_in_words
from vecbench.metrics.stated_values import StatedValue, contradicting
from vecbench.scoring import RowScores, Scores

LEVEL = 0.05
MOST_NAMED = 3
"""Values that a sentence names."""


def calibration_notes(scores: Scores, *, intervals: bool) -> Iterator[str]:
    """What the consistency test says of each task, group and everything; empty where there is none.

    With `intervals` every p, and of what the test is. Always, what is hidden in a bin: the stated values that
    contradict calibration where the interval of the ECE holds 0.
    """
    by_test: dict[str, list[str]] = {}
    hidden = []
    for name, rows in _lines(scores):
        p = rows.metrics.get(CALIBRATION_P.key)
        if p is None or p.value is None:
            continue
        by_test.setdefault(p.details["of"], []).append(f"{name} {p_in_words(p.value)}")
        ece = rows.metrics.get(ECE.key)
        if p.value < LEVEL and ece is not None and ece.low is not None and ece.low <= 0:
            hidden.append(f"{name} is not calibrated ({p_in_words(p.value)}): {_in_words(rows)}.")
    if intervals and by_test:
        tests = "; ".join(f"of {of}: {', '.join(listed)}" for of, listed in by_test.items())
        yield f"Consistency test {tests}."
    yield from hidden


def _lines(scores: Scores) -> Iterator[tuple[str, RowScores]]:
    for name, rows in scores.tasks.items():
        yield scores.names.get(name, name), rows
    for name, group in scores.groups.items():
        if len(group.tasks) > 1:
            yield scores.names.get(name, name), group.pooled
    if len(scores.tasks) != 1:
        yield "Overall", scores.overall.pooled


def _in_words(rows: RowScores) -> str:
    found = contradicting(rows.cells)
    named = ", ".join(map(_value_in_words, found[:MOST_NAMED]))
    return named + (f", and {len(found) - MOST_NAMED} values more" if len(found) > MOST_NAMED else "")


def _value_in_words(value: StatedValue) -> str:
    is_certain = value.confidence == 1
    count = value.n - value.right if is_certain else value.right
    verb, outcome = "is" if count == 1 else "are", "wrong" if is_certain else "right"
    return f"{count:,} of {value.n:,} answers at {round(value.confidence, 4)} {verb} {outcome}"
