"""Whether two names could be taken for each other by a reader who glances at them."""

from __future__ import annotations

import re
import unicodedata

_CYRILLIC = "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458"
_RARE_CYRILLIC = "\u0475\u04af\u04bb\u04cf\u0501\u051b\u051d"
_GREEK = "\u03b1\u03b2\u03b3\u03b5\u03b6\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03c9"
_ARMENIAN = "\u0570\u0578\u057d\u0581\u0585"
_LATIN = "\u0131\u0142\u00f8\u0111\u0127\u0167\u00f0\u0138\u014b"
_LETTERS = {
    **dict(zip(_CYRILLIC, "abekmhopctyxsij", strict=True)),
    **dict(zip(_RARE_CYRILLIC, "vyhidqw", strict=True)),
    **dict(zip(_GREEK, "abyezhikmvoptuxw", strict=True)),
    **dict(zip(_ARMENIAN, "hnugo", strict=True)),
    **dict(zip(_LATIN, "iiodhtdkn", strict=True)),
    "\u00e6": "ae",
    "\u0153": "oe",
    "@": "a",
    "$": "s",
    "\u20ac": "e",
    **dict.fromkeys("l1", "i"),
    **dict.fromkeys("0\u3007", "o"),
}
"""Small letters, digits and signs that themselves, or their capitals, look like these Latin letters."""
_LOOKS = str.maketrans(_LETTERS)
_UPRIGHT = re.compile("[|!\u00a6\u2223\u2502\u23d0\u2758](?=\\w)")
"""Lines that stand for an l within a word."""
_MEANT = "+*#%&=<>"
"""Signs that set a name apart: `Model+` is another one than `Model`."""
_LONGER = "~|\u2223\u0640"
"""Beside punctuation: signs that only lengthen a name."""
_GAP, _POINT = "\ue000", "\ue001"
"""Stand for what is between digits."""
_TRADEMARKS = str.maketrans("", "", "\u2122\u00ae\u00a9\u2120")


def look_alike(one: str, other: str) -> bool:
    """Whether two names look the same: accents, case, spaces, punctuation and letters of one shape aside.

    A point or space between digits stays: `Model 1.5` is not `Model 15`.
    """
    return not _looks(one).isdisjoint(_looks(other))


def _looks(name: str) -> set[str]:
    """What a reader may see: between digits, and between what looks like digits, signs separate."""
    seen = unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFKC", name.translate(_TRADEMARKS)).casefold()
    )
    plain = "".join(each for each in seen if unicodedata.category(each) != "Mn")
    plain = _UPRIGHT.sub("l", plain)
    return {_skeleton(plain, digits) for digits in ("0-9", "0-9oil")}


def _skeleton(text: str, digits: str) -> str:
    signs = "".join(re.escape(each) for each in sorted(set(text)) if _is_ornament(each))
    if signs:
        between = rf"(?<=[{digits}])[{signs}]+(?=[{digits}])"
        text = re.sub(between, lambda found: _GAP if all(map(_is_gap, found[0])) else _POINT, text)
        text = re.sub(rf"[{signs}]+", "", text) or text
    shown = text.translate(_LOOKS)
    return shown.replace("rn", "m").replace("vv", "w")


def _is_gap(sign: str) -> bool:
    return unicodedata.category(sign) in {"Zs", "Pd", "Pc"}


def _is_ornament(sign: str) -> bool:
    """Whether a name without it looks the same: punctuation, spaces, pictures."""
    if sign in _MEANT or sign in _LETTERS:
        return False
    category = unicodedata.category(sign)
    return category[0] in "PZ" or category in {"Sk", "So"} or sign in _LONGER
