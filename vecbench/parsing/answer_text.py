"""Where in the visible text the answer and the confidence are stated."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from vecbench.parsing.visible import elements, is_left_open

MOST_OBJECTS = 64
"""JSON objects that are tried, from the end: enough for any answer, and a bound for hostile texts."""

_ANSWER_LINE = re.compile(
    r"^(?:[^\w\n]|_)*(?:final[ \t]+)?answer(?:[^\w\n:\uff1a]|_)*[:\uff1a](.*)$", re.IGNORECASE | re.MULTILINE
)
_CONFIDENCE_LINE = re.compile(
    r"^(?:[^\w\n]|_)*confidence(?:[^\w\n:\uff1a]|_)*[:\uff1a](.*)$", re.IGNORECASE | re.MULTILINE
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

    In this order: the last complete `<answer>` element, the key of a JSON object, `\boxed{}`, a line
    `Answer: …`. An `<answer>` that is opened and never closed counts as no answer, and keeps the
    other forms from being looked for: the text behind it is whatever the model was about to say.
    """
    found = elements(text, "answer")
    if found:
        begin, end = found[-1]
        return Answer(without_confidence(text[begin:end]), complete=True)
    if is_left_open(text, "answer"):
        return None
    value = _json_value(text, "answer")
    if value is not None:
        return Answer(value, complete=True)
    boxed = _boxed(text)
    if boxed is not None:
        return Answer(boxed, complete=True)
    lines = _ANSWER_LINE.findall(text)
    return Answer(lines[-1], complete=False) if lines else None


def stated_confidence(text: str) -> str | None:
    """The confidence that a text states: the last complete element, a JSON key, or a line; None if none."""
    found = elements(text, "confidence")
    if found:
        begin, end = found[-1]
        return text[begin:end]
    value = _json_value(text, "confidence")
    if value is not None:
        return value
    lines: list[str] = _CONFIDENCE_LINE.findall(text)
    return lines[-1] if lines else None


def without_confidence(answer: str) -> str:
    """An answer's text without confidences that stand in it, and without their tags."""
    kept, place = [], 0
    for begin, end in elements(answer, "confidence"):
        kept.append(answer[place:begin])
        place = end
    return _CONFIDENCE_TAG.sub(" ", "".join(kept) + answer[place:])


def _json_value(text: str, key: str) -> str | None:
    if f'"{key}"' not in text.lower():
        return None
    decoder = json.JSONDecoder()
    begin = len(text)
    for _ in range(MOST_OBJECTS):
        begin = text.rfind("{", 0, begin)
        if begin < 0:
            return None
        try:
            found: Any = decoder.raw_decode(text, begin)[0]
        except (ValueError, RecursionError):
            continue
        for name, value in found.items():
            if name.lower() == key:
                return "" if value is None else str(value)
    return None


def _boxed(text: str) -> str | None:
    for opening in list(_BOXED.finditer(text))[-MOST_OBJECTS:][::-1]:
        depth = 1
        for place in range(opening.end(), min(len(text), opening.end() + 1000)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                return _COMMAND.sub(" ", text[opening.end() : place])
    return None
