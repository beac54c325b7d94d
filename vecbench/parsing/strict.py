"""The strict protocol: reads what a response says, and never what it might have meant.

The answer is taken from the tags, or from a form that is as explicit; never from the reasoning, never
by looking for label names inside other words, never by guessing a scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vecbench.parsing.answer_text import stated_answer, stated_confidence
from vecbench.parsing.confidence import read_confidence
from vecbench.parsing.label import read_bare_label, read_label
from vecbench.parsing.prediction import LabelStatus, Reading
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
    confidence, confidence_status = read_confidence(stated_confidence(visible.text))
    answer = stated_answer(visible.text)
    label: str | None
    status: LabelStatus
    if answer is not None:
        label, status = read_label(answer.text, candidates, aliases)
        could_be_cut_off = not answer.complete and finish_reason == "length"
    else:
        # Without any form of answer, the response may still be nothing but a label.
        label, status = read_bare_label(visible.text, candidates, aliases)
        could_be_cut_off = (
            finish_reason == "length"
            or is_left_open(visible.text, "answer")
            or (visible.reasoning_cut_off and finish_reason != "stop")
        )
    if label is None and could_be_cut_off:
        status = "truncated"
    return Reading(label, status, confidence, confidence_status)
