"""Whether two names could be taken for each other by a reader who glances at them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SHAPES = str.maketrans("l10\u3007@$\u20ac\u03c9", "iiooasew")
"""Further letters, digits and signs that look like a Latin letter."""
_WITHIN = str.maketrans("\u00b0\u25cb\u25e6\u25ef\u110b\u1175\u4e28", "oooooll")
"""Signs and strokes of Korean and Chinese letters that may stand for a Latin letter, or adorn a name."""
_LINES = "|\u00a6\u2223\u2502\u23d0\u2758"
_UPRIGHT = re.compile(f"[!{_LINES}](?=\\w)")
"""Lines that stand for an l within a word."""
_AT_END = re.compile(f"(?<=\\w)[{_LINES}]")
"""At the end of a word they may, or adorn it."""
_MEANT = "+*#%&=<>@$"
"""Signs that set a name apart: `Model+` is another one than `Model`."""
_LONGER = re.compile("[~|\u2223\u0640\u02b0-\u02ff]")
"""Beside punctuation: signs that only lengthen a name."""
_GAP, _POINT = "\ue000", "\ue001"
"""Stand for what is between digits."""
_TRADEMARKS = str.maketrans("", "", "\u2122\u00ae\u00a9\u2120")


def look_alike(one: str, other: str) -> bool:
    """Whether two names look the same: accents, case, spaces, punctuation and letters of one shape aside.

    A point or space between digits stays: `Model 1.5` is not `Model 15`. Letters of one shape are those of
    Unicode's list of confusables (Unicode Technical Standard 39).
    """
    return not _looks(one).isdisjoint(_looks(other))


def _looks(name: str) -> set[str]:
    """What a reader may see: letters in either case, and signs between digits or what looks like some."""
    folded = _unmarked(unicodedata.normalize("NFKC", name.translate(_TRADEMARKS)).casefold())
    shapes = {"".join(_latin(each, capital=capital) for each in folded) for capital in (False, True)}
    shapes |= {shape.translate(_WITHIN) for shape in shapes}
    shapes = {_UPRIGHT.sub("l", shape) for shape in shapes}
    shapes |= {_AT_END.sub("l", shape) for shape in shapes}
    return {_skeleton(shape, digits) for shape in shapes for digits in ("0-9", "0-9oil")}


def _skeleton(text: str, digits: str) -> str:
    signs = "".join(re.escape(each) for each in sorted(set(text)) if _is_ornament(each))
    if signs:
        between = rf"(?<=[{digits}])[{signs}]+(?=[{digits}])"
        text = re.sub(between, lambda found: _GAP if all(map(_is_gap, found[0])) else _POINT, text)
        text = re.sub(rf"[{signs}]+", "", text) or text
    return text.translate(_SHAPES).replace("rn", "m").replace("vv", "w")


@lru_cache(maxsize=4096)
def _latin(letter: str, *, capital: bool) -> str:
    """The letter, digit, hyphen or point of ASCII that a sign looks like; others as they are.

    Of a small letter, what it or its capital looks like comes first.
    """
    from confusable_homoglyphs.confusables import is_confusable  # reads a megabyte of tables

    if letter.isascii() or letter in _GAP + _POINT:
        return letter
    forms = sorted((letter, letter.upper()), key=str.islower, reverse=not capital)
    shapes = (
        each["c"] for form in forms for found in is_confusable(form) or () for each in found["homoglyphs"]
    )
    is_sign = not letter.isalpha()  # the long vowels of Japanese are no hyphens
    plain = [_unmarked(shape) for shape in shapes]
    alike = [
        each.casefold() for each in plain if each.isascii() and (each.isalnum() or (each in "-." and is_sign))
    ]
    return next((each for each in alike if each.isalpha()), alike[0] if alike else letter)


def _unmarked(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text) if unicodedata.category(each) != "Mn")


def _is_gap(sign: str) -> bool:
    return unicodedata.category(sign) in {"Zs", "Pd", "Pc"}


def _is_ornament(sign: str) -> bool:
    """Whether a name without it looks the same: punctuation, spaces, pictures."""
    category = unicodedata.category(sign)
    is_longer = category[0] in "PZ" or category in {"Sk", "So"} or _LONGER.match(sign) is not None
    return is_longer and sign not in _MEANT
