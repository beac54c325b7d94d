"""Which probability a stated confidence is."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from vecbench.parsing.prediction import ConfidenceStatus

SHORT = 64
"""Characters of a confidence that is remembered once it was read: models state few different ones."""

_MARGIN = " \t\r\n\"'`*_{}()[]$“”‘’«»;:"
_SENTENCE_END = (".", ",", "\u3002", "\u3001")
_IN_ANGLES = re.compile(r"<([^<>]*)>")
_NUMBER = r"(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:e[+-]?[0-9]+)?"
_DECIMAL = re.compile(rf"[+-]?{_NUMBER}")
_PERCENT = re.compile(rf"([+-]?{_NUMBER})\s*(?:\\?%|per ?cent)")
_FRACTION = re.compile(rf"([+-]?{_NUMBER})(?:\s*[/\u2044]\s*|\s+out\s+of\s+)([+-]?{_NUMBER})")
_NAMED = re.compile(
    r"(?:my\s+)?confidence(?:\s+(?:level|score))?\s*(?:[:=]|\bis\b)[\s*_`\"']*(.+)|(.+?)\s*\bconfiden(?:t|ce)",
    re.DOTALL,
)
_GLOSSED = re.compile(r"([^()]+)\(([^()]+)")
_DIGIT_SIGNS = str.maketrans({"\u2212": "-", "\u066a": "%", "\u066b": "."})
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")


def read_confidence(stated: str | None) -> tuple[float | None, ConfidenceStatus]:
    """The probability that a stated confidence is; never clipped, and no scale is guessed.

    Args:
        stated: The text of the confidence alone; None if none was stated.

    Returns:
        A value in [0, 1] with "ok", "percent" (divided by 100) or "fraction"; or None with
        "out_of_range" (a bare number above 1, a negative one, nan, inf), "not_a_number" or "missing".
    """
    if stated is None:
        return None, "missing"
    return _read_short(stated) if len(stated) <= SHORT else _read(stated)


def _read(stated: str) -> tuple[float | None, ConfidenceStatus]:
    plain = stated.casefold() if stated.isascii() else _plain(stated)
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
    if _THOUSANDS.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        return None, "out_of_range"
    if _DECIMAL.fullmatch(text):
        return _within(_value(text), "ok")
    if percent := _PERCENT.fullmatch(text):
        return _within(_hundredth(percent[1]), "percent")
    if fraction := _FRACTION.fullmatch(text):
        part, whole = _value(fraction[1]), _value(fraction[2])
        return _within(part / whole if part >= 0 and whole > 0 else float("nan"), "fraction")
    if glossed := _GLOSSED.fullmatch(text):
        return _same_value(_read(glossed[1]), _read(glossed[2]))
    return None, "not_a_number"


_read_short = lru_cache(maxsize=4096)(_read)


def _same_value(
    first: tuple[float | None, ConfidenceStatus], second: tuple[float | None, ConfidenceStatus]
) -> tuple[float | None, ConfidenceStatus]:
    """One value that is written twice, as in 0.85 (85%)."""
    if first[0] is None or second[0] is None or not math.isclose(first[0], second[0], abs_tol=1e-9):
        return None, "not_a_number"
    return first


def _plain(stated: str) -> str | None:
    """In ASCII as far as possible; None with a superscript, where NFKC would make 0.92 of 0.9²."""
    if any(unicodedata.decomposition(each).startswith(("<super>", "<sub>")) for each in stated):
        return None
    plain = unicodedata.normalize("NFKC", stated).translate(_DIGIT_SIGNS).casefold()
    return "".join(_as_ascii(each) for each in plain if unicodedata.category(each) != "Cf")


def _as_ascii(character: str) -> str:
    # Digits of other scripts are digits.
    return character if character.isascii() or not character.isdecimal() else str(int(character))


def _value(number: str) -> float:
    return float(number.replace(",", "."))


def _hundredth(number: str) -> float:
    # 90.5% is the value that 0.905 is, to the last bit.
    return float(Decimal(number.replace(",", ".")).scaleb(-2))


def _within(value: float, status: ConfidenceStatus) -> tuple[float | None, ConfidenceStatus]:
    # Adding 0 turns -0.0 into 0.0, which prints and bins like what it is.
    return (value + 0.0, status) if 0 <= value <= 1 else (None, "out_of_range")
