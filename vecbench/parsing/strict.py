"""The strict protocol: reads what a response says, and never what it might have meant.

The answer is taken from the tags, or from a form that is as explicit; never from the reasoning, never
by looking for label names inside other words, never by guessing a scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vecbench.parsing.fields import with_own_names, without_scale
from vecbench.parsing.form import ANY_FORM, Form
from vecbench.parsing.json_objects import json_objects
from vecbench.parsing.nested import is_of_parts, read_parts, read_plain, stated_parts
from vecbench.parsing.places import only_in, part_alone, place_in, reasoning_in, value_in
from vecbench.parsing.prediction import Reading
from vecbench.parsing.statements import (
    Stated,
    beside_confidence,
    confidence_beside,
    confidence_in_prose,
    other_answers,
    stated_answer,
    stated_confidence,
)
from vecbench.parsing.visible import elements, is_left_open, without_reasoning

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind


def read(
    response: str | None,
    candidates: Sequence[str],
    kind: AnswerKind,
    finish_reason: str | None = None,
    form: Form = ANY_FORM,
) -> Reading:
    """The answer and the confidence that a response states; this never raises.

    Args:
        response: The generated text; None when the engine failed.
        candidates: The closed list, as the kind has it.
        kind: Makes an answer of the text that states one.
        finish_reason: "length" when the token limit cut the response off; None if unknown.
        form: What the task says of how its answers are written.
    """
    if response is None:
        return Reading(None, "error", None, "missing")
    own = with_own_names(kind.apart(response, candidates), form.answer, form.confidence)
    visible = without_reasoning(without_scale(own, form.scale), form.reasoning)
    kind = kind.asked_in(form)
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
        if status == "not_a_candidate" and not elements(visible.text, "answer"):
            others = {each for each in other_answers(visible.text) if kind.is_bare_answer(each, candidates)}
            if len(others) == 1:  # "Emotion: fear", and a sentiment beside it
                found, status = kind.read(others.pop(), candidates)
        could_be_cut_off = cut_off and not answer.complete
    else:
        found, status = kind.read_bare(text, candidates)
        left_open = is_left_open(visible.text, "answer")
        could_be_cut_off = cut_off or left_open or (visible.reasoning_cut_off and finish_reason != "stop")
        is_prose = status == "no_answer" and not (cut_off or left_open or visible.reasoning_cut_off)
        if is_prose and form.sentences:
            found = kind.read_sentence(json_objects(text).masked, candidates)
            status = status if found is None else "sentence"
    if found is not None and stated is None and not (cut_off or elements(visible.text, "answer")):
        stated = confidence_in_prose(visible.text)
    if could_be_cut_off and (found is None or kind.may_go_on(text, candidates)):
        found, status = None, "truncated"
    # Of a number that is cut off nobody knows how it would have gone on.
    stated = stated if stated is not None and (stated.complete or not cut_off) else None
    parts = {part: each for part, each in stated_parts(visible.text).items() if each.complete or not cut_off}
    is_nested = bool(parts) and (stated is None or is_of_parts(stated.text))
    sure = read_plain(stated and stated.text, form.scale)
    if parts:
        in_parts = read_parts({part: each.text for part, each in parts.items()}, form.scale)
        sure = (
            in_parts if is_nested else sure._replace(doubt=sure.doubt or in_parts.doubt, parts=in_parts.parts)
        )
    reading = Reading(found, status, sure.value, sure.status, sure.doubt, sure.parts)
    if not form.places:
        return reading
    numbers = {f"{part} confidence": each for part, each in parts.items()}
    numbers |= {"confidence": stated} if stated and not is_nested else {}
    read_of = answer or Stated(text, complete=True), numbers
    return replace(reading, places=_places(reading, response, visible.text, read_of, kind, candidates, form))


def _places(
    reading: Reading,
    response: str,
    text: str,
    read_of: tuple[Stated, Mapping[str, Stated]],
    kind: AnswerKind,
    candidates: Sequence[str],
    form: Form,
) -> tuple[tuple[int, int, str], ...]:
    """Where in the response its reasoning stands, and what the answer and the confidence were read of."""
    answer, numbers = read_of
    place = answer.place
    if place is not None:
        place = value_in(text, place, "answer", answer.text)
    elif reading.answer is not None:  # stated in no form: which part of the text says it?
        is_sentence = reading.answer_status == "sentence"

        def read_again(part: str) -> Any:
            return (
                kind.read_sentence(part, candidates) if is_sentence else kind.read_bare(part, candidates)[0]
            )

        part = part_alone(answer.text, read_again, reading.answer)
        place = part and place_in(text, answer.text, part)
    sure = [
        only_in(text, (0, len(text)), each.text)
        if each.place is None
        else value_in(text, each.place, key, each.text)
        for key, each in numbers.items()
    ]
    found = [
        (place_in(response, text, each), what)
        for each, what in ((place, "answer"), *((each, "confidence") for each in sure))
        if each is not None
    ]
    found.append((reasoning_in(response, text, form.reasoning), "reasoning"))
    return tuple(sorted((*each, what) for each, what in found if each))
