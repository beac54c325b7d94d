"""The spellings of labels, and where they stand as whole words, in the scripts that labels are written in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from vecbench.labels import folded, normal_form

FIRST_SIGN, LAST_SIGN = "\ue000", "\uf8ff"
"""Characters of private use, which stand for labels in masked text."""

SIGN = re.compile(f"[{FIRST_SIGN}-{LAST_SIGN}]")

_NOUNS = frozenset({"content"})
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


class Name(NamedTuple):
    """A label, and whether it is named by an alias."""

    label: str
    is_alias: bool


class Spellings:
    """Labels and their aliases; an alias that is itself a label is none, nor is one of no candidate.

    Attributes:
        meanings: Normal form → what it names.
        symbols: Labels that have no normal form, such as an emoji, as they are spelt.
    """

    def __init__(self, candidates: Sequence[str], aliases: Iterable[tuple[str, str]]) -> None:
        self.meanings = {
            normal_form(alias): Name(label, True) for alias, label in aliases if label in candidates
        }
        self.meanings |= {normal_form(label): Name(label, False) for label in candidates}
        self.meanings.pop("", None)
        self.symbols = {label.strip(): Name(label, False) for label in candidates if not normal_form(label)}
        self.symbols.pop("", None)

    def of(self, text: str) -> Name | None:
        """What a whole text names; None if nothing."""
        return self.meanings.get(normal_form(text)) or self.symbols.get(text.strip())

    def named_in(self, text: str) -> set[Name]:
        """What a text names somewhere, in a whole word or a symbol."""
        found = {self.meanings[word[0]] for word in self.words.finditer(normal_form(text))}
        return found | {
            name for symbol, name in self.symbols.items() if not symbol.isascii() and symbol in text
        }

    @cached_property
    def words(self) -> re.Pattern[str]:
        """Finds the keys of `meanings` in a text in normal form; compiled only where an answer is one."""
        nouns = {form for form in _NOUNS if form in self.meanings and self.meanings[form].is_alias}
        return _whole_words(self.meanings, nouns)

    @cached_property
    def _signs(self) -> dict[str, str]:
        signs = map(chr, range(ord(FIRST_SIGN), ord(LAST_SIGN) + 1))
        return dict(zip(self.meanings, signs, strict=False))

    def masked(self, line: str) -> str:
        """A line in normal form, but its ends, with a sign in place of every label."""
        return self.words.sub(lambda word: self._signs.get(word[0], word[0]), SIGN.sub(" ", folded(line)))

    @cached_property
    def _names(self) -> list[Name]:
        return list(self.meanings.values())

    def named_by(self, sign: str) -> Name:
        """What a sign stands for in a text that was masked."""
        return self._names[ord(sign) - ord(FIRST_SIGN)]


@lru_cache(maxsize=1024)
def spellings_of(candidates: tuple[str, ...], aliases: tuple[tuple[str, str], ...]) -> Spellings:
    """The spellings of labels; each is made once."""
    return Spellings(candidates, aliases)


def _whole_words(forms: Iterable[str], nouns: Collection[str]) -> re.Pattern[str]:
    """The pattern that finds labels as whole words in a text in normal form.

    A longer label goes before one that it contains: "very happy" must not be read as "happy". A hyphen joins
    words: "fear-free" does not name fear. Beside letters of a script without spaces a word of another script
    is whole. A number is not a part of another number, nor an article an option's letter. `nouns` count only
    behind a verb such as "looks".
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
