"""On which scale confidences are stated, as far as that shows in the answers to a task together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from vecbench.parsing import Prediction
from vecbench.parsing.prediction import Doubt

MOST_SLIPS = 0.05
"""Up to this share of a task's stated confidences, numbers that are off the scale are slips."""

DOUBTS: Mapping[str, Doubt] = {"confidence_above_one": "above one", "confidence_below_one": "below one"}
"""Key among the counts of rows → what is counted."""


def on_one_scale(rows: list[Prediction]) -> list[Prediction]:
    """The rows, but that a whole 1 beside numbers above 1 is no confidence: it may be 1 of 100.

    Such numbers have to be more of a task's stated confidences than slips are. A decimal, as 1.0, is what it
    is; so is every number on a scale that is declared.
    """
    if all(row.reading.doubt is None for row in rows):
        return rows
    stated = Counter(row.task for row in rows if row.reading.confidence_status != "missing")
    above = Counter(row.task for row in rows if row.reading.doubt == "above one")
    doubtful = {task for task, count in above.items() if count > MOST_SLIPS * stated[task]}
    return [
        replace(row, reading=replace(row.reading, confidence=None, confidence_status="out_of_range"))
        if row.reading.doubt == "one" and row.task in doubtful
        else row
        for row in rows
    ]


def scale_note(counts: Mapping[str, int], n: int) -> str | None:
    """What the counts of some rows say against the scale that they were read on; None if nothing.

    Args:
        counts: As `status_counts` has them.
        n: The rows.
    """
    stated = n - counts.get("confidence_missing", 0)
    for key, where, asked in (
        ("confidence_above_one", "above 1", "is the scale 0 to 100?"),
        ("confidence_below_one", "below 1", "on the scale that is declared: is it 0 to 1?"),
    ):
        if counts.get(key, 0) > MOST_SLIPS * stated:
            return f"{counts[key]:,} of {stated:,} stated confidences are {where}; {asked} {DECLARE}"
    return None


DECLARE = "Declare it: --confidence-scale 100, or `scale: percent` in the task's file."
