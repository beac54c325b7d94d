"""Lines that state an answer or a confidence, by their name and a colon, or as a heading."""

from __future__ import annotations

import re
from typing import NamedTuple

from vecbench.labels import normal_form
from vecbench.parsing.json_objects import json_objects

NEAR = 1000
"""Characters in which a line has its continuation, and a box its end."""

NAME = r"[cC](?<!(?i:vision)[ _].)(?<!(?i:reasoning)[ _].)(?i:onfidence(?:[ \t]+(?:level|score))?)"
"""What a confidence is called; one of its parts, vision confidence and reasoning confidence, is not it."""

COLON = (
    # The scale that was asked for; of another one, nothing can be read.
    r"(?:[^\w\n:\uff1a=(]|_)*(?:\(\s*0(?:\.0)?\s*(?:-|\u2013|\u2014|to)\s*1(?:\.0)?\s*\)(?:[^\w\n:\uff1a=(]|_)*)?"
    r"[:\uff1a=]"
)
"""What stands between a name and what it states."""

_AND_CONFIDENCE = r"(?:[ \t]+and[ \t]+confidence[ \t]*(?:\([^()\n]{0,40}\))?)?"
_MARKUP = " *_#"
_HEADING_END = r"[*_# \t\r]*"
_ITS_TEXT = rf"(?:(?:[^\w\n:\uff1a]|_)*[:\uff1a](.*)|{_HEADING_END})"
_BEGINNING = r"(?:[^\w\n]|_)*(?:[0-9]{1,2}[.)](?:[^\w\n]|_)*)?"


class Field(NamedTuple):
    """A kind of line: its name with a colon and what it states, or as a heading; and what may precede it."""

    named: re.Pattern[str]
    before: re.Pattern[str]


ANSWER = Field(
    re.compile(rf"[aA](?i:nswer(?:[ \t]+is)?{_AND_CONFIDENCE}){_ITS_TEXT}$", re.MULTILINE),
    re.compile(rf"{_BEGINNING}(?:(?:the|my)[ \t]+)?(?:final[ \t]+)?", re.IGNORECASE),
)
OTHER_ANSWER = Field(
    re.compile(rf"(?i:emotion|label|guess|prediction|sentiment|category){_ITS_TEXT}$", re.MULTILINE),
    ANSWER.before,
)
CONFIDENCE = Field(
    re.compile(rf"{NAME}(?:{COLON}(.*)|{_HEADING_END})$", re.MULTILINE),
    re.compile(rf"{_BEGINNING}(?:my[ \t]+)?", re.IGNORECASE),
)
OTHER_CONFIDENCE = Field(
    re.compile(rf"(?i:probability|certainty){COLON}(.*)$", re.MULTILINE), CONFIDENCE.before
)
VISION_CONFIDENCE, REASONING_CONFIDENCE = (
    Field(re.compile(rf"(?i:{part}[ _]confidence){COLON}(.*)$", re.MULTILINE), CONFIDENCE.before)
    for part in ("vision", "reasoning")
)


class Line(NamedTuple):
    """What a line states, or the next that is not empty; where the line begins and where the text ends."""

    text: str
    start: int
    end: int

    @property
    def place(self) -> tuple[int, int]:
        """Where the text stands."""
        return self.end - len(self.text), self.end


def last_line(text: str, field: Field) -> Line | None:
    """The last line that is a field, outside JSON objects: one inside is a part of its object."""
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
