"""The options of a choice as data and task files write them."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase

from vecbench.answers.literals import literal, shown

LONGEST = 2000
"""Characters of one option."""
MOST = len(ascii_uppercase)

_FORM = 'such as {"A": "Yes", "B": "No"} or ["Yes", "No"]'


def option_texts(written: object) -> tuple[str, ...]:
    """The texts of options in the order of their letters, A, B, C and so on.

    Args:
        written: An object of letters and texts in any order, a list of texts, or either as the text of JSON
            or of a literal of Python.

    Returns:
        Two texts or more; one may be empty, and two may be equal.

    Raises:
        ValueError: It is none of these; the letters are not A, B, C … without a gap, or one is there twice;
            fewer than two options or more than letters; an option that is no text, or a very long one.
    """
    found = written
    if isinstance(written, str):
        try:
            found = literal(written)
        except ValueError as fault:
            raise ValueError(f"'options': {fault}") from None
    if isinstance(found, Mapping):
        found = _in_order(found)
    if not isinstance(found, list | tuple):
        raise ValueError(f"'options' is neither an object nor a list, {_FORM}")
    if not 2 <= len(found) <= MOST:
        raise ValueError(f"a choice has 2 to {MOST} options, not {len(found)}")
    return tuple(_text(letter, each) for letter, each in zip(ascii_uppercase, found, strict=False))


def _text(letter: str, written: object) -> str:
    if not isinstance(written, str):
        raise ValueError(f"option {letter} is no text: {shown(written)}")
    if len(written) > LONGEST:
        raise ValueError(f"option {letter} has {len(written):,} characters; at most {LONGEST:,} are read")
    return written


def _in_order(found: Mapping[object, object]) -> list[object]:
    by_letter: dict[str, object] = {}
    for name, text in found.items():
        letter = name.strip().upper() if isinstance(name, str) else ""
        if letter in by_letter:
            raise ValueError(f"option {shown(letter)} is there twice")
        by_letter[letter] = text
    expected = list(ascii_uppercase[: len(by_letter)])
    if sorted(by_letter) != expected:
        written = shown(", ".join(by_letter))
        raise ValueError(f"options are lettered A, B, C and so on, {_FORM}, not {written}")
    return [by_letter[letter] for letter in expected]
