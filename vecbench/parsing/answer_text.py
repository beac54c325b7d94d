"""Where in the visible text the answer and the confidence are stated."""

from __future__ import annotations

import re
from typing import NamedTuple

from vecbench.labels import normal_form
from vecbench.parsing.annotation import named_confidence
from vecbench.parsing.json_objects import json_objects
from vecbench.parsing.lines import ANSWER, CONFIDENCE, NEAR, last_line
from vecbench.parsing.visible import elements, is_left_open

MOST_BOXES = 64
"""`\\boxed{}` that are tried, from the end: enough for any answer, and a bound for hostile texts."""

_CONFIDENCE_TAG = re.compile(r"<(?:\s*/)?\s*confidence\b[^<>]*>", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\s*\{")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_BOX_BEGIN, _BOX_END = "<|begin_of_box|>", "<|end_of_box|>"  # what GLM writes instead


class Stated(NamedTuple):
    """What a text states explicitly.

    Attributes:
        text: As it stands, of an answer without its confidence.
        complete: Whether its end is marked, so that a token limit cannot have cut it off.
        confidence: That stands in the answer's own text and is named there; None if there is none.
    """

    text: str
    complete: bool
    confidence: Stated | None = None


def stated_answer(text: str) -> Stated | None:
    r"""The answer that a text states explicitly; None if it states none.

    In this order: the last complete `<answer>` element, the key of the last outermost JSON object that
    has it, `\boxed{}`, a line `Answer: …` (or the line below, if nothing follows the colon). An `<answer>`
    that is opened and never closed counts as no answer, and keeps the other forms from being looked for:
    the text behind it is whatever the model was about to say.
    """
    found = elements(text, "answer")
    if found:
        begin, end = found[-1]
        content = without_confidence(text[begin:end])
        value = _json_answer(content)
        return _answer(content if value is None else value, complete=True)
    if is_left_open(text, "answer"):
        return None
    value = _json_answer(text)
    if value is None:
        value = _boxed(text)
    if value is not None:
        return _answer(value, complete=True)
    line = last_line(text, ANSWER)
    return None if line is None else _answer(line.text, complete=False, at_end=line.end == len(text))


def stated_confidence(text: str) -> Stated | None:
    """The confidence that a text states; None if it states none.

    In this order: the last complete `<confidence>` element, the key of a JSON object, a line
    `Confidence: …`, the one that is named in the answer's own text. An object with another answer than the
    one that is taken states that one's confidence.
    """
    found = elements(text, "confidence")
    if found:
        begin, end = found[-1]
        return Stated(text[begin:end], complete=True)
    if "confiden" not in text.lower():
        return None
    value = _json_confidence(text)
    if value is not None:
        return Stated(value, complete=True)
    line = last_line(text, CONFIDENCE)
    if line is not None:
        return Stated(line.text, complete=line.end < len(text))
    answer = stated_answer(text)
    return None if answer is None else answer.confidence


def beside_confidence(text: str) -> str:
    """What a text says besides its confidence, if it states no answer."""
    text = without_confidence(text)
    line = last_line(text, CONFIDENCE) if "confiden" in text.lower() else None
    return text if line is None else text[: line.start] + text[line.end :]


def without_confidence(answer: str) -> str:
    """An answer's text without confidences that stand in it, and without their tags."""
    if "<" not in answer:
        return answer
    kept, place = [], 0
    for begin, end in elements(answer, "confidence"):
        kept.append(answer[place:begin])
        place = end
    return _CONFIDENCE_TAG.sub(" ", "".join(kept) + answer[place:])


def _answer(text: str, *, complete: bool, at_end: bool = True) -> Stated:
    named = named_confidence(text)
    if named is None:
        return Stated(text, complete)
    answer, confidence, end = named
    is_complete = complete or not at_end or end < len(text) or text[end - 1] in ")]"
    return Stated(answer, complete, Stated(confidence, is_complete))


def _json_answer(text: str) -> str | None:
    answers = [each["answer"] for each in json_objects(text).objects if "answer" in each]
    return answers[-1] if answers else None


def _json_confidence(text: str) -> str | None:
    """The confidence of the object that holds the answer; else of one that holds none."""
    if "{" not in text:
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


def _boxed(text: str) -> str | None:
    if "box" not in text:
        return None
    for opening in list(_BOXED.finditer(text))[-MOST_BOXES:][::-1]:
        depth = 1
        for place in range(opening.end(), min(len(text), opening.end() + NEAR)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                return _COMMAND.sub(" ", text[opening.end() : place])
    end = text.rfind(_BOX_END)
    begin = text.rfind(_BOX_BEGIN, max(0, end - NEAR), end) if end >= 0 else -1
    return text[begin + len(_BOX_BEGIN) : end] if begin >= 0 else None
