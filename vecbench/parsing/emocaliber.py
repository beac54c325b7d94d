"""The emocaliber protocol: reads a response exactly as EmoCaliber's published scripts do.

Its matcher looks for label names anywhere, inside other words and in the reasoning too; it is here to
reproduce published numbers, not to be trusted. Source: `inference/extract_verb_confidence.py` and
`inference/evaluate_multi_task_conf_from_merged.py` of github.com/wdqqdw/EmoCaliber.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vecbench.parsing.prediction import AnswerStatus, ConfidenceStatus, Reading

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind

# Without DOTALL, as there: an answer that spans lines is not found.
_ANSWER = re.compile(r"<answer>(.*?)</answer>")
_CONFIDENCE = re.compile(r"<confidence>(.*?)</confidence>")


def read(
    response: str | None,
    candidates: Sequence[str],
    kind: AnswerKind | None = None,
    finish_reason: str | None = None,
) -> Reading:
    """The label and the confidence that EmoCaliber's scripts read.

    Args:
        response: The generated text; None when the engine failed.
        candidates: The closed list; its order decides between several matches.
        kind: Not used: the scripts know labels only.
        finish_reason: Not used.

    Returns:
        A reading, whatever the response is. A confidence outside [0, 1] is clipped and has the status
        "ok"; one that is no number has the status "not_a_number", and the scripts drop its row.
    """
    del kind, finish_reason
    if response is None:
        return Reading(None, "error", None, "missing")
    label = matched_label(response, candidates)
    status: AnswerStatus = "ok"
    if label is None:
        status = "not_a_candidate" if first_answer(response) else "no_answer"
    try:
        stated = stated_confidence(response)
    except ValueError:
        return Reading(label, status, None, "not_a_number")
    confidence, confidence_status = _clipped(stated)
    return Reading(label, status, confidence, confidence_status)


def matched_label(response: str, candidates: Sequence[str]) -> str | None:
    """The first candidate that is a substring of the first answer, or of everything if there is none.

    Returns:
        The candidate as the list spells it; None for what the scripts call "unknown".
    """
    # An empty answer is as good as none there: the reasoning is searched.
    searched = first_answer(response) or response.lower()
    return next((candidate for candidate in candidates if candidate.lower() in searched), None)


def matched_anywhere(response: str, candidates: Sequence[str]) -> str | None:
    """The matcher behind the scripts' "Overall": the whole response is searched, reasoning included.

    A candidate with a capital letter is never found: the response is lower-cased, the candidate is not.
    """
    lowered = response.lower()
    return next((candidate for candidate in candidates if candidate in lowered), None)


def stated_confidence(response: str) -> float | None:
    """The first confidence as Python's `float` reads it, braces removed, not clipped; None without a tag.

    Raises:
        ValueError: It is no number; the scripts drop the row.
    """
    text = first_confidence(response)
    return None if text is None else float(text.replace("{", "").replace("}", ""))


def first_answer(response: str) -> str:
    """The content of the first answer on one line, lower-cased; empty if there is none."""
    found = _ANSWER.search(response.lower())
    return found[1].lower() if found else ""


def first_confidence(response: str) -> str | None:
    """The text of the first confidence on one line; None if there is none."""
    found = _CONFIDENCE.search(response)
    return found[1] if found else None


def _clipped(stated: float | None) -> tuple[float | None, ConfidenceStatus]:
    if stated is None:
        return None, "missing"
    if math.isnan(stated):
        return None, "out_of_range"
    return min(max(stated, 0.0), 1.0) + 0.0, "ok"
