"""The columns of data that hold what is right: where a target is looked for, and what no prompt may name."""

from __future__ import annotations

import re

TARGETS = ("target", "label", "ground_truth", "answer", "correct_answer", "votes")
"""Columns of one's own table that may hold the target, after the one named as the task's answer kind."""

_KEYS = frozenset(
    {
        *TARGETS,
        "gold",
        "gold_answer",
        "gold_label",
        "emotion_list",
        "ov_emotion",
        "dominant_emotion",
        "judge_answer",
        "choose_answer",
        "valence",
        "arousal",
        "dominance",
    }
)
"""Likewise, and columns of the data sets that we know of."""
_OF_AN_IMAGE = re.compile(r"image[0-9]+_label")


def holds_answer(column: str) -> bool:
    """Whether a column of that name tells the true answer, or may tell it; case makes no difference."""
    name = column.casefold()
    return name in _KEYS or _OF_AN_IMAGE.fullmatch(name) is not None
