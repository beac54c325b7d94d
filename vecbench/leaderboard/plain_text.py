"""Text of strangers that will be shown: its length and characters, as pydantic types."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
"""Of a host's name, between its dots."""


def printable(text: str) -> str:
    """A stranger's text for an error message: what could steer a terminal becomes "?"."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _printable(text: str) -> str:
    for each in text:
        # C*: control characters, and format characters such as those that reverse the direction of text.
        if unicodedata.category(each).startswith(("C", "Zl", "Zp")):
            raise ValueError(f"the character U+{ord(each):04X} is not allowed")
    return text


def _no_formula(text: str) -> str:
    if text[0] in "=+-@":
        raise ValueError("must not begin with =, +, - or @: spreadsheets take that for a formula")
    return text


def _web_address(text: str) -> str:
    if not re.fullmatch(
        rf"https?://{_LABEL}(\.{_LABEL})*(:[0-9]{{1,5}})?(/[A-Za-z0-9._~:/?#@!$&*+,;=%-]*)?", text
    ):
        raise ValueError("not a web address that begins with https:// or http://")
    return text


def _calendar_date(text: str) -> str:
    try:
        date.fromisoformat(text if len(text) > len("2026-01") else f"{text}-01")
    except ValueError:
        raise ValueError(f"{text} is no day of the calendar") from None
    return text


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=120, strip_whitespace=True),
    AfterValidator(_printable),
    AfterValidator(_no_formula),
]
"""A model's name, or another short line. Markup in it is fine: whatever shows it escapes it."""

Note = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_printable)]
Link = Annotated[str, StringConstraints(max_length=500), AfterValidator(_web_address)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Date = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$"), AfterValidator(_calendar_date)
]
"""A day or a month, ISO 8601."""
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$")]
"""Of a benchmark, group, task, metric or prompt profile."""
