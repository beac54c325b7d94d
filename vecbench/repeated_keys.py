"""JSON objects that say two things under one key: other programs would silently take the last."""

from __future__ import annotations

from typing import Any

from vecbench.escaping import printable


class RepeatedKeyError(ValueError):
    """An object that says two things under one key."""


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of some pairs; for the `object_pairs_hook` of a decoder.

    Raises:
        RepeatedKeyError: A key is there twice.
    """
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in values if names.count(name) > 1)
        raise RepeatedKeyError(f"the key {printable(repr(repeated), 60)} is there more than once")
    return values
