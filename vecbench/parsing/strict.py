"""The strict protocol: reads what a response says, and never what it might have meant.

The answer is taken from the tags, or from a form that is as explicit; never from the reasoning, never
by looking for label names inside other words, never by guessing a scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vecbench.parsing.confidence import read_confidence
from vecbench.parsing.prediction import Reading
from vecbench.parsing.statements import (
    Stated,
    beside_confidence,
    confidence_beside,
    stated_answer,
    stated_confidence,
)
from vecbench.parsing.visible import is_left_open, without_reasoning

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind


def read(
    response: str | None,
    candidates: Sequence[str],
    kind: AnswerKind,
    finish_reason: str | None = None,
) -> Reading:
    """The answer and the confidence that a response states; this never raises.

    Args:
        response: The generated text; None when the engine failed.
        candidates: The closed list, as the kind has it.
        kind: Makes an answer of the text that states one.
        finish_reason: "length" when the token limit cut the response off; None if unknown.
    """
    if response is None:
        return Reading(None, "error", None, "missing")
    visible = without_reasoning(response)
    answer = stated_answer(visible.text)
    stated = stated_confidence(visible.text)
    # Without any form of answer, the response may still be nothing but an answer.
    text = beside_confidence(visible.text) if answer is None else answer.text
    cut_off = finish_reason == "length"
    if stated is None and not cut_off and (beside := confidence_beside(text)):
        first, number = beside
        if kind.is_bare_answer(first, candidates):
            text, stated = first, Stated(number, complete=True)
    if answer is not None:
        found, status = kind.read(text, candidates)
        could_be_cut_off = cut_off and not answer.complete
    else:
        found, status = kind.read_bare(text, candidates)
        could_be_cut_off = (
            cut_off
            or is_left_open(visible.text, "answer")
            or (visible.reasoning_cut_off and finish_reason != "stop")
        )
    if could_be_cut_off and (found is None or kind.may_go_on(text, candidates)):
        found, status = None, "truncated"
    # Of a number that is cut off nobody knows how it would have gone on.
    number_is_whole = stated is not None and (stated.complete or not cut_off)
    confidence, confidence_status = read_confidence(stated.text if stated and number_is_whole else None)
    return Reading(found, status, confidence, confidence_status)
