"""Answers as data and task files write them, and as people read them.

Values that data hold as text are JSON, or a literal of Python, which is read and never evaluated.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from string import ascii_uppercase
from typing import Any

LONGEST = 100_000
"""Characters of a text that is read."""
LONGEST_OPTION = 2000
MOST_OPTIONS = len(ascii_uppercase)

_FORM = 'such as {"A": "Yes", "B": "No"} or ["Yes", "No"]'


class _RepeatedError(ValueError):
    """An object has a key twice."""


def answer_text(answer: object) -> str:
    """A label or letter as it is, several with commas, no label as "none", a number as short as can be."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, tuple | list):
        return ", ".join(map(answer_text, answer)) or "none"
    return f"{answer:g}" if isinstance(answer, float) else str(answer)


def shown(value: object) -> str:
    """A value as an error names it, in one short line."""
    try:
        line = repr(value)
    except RecursionError:
        return "a value that is nested very deep"
    return line if len(line) <= 60 else f"{line[:59]}…"


def listed_labels(columns: Mapping[str, Any], labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that a row lists itself, or those of its task."""
    listed = columns.get("candidates")
    if listed is None:
        return labels
    if not isinstance(listed, list | tuple) or not all(isinstance(each, str) for each in listed):
        raise ValueError('\'candidates\' is not a list of texts, such as ["joy", "fear"]')
    return tuple(listed)


def row_labels(columns: Mapping[str, Any], labels: tuple[str, ...], *, of_rows: bool) -> tuple[str, ...]:
    """As `listed_labels`; where lists are those `of_rows`, a row without one is at fault."""
    if of_rows and columns.get("candidates") is None:
        raise ValueError("the row lists no 'candidates', and its task has no labels")
    return listed_labels(columns, labels)


def option_texts(written: object) -> tuple[str, ...]:
    """The texts of options in the order of their letters, A, B, C and so on.

    They are written as an object of letters and texts in any order, a list of texts, or either as the text of
    JSON or of a literal of Python. A text may be empty, and two may be equal.

    Raises:
        ValueError: It is none of these; the letters are not A, B, C … without a gap, or one is there twice;
            fewer than two options or more than letters; an option that is no text, or a very long one.
    """
    return _texts_in(written) if isinstance(written, str) else _texts(written)


@lru_cache(maxsize=512)  # yes and no are the options of half of all questions
def _texts_in(written: str) -> tuple[str, ...]:
    try:
        found = literal(written)
    except ValueError as fault:
        raise ValueError(f"'options': {fault}") from None
    return _texts(found)


def _texts(found: object) -> tuple[str, ...]:
    if isinstance(found, Mapping):
        found = _in_order(found)
    if not isinstance(found, list | tuple):
        raise ValueError(f"'options' is neither an object nor a list, {_FORM}")
    if not 2 <= len(found) <= MOST_OPTIONS:
        raise ValueError(f"a choice has 2 to {MOST_OPTIONS} options, not {len(found)}")
    return tuple(_option(letter, each) for letter, each in zip(ascii_uppercase, found, strict=False))


def _option(letter: str, written: object) -> str:
    if not isinstance(written, str):
        raise ValueError(f"option {letter} is no text: {shown(written)}")
    if len(written) > LONGEST_OPTION:
        raise ValueError(
            f"option {letter} has {len(written):,} characters; at most {LONGEST_OPTION:,} are read"
        )
    return written


def _in_order(found: Mapping[object, object]) -> list[object]:
    by_letter: dict[str, object] = {}
    for name, text in found.items():
        letter = name.strip().upper() if isinstance(name, str) else ""
        if letter in by_letter:
            raise ValueError(f"option {shown(letter)} is there twice")
        by_letter[letter] = text
    expected = list(ascii_uppercase[: len(by_letter)])
    if sorted(by_letter) != expected:
        written = shown(", ".join(by_letter))
        raise ValueError(f"options are lettered A, B, C and so on, {_FORM}, not {written}")
    return [by_letter[letter] for letter in expected]


def literal(text: str) -> object:
    """The dict, whose keys are texts, or list or tuple that a text holds, as JSON or as a literal of Python.

    Raises:
        ValueError: It is neither, cannot be read, is very long or nested very deep, or has a key twice.
    """
    if len(text) > LONGEST:
        raise ValueError(f"a text of {len(text):,} characters; at most {LONGEST:,} are read")
    if not text.lstrip().startswith(("{", "[", "(")):
        raise ValueError(f"neither an object nor a list: {shown(text)}")
    try:
        return json.loads(text, object_pairs_hook=_without_repeated)
    except _RepeatedError:
        raise
    except (ValueError, RecursionError):
        return _python(text)


def _python(text: str) -> object:
    try:
        with warnings.catch_warnings():  # of a backslash that escapes nothing
            warnings.simplefilter("ignore")
            body = ast.parse(text.strip(), mode="eval").body
        if not isinstance(body, ast.Dict):
            return ast.literal_eval(body)
        names = [None if name is None else ast.literal_eval(name) for name in body.keys]
        return _without_repeated(zip(names, map(ast.literal_eval, body.values), strict=True))
    except _RepeatedError:
        raise
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError(f"neither JSON nor a literal of Python: {shown(text)}") from None


def _without_repeated(pairs: Iterable[tuple[object, object]]) -> dict[object, object]:
    found: dict[object, object] = {}
    for name, value in pairs:
        if not isinstance(name, str):
            raise _RepeatedError(f"a key that is no text: {shown(name)}")
        if name in found:
            raise _RepeatedError(f"{shown(name)} is there twice")
        found[name] = value
    return found
