"""The emocaliber protocol: reads a response exactly as EmoCaliber's published scripts do.

Its matcher looks for label names anywhere, inside other words and in the reasoning too; it is here to
reproduce published numbers, not to be trusted. Source: `inference/extract_verb_confidence.py` and
`inference/evaluate_multi_task_conf_from_merged.py` of github.com/wdqqdw/EmoCaliber.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vecbench.parsing.prediction import AnswerStatus, Reading

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind
    from vecbench.parsing.form import Form


def read(
    response: str | None,
    candidates: Sequence[str],
    kind: AnswerKind | None = None,
    finish_reason: str | None = None,
    form: Form | None = None,
) -> Reading:
    """The label and the confidence that EmoCaliber's scripts read.

    A confidence outside [0, 1] is clipped and has the status "ok"; one that is no number has the status
    "not_a_number", and the scripts drop its row.
    """
    del kind, finish_reason, form
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
    if stated is None:
        return Reading(label, status, None, "missing")
    if math.isnan(stated):
        return Reading(label, status, None, "out_of_range")
    return Reading(label, status, min(max(stated, 0.0), 1.0) + 0.0, "ok")


def matched_label(response: str, candidates: Sequence[str]) -> str | None:
    """The first candidate that is a substring of the first answer, or of everything if there is none.

    None stands for what the scripts call "unknown".
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
    return (_first_element(response.lower(), "answer") or "").lower()


def first_confidence(response: str) -> str | None:
    """The text of the first confidence on one line; None if there is none."""
    return _first_element(response, "confidence")


def _first_element(text: str, name: str) -> str | None:
    # As `<answer>(.*?)</answer>` there, without DOTALL: an answer that spans lines is not found. The
    # expression itself takes forever where nothing is closed.
    opening, closing = f"<{name}>", f"</{name}>"
    for line in text.split("\n"):
        _, opened, behind = line.partition(opening)
        content, closed, _ = behind.partition(closing)
        if opened and closed:
            return content
    return None
