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

_SEEMING = (
    *("look", "looks", "looked", "looking", "feel", "feels", "felt", "feeling"),
    *("seem", "seems", "seemed", "appear", "appears", "appeared"),
    *("calm and", "happy and", "peaceful and", "relaxed and"),
)
_AS_ADJECTIVE = "|".join(rf"(?<=\b{word} )" for word in _SEEMING)


def whole_words(forms: Iterable[str], nouns: Collection[str]) -> re.Pattern[str]:
    """The pattern that finds labels as whole words in a text in normal form.

    A longer label goes before one that it contains: "very happy" must not be read as "happy". A hyphen joins
    words: "fear-free" does not name fear. Beside letters of a script without spaces a word of another script
    is whole. A number is not a part of another number, nor an article an option's letter.

    Args:
        forms: Labels in normal form, none empty.
        nouns: Those of NOUNS that count only behind a verb such as "looks".
    """
    spaced: list[str] = []
    unspaced: list[str] = []
    for form in sorted(forms, key=len, reverse=True):
        (unspaced if _IS_UNSPACED.search(form) else spaced).append(_spelling(form, form in nouns))
    word = rf"\w{_MARKS}"
    other_word = rf"[^\W{_UNSPACED}]|[{_MARKS}]"
    kinds = [
        rf"(?<![^\W{_UNSPACED}])(?<![{_MARKS}])(?<!\w[-\u2010])(?:{'|'.join(spaced)})(?![-\u2010]?(?:{other_word}))",
        rf"(?<![{word}])(?<!\w[-\u2010])(?:{'|'.join(unspaced)})(?![-\u2010]?[{word}])",
    ]
    return re.compile(
        "|".join(kind for kind, found in zip(kinds, (spaced, unspaced), strict=True) if found) or "(?!)"
    )


def _spelling(form: str, is_noun: bool) -> str:
    spelling = re.escape(form)
    if is_noun:
        return f"(?:{_AS_ADJECTIVE}){spelling}"
    if form in {"a", "i"}:
        return rf"{spelling}(?!\s+(?!(?:and|or|because|is|since)\b)\w)"
    if form[0].isdecimal() or form[0] == "-":
        spelling = rf"(?<![-\d])(?<!\d[.,]){spelling}"
    if form[-1].isdecimal():
        spelling = rf"{spelling}(?![.,]\d|\s?%)"
    return spelling
