"""Labels as text: when two spellings are the same label."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

SHORT = 64
"""Characters of a text whose normal form is remembered: as good as all answers are a few labels."""

_PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2212": "-", "_": " "})


def normal_form(text: str) -> str:
    """The text as labels are compared: neither typography nor markup makes a difference.

    Unicode NFKC, case folded, invisible format characters removed, typographic apostrophes straight,
    underscores and runs of white space one space, and everything that is punctuation, symbol, space or
    control character removed from both ends (quotes, braces, brackets, Markdown emphasis, full stops). The
    minus sign of a number stays. Idempotent; empty when nothing but punctuation was there.
    """
    return _short_normal_form(text) if len(text) <= SHORT else _normal_form(text)


def folded(text: str) -> str:
    """The text in its normal form, but with what stands at both ends."""
    if text.isascii():  # which is its own NFKC, and has no format characters
        text = text.lower().replace("_", " ")
    else:
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = "".join(each for each in text if unicodedata.category(each) != "Cf").translate(_PLAIN)
    return " ".join(text.split())


def _normal_form(text: str) -> str:
    words = folded(text)
    start, end = 0, len(words)
    while start < end and _is_margin(words[start]) and not _is_sign(words, start):
        start += 1
    while end > start and _is_margin(words[end - 1]):
        end -= 1
    return words[start:end]


_short_normal_form = lru_cache(maxsize=4096)(_normal_form)


def _is_sign(words: str, place: int) -> bool:
    return words[place] == "-" and words[place + 1 : place + 2].isdecimal()


def _is_margin(character: str) -> bool:
    return unicodedata.category(character)[0] in "PSZC"
