"""Which labels a text lists, in order.

A list has its labels between commas, semicolons, `>`, "and" and the like, one a line, numbered, in brackets
or as JSON; before the first may stand what introduces it ("Emotion ranking:", "The main emotions are"),
behind each a number or a bracket. A sentence that merely mentions labels is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from vecbench.answers.spellings import FIRST_SIGN, LAST_SIGN, SIGN, Name, Spellings
from vecbench.labels import normal_form
from vecbench.parsing.negation import LABEL, is_crossed_out, is_negated
from vecbench.parsing.prediction import AnswerStatus

_LABEL = SIGN.pattern
_GAP = rf"[^\w{FIRST_SIGN}-{LAST_SIGN}]"
_SEPARATOR = re.compile(
    r"[,;>|/&\u2192]|[-=]>|\b(?:and|then|followed by)\b"
    rf"|(?<={_LABEL}) (?={_LABEL})|(?<= )[-\u2013\u2014](?= ?{_LABEL})"
    rf"|(?<![\w.,])\d{{1,2}}[.)](?=[ \"'*\[]{{0,3}}{_LABEL})"
)
_ORDINAL = (
    r"(?:the|first|second|third|fourth|fifth|firstly|secondly|thirdly|lastly|finally|primary|secondary|tertiary"
    r"|\d{1,2}(?:st|nd|rd|th)?)\b"
)
_BEFORE = rf"{_GAP}{{0,20}}(?:{_ORDINAL}{_GAP}{{0,20}}){{0,2}}"
_INTRODUCED = re.compile(rf"(?:.*(?:[:=\[(]|\b(?:are|is|be|as|include|includes|being)\b))?{_BEFORE}")
_INTRODUCTION = 120
"""Characters before a label by which it is introduced: `_BEFORE` and a word are shorter."""

# Possessive: what both runs could take is gone through once.
_BEHIND = re.compile(r"[^\w()\[\]]*+(?:\d++(?:[.,]\d++)?[ %]*+)?[^\w(\[]*+(?:[(\[][^()\[\]]{0,60}[)\]]\W*+)?")
_NUMBERED = re.compile(
    rf"(?:[^\d]{{0,100}}:)?{_GAP}{{0,6}}(?:\d{{1,2}}[.):]|\d(?:st|nd|rd|th)\b|[-\u2022*+](?= )){_BEFORE}"
)
_SENTENCE_END = re.compile(rf"(?<=[^\d\W][.!?])(?= )|(?<=[\])\"'{FIRST_SIGN}-{LAST_SIGN}][.!?])(?= )")


class _Item(NamedTuple):
    """A part of a list.

    Attributes:
        signs: The labels in it.
        is_exact: Whether it is nothing but one label, with what may stand around it.
        is_empty: Whether it says nothing.
        is_denied: Whether it denies what it names.
    """

    signs: str
    is_exact: bool
    is_empty: bool
    is_denied: bool


def enumerated(text: str, spellings: Spellings, *, bare: bool) -> list[Name] | AnswerStatus:
    """The labels that a text lists, as often as it does, or why it lists none.

    Of a whole response, which is `bare`, only what is surely a list is one.

    Returns:
        At least one label; or "ambiguous" (different lists, several labels in one place, one that is denied),
        "not_a_candidate" (something else stands among the labels, or there is none), "no_answer".
    """
    lines = [line for each in text.split("\n") if (line := spellings.masked(each)).strip()]
    heads = _numbered_heads(lines)
    if heads and any(len(head) != 1 for head in heads):
        return "ambiguous" if max(map(len, heads)) > 1 else "not_a_candidate"
    listed = {"".join(heads)} if heads else _exact_lists(lines)
    if listed:
        if len(listed) > 1 or is_crossed_out(text):
            return "ambiguous"
        return [spellings.named_by(sign) for sign in listed.pop()]
    sentence = next((part for line in lines for part in _SENTENCE_END.split(line) if SIGN.search(part)), "")
    items = _items(sentence)
    if bare:
        exact = sum(item.is_exact for item in items)
        is_list = 2 * exact >= len(items) >= 2 and all(item.is_exact or not item.signs for item in items)
        return "not_a_candidate" if is_list else "no_answer"
    if not items:
        return "not_a_candidate" if normal_form(text) else "no_answer"
    if any(item.is_denied or len(item.signs) > 1 for item in items):
        return "ambiguous"
    if not all(item.signs for item in items):
        return "not_a_candidate"
    return [spellings.named_by(item.signs) for item in items]


def _numbered_heads(lines: Sequence[str]) -> list[str]:
    """The labels that numbered lines begin with, of each line; empty unless there are two that do so."""
    heads = [line[found.end() :] for line in lines if (found := _NUMBERED.match(line))]
    labels = [head[:1] + _beside(head[1:]) if SIGN.match(head) else "" for head in heads]
    return labels if sum(map(bool, labels)) > 1 else []


def _beside(behind: str) -> str:
    """The label that follows another one in its place, as in "joy and fear" and "joy/fear"; or nothing."""
    separator = _SEPARATOR.match(behind.lstrip())
    found = SIGN.match(behind.lstrip()[separator.end() :].lstrip()) if separator else None
    return found[0] if found else ""


def _exact_lists(lines: Sequence[str]) -> set[str]:
    """The different lists that a text states beyond doubt, each as the signs of its labels.

    Lines, or sentences, that are one label each; else those that are a list of two or more, or, if that is
    all there is, of one.
    """
    parts = [part for line in lines for part in _SENTENCE_END.split(line)]
    items = [_items(part) for part in parts]
    signs_of = ["".join(i.signs for i in each) if all(i.is_exact for i in each) else "" for each in items]
    column = "".join(signs_of)
    if len(column) > 1 and all(len(signs) <= 1 for signs in signs_of):
        # Nothing else stands between the first and the last of them.
        first = next(place for place, signs in enumerate(signs_of) if signs)
        return {column} if all(signs_of[first : first + len(column)]) else set()
    several = {signs for signs in signs_of if len(signs) > 1}
    return several or ({column} if column and len(parts) == 1 else set())


def _items(sentence: str) -> list[_Item]:
    """The parts of a list that say something, without what introduces it."""
    first = SIGN.search(sentence)
    if first is None:
        return []
    if _is_introduced(sentence[: first.start()]):
        sentence = sentence[first.start() :]
    return [item for part in _SEPARATOR.split(sentence) if not (item := _item(part)).is_empty]


def _item(part: str) -> _Item:
    signs = "".join(SIGN.findall(part))
    if len(signs) != 1:
        return _Item(signs, False, not signs and not any(map(str.isalpha, part)), False)
    before, behind = part.split(signs)
    is_exact = bool(_is_introduced(before) and _BEHIND.fullmatch(behind))
    return _Item(signs, is_exact, False, is_negated(f"{before}{LABEL}{behind}".strip()))


def _is_introduced(before: str) -> bool:
    return _INTRODUCED.fullmatch(before[-_INTRODUCTION:]) is not None
