"""JSON that a stranger wrote: bounded, and with one meaning only."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from vecbench.errors import DataError
from vecbench.escaping import printable

MAX_DEPTH = 32
MAX_VALUES = 500_000
"""Most values of one text, counted by commas and opening brackets: an empty list of two bytes costs 64."""
WORD = 2**64
"""Every integer is smaller, whatever its sign: larger ones fit no array and break what counts with them."""


class RepeatedKeyError(ValueError):
    """An object that says two things under one key: two readers could understand it differently."""


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of some pairs; for the `object_pairs_hook` of a decoder, which would take the last value."""
    values = dict(pairs)
    if len(values) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        repeated = next(name for name in values if counts[name] > 1)
        raise RepeatedKeyError(f"the key {printable(repr(repeated), 60)} is there more than once")
    return values


def parse_json(text: bytes, where: str) -> Any:
    """What a JSON text says; the caller has bounded its size, and one of very many values is refused unread.

    Raises:
        DataError: More than `MAX_VALUES`, not valid JSON, nested more than `MAX_DEPTH` deep, a key that is
            there twice, NaN or Infinity, or a number that 64 bits cannot hold.
    """
    if sum(map(text.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise DataError(f"{where}: JSON of more than {MAX_VALUES} values")
    try:
        value = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=unique,
            parse_constant=_refuse_constant,
            parse_int=_bounded_integer,
            parse_float=_finite_float,
        )
    except RecursionError:
        raise _too_deep(where) from None
    except UnicodeDecodeError:
        raise DataError(f"{where}: not UTF-8") from None
    except ValueError as fault:
        raise DataError(f"{where}: not valid JSON: {fault}") from None
    _require_shallow(value, where)
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _bounded_integer(digits: str) -> int:
    value = int(digits) if len(digits) <= len(str(-WORD)) else WORD
    if abs(value) >= WORD:
        raise ValueError(f"the integer {digits:.20}… has more than 64 bits")
    return value


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits:.40} is larger than any JSON reader can hold")
    return value


def _require_shallow(value: Any, where: str) -> None:
    level, depth = [value], 0
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep(where)
        level = [child for each in level for child in (each.values() if isinstance(each, dict) else each)]


def _too_deep(where: str) -> DataError:
    return DataError(f"{where}: JSON nested more than {MAX_DEPTH} levels deep")
