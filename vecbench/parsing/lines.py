"""Answers and confidences that have a line, or a heading, of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vecbench.labels import normal_form
from vecbench.parsing.json_objects import json_objects

NEAR = 1000
"""Characters in which a line has its continuation."""

NAME_OF_CONFIDENCE = r"(?:my[ \t]+)?confidence(?:[ \t]+(?:level|score))?"
SCALE = r"(?:\(\s*0(?:\.0)?\s*(?:-|\u2013|\u2014|to)\s*1(?:\.0)?\s*\)(?:[^\w\n:\uff1a=(]|_)*)?"
"""The scale that was asked for; behind another one, a number is none that can be read."""

_NAME_OF_ANSWER = r"(?:(?:the|my)[ \t]+)?(?:final[ \t]+)?answer(?:[ \t]+is)?"
_BEGINNING = r"^(?:[^\w\n]|_)*(?:[0-9]{1,2}[.)](?:[^\w\n]|_)*)?"
_HEADING_END = r"[*_# \t\r]*"
_ANSWER = rf"{_BEGINNING}{_NAME_OF_ANSWER}(?:(?:[^\w\n:\uff1a]|_)*[:\uff1a](.*)|{_HEADING_END})$"
_CONFIDENCE = (
    rf"{_BEGINNING}{NAME_OF_CONFIDENCE}(?:(?:[^\w\n:\uff1a=(]|_)*{SCALE}[:\uff1a=](.*)|{_HEADING_END})$"
)
ANSWER_LINE = re.compile(_ANSWER, re.IGNORECASE | re.MULTILINE)
CONFIDENCE_LINE = re.compile(_CONFIDENCE, re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Line:
    """What a line states.

    Attributes:
        text: Behind the colon; of the next line that is not empty, if there is nothing or no colon.
        start: Where the line begins.
        end: Where the text ends.
    """

    text: str
    start: int
    end: int


def last_line(text: str, line: re.Pattern[str]) -> Line | None:
    """The last ANSWER_LINE or CONFIDENCE_LINE outside JSON objects; None if there is none."""
    found = None
    # A line inside a JSON object is a part of that object.
    for each in line.finditer(json_objects(text).masked):
        found = each
    if found is None:
        return None
    stated = text[found.start(1) : found.end(1)] if found[1] is not None else ""
    if normal_form(stated):
        return Line(stated, found.start(), found.end())
    place = found.end()
    for below in text[place : place + NEAR].split("\n"):
        if normal_form(below):
            if _is_field(below):
                break
            return Line(below, found.start(), place + len(below))
        place += len(below) + 1
    return Line(stated, found.start(), found.end())


def _is_field(line: str) -> bool:
    found = ANSWER_LINE.match(line) or CONFIDENCE_LINE.match(line)
    # A label may be called confidence: without a colon, only a heading is one for sure.
    return found is not None and (found[1] is not None or line.lstrip().startswith("#"))
