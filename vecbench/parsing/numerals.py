"""Numbers as models write them: scripts, decimal signs, percentages."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

NUMERAL = r"(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:e[+-]?[0-9]+)?"
"""The pattern of a number without sign, with a decimal point or comma."""

THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
"""A number whose commas may group thousands."""

_SIGNS = str.maketrans({"\u2212": "-", "\u066a": "%", "\u066b": "."})


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
    try:
        return float(Decimal(number.replace(",", ".")).scaleb(-2))
    except ArithmeticError:  # an exponent of many digits
        return numeral_value(number) / 100
