"""Which candidate an answer names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from vecbench.labels import normal_form
from vecbench.parsing.prediction import LabelStatus

_NEGATION = re.compile(
    r"\b(?:not|no|non|never|neither|nor|none|nothing|without|cannot|hardly|barely|scarcely|rarely|seldom|\w+n't"
    r"|(?:is|are|was|were|do|does|did|can|would|should|could)nt"
    r"|unlike|unlikely|(?:less|least) likely|doubt|doubts|doubtful|absent|absence of"
    r"|except|exclud(?:e|es|ed|ing)|(?:any|every|no)thing but|all but|other than|apart from|aside from"
    r"|rather than|instead of|opposed to|opposite of|contrary to|far from"
    r"|lacks|lacking|lack of|devoid of|(?:free|freed) (?:of|from)|rul(?:e|es|ed|ing) +(?:it +)?out)\b"
)
_NOT_A_NEGATION = re.compile(
    r"\b(?:no doubt|(?:without|beyond) (?:any |a )?(?:shadow of )?(?:a )?doubt|no question|not only"
    r"|no(?:ne|thing| one)? (?:other|else) than|nothing (?:but|less than|short of)|all but certain(?:ly)?)\b"
)

_WHOLE_ANSWER_ONLY = frozenset({"content"})
"""Aliases that are another word in most sentences: "the image content" says nothing of contentment."""


@dataclass(frozen=True, slots=True)
class _Matcher:
    """Candidates and aliases in normal form, and the pattern that finds them in a sentence as whole words."""

    meanings: Mapping[str, tuple[str, LabelStatus]]
    words: re.Pattern[str]


def read_label(
    answer: str, candidates: Sequence[str], aliases: Mapping[str, str]
) -> tuple[str | None, LabelStatus]:
    """The candidate that an answer names.

    Args:
        answer: The text of the answer alone.
        candidates: The closed list.
        aliases: Other spellings → candidate; one that is itself a candidate is no alias, and "content"
            is one only as the whole answer.

    Returns:
        The candidate as the list spells it with "ok" or "alias"; or None with "ambiguous" (several
        candidates, or a negation beside one), "not_a_candidate" or "no_answer" (nothing but
        punctuation).
    """
    text = normal_form(answer)
    if not text:
        return None, "no_answer"
    matcher = _matcher(tuple(candidates), tuple(aliases.items()))
    if text in matcher.meanings:
        return matcher.meanings[text]
    found = _named(text, matcher)
    labels = {label for label, _ in found}
    if not labels:
        return None, "not_a_candidate"
    # A candidate may be a negation itself, such as "no emotion".
    around = _NOT_A_NEGATION.sub(" ", matcher.words.sub(" ", text))
    if len(labels) > 1 or _NEGATION.search(around):
        return None, "ambiguous"
    label = labels.pop()
    return label, "ok" if (label, "ok") in found else "alias"


def labels_named(text: str, candidates: Sequence[str], aliases: Mapping[str, str]) -> set[str]:
    """Every candidate that a text names as a whole word, by an alias too."""
    matcher = _matcher(tuple(candidates), tuple(aliases.items()))
    return {label for label, _ in _named(normal_form(text), matcher)}


def _named(text: str, matcher: _Matcher) -> set[tuple[str, LabelStatus]]:
    return {matcher.meanings[word[0]] for word in matcher.words.finditer(text)}


def read_bare_label(
    text: str, candidates: Sequence[str], aliases: Mapping[str, str]
) -> tuple[str | None, LabelStatus]:
    """The candidate, if the whole text is nothing but a label; otherwise None with "no_answer"."""
    meaning = _matcher(tuple(candidates), tuple(aliases.items())).meanings.get(normal_form(text))
    return meaning or (None, "no_answer")


@lru_cache(maxsize=1024)
def _matcher(candidates: tuple[str, ...], aliases: tuple[tuple[str, str], ...]) -> _Matcher:
    meanings: dict[str, tuple[str, LabelStatus]] = {}
    for alias, label in aliases:
        if label in candidates:
            meanings[normal_form(alias)] = (label, "alias")
    for candidate in candidates:
        meanings[normal_form(candidate)] = (candidate, "ok")
    # A label of nothing but punctuation would stand everywhere.
    meanings.pop("", None)
    # Longest first: "very happy" must not be read as "happy".
    forms = [form for form in meanings if meanings[form][1] == "ok" or form not in _WHOLE_ANSWER_ONLY]
    spellings = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)) or "(?!)"
    # A hyphen joins words: "fear-free" does not name fear.
    return _Matcher(meanings, re.compile(rf"(?<!\w)(?<!\w[-\u2010])(?:{spellings})(?![-\u2010]?\w)"))
