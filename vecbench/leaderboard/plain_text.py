"""Text of strangers that will be shown: its length and characters, as pydantic types."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
"""Of a host's name, between its dots."""


_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters, marks and symbols that show nothing: with them two names can look the same."""
_MOST_MARKS = 3
"""Marks on one letter; a pile of them covers the lines above and below."""
_FORMULA = re.compile(r"""^[=+\-@]|[;,|]["'\s]*[=@]""")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")
"""Scripts that share the shapes of letters."""
_LOOKS = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458\u0501\u051b"
    "\u03b1\u03b2\u03b5\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03b6\u0578\u057d\u0131",
    "abekmhopctyxsijdqabehikmvoptuxznui",
)
"""Small Cyrillic, Greek and Armenian letters that themselves, or their capitals, look like Latin ones."""


def look(text: str) -> str:
    """What a reader sees of a name at a glance: the same for names that could be taken for each other."""
    seen = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(each for each in seen if unicodedata.category(each) != "Mn").translate(_LOOKS)
    plain = plain.replace("l", "i").replace("1", "i").replace("0", "o")
    return re.sub(r"[\s_\-\u2010-\u2015\u2212]+", "-", plain)


def _printable(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    marks = 0
    for each in text:
        category = unicodedata.category(each)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        # C*: control characters, and format characters such as those that reverse the direction of text.
        # Z*: spaces other than the plain one, and line separators.
        if category.startswith(("C", "Z")) and each != " ":
            raise ValueError(f"the character U+{ord(each):04X} is not allowed")
        if _BLANK.match(each):
            raise ValueError(f"the character U+{ord(each):04X} is not allowed: it shows nothing")
        if marks > _MOST_MARKS:
            raise ValueError(f"more than {_MOST_MARKS} marks on one letter")
    return text


def _one_script_a_word(text: str) -> str:
    for word in re.findall(r"[^\W\d_]+", text):
        names = [unicodedata.name(each, "").split(" ")[0] for each in word]
        if len(scripts := {name for name in names if name in _SCRIPTS}) > 1:
            said = " and ".join(sorted(each.title() for each in scripts))
            raise ValueError(f"letters of {said} in one word, {word!a}, which could be taken for another")
    return text


def _no_formula(text: str) -> str:
    # A full-width "=" counts as one in some places.
    if _FORMULA.search(unicodedata.normalize("NFKC", text)):
        raise ValueError(
            "must not begin with =, +, - or @, nor have = or @ behind a separator: "
            "spreadsheets take that for a formula"
        )
    return text


def _web_address(text: str) -> str:
    if not re.fullmatch(
        rf"https?://{_LABEL}(\.{_LABEL})*(:[0-9]{{1,5}})?(/[A-Za-z0-9._~:/?#@!$&*+,;=%-]*)?", text
    ):
        raise ValueError("not a web address that begins with https:// or http://")
    return text


def _calendar_date(text: str) -> str:
    try:
        day = date.fromisoformat(text if len(text) > len("2026-01") else f"{text}-01")
    except ValueError:
        raise ValueError(f"{text} is no day of the calendar") from None
    if not 2000 <= day.year < 2100:
        raise ValueError(f"{text} is of another century than any of these models")
    return text


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=120, strip_whitespace=True),
    AfterValidator(_printable),
    AfterValidator(_one_script_a_word),
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
