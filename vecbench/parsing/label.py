"""Which candidate an answer names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

from vecbench.labels import normal_form
from vecbench.parsing.negation import LABEL, is_crossed_out, is_negated
from vecbench.parsing.prediction import LabelStatus
from vecbench.parsing.words import NOUNS, whole_words


class _Matcher:
    """Candidates and aliases in normal form.

    Attributes:
        meanings: Normal form → label and how it is named.
        signs: Candidates that have no normal form, such as an emoji, as they are spelt.
    """

    def __init__(self, candidates: Sequence[str], aliases: Iterable[tuple[str, str]]) -> None:
        self.meanings: dict[str, tuple[str, LabelStatus]] = {}
        for alias, label in aliases:
            if label in candidates:
                self.meanings[normal_form(alias)] = (label, "alias")
        for candidate in candidates:
            self.meanings[normal_form(candidate)] = (candidate, "ok")
        self.meanings.pop("", None)
        self.signs: dict[str, tuple[str, LabelStatus]] = {
            candidate.strip(): (candidate, "ok") for candidate in candidates if not normal_form(candidate)
        }
        self.signs.pop("", None)

    @cached_property
    def words(self) -> re.Pattern[str]:
        """Finds the keys of `meanings` in a sentence; compiled only where an answer is one."""
        nouns = {form for form in NOUNS if self.meanings.get(form, ("", "ok"))[1] == "alias"}
        return whole_words(self.meanings, nouns)


def read_label(
    answer: str, candidates: Sequence[str], aliases: Mapping[str, str]
) -> tuple[str | None, LabelStatus]:
    """The candidate that an answer names.

    Args:
        answer: The text of the answer alone.
        candidates: The closed list.
        aliases: Other spellings → candidate; one that is itself a candidate is no alias, and "content"
            is one only where it is the adjective.

    Returns:
        The candidate as the list spells it with "ok" or "alias"; or None with "ambiguous" (several
        candidates, or one that is negated or crossed out), "not_a_candidate" or "no_answer" (nothing but
        punctuation).
    """
    matcher = _matcher(tuple(candidates), tuple(aliases.items()))
    meaning = _whole_answer(answer, matcher)
    if meaning is not None:
        return meaning
    found = _named(answer, matcher)
    labels = {label for label, _ in found}
    if not labels:
        return None, "not_a_candidate" if normal_form(answer) else "no_answer"
    # A candidate may be a negation itself, such as "no emotion".
    # A line of its own is a sentence of its own.
    sentences = ". ".join(answer.strip().split("\n", 1))
    around = matcher.words.sub(LABEL, normal_form(sentences))
    if len(labels) > 1 or is_crossed_out(answer) or is_negated(around):
        return None, "ambiguous"
    label = labels.pop()
    return label, "ok" if (label, "ok") in found else "alias"


def read_bare_label(
    text: str, candidates: Sequence[str], aliases: Mapping[str, str]
) -> tuple[str | None, LabelStatus]:
    """The candidate, if the whole text is nothing but a label; otherwise None with "no_answer".

    A label that is crossed out is "ambiguous" here too.
    """
    meaning = _whole_answer(text, _matcher(tuple(candidates), tuple(aliases.items())))
    return meaning or (None, "no_answer")


def labels_named(text: str, candidates: Sequence[str], aliases: Mapping[str, str]) -> set[str]:
    """Every candidate that a text names as a whole word, by an alias too."""
    matcher = _matcher(tuple(candidates), tuple(aliases.items()))
    return {label for label, _ in _named(text, matcher)}


def _whole_answer(answer: str, matcher: _Matcher) -> tuple[str | None, LabelStatus] | None:
    text = normal_form(answer)
    meaning = matcher.meanings.get(text)
    if meaning is None and matcher.signs:
        meaning = matcher.signs.get(answer.strip())
    if meaning is not None and len(text) != len(answer) and is_crossed_out(answer):
        return None, "ambiguous"
    return meaning


def _named(answer: str, matcher: _Matcher) -> set[tuple[str, LabelStatus]]:
    found = {matcher.meanings[word[0]] for word in matcher.words.finditer(normal_form(answer))}
    return found | {
        meaning for sign, meaning in matcher.signs.items() if not sign.isascii() and sign in answer
    }


_matcher = lru_cache(maxsize=1024)(_Matcher)
