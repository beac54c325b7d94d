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


def read(
    response: str | None,
    candidates: Sequence[str],
    kind: AnswerKind | None = None,
    finish_reason: str | None = None,
    form: Form | None = None,
) -> Reading:
    """The label that EmObserver's evaluator reads, which knows no confidence; a failure is an empty text."""
    del kind, finish_reason, form
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
