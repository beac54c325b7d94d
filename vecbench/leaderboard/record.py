"""What a stranger's file says: a record with the keys that it should have, and text that may be shown."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from vecbench.errors import DataError
from vecbench.escaping import printable
from vecbench.plain_file import NOT_PLAIN, cannot_read, plain_bytes

Shape = TypeVar("Shape", bound=BaseModel)


class Record(BaseModel):
    """Part of a file: with the keys that it has, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), populate_by_name=True)


def validated(shape: type[Shape], values: object, where: str) -> Shape:
    """The values as a model; the error names the first key that does not fit."""
    try:
        return shape.model_validate(values)
    except ValidationError as fault:
        first = fault.errors()[0]
        place = printable(".".join(str(part) for part in first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        raise DataError(
            f"{where}: {place + ': ' if place else ''}{said[:1].lower()}{said[1:]:.300}"
        ) from None


def content_of(path: Path, limit: int) -> bytes:
    """All of a file, which must be no link: that could lead anywhere."""
    try:
        if path.is_symlink():
            raise DataError(f"{path}: {NOT_PLAIN}", "It is a link: put the file itself there.")
        return plain_bytes(path, limit)
    except OSError as fault:
        raise cannot_read(path, fault) from None


_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
"""Of a host's name, between its dots."""
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters, marks and symbols that show nothing: with them two names can look the same."""
_OF_ANOTHER_SHAPE = "\u017f\u02db"
"""What Unicode takes for an s and a mark, and readers for an f and an i."""
_MOST_MARKS = 3
"""Marks on one letter; a pile of them covers the lines above and below."""
_BESIDE_LATIN = {"LATIN", "BOPOMOFO", "HAN", "HANGUL", "HIRAGANA", "KATAKANA"}
"""Scripts that may stand in one word, as the confusable-homoglyphs package names them."""
_FORMULA = re.compile(r"""^[=+\-@]|[;,|]["'\s]*[=@]""")


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
        if each in _OF_ANOTHER_SHAPE:
            raise ValueError(f"the character U+{ord(each):04X} is not allowed: it could be taken for another")
        if _BLANK.match(each):
            raise ValueError(f"the character U+{ord(each):04X} is not allowed: it shows nothing")
        if marks > _MOST_MARKS:
            raise ValueError(f"more than {_MOST_MARKS} marks on one letter")
    return text


def _one_script_a_word(text: str) -> str:
    if text.isascii():
        return text
    from confusable_homoglyphs.categories import alias  # reads a table of Unicode's

    compatible = unicodedata.normalize("NFKC", text)
    unmarked = "".join(each for each in compatible if not unicodedata.category(each).startswith("M"))
    for word in re.findall(r"[^\W\d_]+", unmarked):
        scripts = {alias(each) for each in word} - {"COMMON"}
        if len(scripts) > 1 and not scripts <= _BESIDE_LATIN:
            said = " and ".join(sorted(each.title() for each in scripts))
            raise ValueError(f"letters of {said} in one word, {word!a}, which could be taken for another")
        for each in word if scripts == {"LATIN"} else ():
            # Beyond those of European languages that are no other letter with a mark on it.
            if each > "\u017f" and not unicodedata.normalize("NFKD", each)[0].isascii():
                raise ValueError(
                    f"the letter U+{ord(each):04X} is not allowed: it could be taken for another"
                )
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
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?", text):
        raise ValueError(f"{text!r:.40} is no date: write YYYY-MM-DD or YYYY-MM")
    try:
        day = date.fromisoformat(text if len(text) > len("2026-01") else f"{text}-01")
    except ValueError:
        raise ValueError(f"{text} is no day of the calendar") from None
    if not 2000 <= day.year < 2100:
        raise ValueError(f"{text} is of another century than any of these models")
    return text


ShortText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=120, strip_whitespace=True),
    AfterValidator(_printable),
    AfterValidator(_one_script_a_word),
    AfterValidator(_no_formula),
]
"""A model's name, or another short line. Markup in it is fine: whatever shows it escapes it."""

_SHORT_TEXT = TypeAdapter(ShortText)


def is_short_text(text: str) -> bool:
    """Whether a text may stand among others as it is."""
    try:
        return _SHORT_TEXT.validate_python(text) == text
    except ValidationError:
        return False


Note = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_printable)]
Link = Annotated[str, StringConstraints(max_length=500), AfterValidator(_web_address)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Date = Annotated[str, AfterValidator(_calendar_date)]
"""A day or a month, ISO 8601."""
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$")]
"""Of a benchmark, group, task, metric or prompt profile."""
