"""Whether an answer denies the label that stands in it.

Which words do, and which only look like it, is in negations.json, language by language. Its keys: "words";
"phrases", whose words stand side by side ("a|b": one of them, "a?": it may be missing, "#": a number); words
that count only "beside" a label, with "articles" between, since in another language they are something else
("sin", "sans", "pas"); "emphases", in which nothing is denied; and "fragments" of any text, where a script
has no spaces or a mark ends a word for the regular expressions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

LABEL = "\x00"
"""What stands in place of a label in the text that `is_negated` reads."""

_LANGUAGES = json.loads(Path(__file__).with_name("negations.json").read_text("utf-8")).values()


def _listed(key: str) -> frozenset[str]:
    return frozenset(word for each in _LANGUAGES for word in each.get(key, "").split())


def _phrases(key: str) -> frozenset[tuple[str, ...]]:
    return frozenset(form for each in _LANGUAGES for phrase in each.get(key, ()) for form in _forms(phrase))


def _forms(phrase: str) -> Iterator[tuple[str, ...]]:
    slots = (
        [*slot.rstrip("?").replace("LABEL", LABEL).split("|"), *([""] if slot.endswith("?") else [])]
        for slot in phrase.split()
    )
    for words in product(*slots):
        yield tuple(filter(None, words))


_WORDS = _listed("words")
_BESIDE, _ARTICLES = _listed("beside"), _listed("articles")
_PHRASES, _EMPHASES = _phrases("phrases"), _phrases("emphases")
_BEGINNINGS = {form[0] for form in _PHRASES | _EMPHASES}
_LONGEST = max(map(len, _PHRASES | _EMPHASES))

_QUOTES = "\"'“”„«»‘’「『《"
_TOKEN = re.compile(r"\w+(?:'\w+)*|[^\w\s]")
_WORD = re.compile(r"\w+(?:'\w+)*")


def _either(fragments: frozenset[str]) -> str:
    return "|".join(sorted(each.replace("_", " ") for each in fragments))


_FRAGMENT = re.compile(
    rf"(?P<emphasis>{_either(_listed('emphatic fragments'))})|{_either(_listed('fragments'))}"
    rf"|(?:{_either(_listed('fragments beside'))})[\s{_QUOTES}]*{LABEL}"
)
_NE_PAS = 60
"""Characters from a French "ne" to its "pas"."""

# Every alternative begins with a letter of its own, which lets the search skip all others.
_CROSSED = re.compile(
    r"~~[^~\n]{1,200}~~|<(?i:del|s|strike)\b[^<>]*>|!=|=/=|≠|¬|✗|✘|✖|❌|❎|🚫|\\(?:neq?|not|sout)\b"
)
_RETRACTION = re.compile(
    r"\b(?:wait|actually|however|but|instead|sorry|correct\w*|wrong|rather|yet|though)\b|\b(?:it|that|this|so|not)\W*\Z"
)
_LATER_WORDS = 5
"""Words of a sentence that says more than whether the one before it is right."""


def is_crossed_out(answer: str) -> bool:
    """Whether an answer, as it stands, bears a sign that denies: struck out text, ≠, a cross."""
    return _CROSSED.search(answer) is not None


def is_negated(text: str) -> bool:
    """Whether a text in normal form, with LABEL in place of every label, denies the label in it."""
    # "Fear. There is no light." denies the light.
    first, _, later = text.partition(". ")
    names_label_alone = LABEL in first and not re.search(r"[\w?]", first)
    if names_label_alone and LABEL not in later and _stands_alone(later):
        return False
    if not text.isascii() and any(found["emphasis"] is None for found in _FRAGMENT.finditer(text)):
        return True
    return _has_negation(text)


def _stands_alone(later: str) -> bool:
    words = _WORD.findall(later)
    return len(words) >= _LATER_WORDS and words[0] not in _WORDS and not _RETRACTION.search(later)


def _has_negation(text: str) -> bool:
    """Goes through the words once; an emphasis is passed over as a whole."""
    found = list(_TOKEN.finditer(text))
    tokens = ["#" if each[0].isdecimal() else each[0] for each in found]
    place, ne = 0, -1
    while place < len(tokens):
        token = tokens[place]
        if token in _BEGINNINGS:
            forms = [tuple(tokens[place : place + n]) for n in range(_LONGEST, 0, -1)]
            if emphasis := next((form for form in forms if form in _EMPHASES), None):
                place += len(emphasis)
                continue
            if not _PHRASES.isdisjoint(forms):
                return True
        if token in _WORDS or "n't" in token or (token in _BESIDE and _is_beside_label(tokens, place + 1)):
            return True
        if token in {"ne", "c'est"} or token.startswith("n'"):
            ne = found[place].end()
        elif token in {".", ";", "!", "?"}:
            ne = -1
        elif token == "pas" and ne >= 0 and found[place].start() - ne <= _NE_PAS:
            return True
        place += 1
    return False


def _is_beside_label(tokens: list[str], place: int) -> bool:
    ahead = [each for each in tokens[place : place + 8] if each not in _QUOTES]
    while ahead and ahead[0] in _ARTICLES:
        ahead.pop(0)
    return ahead[:1] == [LABEL]
