"""What was said: responses as the page shows them, cut to a length, with what was read of them marked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vecbench.store import StoredResponse
from vecbench.viewer.sides import Places

LONGEST = 20_000
"""Characters of a response that are shown; of a longer one the rest is in a file of its own."""
_HEAD = 12_000
"""Of these, those of its beginning: answers stand at the end."""

Keep = Callable[[str, str], str | None]
"""(a name, a text) → where in the report the text is kept; None if nowhere."""


@dataclass(frozen=True, slots=True)
class Said:
    """A response as the page has it.

    Attributes:
        text: The object in `#texts-N`, without its view.
        length: Characters of the response.
        tokens: Of the prompt, the response and its reasoning; None where unknown.
        error: Why there is no response; None if there is one.
    """

    text: Mapping[str, Any]
    length: int
    tokens: tuple[int | None, int | None, int | None]
    error: str | None


def said(response: StoredResponse, places: Places, keep: Keep) -> Said:
    """A response with its places marked."""
    whole = response.response or ""
    shown, clipped, places = _clipped(whole, places, keep)
    text: dict[str, Any] = {"response": shown, "spans": _in_utf16(shown, places)}
    if clipped:
        text["clipped"] = clipped | {"left_out": _in_utf16(shown, [(*clipped["left_out"], "")])[0][:2]}
    if response.reasoning:
        text["reasoning"], clipped, _ = _clipped(response.reasoning, (), keep)
        if clipped:
            text["reasoning_clipped"] = clipped
    if response.error is not None:
        text["error"] = response.error[:LONGEST]
    tokens = response.n_prompt_tokens, response.n_output_tokens, response.n_reasoning_tokens
    return Said(text, len(whole), tokens, response.error)


def _clipped(text: str, places: Places, keep: Keep) -> tuple[str, dict[str, Any], Places]:
    """A text that is not too long, what was left out of it, and the places that are still in it."""
    if len(text) <= LONGEST:
        return text, {}, places
    left_out = len(text) - LONGEST
    gap = f"\n[… {left_out:,} characters left out …]\n"
    shift = len(gap) - left_out
    name = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:24]
    clipped = {
        "characters": len(text),
        "file": keep(f"{name}.txt", text),
        "left_out": [_HEAD, _HEAD + len(gap)],
    }
    kept = [
        (place if place <= _HEAD else place + shift, end if end <= _HEAD else end + shift, what)
        for place, end, what in places
        if end <= _HEAD or place >= _HEAD + left_out
    ]
    return text[:_HEAD] + gap + text[_HEAD + left_out :], clipped, kept


_BEYOND = re.compile("[\U00010000-\U0010ffff]")


def _in_utf16(text: str, places: Places) -> list[list[Any]]:
    """Places as a browser counts them: what UTF-16 takes two units for counts twice."""
    if text.isascii() or not _BEYOND.search(text):
        return [list(each) for each in places]

    def unit(place: int) -> int:
        return place + len(_BEYOND.findall(text, 0, place))

    return [[unit(begin), unit(end), what] for begin, end, what in places]
