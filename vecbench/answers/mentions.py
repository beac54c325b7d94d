"""Where a text names options: by their letters, by letter and text, by text alone.

All of it takes time that is linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache, reduce
from string import ascii_uppercase
from typing import NamedTuple

from vecbench.parsing.negation import LABEL, is_negated
from vecbench.parsing.visible import END_TOKENS

SHORT = 100
"""Characters of a text that is read as a whole."""
NEAR = 2500
"""Characters behind a letter in which its option's text ends."""
MOST = 32
"""Statements of a letter that are looked at, from the end: enough for any answer, and a bound."""

_MARK = "\x01"  # before a letter that is an option's, and no article, among a text's words
_GONE = "\x02"
_END = re.compile("|".join(map(re.escape, END_TOKENS)))
_MARKUP = re.compile(r"[*`]+|\\(?:text|mathrm|textbf|mathbf)\b")
_SPELLING = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "。": ".", "\x01": " ", "\x02": " "})
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_CONCLUSION = re.compile(
    r"\W*(?:therefore|thus|hence|so|overall|consequently|in conclusion|in summary|to sum up|as a result)\b",
    re.IGNORECASE,
)

_WORD = re.compile(
    r"(?<![\w'-])([A-Z])(?=\"?[ \t]?[:)\]}])"  # A: A) (A) [A] {A}
    # At the beginning of a line or sentence, also A. and A - and A alone.
    r"|(?:(?<=[.!?:;,][ \t])|(?<![^\n]))([A-Z])(?=[ \t]?\.(?!\w)|[ \t][-–—][ \t]|[ \t]*(?![^\n]))"
    r"|(?<![^\n])([a-z])(?=[:)])"
    r"|(\w+(?:'\w+)*)"
)
_LEAD = re.compile(
    r"\W*([A-Za-z])(?!\w)"
    r"(?:(?P<mark>[\"']?\s*[:)\]}]|[\"']?\.(?!\w)|[\"']?\s[-–—](?=\s)|\W*\Z)|(?P<blank>[\"']?\s+)|[\"']?(?=[,;/&]))"
)
_NO_ARTICLE = re.compile(r"(?:and|or|because|since|as|is|seems)\b")
_ALONE = r"(?=[\"']?\s*(?:[.,;:!?)\]}/&\n]|\Z|[-–—]\s|(?:or|and|is|was|because|since|as|for|with)\b))"
_LETTER = rf"[\"'(\[{{]{{0,2}}((?-i:[B-HJ-Z])(?![\w'-])|[A-Z]{_ALONE})"
_STATEMENT = re.compile(
    r"(?:\b(?:answer|(?:correct|right|best|final|appropriate|suitable|accurate|my)\s(?:option|choice))\b"
    r"|(?<![^\n])[^\w\n]{0,8}(?:option|choice)(?=\s?:))"
    r"[^\w\n.]{0,6}(?:\s?(?:is|would\sbe|should\sbe|will\sbe|must\sbe|seems\sto\sbe|might\sbe|could\sbe)\b)?"
    rf"[\s:\"'(\[{{]{{0,6}}(?:(?:the|option|choice|letter|answer)\s){{0,2}}{_LETTER}"
    rf"|\b(?:choose|chose|select|pick|go\swith|opt\sfor)\s(?:option\s)?{_LETTER}",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(
    r"\W{0,4}(?:(?:and|or)\W{1,3}|[,/&]\W{0,3}){1,2}(?:option\s)?[\"'(\[]?([A-Z])"
    r"(?=[\"']?\s*(?:[.,:;!?)\]&/]|\Z|\n|(?:or|and|is|are)\b))|\W{0,2}([A-Z])\s?[:)]"
)
_LINE = re.compile(
    r"(?:(?<![^\n])[^\w\n]{0,8}(?:[Oo]ption\s)?|(?<=[.!?:][ \n]))([A-Z])\s?(?:[.):\]]|(?![^\n]))"
    r"|(?<![^\n])[^\w\n]{0,8}([a-z])[):](?!\w)"
    r"|[(\[]([A-Z])[)\]]|\b[Oo]ption\s[\"']?([A-Z])(?![\w'-])|\bis\s[\"']?([A-Z])(?=[\"']?[ \t]?[:.)])"
)
_LONE = re.compile(r"(?<![\w'-])(?:[B-HJ-Z](?![\w'-])|[AI](?![\w'-]|\s+(?!(?:and|or|because|is)\b)[^\W\d]))")
_WORD_NEXT = re.compile(r"[\"'.)\s]{0,8}\w")
_YES_OR_NO = re.compile(r"[\W_]{0,8}(?:yes|no)(?=[\"']?\s*[.,;:!\n–—])", re.IGNORECASE)
_NO = re.compile(r"(?<![\w'-])no(?=\s*(?:[.,;:!?)\]}\"'\n]|\Z))", re.IGNORECASE)
_DENIED = re.compile(
    r"(?:\b(?:not|never|neither|nor|(?:rather|other)\sthan|instead\sof)|n't)\s"
    r"(?:(?:the|option|choice|answer)\s){0,2}[\"'(\[]{0,2}\Z"
)
_DENIAL = 40  # characters in which one stands before a letter


def plain_text(text: str) -> str:
    """A text without tokens that end a turn and without markup; its typography made plain."""
    text = _END.sub("\n", text)
    if not text.isascii():
        normal = unicodedata.normalize("NFKC", text)
        text = normal if len(normal) <= 2 * len(text) else text  # one character can become eighteen
    return _MARKUP.sub("", text.translate(_SPELLING)).strip()


@lru_cache(maxsize=4)  # several rules look at the words of one text
def _marked_words(plain: str) -> str:
    """The words of a plain text between single spaces, case folded; letters of options are marked."""
    words = (
        each[4].casefold() if each[4] else _MARK + (each[1] or each[2] or each[3]).lower()
        for each in _WORD.finditer(plain)
    )
    return f" {' '.join(words)} "


def _words(plain: str) -> str:
    return _marked_words(plain).replace(_MARK, "")


class Options:
    """The options of a choice, as they are looked for.

    Attributes:
        letters: One for each option.
        texts: Their texts as words between single spaces, with the letters of those that have the text; the
            longest first, and none that is empty.
        without_text: The letters of the others.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.letters = ascii_uppercase[: len(texts)]
        alike: dict[str, str] = {}
        for letter, text in zip(self.letters, texts, strict=False):
            words = _words(plain_text(text))
            alike[words] = alike.get(words, "") + letter
        self.without_text = alike.pop(_words(""), "")
        self.texts = sorted(alike.items(), key=lambda each: -len(each[0]))

    def equal_to(self, plain: str) -> str:
        """The letters of the options that a whole text is."""
        words = _words(plain)
        return next((letters for text, letters in self.texts if words == text), "")

    def opening(self, plain: str) -> str:
        """The letters of the option that is a text's first sentence, or the yes or no that it begins with."""
        first = _SENTENCE_END.split(plain, maxsplit=1)[0]
        said = _YES_OR_NO.match(plain)
        return self.equal_to(said[0]) if said else self.equal_to(first)

    def at_start(self, plain: str) -> str:
        """The letters of the option that a text begins with: the longest, and its equals."""
        words = _words(plain[:NEAR])
        return next((letters for text, letters in self.texts if words.startswith(text)), "")

    def contained(self, plain: str) -> set[str]:
        """The options whose words a text contains, and not only as a part of another option's.

        "No" is one only where no further word follows: "no clear emotion" does not say it.
        """
        words = _words(plain)
        found: set[str] = set()
        for text, letters in self.texts:
            if text in words and (text != " no " or _NO.search(plain)):
                found.update(letters)
                words = words.replace(text, f" {_GONE} ")
        return found

    def is_denied(self, plain: str, letter: str) -> bool:
        """Whether a text denies the one option that it contains, by letter or words.

        Of a long text, only what stands directly before the option is looked at.
        """
        forms = [f" {letter.lower()} ", *(text for text, letters in self.texts if letter in letters)]
        if len(plain) <= SHORT:
            sentences = (
                reduce(lambda words, form: words.replace(form, f" {LABEL} "), forms, _words(sentence)).strip()
                for sentence in _SENTENCE_END.split(plain)
            )
            return is_negated(". ".join(sentences))
        words = _words(plain)
        starts = (each.start() for form in forms[1:] for each in re.finditer(re.escape(form), words))
        return all(_is_denied(words, start + 1) for start in starts)

    def concluded(self, plain: str) -> set[str]:
        """The options whose words the last sentence contains that begins as a conclusion and has any."""
        sentences = [each for each in _SENTENCE_END.split(plain) if _CONCLUSION.match(each)]
        return next((found for each in sentences[:-MOST:-1] if (found := self.contained(each))), set())


options_of = lru_cache(maxsize=1024)(Options)


class Letter(NamedTuple):
    """A letter that a text states, and where it ends."""

    letter: str
    end: int


def leading_letter(plain: str, options: Options) -> Letter | None:
    """The letter that a text begins with, whether an option has it or not; None if it is an article."""
    found = _LEAD.match(plain)
    if found is None:
        return None
    letter, end = found[1], found.end()
    if found["mark"] is None:
        is_article = letter in "AI" and found["blank"] and not _NO_ARTICLE.match(plain, end)
        if letter.islower() or (is_article and letter not in options.at_start(plain[end : end + NEAR])):
            return None
    return Letter(letter.upper(), end)


def stated_letters(plain: str, options: Options) -> list[Letter]:
    """The letters of statements such as "the answer is B" and "I choose B", the last ones."""
    found = []
    for each in _STATEMENT.finditer(plain):
        place = 1 if each[1] else 2
        letter, end = each[place], each.end(place)
        # A lower-case one ends its sentence.
        if letter.upper() in options.letters and (letter.isupper() or not _WORD_NEXT.match(plain, end)):
            found.append(Letter(letter.upper(), end))
    return found[-MOST:]


def is_clear(plain: str, stated: Letter, options: Options) -> bool:
    """Whether what follows a letter is neither the text of another option nor another letter: "B or C"."""
    behind = plain[stated.end : stated.end + NEAR]
    begun = options.at_start(behind)
    if begun and stated.letter not in begun:
        return False
    other = _ALTERNATIVE.match(behind)
    return other is None or (other[1] or other[2]) not in options.letters.replace(stated.letter, "")


class Lettered(NamedTuple):
    """Options that a text names by letter and text, such as "B: Joy".

    Attributes:
        letters: Those that are named rightly.
        contradicted: Whether a letter stands before another option's text.
        is_list: Whether the text lists options one after another, as the question does: those do not count.
        begins_with_list: Whether such a list is its beginning.
    """

    letters: set[str]
    contradicted: bool
    is_list: bool
    begins_with_list: bool


class _Named(NamedTuple):
    start: int
    end: int
    letter: str
    texts: str


def lettered_texts(plain: str, options: Options) -> Lettered:
    """The options that a text names by letter and text, but those that are denied."""
    words = _marked_words(plain)
    runs: list[list[_Named]] = []
    for each in sorted(_named(words, options)):
        if runs and runs[-1][-1].end == each.start and runs[-1][-1].letter < each.letter:
            runs[-1].append(each)
        else:
            runs.append([each])
    single = [run[0] for run in runs if len(run) == 1 and not _is_denied(words, run[0].start + 1)]
    return Lettered(
        {each.letter for each in single if each.letter in each.texts},
        any(each.letter not in each.texts for each in single),
        any(len(run) > 1 for run in runs),
        bool(runs) and len(runs[0]) > 1 and runs[0][0].start == 0,
    )


def _named(words: str, options: Options) -> Iterator[_Named]:
    taken: set[int] = set()
    for text, letters in options.texts:
        for letter in options.letters:
            pattern = f" {_MARK}{letter.lower()}{text}"
            place = words.find(pattern)
            while place >= 0:
                if place not in taken:
                    taken.add(place)
                    yield _Named(place, place + len(pattern) - 1, letter, letters)
                place = words.find(pattern, place + 1)
    for letter in options.without_text:
        for each in re.finditer(rf" {_MARK}{letter.lower()}(?= {_MARK}| \Z)", words):
            yield _Named(each.start(), each.end(), letter, letter)


def line_letters(plain: str, options: Options) -> set[str]:
    """The letters that lines or brackets begin with, and those that are called options."""
    found = set()
    for each in _LINE.finditer(plain):
        place = each.lastindex or 0
        if not _is_denied(plain, each.start(place)):
            found.add(each[place].upper())
    return found.intersection(options.letters)


def lone_letters(plain: str, options: Options) -> set[str]:
    """The capital letters that stand alone and are no article."""
    return set(_LONE.findall(plain)).intersection(options.letters)


def _is_denied(text: str, start: int) -> bool:
    return _DENIED.search(text[max(0, start - _DENIAL) : start].lower()) is not None
