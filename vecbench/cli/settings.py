"""`key=value,…` and JSON on the command line."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from vecbench.errors import UsageError
from vecbench.strict_json import RepeatedKeyError, unique


def parse_settings(option: str, text: str | None, texts: Collection[str] = frozenset()) -> dict[str, Any]:
    """The settings in `k=v,k=v` or a JSON object.

    Values that read as JSON (numbers, true, false, null, lists) are that; others are text.

    Args:
        option: Named in the error.
        text: What was given; None for nothing.
        texts: The settings whose values are texts, even where they look like numbers.

    Raises:
        UsageError: It is neither, or says a thing twice.
    """
    if not text or not text.strip():
        return {}
    if text.lstrip().startswith("{"):
        try:
            return dict(json.loads(text, object_pairs_hook=unique))
        except RepeatedKeyError as fault:
            raise UsageError(f"{option}: {fault}") from None
        except (ValueError, RecursionError) as fault:
            raise UsageError(f"{option}: not valid JSON: {fault}") from None
    pairs = []
    for part in text.split(","):
        name, sign, value = part.partition("=")
        if not sign or not name.strip():
            raise UsageError(
                f"{option}: {part!r} is not key=value", 'Write k=v,k=v or a JSON object: \'{"k": "v"}\'.'
            )
        name, value = name.strip().replace("-", "_"), value.strip()
        read = _value(value)
        is_text = name in texts and not (read is None or isinstance(read, str))
        pairs.append((name, value if is_text else read))
    try:
        return unique(pairs)
    except RepeatedKeyError as fault:
        raise UsageError(f"{option}: {fault}") from None


def _value(text: str) -> Any:
    spelt = {"True": "true", "False": "false", "None": "null"}.get(text, text)
    try:
        return json.loads(spelt)
    except ValueError:
        return text
