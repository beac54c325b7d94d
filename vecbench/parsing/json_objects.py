"""The JSON objects in a text that is not JSON as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

KEYS = frozenset({"answer", "confidence"})

MOST_FAULTS = 256
"""Beginnings of objects that may turn out to be none: each costs the decoder a look at all before it."""

_BEGINNING = re.compile(r"\{\s*[\"}]")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")

# Numbers stay as they are written: which probability one is, is not for the decoder to say.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, strict=False)


@dataclass(frozen=True, slots=True)
class JsonObjects:
    """The outermost JSON objects of a text.

    Attributes:
        objects: In order; of each, those of KEYS that it has, lower-cased → value as text (null: empty).
        masked: The text, as long as it was, with letters in place of the objects, and of whatever is nested
            in an object that breaks off.
    """

    objects: tuple[Mapping[str, str], ...]
    masked: str


@lru_cache(maxsize=8)  # one reading asks for the objects of few texts, and of each several times
def json_objects(text: str) -> JsonObjects:
    """The outermost JSON objects, in time that is linear in the text's length.

    Objects inside others are a part of those, also where the outer one breaks off. Commas behind the last
    element and line breaks in strings are let through. What is nested deeper than Python can follow, or
    MOST_FAULTS beginnings of objects that are none, end the search.
    """
    if "{" not in text:
        return JsonObjects((), text)
    lenient = _TRAILING_COMMA.sub(" ", text)  # as long as before
    objects: list[Mapping[str, str]] = []
    kept: list[str] = []
    place = 0
    faults = 0
    while faults < MOST_FAULTS and (beginning := _BEGINNING.search(lenient, place)):
        begin = beginning.start()
        kept.append(text[place:begin])
        try:
            found, end = _DECODER.raw_decode(lenient, begin)
            stated = {name.lower(): _as_text(value) for name, value in found.items() if name.lower() in KEYS}
        except json.JSONDecodeError as fault:
            # All up to the fault is the beginning of this object, so nothing there is an outermost one.
            faults += 1
            place = max(fault.pos, begin + 1)
            kept.append(_without_nested(text, begin, place))
        except RecursionError:
            kept.append(_without_nested(text, begin, len(text)))
            place = len(text)
        else:
            place = end
            objects.append(stated)
            kept.append("x" * (end - begin))
    return JsonObjects(tuple(objects), "".join(kept) + text[place:])


def _without_nested(text: str, begin: int, end: int) -> str:
    nested = text.find("{", begin + 1, end)
    return text[begin:end] if nested < 0 else text[begin:nested] + "x" * (end - nested)


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)
