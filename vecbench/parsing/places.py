"""Where in a response its answer, its confidence and its reasoning stand, for whoever shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from vecbench.parsing.json_objects import key_of
from vecbench.parsing.reasoning import Delimiters
from vecbench.parsing.visible import without_reasoning

Place = tuple[int, int]
"""Where something begins in a text, and where it ends."""

MARGINS = (60, 12, 2)
"""Characters around a part of a text by which it is found again, the most first."""

MOST_PARTS = 64
"""Lines, and sentences of one, that are read by themselves, from the end."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_MARGIN = " \t\r\n"


def place_in(response: str, text: str, place: Place) -> Place | None:
    """Where a part of what was read stands in the response; None where that cannot be told.

    What is read is the response without its reasoning, and with its fields renamed: so a part is looked for
    with as much of what stands around it as is still the same, from the end.
    """
    begin, end = place
    for margin in MARGINS:
        low, high = max(0, begin - margin), min(len(text), end + margin)
        at = response.rfind(text[low:high])
        if at >= 0:
            return _trimmed(response, at + begin - low, at + end - low)
    at = response.find(text[begin:end])
    is_only = at >= 0 and response.find(text[begin:end], at + 1) < 0
    return _trimmed(response, at, at + end - begin) if is_only else None


def reasoning_in(response: str, text: str, delimiters: Sequence[Delimiters]) -> Place | None:
    """Where the reasoning stands that is not read, its delimiters included; None if there is no one place.

    `text` is what was read, in which fields may be renamed.
    """
    if not response.endswith(text):
        text = without_reasoning(response, delimiters).text
    if response.startswith(text):  # whole, but for what ends a turn
        return None
    behind = len(text) if response.endswith(text) else _common(response[::-1], text[::-1])
    before = len(text) - behind
    if response[:before] == text[:before]:
        return _trimmed(response, before, len(response) - behind)
    kept = text.strip()
    at = response.rfind(kept) if kept else -1
    return _trimmed(response, 0, at) if at > 0 else None


def value_in(text: str, place: Place, what: str, value: str) -> Place:
    """Where in a place the value stands that was read of it, of a JSON object behind its key.

    All of the place where that is not clear.
    """
    said = text[slice(*place)]
    if value and said.lstrip().startswith(("{", "[")):
        keyed = re.finditer(rf"[\"']([^\"'\n]{{1,40}})[\"']\s*:\s*[\"']?({re.escape(value)})", said)
        for found in keyed:
            if key_of(found[1]) in (what, f"other {what}"):
                return place[0] + found.start(2), place[0] + found.end(2)
    return only_in(text, place, value.strip()) or place


def only_in(text: str, place: Place, part: str) -> Place | None:
    """Where a part stands within a place; None unless it stands there once."""
    at = text.find(part, *place) if part else -1
    return (at, at + len(part)) if at >= 0 and text.find(part, at + 1, place[1]) < 0 else None


def part_alone(text: str, read: Callable[[str], Any], found: Any) -> Place | None:
    """The last line, and of it the last sentence, that read by itself says what the whole text says."""
    for line in _parts(text, 0, len(text), re.compile("\n")):
        if read(text[slice(*line)]) == found:
            sentences = _parts(text, *line, _SENTENCE_END)
            return next((each for each in sentences if read(text[slice(*each)]) == found), line)
    return None


def _parts(text: str, begin: int, end: int, between: re.Pattern[str]) -> Iterator[Place]:
    """The parts of a text that are not empty, the last one first."""
    edges = [begin, *(edge for each in between.finditer(text, begin, end) for edge in each.span()), end]
    parts = list(zip(edges[::2], edges[1::2], strict=True))[-MOST_PARTS:]
    return (trimmed for part in reversed(parts) if (trimmed := _trimmed(text, *part)))


def _trimmed(text: str, begin: int, end: int) -> Place | None:
    """Without blanks at its ends; None if nothing is left."""
    part = text[begin:end]
    begin += len(part) - len(part.lstrip(_MARGIN))
    return (begin, begin + len(part.strip(_MARGIN))) if part.strip(_MARGIN) else None


def _common(first: str, second: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = zip(first, second, strict=False)
    return next(
        (place for place, (one, other) in enumerate(pairs) if one != other), min(len(first), len(second))
    )
