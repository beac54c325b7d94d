"""On which scale confidences are stated, as far as that shows in the answers to a task together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from vecbench.parsing import Prediction
from vecbench.parsing.prediction import Doubt

MOST_SLIPS = 0.05
"""Up to this share of a task's stated confidences, numbers that are off the scale are slips."""

_ABOVE_ONE: Sequence[Doubt] = ("above one", "far above one")
DOUBTS: Mapping[str, Sequence[Doubt]] = {
    "confidence_above_one": _ABOVE_ONE,
    "confidence_above_ten": ("far above one", "above ten"),
    "confidence_below_one": ["below one"],
}
"""Key among the counts of rows → what is counted."""


def on_one_scale(rows: list[Prediction]) -> list[Prediction]:
    """The rows, but that a whole 1 beside numbers above 1 is no confidence: it may be 1 of 10 or of 100.

    Such numbers have to be more of a task's stated confidences than slips are. A decimal, as 1.0, is what it
    is; so is every number on a scale that is declared.
    """
    if all(row.reading.doubt is None for row in rows):
        return rows
    stated = Counter(row.task for row in rows if row.reading.confidence_status != "missing")
    above = Counter(row.task for row in rows if row.reading.doubt in _ABOVE_ONE)
    doubtful = {task for task, count in above.items() if count > MOST_SLIPS * stated[task]}
    return [_without_ones(row) if row.task in doubtful else row for row in rows]


def _without_ones(row: Prediction) -> Prediction:
    """A row without a whole 1; of a confidence in parts of which one is doubtful, without both."""
    reading = row.reading
    if reading.doubt == "one":
        reading = replace(reading, confidence=None, confidence_status="out_of_range")
    if reading.doubt is None or not reading.parts:
        return row if reading is row.reading else replace(row, reading=reading)
    parts = dict(reading.parts)
    others = {source: value for source, value in row.confidences.items() if source not in parts}
    return replace(row, reading=replace(reading, parts=()), confidences=others)


def scale_note(counts: Mapping[str, int], n: int) -> str | None:
    """What the counts of some rows say against the scale that they were read on; None if nothing.

    Args:
        counts: As `status_counts` has them.
        n: The rows.
    """
    stated = n - counts.get("confidence_missing", 0)
    above_one, above_ten, below_one = (counts.get(key, 0) for key in DOUBTS)
    most = MOST_SLIPS * stated
    is_up_to_ten = above_ten <= MOST_SLIPS * above_one
    for count, where, scale in (
        (above_one, "above 1", 10 if is_up_to_ten else 100),
        (above_ten, "above 10 on the scale that is declared", 100),
        (below_one, "below 1 on the scale that is declared", 1),
    ):
        if count > most:
            return (
                f"{count:,} of {stated:,} stated confidences are {where}; is the scale 0 to {scale}? "
                f"Declare it: --confidence-scale {scale}, or `scale: {_NAMES[scale]}` in the task's file."
            )
    return None


_NAMES = {1: "unit", 10: "ten", 100: "percent"}
