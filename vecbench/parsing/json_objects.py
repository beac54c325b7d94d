"""The JSON objects in a text that is not JSON as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

KEYS = {
    "answer": "answer",
    "final answer": "answer",
    "finalanswer": "answer",
    "confidence": "confidence",
    "confidence score": "confidence",
    "confidence level": "confidence",
    "vision confidence": "vision confidence",
    "reasoning confidence": "reasoning confidence",
    **dict.fromkeys(("emotion", "label", "guess", "prediction", "sentiment", "category"), "other answer"),
    **dict.fromkeys(("predicted emotion", "predicted label", "emotion label", "class"), "other answer"),
    **dict.fromkeys(("dominant emotion", "primary emotion", "main emotion"), "other answer"),
    **dict.fromkeys(("probability", "certainty", "score", "likelihood"), "other confidence"),
    "confidencescore": "confidence",
}
"""As objects spell them, in lower case and without underscores → as they are returned.

Others are what a task may call its fields: they count where a response has neither by its own name.
"""

OTHER = "one of several other answers"
"""How the key begins under which each other answer is kept."""

MOST_FAULTS = 256
"""Beginnings of objects that may turn out to be none: each costs the decoder a look at all before it."""

MOST_PYTHON = 16_000
"""Characters in which an object in Python's spelling ends."""

MOST_PYTHON_FAULTS = 16
"""Faults up to which Python's spelling is tried at all."""

_BEGINNING = re.compile(r"(\[\s*)?\{\s*[\"'}]")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_PYTHON_TOKEN = re.compile(
    # An apostrophe ends a string where something may follow a string. A string that breaks off reaches to
    # the end, lest every later quote be tried in its turn. No group is possessive: Python before 3.11.5
    # matches such groups wrongly.
    r"'([^'\\]*+(?:(?:\\.|'(?!\s*[,:}\]]))[^'\\]*+)*)(?:'|\\?\Z)"
    r"|\"[^\"\\]*+(?:\\.[^\"\\]*+)*(?:\"|\\?\Z)|\b(?:None|True|False)\b",
    re.DOTALL,
)
_PYTHON_NAMES = {"None": "null", "True": "true", "False": "false"}
_NOT_CHOSEN = re.compile(r"runner|second|alternative|other|rejected|example|format|schema", re.IGNORECASE)

# Numbers stay as they are written: which probability one is, is not for the decoder to say.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, strict=False)


@dataclass(frozen=True, slots=True)
class JsonObjects:
    """The outermost JSON objects of a text that have an answer or a confidence, as texts (null: empty).

    `places` says where each begins and ends. `masked` is the text, as long as it was, with letters in place
    of all objects, and of whatever is nested in an object that breaks off.
    """

    objects: tuple[Mapping[str, str], ...]
    masked: str
    places: tuple[tuple[int, int], ...] = ()


@lru_cache(maxsize=8)  # one reading asks for the objects of few texts, and of each several times
def json_objects(text: str) -> JsonObjects:
    """The outermost JSON objects, in time that is linear in the text's length.

    Objects inside others are a part of those, also where the outer one breaks off. An object or list that
    has no answer itself stands for the one in it that has, unless a key says that it was not chosen; for
    several, the values are listed. Commas behind the last element, line breaks in strings and Python's
    spelling are let through. What is nested deeper than Python can follow, or MOST_FAULTS beginnings of
    objects that are none, end the search.
    """
    if "{" not in text:
        return JsonObjects((), text)
    lenient = _TRAILING_COMMA.sub(" ", text)  # as long as before
    objects: list[Mapping[str, str]] = []
    places: list[tuple[int, int]] = []
    kept: list[str] = []
    place = 0
    faults = 0
    while faults < MOST_FAULTS and (beginning := _BEGINNING.search(lenient, place)):
        begin = beginning.start()
        kept.append(text[place:begin])
        try:
            found, end = _decoded_list_or_object(lenient, beginning, faults < MOST_PYTHON_FAULTS)
            stated = _stated(found)
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
            if stated:
                objects.append(stated)
                places.append((begin, end))
            kept.append("x" * (end - begin))
    return JsonObjects(tuple(objects), "".join(kept) + text[place:], tuple(places))


def _decoded_list_or_object(text: str, beginning: re.Match[str], python: bool) -> tuple[Any, int]:
    """The value that begins there, and where it ends; the object alone if its list breaks off."""
    if beginning[1] is not None:
        with suppress(json.JSONDecodeError):
            return _decoded(text, beginning.start(), python)
        return _decoded(text, beginning.end(1), python)
    return _decoded(text, beginning.start(), python)


def _decoded(text: str, begin: int, python: bool) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, begin)
    except json.JSONDecodeError as fault:
        part = text[begin : begin + MOST_PYTHON] if python else ""
        if "'" not in part:
            raise
        try:
            found, end = _DECODER.raw_decode(_PYTHON_TOKEN.sub(_as_json, part))  # as long as before
        except json.JSONDecodeError:
            raise fault from None
        return found, begin + end


def _as_json(token: re.Match[str]) -> str:
    if token[1] is None:
        return _PYTHON_NAMES.get(token[0], token[0])
    # An apostrophe with nothing after it keeps the length of an escaped one.
    content = token[1].replace("\\'", "\u2019\u200b").replace('\\"', "''").replace('"', "'")
    return f'"{content}"'


def _stated(found: Any) -> Mapping[str, str]:
    own = _own(found) if isinstance(found, dict) else {}
    if not found or "answer" in own or not any(map(_is_nested, _members(found))):
        return own
    for key in ("answer", "other answer"):
        nested = [] if key in own else list(_with_answer(found, key))
        if len(nested) == 1:
            return {**own, **nested[0]}
        names = (key, "confidence", "other confidence")
        listed = {name: [each[name] for each in nested if name in each] for name in names}
        own_numbers = listed["confidence"] or listed["other confidence"]
        if len(listed[key]) == len(own_numbers):  # each has its own
            listed[key] = [f"{answer}: {said}" for answer, said in zip(listed[key], own_numbers, strict=True)]
        if listed[key]:
            return {**own, **{name: ", ".join(values) for name, values in listed.items() if values}}
    return own


def _members(found: Any) -> Iterable[Any]:
    return found.values() if isinstance(found, dict) else found


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict | list)


def _own(found: Mapping[str, Any]) -> dict[str, str]:
    own: dict[str, str] = {}
    for name, value in found.items():
        key = key_of(name)
        if key == "other answer":  # all of them: who knows the labels tells which is one
            own[f"{OTHER} {len(own)}"] = _as_text(value)
        if key is None or (key in own and name.lower() != key):
            continue
        if key in {"answer", "other answer"} and isinstance(value, dict):
            # An answer with fields of its own brings its confidence along.
            own = {**_own(value), **own}
        if key == "confidence" and isinstance(value, dict) and (parts := _parts(value)):
            own |= parts
            continue
        own[key] = _as_text(value)
    return own


def _parts(confidence: Mapping[str, Any]) -> Mapping[str, str]:
    """What a confidence that is an object says of its parts."""
    keys = ((key_of(name), value) for name, value in confidence.items())
    return {key: _as_text(value) for key, value in keys if key is not None and key.endswith(" confidence")}


@lru_cache(maxsize=1024)
def key_of(name: str) -> str | None:
    """What a key of an object is, as `KEYS` says; None if it is nothing of ours."""
    return KEYS.get(name.lower().replace("_", " ").strip())


def _with_answer(found: Any, key: str) -> Iterator[Mapping[str, str]]:
    """The objects in a value that have an answer, by that key, and are not inside another that has."""
    if isinstance(found, dict):
        own = _own(found)
        if key in own:
            yield own
            return
        for name, value in found.items():
            if _is_nested(value) and not _NOT_CHOSEN.search(name):
                yield from _with_answer(value, key)
    elif isinstance(found, list):
        for each in found:
            yield from _with_answer(each, key)


def _without_nested(text: str, begin: int, end: int) -> str:
    nested = text.find("{", begin + 1, end)
    return text[begin:end] if nested < 0 else text[begin:nested] + "x" * (end - nested)


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        value = {name: each for name, each in value.items() if KEYS.get(name.lower()) != "confidence"}
    return "" if value is None else str(value)
