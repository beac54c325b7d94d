"""The strict protocol: reads what a response says, and never what it might have meant.

The answer is taken from the tags, or from a form that is as explicit; never from the reasoning, never
by looking for label names inside other words, never by guessing a scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vecbench.parsing.annotation import confidence_beside
from vecbench.parsing.answer_text import Stated, beside_confidence, stated_answer, stated_confidence
from vecbench.parsing.confidence import read_confidence
from vecbench.parsing.label import read_bare_label, read_label
from vecbench.parsing.prediction import Reading
from vecbench.parsing.visible import is_left_open, without_reasoning


def read(
    response: str | None,
    candidates: Sequence[str],
    aliases: Mapping[str, str],
    finish_reason: str | None = None,
) -> Reading:
    """The label and the confidence that a response states.

    Args:
        response: The generated text; None when the engine failed.
        candidates: The closed list of labels, at least one.
        aliases: Other spellings → label.
        finish_reason: "length" when the token limit cut the response off; None if unknown.

    Returns:
        A reading, whatever the response is: this never raises.
    """
    if response is None:
        return Reading(None, "error", None, "missing")
    visible = without_reasoning(response)
    answer = stated_answer(visible.text)
    stated = stated_confidence(visible.text)
    # Without any form of answer, the response may still be nothing but a label.
    text = beside_confidence(visible.text) if answer is None else answer.text
    cut_off = finish_reason == "length"
    if stated is None and not cut_off and (beside := confidence_beside(text)):
        first, number = beside
        if read_bare_label(first, candidates, aliases)[0] is not None:
            text, stated = first, Stated(number, complete=True)
    if answer is not None:
        label, status = read_label(text, candidates, aliases)
        could_be_cut_off = cut_off and not answer.complete
    else:
        label, status = read_bare_label(text, candidates, aliases)
        could_be_cut_off = (
            cut_off
            or is_left_open(visible.text, "answer")
            or (visible.reasoning_cut_off and finish_reason != "stop")
        )
    if label is None and could_be_cut_off:
        status = "truncated"
    # Of a number that is cut off nobody knows how it would have gone on.
    number_is_whole = stated is not None and (stated.complete or not cut_off)
    confidence, confidence_status = read_confidence(stated.text if stated and number_is_whole else None)
    return Reading(label, status, confidence, confidence_status)
