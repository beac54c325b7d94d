"""What a whole word is, in the scripts that labels are written in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

NOUNS = frozenset({"content"})
"""Aliases that are another word in most sentences: "the image content" says nothing of contentment."""

# Chinese, Japanese, Korean and Thai letters.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
# Marks on letters belong to the word, though they are no word characters to the regular expressions.
_MARKS = r"\u0300-\u036f\u0900-\u0963\u0966-\u0dff"
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")

_ARTICLES = {"a", "i"}
"""Letters that are words, and options only where no other word follows."""

_SEEMING = (
    *("look", "looks", "looked", "looking", "feel", "feels", "felt", "feeling"),
    *("seem", "seems", "seemed", "appear", "appears", "appeared"),
    *("calm and", "happy and", "peaceful and", "relaxed and"),
)


def whole_words(forms: Iterable[str], nouns: Collection[str]) -> re.Pattern[str]:
    """The pattern that finds labels as whole words in a text in normal form.

    A longer label goes before one that it contains: "very happy" must not be read as "happy". A hyphen joins
    words: "fear-free" does not name fear. Beside letters of a script without spaces a word of another script
    is whole. A number is not a part of another number, nor an article an option's letter.

    Args:
        forms: Labels in normal form, none empty.
        nouns: Those of NOUNS that count only behind a verb such as "looks".
    """
    # Every alternative begins with its label's first letter, which lets the search skip all others; so what
    # must not stand before a label is looked for behind it.
    ordered = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(_whole(form, form in nouns) for form in ordered) or "(?!)")


def _whole(form: str, is_noun: bool) -> str:
    spelling = re.escape(form)
    joined = rf"[\w{_MARKS}]" if _IS_UNSPACED.search(form) else rf"(?:[^\W{_UNSPACED}]|[{_MARKS}])"
    before = [joined, r"\w[-\u2010]"]
    behind = [rf"[-\u2010]?{joined}"]
    if form[0].isdecimal() or form[0] == "-":
        before += [r"[-\d]", r"\d[.,]"]
    if form[-1].isdecimal():
        behind += [r"[.,]\d", r"\s?%"]
    if form in _ARTICLES:
        behind.append(r"\s+(?!(?:and|or|because|is|since)\b)\w")
    seeming = "|".join(rf"(?<=\b{word} {spelling})" for word in _SEEMING)
    return "".join(
        [
            spelling,
            *(f"(?<!{each}{spelling})" for each in before),
            f"(?!{'|'.join(behind)})",
            f"(?:{seeming})" if is_noun else "",
        ]
    )
