"""Answers and confidences that have a line, or a heading, of their own."""

from __future__ import annotations

import re
from typing import NamedTuple

from vecbench.labels import normal_form
from vecbench.parsing.json_objects import json_objects

NEAR = 1000
"""Characters in which a line has its continuation."""

CONFIDENCE_NAME = r"[cC](?i:onfidence(?:[ \t]+(?:level|score))?)"
CONFIDENCE_COLON = (
    # The scale that was asked for; of another one, nothing can be read.
    r"(?:[^\w\n:\uff1a=(]|_)*(?:\(\s*0(?:\.0)?\s*(?:-|\u2013|\u2014|to)\s*1(?:\.0)?\s*\)(?:[^\w\n:\uff1a=(]|_)*)?"
    r"[:\uff1a=]"
)
_MARKUP = " *_#"
_HEADING_END = r"[*_# \t\r]*"
_BEGINNING = r"(?:[^\w\n]|_)*(?:[0-9]{1,2}[.)](?:[^\w\n]|_)*)?"


class Field(NamedTuple):
    """A kind of line.

    Attributes:
        named: Its name, a colon and what it states, or its name as a heading; at most once a line.
        before: What may stand before the name on its line.
    """

    named: re.Pattern[str]
    before: re.Pattern[str]


ANSWER = Field(
    re.compile(
        rf"[aA](?i:nswer(?:[ \t]+is)?)(?:(?:[^\w\n:\uff1a]|_)*[:\uff1a](.*)|{_HEADING_END})$", re.MULTILINE
    ),
    re.compile(rf"{_BEGINNING}(?:(?:the|my)[ \t]+)?(?:final[ \t]+)?", re.IGNORECASE),
)
CONFIDENCE = Field(
    re.compile(rf"{CONFIDENCE_NAME}(?:{CONFIDENCE_COLON}(.*)|{_HEADING_END})$", re.MULTILINE),
    re.compile(rf"{_BEGINNING}(?:my[ \t]+)?", re.IGNORECASE),
)


class Line(NamedTuple):
    """What a line states.

    Attributes:
        text: Behind the colon; of the next line that is not empty, if there is nothing or no colon.
        start: Where the line begins.
        end: Where the text ends.
    """

    text: str
    start: int
    end: int


def last_line(text: str, field: Field) -> Line | None:
    """The last line that is a field, ANSWER or CONFIDENCE, outside JSON objects; None if there is none."""
    # A line inside a JSON object is a part of that object.
    masked = json_objects(text).masked
    found = _last_match(masked, field)
    if found is None:
        return None
    start = masked.rfind("\n", 0, found.start()) + 1
    stated = text[found.start(1) : found.end(1)] if found[1] is not None else ""
    if normal_form(stated):
        return Line(stated, start, found.end())
    place = found.end()
    for below in text[place : place + NEAR].split("\n"):
        if normal_form(below):
            if _is_field(below):
                break
            return Line(below, start, place + len(below))
        place += len(below) + 1
    return Line(stated, start, found.end())


def _last_match(text: str, field: Field) -> re.Match[str] | None:
    for found in reversed(list(field.named.finditer(text))):
        before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if not before.strip(_MARKUP) or field.before.fullmatch(before):
            return found
    return None


def _is_field(line: str) -> bool:
    found = _last_match(line, ANSWER) or _last_match(line, CONFIDENCE)
    # A label may be called confidence: without a colon, only a heading is one for sure.
    return found is not None and (found[1] is not None or line.lstrip().startswith("#"))
