"""The members of a JSON object one by one, with the lines where they begin: a JSON parser does not tell."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from vecbench.strict_json import RepeatedKeyError, unique

LONGEST_NUMBER = 300
"""Digits of a whole number that is kept as it is."""


def json_members(text: str) -> Iterator[tuple[str, int, Any, str | None]]:
    """Of each member of an object its name, the line where it begins, its value, and what is wrong with it.

    What is wrong is a key that stands twice in one object.

    Raises:
        ValueError: It is no object, is nested too deeply, or names a member twice; with the line.
    """
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs, parse_int=_number)
    except json.JSONDecodeError as fault:
        raise ValueError(f"line {fault.lineno}: not valid JSON") from None
    except RecursionError:
        raise ValueError("line 1: not valid JSON") from None
    if not isinstance(pairs, _Pairs):
        raise ValueError("line 1: not a JSON object")
    lines = _lines(text, [name for name, _ in pairs])
    counts = Counter(name for name, _ in pairs)
    seen: set[str] = set()
    for (name, values), line in zip(pairs, lines, strict=True):
        if counts[name] > 1 and name in seen:
            raise ValueError(f"line {line}: the sample id {name!r} is given twice")
        seen.add(name)
        repeated: list[str] = []
        try:
            plain = _plain(values, repeated)
        except RecursionError:
            raise ValueError(f"line {line}: sample {name!r}: nested too deeply") from None
        yield name, line, plain, repeated[0] if repeated else None


def _number(digits: str) -> int | float:
    """Python refuses whole numbers of thousands of digits, and one that nobody needs must not stop a run."""
    return int(digits) if len(digits) < LONGEST_NUMBER else float(digits)


class _Pairs(list[tuple[str, Any]]):
    """An object's members: a dict would keep only the last of two with the same name."""


def _plain(value: Any, repeated: list[str]) -> Any:
    """The value without `_Pairs`; `repeated` takes what is wrong with objects that have a key twice."""
    if isinstance(value, _Pairs):
        try:
            unique(value)
        except RepeatedKeyError as fault:
            repeated.append(str(fault))
        return {name: _plain(member, repeated) for name, member in value}
    return [_plain(member, repeated) for member in value] if isinstance(value, list) else value


def _lines(text: str, names: list[str]) -> Iterator[int]:
    """The lines where the members of the object begin."""
    position, line = 0, 1
    for name in names:
        spellings = (json.dumps(name, ensure_ascii=False), json.dumps(name))
        places = [place for spelt in spellings if (place := text.find(spelt, position)) >= 0]
        if places:
            line += text.count("\n", position, min(places))
            # Past the opening quote: the same name may follow once more.
            position = min(places) + 1
        yield line
