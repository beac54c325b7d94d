"""Where in the visible text the answer and the confidence are stated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vecbench.labels import normal_form
from vecbench.parsing.json_objects import json_objects
from vecbench.parsing.visible import elements, is_left_open

MOST_BOXES = 64
"""`\\boxed{}` that are tried, from the end: enough for any answer, and a bound for hostile texts."""

NEAR = 1000
"""Characters in which a `\\boxed{}` is closed, or a line has its continuation."""

_ANSWER_LINE = re.compile(
    r"^(?:[^\w\n]|_)*(?:final[ \t]+)?answer(?:[^\w\n:\uff1a]|_)*[:\uff1a](.*)$", re.IGNORECASE | re.MULTILINE
)
_CONFIDENCE_LINE = re.compile(
    r"^(?:[^\w\n]|_)*confidence(?:[^\w\n:\uff1a]|_)*[:\uff1a](.*)$", re.IGNORECASE | re.MULTILINE
)
_IS_STATED = re.compile(
    r"(?:\W|_)*(?:final[ \t]+)?(?:answer|confidence)(?:[^\w:\uff1a]|_)*[:\uff1a]", re.IGNORECASE
)
_CONFIDENCE_TAG = re.compile(r"</?\s*confidence\s*>", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\s*\{")
_COMMAND = re.compile(r"\\[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """An explicit answer.

    Attributes:
        text: As it stands.
        complete: Whether its end is marked, so that a token limit cannot have cut it off.
    """

    text: str
    complete: bool


def stated_answer(text: str) -> Answer | None:
    r"""The answer that a text states explicitly; None if it states none.

    In this order: the last complete `<answer>` element, the key of the last outermost JSON object that
    has it, `\boxed{}`, a line `Answer: …` (or the line below, if nothing follows the colon). An `<answer>`
    that is opened and never closed counts as no answer, and keeps the other forms from being looked for:
    the text behind it is whatever the model was about to say.
    """
    found = elements(text, "answer")
    if found:
        begin, end = found[-1]
        return Answer(without_confidence(text[begin:end]), complete=True)
    if is_left_open(text, "answer"):
        return None
    value = _json_answer(text)
    if value is not None:
        return Answer(value, complete=True)
    boxed = _boxed(text)
    if boxed is not None:
        return Answer(boxed, complete=True)
    line = _last_line(text, _ANSWER_LINE)
    return None if line is None else Answer(line, complete=False)


def stated_confidence(text: str) -> str | None:
    """The confidence that a text states; None if it states none.

    In this order: the last complete `<confidence>` element, the key of a JSON object, a line
    `Confidence: …`. An object with another answer than the one that is taken states that one's confidence.
    """
    found = elements(text, "confidence")
    if found:
        begin, end = found[-1]
        return text[begin:end]
    value = _json_confidence(text)
    return _last_line(text, _CONFIDENCE_LINE) if value is None else value


def without_confidence(answer: str) -> str:
    """An answer's text without confidences that stand in it, and without their tags."""
    kept, place = [], 0
    for begin, end in elements(answer, "confidence"):
        kept.append(answer[place:begin])
        place = end
    return _CONFIDENCE_TAG.sub(" ", "".join(kept) + answer[place:])


def _json_answer(text: str) -> str | None:
    answers = [each["answer"] for each in json_objects(text).objects if "answer" in each]
    return answers[-1] if answers else None


def _json_confidence(text: str) -> str | None:
    """The confidence of the object that holds the answer; else of one that holds none."""
    if '"confidence"' not in text.lower():
        return None
    tagged = elements(text, "answer")
    if tagged:
        begin, end = tagged[-1]
        within = [each for each in json_objects(text[begin:end]).objects if "confidence" in each]
        if within:
            return within[-1]["confidence"]
    answer = stated_answer(text)
    taken = None if answer is None else normal_form(answer.text)
    own, nobodys = None, None
    for each in json_objects(text).objects:
        if "confidence" not in each:
            continue
        if "answer" not in each:
            nobodys = each["confidence"]
        elif normal_form(each["answer"]) == taken:
            own = each["confidence"]
    return nobodys if own is None else own


def _last_line(text: str, line: re.Pattern[str]) -> str | None:
    """What follows the colon of the last such line; what follows on the next line if that is nothing."""
    # A line inside a JSON object is a part of that object.
    lines = list(line.finditer(json_objects(text).masked))
    if not lines:
        return None
    found = lines[-1]
    stated = text[found.start(1) : found.end(1)]
    if normal_form(stated):
        return stated
    for below in text[found.end() : found.end() + NEAR].split("\n"):
        if normal_form(below):
            return stated if _IS_STATED.match(below) else below
    return stated


def _boxed(text: str) -> str | None:
    for opening in list(_BOXED.finditer(text))[-MOST_BOXES:][::-1]:
        depth = 1
        for place in range(opening.end(), min(len(text), opening.end() + NEAR)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                return _COMMAND.sub(" ", text[opening.end() : place])
    return None
