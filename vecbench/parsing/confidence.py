"""Which probability a stated confidence is."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from vecbench.parsing.numerals import NUMERAL, THOUSANDS, hundredth, numeral_value, with_plain_numerals
from vecbench.parsing.prediction import ConfidenceStatus

SHORT = 64
"""Characters of a confidence that is remembered once it was read: models state few different ones."""

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
        return _within(numeral_value(text), "ok")
    if percent := _PERCENT.fullmatch(text):
        return _within(hundredth(percent[1]), "percent")
    if fraction := _FRACTION.fullmatch(text):
        part, whole = numeral_value(fraction[1]), numeral_value(fraction[2])
        return _within(part / whole if part >= 0 and whole > 0 else float("nan"), "fraction")
    if glossed := _GLOSSED.fullmatch(text):
        return _samenumeral_value(_read(glossed[1]), _read(glossed[2]))
    return None, "not_a_number"


_read_short = lru_cache(maxsize=4096)(_read)


def _samenumeral_value(
    first: tuple[float | None, ConfidenceStatus], second: tuple[float | None, ConfidenceStatus]
) -> tuple[float | None, ConfidenceStatus]:
    """One value that is written twice, as in 0.85 (85%)."""
    if first[0] is None or second[0] is None or not math.isclose(first[0], second[0], abs_tol=1e-9):
        return None, "not_a_number"
    return first


def _within(value: float, status: ConfidenceStatus) -> tuple[float | None, ConfidenceStatus]:
    # Adding 0 turns -0.0 into 0.0, which prints and bins like what it is.
    return (value + 0.0, status) if 0 <= value <= 1 else (None, "out_of_range")
