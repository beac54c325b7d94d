"""What the visible text states, answer and confidence: in tags, JSON, boxes, lines, one beside the other."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from vecbench.labels import normal_form
from vecbench.parsing.json_objects import OTHER, json_objects
from vecbench.parsing.visible import elements, is_left_open

NEAR = 1000
"""Characters in which a line has its continuation, and a box its end."""

SHORT = 100
"""Characters of a label with its probability."""

MOST_BOXES = 64
"""`\\boxed{}` that are tried, from the end: enough for any answer, and a bound for hostile texts."""

_CONFIDENCE_TAG = re.compile(r"<(?:\s*/)?\s*confidence\b[^<>]*>", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\s*\{")
_ONLY_BOX = re.compile(r"[\s$*_]*\\boxed\s*\{([^{}]*)\}[\s$.*_]*")
_COMMAND = re.compile(r"\\[A-Za-z]+|\\(?=%)")
_FRACTION_COMMAND = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_BOX_BEGIN, _BOX_END = "<|begin_of_box|>", "<|end_of_box|>"  # what GLM writes instead

_NAME = r"[cC](?i:onfidence(?:[ \t]+(?:level|score))?)"
_COLON = (
    # The scale that was asked for; of another one, nothing can be read.
    r"(?:[^\w\n:\uff1a=(]|_)*(?:\(\s*0(?:\.0)?\s*(?:-|\u2013|\u2014|to)\s*1(?:\.0)?\s*\)(?:[^\w\n:\uff1a=(]|_)*)?"
    r"[:\uff1a=]"
)
_AND_CONFIDENCE = r"(?:[ \t]+and[ \t]+confidence[ \t]*(?:\([^()\n]{0,40}\))?)?"
_MARKUP = " *_#"
_HEADING_END = r"[*_# \t\r]*"
_ITS_TEXT = rf"(?:(?:[^\w\n:\uff1a]|_)*[:\uff1a](.*)|{_HEADING_END})"
_BEGINNING = r"(?:[^\w\n]|_)*(?:[0-9]{1,2}[.)](?:[^\w\n]|_)*)?"

# Possessive: a run of blanks is gone through once.
_IN_BRACKETS = re.compile(
    r"[(\[][ \t]*+(?:with[ \t]++)?"
    rf"(?:(?:my[ \t]++)?{_NAME}[ \t]*+(?:[:\uff1a=]|\b(?:is|of)\b)?[ \t]*+([^()\[\]{{}}\n]{{1,40}})"
    r"|([^()\[\]{}\n]{1,40}?)[ \t]*+\bconfiden(?:t|ce)[ \t]*+)[)\]]",
    re.IGNORECASE,
)
_BEHIND = re.compile(rf"(?:[^\w\n]|_)(?:with[ \t]++)?(?:my[ \t]++)?{_NAME}{_COLON}(.*)", re.IGNORECASE)
# A whole number may count options, people or stars, and so may a fraction.
_PROBABILITY = r"(?:[01]?[.,][0-9]+|[0-9]+(?:[.,][0-9]+)?\s*[%\uff05])"
_UNNAMED = re.compile(
    rf"(.*?)(?:[\s,:\uff1a(\[\u2013\u2014]|\s-\s)\s*[(\[]?({_PROBABILITY})[)\]]?[\s.*]*", re.DOTALL
)


_NUMBER = r"([0-9]+(?:[.,][0-9]+)?(?:[ \t]?[%\uff05])?(?![0-9/]|[ \t]*(?:/|out\b|to\b|[-\u2013]))|[.,][0-9]+)"
_NAMED_IN_PROSE = rf"(?:{_NAME}|[pP](?i:robability)|[cC](?i:ertainty))"
_IN_PROSE = re.compile(
    rf"\b{_NAMED_IN_PROSE}\b[ \t]*+(?:[:\uff1a=]|\b(?:is|of|at|was)\b)?[ \t*_]*+{_NUMBER}"
    # Not the end of a range, nor of a longer number.
    rf"|(?<![\w.,\u2013-])(?<![\u2013-] )(?<!\bto ){_NUMBER}[ \t*_]*+\b(?:confiden(?:t|ce)|certain|sure)\b",
    re.IGNORECASE,
)
_BOXED_NUMBER = re.compile(
    rf"[\s{{}}$]*(?:{_NAME}[\s:=]*)?[\s{{}}]*[0-9.,]+\s*(?:[%\uff05]|/\s*[0-9.,]+)?[\s{{}}$]*"
)
_NAMES_BOX = re.compile(rf"\b{_NAME}\b[^\n{{}}\\]*\Z")


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
        return _answer(content if value is None else value, complete=True)
    if is_left_open(text, "answer"):
        return None
    value = _json_value(text)
    if value is None:
        value = _boxed(text)
    if value is not None:
        return _answer(value, complete=True)
    line = _last_line(text, _ANSWER)
    if line is None:
        value = _json_value(text, "other answer")
        if value is not None:
            return _answer(value, complete=True)
        line = _last_line(text, _OTHER_ANSWER)
    return None if line is None else _answer(line.text, complete=False, at_end=line.end == len(text))


def other_answers(text: str) -> list[str]:
    """What all keys of the last object, and all lines, with another name for an answer state."""
    objects = json_objects(text)
    named = [value for each in objects.objects[-1:] for key, value in each.items() if key.startswith(OTHER)]
    lines = (found[1] for found in _OTHER_ANSWER.named.finditer(objects.masked))
    return [*named, *(line for line in lines if line is not None)][-MOST_BOXES:]


def confidence_in_prose(text: str) -> Stated | None:
    """The confidence that words name, as in "I am 80% confident"; None if they name several numbers."""
    if not any(word in text.lower() for word in ("confiden", "probab", "certain", "sure")):
        return None
    found = {each[1] or each[2] for each in _IN_PROSE.finditer(text)}
    return Stated(found.pop(), complete=True) if len(found) == 1 else None


def stated_confidence(text: str) -> Stated | None:
    """The confidence that a text states; None if it states none.

    In this order: the last complete `<confidence>` element, the key of a JSON object, a line
    `Confidence: …`, the one that is named in the answer's own text. An object with another answer than the
    one that is taken states that one's confidence.
    """
    found = elements(text, "confidence")
    if found:
        begin, end = found[-1]
        return Stated(_unboxed(text[begin:end]), complete=True)
    boxed = _boxed_confidence(text)
    if boxed is not None:
        return Stated(boxed, complete=True)
    if not any(word in text.lower() for word in ("confiden", "probab", "certain", "score", "likelihood")):
        return None
    value = _json_confidence(text)
    if value is None:
        value = _json_value(text, "other confidence")
    if value is not None:
        return Stated(value, complete=True)
    line = _last_line(text, _CONFIDENCE) or _last_line(text, _OTHER_CONFIDENCE)
    if line is not None:
        return Stated(_unboxed(line.text), complete=line.end < len(text))
    answer = stated_answer(text)
    return None if answer is None else answer.confidence


def beside_confidence(text: str) -> str:
    """What a text says besides its confidence, if it states no answer."""
    text = without_confidence(text)
    line = _last_line(text, _CONFIDENCE) if "confiden" in text.lower() else None
    return text if line is None else text[: line.start] + text[line.end :]


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
    kept, place = [], 0
    for begin, end in elements(answer, "confidence"):
        kept.append(answer[place:begin])
        place = end
    return _CONFIDENCE_TAG.sub(" ", "".join(kept) + answer[place:])


def _answer(text: str, *, complete: bool, at_end: bool = True) -> Stated:
    named = _named_confidence(text)
    if named is None:
        return Stated(text, complete)
    answer, confidence, end = named
    is_complete = complete or not at_end or end < len(text) or text[end - 1] in ")]"
    return Stated(answer, complete, Stated(confidence, is_complete))


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


def _json_value(text: str, key: str = "answer") -> str | None:
    values = [each[key] for each in json_objects(text).objects if key in each]
    return values[-1] if values else None


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


class _Box(NamedTuple):
    """What stands in a box, and whether it is called a confidence, or is a probability behind another box."""

    text: str
    is_confidence: bool


def _boxed(text: str) -> str | None:
    return next((box.text for box in _boxes(text) if not box.is_confidence), None)


def _boxed_confidence(text: str) -> str | None:
    return next((box.text for box in _boxes(text) if box.is_confidence), None)


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
                found.append(_Box(content, named is not None or beside))
                break
    end = text.rfind(_BOX_END)
    begin = text.rfind(_BOX_BEGIN, max(0, end - NEAR), end) if end >= 0 else -1
    if begin >= 0:
        found.insert(0, _Box(text[begin + len(_BOX_BEGIN) : end], False))
    return tuple(reversed(found))


def _unboxed(text: str) -> str:
    """What stands in the only box of a short text that is nothing else."""
    whole = _ONLY_BOX.fullmatch(text) if len(text) <= SHORT else None
    return text if whole is None else whole[1]


class _Field(NamedTuple):
    """A kind of line: its name with a colon and what it states, or as a heading; and what may precede it."""

    named: re.Pattern[str]
    before: re.Pattern[str]


_ANSWER = _Field(
    re.compile(rf"[aA](?i:nswer(?:[ \t]+is)?{_AND_CONFIDENCE}){_ITS_TEXT}$", re.MULTILINE),
    re.compile(rf"{_BEGINNING}(?:(?:the|my)[ \t]+)?(?:final[ \t]+)?", re.IGNORECASE),
)
_OTHER_ANSWER = _Field(
    re.compile(rf"(?i:emotion|label|guess|prediction|sentiment|category){_ITS_TEXT}$", re.MULTILINE),
    _ANSWER.before,
)
_CONFIDENCE = _Field(
    re.compile(rf"{_NAME}(?:{_COLON}(.*)|{_HEADING_END})$", re.MULTILINE),
    re.compile(rf"{_BEGINNING}(?:my[ \t]+)?", re.IGNORECASE),
)


_OTHER_CONFIDENCE = _Field(
    re.compile(rf"(?i:probability|certainty){_COLON}(.*)$", re.MULTILINE), _CONFIDENCE.before
)


class _Line(NamedTuple):
    """What a line states, or the next that is not empty; where the line begins and where the text ends."""

    text: str
    start: int
    end: int


def _last_line(text: str, field: _Field) -> _Line | None:
    """The last line that is a field, outside JSON objects: one inside is a part of its object."""
    masked = json_objects(text).masked
    found = _last_match(masked, field)
    if found is None:
        return None
    start = masked.rfind("\n", 0, found.start()) + 1
    stated = text[found.start(1) : found.end(1)] if found[1] is not None else ""
    if normal_form(stated):
        return _Line(stated, start, found.end())
    place = found.end()
    for below in text[place : place + NEAR].split("\n"):
        if normal_form(below):
            if _is_field(below):
                break
            return _Line(below, start, place + len(below))
        place += len(below) + 1
    return _Line(stated, start, found.end())


def _last_match(text: str, field: _Field) -> re.Match[str] | None:
    for found in reversed(list(field.named.finditer(text))):
        before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if not before.strip(_MARKUP) or field.before.fullmatch(before):
            return found
    return None


def _is_field(line: str) -> bool:
    found = _last_match(line, _ANSWER) or _last_match(line, _CONFIDENCE)
    # A label may be called confidence: without a colon, only a heading is one for sure.
    return found is not None and (found[1] is not None or line.lstrip().startswith("#"))
