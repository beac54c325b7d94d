"""The emobserver protocol: reads a response exactly as EmObserver's evaluator does.

A response without any label counts as the first candidate. Source:
`evaluate/metrics_calculators/vecbench.py` of github.com/wdqqdw/EmObserver.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vecbench.parsing.prediction import Reading

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind
    from vecbench.parsing.form import Form

# Two searches, where the evaluator has one expression: that takes forever where nothing is closed.
_OPENING = re.compile("<answer>", re.IGNORECASE)
_CLOSING = re.compile("</answer>", re.IGNORECASE)

_LONE_A, _LONE_B = re.compile(r"\ba\b"), re.compile(r"\bb\b")


def read(
    response: str | None,
    candidates: Sequence[str],
    kind: AnswerKind | None = None,
    finish_reason: str | None = None,
    form: Form | None = None,
) -> Reading:
    """The label or verdict that EmObserver's evaluator reads, which knows no confidence."""
    del finish_reason, form
    if kind is not None and kind.name == "verdict":
        verdict = verdict_on_statement(response or "")
        return Reading(verdict, "ok" if verdict else "abstained", None, "missing")
    found = named_label(response or "", candidates)
    label = found if found is not None else candidates[0] if candidates else None
    return Reading(label, "ok" if label is not None else "no_answer", None, "missing")


def named_label(response: str, candidates: Sequence[str]) -> str | None:
    """The first candidate in list order that is a substring of the answer; None if there is none."""
    answer = answer_text(response).lower()
    return next((candidate for candidate in candidates if candidate.lower() in answer), None)


def answer_text(response: str) -> str:
    """Its first complete answer; else what follows the last `<answer>` or `</think>`; else everything."""
    opening = _OPENING.search(response)
    if opening and (closing := _CLOSING.search(response, opening.end())):
        return response[opening.end() : closing.start()]
    lowered = response.lower()
    ends = [lowered.rfind(tag) + len(tag) for tag in ("<answer>", "</think>") if tag in lowered]
    return response[max(ends, default=0) :]


def verdict_on_statement(response: str) -> str | None:
    """The verdict of its evaluator of statements; None for its choice C, which is never right.

    Source: `evaluate/metrics_calculators/mvei.py`, there.
    """
    text = answer_text(response)
    lowered = text.lower()
    if "incorrect" in lowered:
        return "incorrect"
    if "correct" in lowered or "A" in text or _LONE_A.search(lowered):
        return "correct"
    return "incorrect" if "B" in text or _LONE_B.search(lowered) else None
