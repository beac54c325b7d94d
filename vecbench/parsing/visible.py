"""The part of a response that is meant to be read: everything but the reasoning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from vecbench.parsing.reasoning import Delimiters, as_think_tags

_NAMES = (
    r"[tT](?i:hink)|[aA](?i:nswer)|[cC](?i:onfidence)|[vV](?i:ision_confidence)|[rR](?i:easoning_confidence)"
)
# An attribute has its equals sign: "<think about it>" is no tag.
_TAG = re.compile(rf"<(\s*/)?\s*({_NAMES})\s*(?:>|(?<=\s)[\w:-]+\s*=[^<>]*>)")
_ESCAPED_TAG = re.compile(r"&lt;(\s*/?\s*[A-Za-z][\w:-]*\s*)&gt;")
END_TOKENS = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<end_of_utterance>",
    "<eos>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "</s>",
)
"""What chat models end a turn with, where the server leaves it in the text."""
_SURE = r"<(?:vision_|reasoning_)?confidence>[^<]{0,1000}</(?:vision_|reasoning_)?confidence>\s*"
_FINAL_ANSWER = re.compile(
    rf"<answer>[^<]{{0,1000}}</answer>\s*(?:{_SURE}|<confidence>\s*(?:{_SURE}){{1,2}}</confidence>\s*){{0,3}}\Z",
    re.IGNORECASE,
)
"""An answer with nothing but its confidence behind it, or the parts of one."""


class Tag(NamedTuple):
    """An opening or closing tag and where it stands."""

    name: str
    closing: bool
    start: int
    end: int


_new = tuple.__new__


@dataclass(frozen=True, slots=True)
class Visible:
    """A response without its reasoning, and whether that was opened, never closed, and nothing came after."""

    text: str
    reasoning_cut_off: bool


@lru_cache(maxsize=8)  # one reading asks for the tags of few texts, and of each several times
def tags(text: str) -> tuple[Tag, ...]:
    """The tags of the answer format in a text, in order, whatever their case."""
    # Every response has some of them, several times: `Tag(…)` would take twice as long.
    return tuple(
        [_new(Tag, (found[2].lower(), found[1] is not None, *found.span())) for found in _TAG.finditer(text)]
    )


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


def without_elements(text: str, name: str) -> str:
    """A text without the complete elements of one name; their tags stay."""
    kept, place = [], 0
    for begin, end in elements(text, name):
        kept.append(text[place:begin])
        place = end
    return "".join(kept) + text[place:]


def is_left_open(text: str, name: str) -> bool:
    """Whether the last tag of that name is an opening one."""
    named = [tag for tag in tags(text) if tag.name == name]
    return bool(named) and not named[-1].closing


def without_reasoning(response: str, delimiters: Sequence[Delimiters] = ()) -> Visible:
    """The response without its reasoning.

    Reasoning is what stands between `<think>` and `</think>`, or the delimiters of another family
    (`reasoning.DELIMITERS`, and those that a task names); what stands before a closing one that nothing
    opened (chat templates may open it in the prompt); and what follows an opening one that is never closed,
    up to a complete answer at the very end of the response, if there is one. Tags that were all escaped on
    their way (`&lt;answer&gt;`) are tags; tokens that end a turn are no text.
    """
    text = as_think_tags(_with_tags(_without_end_tokens(response)), delimiters)
    if not tags(text):
        return Visible(text, False)
    text, some_was_closed = _without_closed_reasoning(text)
    return _without_open_reasoning(_behind_stray_closing(text, some_was_closed))


def _without_end_tokens(text: str) -> str:
    end = len(text.rstrip())
    if not text.endswith(END_TOKENS, 0, end):
        return text
    while text.endswith(END_TOKENS, 0, end):
        end = text.rindex("<", 0, end)
        while end and text[end - 1].isspace():
            end -= 1
    # What opens a turn is taken off with what closes it: left alone, "<s>" strikes out.
    return text[:end].removeprefix("<s>")


def _with_tags(text: str) -> str:
    # Beside real tags, escaped ones are quoted.
    if "&lt;" not in text or tags(text):
        return text
    return _ESCAPED_TAG.sub(r"<\1>", text)


def _without_closed_reasoning(text: str) -> tuple[str, bool]:
    kept: list[str] = []
    begin, opened = 0, None
    for tag in tags(text):
        if tag.name != "think":
            continue
        if not tag.closing and opened is None:
            opened = tag.start
        elif tag.closing and opened is not None:
            kept.append(text[begin:opened])
            begin, opened = tag.end, None
    return "".join(kept) + text[begin:], bool(kept)


def _behind_stray_closing(text: str, some_was_closed: bool) -> str:
    stray = [tag for tag in tags(text) if tag.name == "think" and tag.closing]
    if not stray:
        return text
    behind = text[stray[-1].end :]
    if behind.strip():
        return behind
    # Nothing follows. If the reasoning was closed before, the tag is a slip behind the answer; if not,
    # it closes what the prompt opened, and everything was reasoning.
    return text[: stray[-1].start] if some_was_closed else ""


def _without_open_reasoning(text: str) -> Visible:
    opening = next((tag for tag in tags(text) if tag.name == "think" and not tag.closing), None)
    if opening is None:
        return Visible(text, False)
    before, reasoning = text[: opening.start], text[opening.end :]
    final = _FINAL_ANSWER.search(reasoning)
    return Visible(before + final[0], False) if final else Visible(before, True)
