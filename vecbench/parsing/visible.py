"""The part of a response that is meant to be read: everything but the reasoning."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TAG = re.compile(r"<(/?)\s*(think|thinking|answer|confidence)\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tag:
    """An opening or closing tag and where it stands."""

    name: str
    closing: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Visible:
    """A response without its reasoning.

    Attributes:
        text: What is left.
        reasoning_cut_off: The reasoning was opened and never closed, and nothing came after it.
    """

    text: str
    reasoning_cut_off: bool


def tags(text: str) -> list[Tag]:
    """The tags of the answer format in a text, in order, whatever their case."""
    return [
        Tag(found[2].lower().replace("thinking", "think"), bool(found[1]), found.start(), found.end())
        for found in _TAG.finditer(text)
    ]


def elements(text: str, name: str) -> list[tuple[int, int]]:
    """Where the contents of the complete elements of one name lie, in order.

    An element is a closing tag with the nearest opening one before it; so quoted formats and answers
    that were begun twice do not swallow each other.
    """
    spans: list[tuple[int, int]] = []
    opened: int | None = None
    for tag in tags(text):
        if tag.name != name:
            continue
        if not tag.closing:
            opened = tag.end
        elif opened is not None:
            spans.append((opened, tag.start))
            opened = None
    return spans


def is_left_open(text: str, name: str) -> bool:
    """Whether the last tag of that name is an opening one."""
    named = [tag for tag in tags(text) if tag.name == name]
    return bool(named) and not named[-1].closing


def without_reasoning(response: str) -> Visible:
    """The response without its reasoning.

    Reasoning is what stands between `<think>` and `</think>`; what stands before a `</think>` that
    nothing opened (chat templates may open it in the prompt); and what follows a `<think>` that is
    never closed, up to a complete answer at the very end of the response, if there is one.
    """
    kept, rest, closed_something = _outside_closed_reasoning(response)
    for tag in reversed([tag for tag in tags(rest) if tag.name == "think" and tag.closing]):
        # Nothing opened it. Usually the prompt did, and the answer follows.
        if rest[tag.end :].strip():
            rest = rest[tag.end :]
        elif closed_something:
            rest = rest[: tag.start]
        else:
            rest = ""
        break
    return _without_open_reasoning(rest) if kept else Visible(rest, False)


def _outside_closed_reasoning(response: str) -> tuple[bool, str, bool]:
    """(whether reasoning may be left open, the text outside closed reasoning, whether there was some)."""
    outside: list[str] = []
    begin, opened = 0, None
    for tag in tags(response):
        if tag.name != "think":
            continue
        if not tag.closing and opened is None:
            opened = tag.start
        elif tag.closing and opened is not None:
            outside.append(response[begin:opened])
            begin, opened = tag.end, None
    return opened is not None, "".join(outside) + response[begin:], bool(outside)


def _without_open_reasoning(text: str) -> Visible:
    opening = next((tag for tag in tags(text) if tag.name == "think" and not tag.closing), None)
    if opening is None:
        return Visible(text, False)
    before, after = text[: opening.start], text[opening.end :]
    answers = elements(after, "answer")
    if not answers:
        return Visible(before, True)
    begin, end = answers[-1]
    opening_tag = max(tag.start for tag in tags(after) if tag.end == begin)
    closing_tag = min(tag.end for tag in tags(after) if tag.start == end)
    trailing = after[closing_tag:]
    for confidence_begin, confidence_end in reversed(elements(trailing, "confidence")):
        trailing = trailing[:confidence_begin] + trailing[confidence_end:]
    if _TAG.sub("", trailing).strip():
        return Visible(before, True)  # the reasoning went on: this answer was a part of it
    return Visible(before + after[opening_tag:], False)
