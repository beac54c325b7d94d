"""Which probability a stated confidence is, and numbers as models write them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from vecbench.parsing.form import Scale
from vecbench.parsing.prediction import ConfidenceStatus, Doubt

NUMERAL = r"(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:e[+-]?[0-9]+)?"
"""The pattern of a number without sign, with a decimal point or comma."""

THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
"""A number whose commas may group thousands."""

SHORT = 64
"""Characters of a confidence that is remembered once it was read: models state few different ones."""

_SIGNS = str.maketrans({"\u2212": "-", "\u066a": "%", "\u066b": "."})
_MARGIN = " \t\r\n\"'`*_{}()[]$“”‘’«»;:"
_SENTENCE_END = (".", ",", "\u3002", "\u3001")
_IN_ANGLES = re.compile(r"<([^<>]*)>")
_DECIMAL = re.compile(rf"[+-]?{NUMERAL}")
_PERCENT = re.compile(rf"([+-]?{NUMERAL})\s*(?:\\?%|per ?cent)")
_FRACTION = re.compile(rf"([+-]?{NUMERAL})(?:\s*[/\u2044]\s*|\s+out\s+of\s+)([+-]?{NUMERAL})")
_NAMED = re.compile(
    r"(?:my\s+)?confidence(?:\s+(?:level|score))?\s*(?:[:=]|\bis\b)[\s*_`\"']*(.+)|(.+?)\s*\bconfiden(?:t|ce)",
    re.DOTALL,
)
_GLOSSED = re.compile(r"([^()]+)\(([^()]+)")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)")

_TENTHS: Mapping[Scale, int] = {"unit": 0, "ten": 1, "percent": 2}

_Value = tuple[float | None, ConfidenceStatus]


def read_confidence(stated: str | None, scale: Scale = "unit") -> _Value:
    """The probability that a stated confidence is; never clipped, and no scale is guessed.

    A bare number is on the scale that is declared and on no other; a percentage or a fraction says its own.

    Returns:
        A value in [0, 1] with "ok", "percent" (divided by 100) or "fraction"; or None with
        "out_of_range" (a bare number beyond the scale, a negative one, nan, inf), "not_a_number" or
        "missing".
    """
    if stated is None:
        return None, "missing"
    return _read_short(stated, scale) if len(stated) <= SHORT else _read(stated, scale)


def doubtful_scale(stated: str | None, declared: Scale | None) -> Doubt | None:
    """What a stated confidence says against the scale that it is read on; None if nothing."""
    if stated is None or len(stated) > SHORT:
        return None
    text = (with_plain_numerals(stated) or "").strip(f"{_MARGIN}.,")
    if not _DECIMAL.fullmatch(text):
        return None
    value = numeral_value(text)
    if declared in (None, "unit"):
        above: Doubt = "above one" if value <= 10 else "far above one"
        return above if value > 1 else "one" if text == "1" and declared is None else None
    if declared == "ten" and value > 10:
        return "above ten"
    return "below one" if 0 < value < 1 else None


def _read(stated: str, scale: Scale) -> _Value:
    plain = with_plain_numerals(stated)
    if plain is None:
        return None, "not_a_number"
    text = plain.strip(_MARGIN)
    if len(text) <= SHORT and (named := _NAMED.fullmatch(text)):
        text = (named[1] or named[2]).strip(_MARGIN)
    if angles := _IN_ANGLES.fullmatch(text):  # one alone says "less than" or "more than"
        text = angles[1].strip(_MARGIN)
    if text.endswith(_SENTENCE_END):
        text = text[:-1].strip(_MARGIN)
    if "," in text and not set("[(").isdisjoint(plain):
        return None, "not_a_number"  # [0,1] is a range
    if not text:
        return None, "missing"
    if THOUSANDS.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        return None, "out_of_range"
    if _DECIMAL.fullmatch(text):
        return _within(_divided(text, _TENTHS[scale]), "ok")
    if percent := _PERCENT.fullmatch(text):
        return _within(hundredth(percent[1]), "percent")
    if fraction := _FRACTION.fullmatch(text):
        part, whole = numeral_value(fraction[1]), numeral_value(fraction[2])
        return _within(part / whole if part >= 0 and whole > 0 else math.nan, "fraction")
    if glossed := _GLOSSED.fullmatch(text):  # one value that is written twice, as in 0.85 (85%)
        (first, status), (second, _) = _read(glossed[1], scale), _read(glossed[2], scale)
        if first is not None and second is not None and math.isclose(first, second, abs_tol=1e-9):
            return first, status
    return None, "not_a_number"


_read_short = lru_cache(maxsize=4096)(_read)


def _within(value: float, status: ConfidenceStatus) -> _Value:
    # Adding 0 turns -0.0 into 0.0, which prints and bins like what it is.
    return (value + 0.0, status) if 0 <= value <= 1 else (None, "out_of_range")


def with_plain_numerals(text: str) -> str | None:
    """A text, case folded and in ASCII as far as possible: digits and signs of other scripts are ours.

    None with a superscript, where NFKC would make 0.92 of 0.9².
    """
    if text.isascii():
        return text.casefold()
    if any(unicodedata.decomposition(each).startswith(("<super>", "<sub>")) for each in text):
        return None
    plain = unicodedata.normalize("NFKC", text).translate(_SIGNS).casefold()
    return "".join(_as_ascii(each) for each in plain if unicodedata.category(each) != "Cf")


def _as_ascii(character: str) -> str:
    # Digits of other scripts are digits.
    return character if character.isascii() or not character.isdecimal() else str(int(character))


def numeral_value(number: str) -> float:
    """The value of a number that has the form of NUMERAL, with or without sign."""
    return float(number.replace(",", "."))


def hundredth(number: str) -> float:
    """Its hundredth: 90.5% is the value that 0.905 is, to the last bit."""
    return _divided(number, 2)


def _divided(number: str, places: int) -> float:
    """With its decimal point so many places to the left."""
    try:
        return float(Decimal(number.replace(",", ".")).scaleb(-places))
    except ArithmeticError:  # an exponent of many digits
        return numeral_value(number) / float(10**places)
