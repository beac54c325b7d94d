"""What the visible text states, answer and confidence: in tags, JSON, boxes, lines, one beside the other."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from vecbench.labels import normal_form
from vecbench.parsing.json_objects import OTHER, json_objects
from vecbench.parsing.lines import (
    ANSWER,
    COLON,
    CONFIDENCE,
    NAME,
    NEAR,
    OTHER_ANSWER,
    OTHER_CONFIDENCE,
    REASONING_CONFIDENCE,
    VISION_CONFIDENCE,
    last_line,
)
from vecbench.parsing.visible import elements, is_left_open, without_elements

SHORT = 100
"""Characters of a label with its probability."""

MOST_BOXES = 64
"""`\\boxed{}` that are tried, from the end: enough for any answer, and a bound for hostile texts."""

_CONFIDENCE_TAG = re.compile(r"<(?:\s*/)?\s*(?:vision_|reasoning_)?confidence\b[^<>]*>", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\s*\{")
_ONLY_BOX = re.compile(r"[\s$*_]*\\boxed\s*\{([^{}]*)\}[\s$.*_]*")
_COMMAND = re.compile(r"\\[A-Za-z]+|\\(?=%)")
_FRACTION_COMMAND = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_BOX_BEGIN, _BOX_END = "<|begin_of_box|>", "<|end_of_box|>"  # what GLM writes instead

# Possessive: a run of blanks is gone through once.
_IN_BRACKETS = re.compile(
    r"[(\[][ \t]*+(?:with[ \t]++)?"
    rf"(?:(?:my[ \t]++)?{NAME}[ \t]*+(?:[:\uff1a=]|\b(?:is|of)\b)?[ \t]*+([^()\[\]{{}}\n]{{1,40}})"
    r"|([^()\[\]{}\n]{1,40}?)[ \t]*+\bconfiden(?:t|ce)[ \t]*+)[)\]]",
    re.IGNORECASE,
)
_BEHIND = re.compile(rf"(?:[^\w\n]|_)(?:with[ \t]++)?(?:my[ \t]++)?{NAME}{COLON}(.*)", re.IGNORECASE)
# A whole number may count options, people or stars, and so may a fraction.
_PROBABILITY = r"(?:[01]?[.,][0-9]+|[0-9]+(?:[.,][0-9]+)?\s*[%\uff05])"
_UNNAMED = re.compile(
    rf"(.*?)(?:[\s,:\uff1a(\[\u2013\u2014]|\s-\s)\s*[(\[]?({_PROBABILITY})[)\]]?[\s.*]*", re.DOTALL
)


_NUMBER = r"([0-9]+(?:[.,][0-9]+)?(?:[ \t]?[%\uff05])?(?![0-9/]|[ \t]*(?:/|out\b|to\b|[-\u2013]))|[.,][0-9]+)"
_NAMED_IN_PROSE = rf"(?:{NAME}|[pP](?i:robability)|[cC](?i:ertainty))"
_IN_PROSE = re.compile(
    rf"\b{_NAMED_IN_PROSE}\b[ \t]*+(?:[:\uff1a=]|\b(?:is|of|at|was)\b)?[ \t*_]*+{_NUMBER}"
    # Not the end of a range, nor of a longer number.
    rf"|(?<![\w.,\u2013-])(?<![\u2013-] )(?<!\bto ){_NUMBER}[ \t*_]*+\b(?:confiden(?:t|ce)|certain|sure)\b",
    re.IGNORECASE,
)
_BOXED_NUMBER = re.compile(
    rf"[\s{{}}$]*(?:{NAME}[\s:=]*)?[\s{{}}]*[0-9.,]+\s*(?:[%\uff05]|/\s*[0-9.,]+)?[\s{{}}$]*"
)
_SURE_LINES = (CONFIDENCE, VISION_CONFIDENCE, REASONING_CONFIDENCE)
_NAMES_BOX = re.compile(rf"\b{NAME}\b[^\n{{}}\\]*\Z")


class Stated(NamedTuple):
    """What a text states explicitly.

    Attributes:
        text: As it stands, of an answer without its confidence.
        complete: Whether its end is marked, so that a token limit cannot have cut it off.
        confidence: That stands in the answer's own text and is named there; None if there is none.
        place: Where it was read in the text, or the JSON object or list that has it; None if nothing tells.
    """

    text: str
    complete: bool
    confidence: Stated | None = None
    place: tuple[int, int] | None = None


def stated_answer(text: str) -> Stated | None:
    r"""The answer that a text states explicitly; None if it states none.

    In this order: the last complete `<answer>` element, the key of the last outermost JSON object that
    has it, `\boxed{}`, a line `Answer: …` (or the line below, if nothing follows the colon), then a key and a
    line of another name that tasks give it (`emotion`, `label`, `guess` …). An `<answer>`
    that is opened and never closed counts as no answer, and keeps the other forms from being looked for:
    the text behind it is whatever the model was about to say.
    """
    found = elements(text, "answer")
    if found:
        begin, end = found[-1]
        content = without_confidence(text[begin:end])
        value = _json_value(content)
        said = content if value is None else value.text
        return _answer(said, complete=True, place=(begin, end))
    if is_left_open(text, "answer"):
        return None
    value = _json_value(text) or _boxed(text)
    if value is not None:
        return _answer(value.text, complete=True, place=value.place)
    line = last_line(text, ANSWER)
    if line is None:
        value = _json_value(text, "other answer")
        if value is not None:
            return _answer(value.text, complete=True, place=value.place)
        line = last_line(text, OTHER_ANSWER)
    if line is None:
        return None
    return _answer(line.text, complete=False, at_end=line.end == len(text), place=line.place)


def other_answers(text: str) -> list[str]:
    """What all keys of the last object, and all lines, with another name for an answer state."""
    objects = json_objects(text)
    named = [value for each in objects.objects[-1:] for key, value in each.items() if key.startswith(OTHER)]
    lines = (found[1] for found in OTHER_ANSWER.named.finditer(objects.masked))
    return [*named, *(line for line in lines if line is not None)][-MOST_BOXES:]


def confidence_in_prose(text: str) -> Stated | None:
    """The confidence that words name, as in "I am 80% confident"; None if they name several numbers."""
    if not any(word in text.lower() for word in ("confiden", "probab", "certain", "sure")):
        return None
    found = {each[each.lastindex or 1]: each.span(each.lastindex or 1) for each in _IN_PROSE.finditer(text)}
    if len(found) != 1:
        return None
    [(said, place)] = found.items()
    return Stated(said, complete=True, place=place)


def stated_confidence(text: str) -> Stated | None:
    """The confidence that a text states; None if it states none.

    In this order: the last complete `<confidence>` element, the key of a JSON object, a line
    `Confidence: …`, the one that is named in the answer's own text. An object with another answer than the
    one that is taken states that one's confidence. Its parts are another matter: see `nested`.
    """
    found = elements(text, "confidence")
    if found:
        begin, end = found[-1]
        return Stated(_unboxed(text[begin:end]), complete=True, place=(begin, end))
    boxed = _boxed_confidence(text)
    if boxed is not None:
        return boxed
    if not any(word in text.lower() for word in ("confiden", "probab", "certain", "score", "likelihood")):
        return None
    value = json_confidence(text) or _json_value(text, "other confidence")
    if value is not None:
        return value
    line = last_line(text, CONFIDENCE) or last_line(text, OTHER_CONFIDENCE)
    if line is not None:
        return Stated(_unboxed(line.text), complete=line.end < len(text), place=line.place)
    answer = stated_answer(text)
    return None if answer is None else answer.confidence


def beside_confidence(text: str) -> str:
    """What a text says besides its confidence, if it states no answer."""
    text = without_confidence(text)
    for field in _SURE_LINES if "confiden" in text.lower() else ():
        line = last_line(text, field)
        text = text if line is None else text[: line.start] + text[line.end :]
    return text


def confidence_beside(text: str) -> tuple[str, str] | None:
    """What "fear (0.9)" or "fear (confidence: 0.9)" is, if the first part is a label: that, and "0.9".

    Without a name, the probability is a decimal or a percentage, and the only thing behind the first part.
    """
    if len(text) > SHORT:
        return None
    if named := _named_confidence(text):
        return named[:2]
    unnamed = _UNNAMED.fullmatch(text)
    return None if unnamed is None else (unnamed[1], unnamed[2])


def without_confidence(answer: str) -> str:
    """An answer's text without confidences that stand in it, and without their tags."""
    if "<" not in answer:
        return answer
    for name in ("confidence", "vision_confidence", "reasoning_confidence"):
        answer = without_elements(answer, name)
    return _CONFIDENCE_TAG.sub(" ", answer)


def _answer(
    text: str, *, complete: bool, at_end: bool = True, place: tuple[int, int] | None = None
) -> Stated:
    named = _named_confidence(text)
    if named is None:
        return Stated(text, complete, None, place)
    answer, confidence, end = named
    is_complete = complete or not at_end or end < len(text) or text[end - 1] in ")]"
    return Stated(answer, complete, Stated(confidence, is_complete), place)


def _named_confidence(text: str) -> tuple[str, str, int] | None:
    """A text without the confidence that it names, that confidence, and where in the text it ends.

    It is named in brackets ("fear (confidence: 0.9)", "fear (90% confident)") or behind something else on
    the line ("fear, confidence: 0.9"). The last one counts.
    """
    if "confiden" not in text.lower():
        return None
    found = None
    for each in _IN_BRACKETS.finditer(text):
        found = each
    found = found or _BEHIND.search(text)
    if found is None or not any(map(str.isalnum, text[: found.start()])):
        return None
    return f"{text[: found.start()]} {text[found.end() :]}", found[found.lastindex or 1], found.end()


def _json_value(text: str, key: str = "answer") -> Stated | None:
    found = json_objects(text)
    values = [
        Stated(each[key], complete=True, place=place)
        for each, place in zip(found.objects, found.places, strict=True)
        if key in each
    ]
    return values[-1] if values else None


def json_confidence(text: str, key: str = "confidence") -> Stated | None:
    """The confidence, or a part of it, of the object that holds the answer; else of one that holds none."""
    if "{" not in text:
        return None
    tagged = elements(text, "answer")
    if tagged:
        begin, end = tagged[-1]
        within = _json_value(text[begin:end], key)
        if within:
            return within._replace(place=(begin, end))
    answer = stated_answer(text)
    taken = None if answer is None else normal_form(answer.text)
    own, nobodys = None, None
    found = json_objects(text)
    for each, place in zip(found.objects, found.places, strict=True):
        if key not in each:
            continue
        if "answer" not in each:
            nobodys = Stated(each[key], complete=True, place=place)
        elif normal_form(each["answer"]) == taken:
            own = Stated(each[key], complete=True, place=place)
    return nobodys if own is None else own


class _Box(NamedTuple):
    """What stands in a box, and whether it is called a confidence, or is a probability behind another box."""

    text: str
    is_confidence: bool
    place: tuple[int, int]

    def stated(self) -> Stated:
        return Stated(self.text, complete=True, place=self.place)


def _boxed(text: str) -> Stated | None:
    return next((box.stated() for box in _boxes(text) if not box.is_confidence), None)


def _boxed_confidence(text: str) -> Stated | None:
    return next((box.stated() for box in _boxes(text) if box.is_confidence), None)


def _is_number(content: str) -> bool:
    """Whether a box holds nothing but a confidence."""
    return _BOXED_NUMBER.fullmatch(content) is not None


@lru_cache(maxsize=8)
def _boxes(text: str) -> tuple[_Box, ...]:
    """The boxes of a text, the last one first."""
    if "box" not in text:
        return ()
    found: list[_Box] = []
    for opening in list(_BOXED.finditer(text))[-MOST_BOXES:]:
        depth = 1
        for place in range(opening.end(), min(len(text), opening.end() + NEAR)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                named = _NAMES_BOX.search(text, max(0, opening.start() - SHORT), opening.start())
                content = _COMMAND.sub(" ", _FRACTION_COMMAND.sub(r"\1/\2", text[opening.end() : place]))
                beside = _is_number(content) and any(not _is_number(box.text) for box in found)
                found.append(_Box(content, named is not None or beside, (opening.end(), place)))
                break
    end = text.rfind(_BOX_END)
    begin = text.rfind(_BOX_BEGIN, max(0, end - NEAR), end) if end >= 0 else -1
    if begin >= 0:
        place = begin + len(_BOX_BEGIN)
        found.insert(0, _Box(text[place:end], False, (place, end)))
    return tuple(reversed(found))


def _unboxed(text: str) -> str:
    """What stands in the only box of a short text that is nothing else."""
    whole = _ONLY_BOX.fullmatch(text) if len(text) <= SHORT else None
    return text if whole is None else whole[1]
