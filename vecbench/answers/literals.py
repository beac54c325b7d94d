"""Values that data hold as text: JSON, or a literal of Python, which is read and never evaluated."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterable

LONGEST = 100_000
"""Characters of a text that is read."""


class _RepeatedError(ValueError):
    """An object has a key twice."""


def literal(text: str) -> object:
    """The object or list that a text holds, as JSON or as a literal of Python.

    Args:
        text: Such as `{"A": "Yes", "B": "No"}` or `['joy', 'fear']`.

    Returns:
        A dict, whose keys are texts, or a list or tuple.

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


def shown(value: object) -> str:
    """A value as an error names it, in one short line."""
    try:
        line = repr(value)
    except RecursionError:
        return "a value that is nested very deep"
    return line if len(line) <= 60 else f"{line[:59]}…"


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
