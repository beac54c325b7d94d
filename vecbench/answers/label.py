"""The kind "label": one of a closed list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Self

from vecbench.answers.kind import Read
from vecbench.answers.specification import AnswerSpecification, listed_labels
from vecbench.labels import normal_form
from vecbench.metrics.catalogue import LABEL_METRICS
from vecbench.metrics.definition import Metric
from vecbench.metrics.observations import Floats
from vecbench.parsing.negation import LABEL, is_crossed_out, is_negated
from vecbench.parsing.prediction import AnswerStatus, Prediction
from vecbench.parsing.words import NOUNS, whole_words


@dataclass(frozen=True)
class Label:
    """One label of a closed list.

    Attributes:
        labels: The list; empty where every row brings its own.
        aliases: Other spellings → label.
    """

    name: ClassVar[str] = "label"
    metrics: ClassVar[Sequence[Metric]] = LABEL_METRICS
    has_confusion: ClassVar[bool] = True
    judges: ClassVar[bool] = True

    labels: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, specification: AnswerSpecification) -> Self:
        specification.require_only()
        if len(specification.labels) < 2:
            raise ValueError("a label task lists at least two labels")
        return cls(specification.labels, specification.aliases)

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        """The row's own list, or the task's.

        Raises:
            ValueError: The row's is no list of texts.
        """
        return listed_labels(columns, self.labels)

    def target(self, written: object, candidates: Sequence[str]) -> str:
        """The candidate that is written, whatever its spelling; an alias is one too.

        Raises:
            ValueError: It is none.
        """
        if isinstance(written, str):
            if written in candidates:
                return written
            spellings = self._spellings(tuple(candidates))
            if (found := spellings.get(normal_form(written))) is not None:
                return found
        raise ValueError(f"the target {written!r:.60} is not among the candidates")

    def _spellings(self, candidates: tuple[str, ...]) -> Mapping[str, str]:
        return _spellings(candidates, tuple(self.aliases.items()))

    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        return {"labels": list(candidates)}

    def read(self, text: str, candidates: Sequence[str]) -> Read:
        return read_label(text, candidates, self.aliases)

    def read_bare(self, text: str, candidates: Sequence[str]) -> Read:
        return read_bare_label(text, candidates, self.aliases)

    def is_bare_answer(self, text: str, candidates: Sequence[str]) -> bool:
        return self.read_bare(text, candidates)[0] is not None

    def may_go_on(self, text: str, candidates: Sequence[str]) -> bool:
        """No: a label that is there is a whole word."""
        del text, candidates
        return False

    def dump(self, answer: str) -> str:
        return answer

    def load(self, stored: object) -> str:
        if not isinstance(stored, str):
            raise ValueError(f"{stored!r:.60} is no label")
        return stored

    def is_right(self, answer: str | None, target: str) -> bool:
        return answer is not None and answer == target

    def classes(self, candidates: Sequence[str]) -> Sequence[str]:
        return candidates

    def columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        """None: labels are counted by class."""
        del rows
        return {}


@lru_cache(maxsize=256)
def _spellings(candidates: tuple[str, ...], aliases: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """Normal form → candidate."""
    by_form = {normal_form(candidate): candidate for candidate in candidates}
    known = {normal_form(alias): by_form.get(normal_form(label)) for alias, label in aliases}
    return {form: label for form, label in known.items() if label is not None} | by_form


class _Matcher:
    """Candidates and aliases in normal form.

    Attributes:
        meanings: Normal form → label and how it is named.
        signs: Candidates that have no normal form, such as an emoji, as they are spelt.
    """

    def __init__(self, candidates: Sequence[str], aliases: Iterable[tuple[str, str]]) -> None:
        self.meanings: dict[str, tuple[str, AnswerStatus]] = {}
        for alias, label in aliases:
            if label in candidates:
                self.meanings[normal_form(alias)] = (label, "alias")
        for candidate in candidates:
            self.meanings[normal_form(candidate)] = (candidate, "ok")
        self.meanings.pop("", None)
        self.signs: dict[str, tuple[str, AnswerStatus]] = {
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
) -> tuple[str | None, AnswerStatus]:
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
) -> tuple[str | None, AnswerStatus]:
    """The candidate, if the whole text is nothing but a label; otherwise None with "no_answer".

    A label that is crossed out is "ambiguous" here too.
    """
    meaning = _whole_answer(text, _matcher(tuple(candidates), tuple(aliases.items())))
    return meaning or (None, "no_answer")


def labels_named(text: str, candidates: Sequence[str], aliases: Mapping[str, str]) -> set[str]:
    """Every candidate that a text names as a whole word, by an alias too."""
    matcher = _matcher(tuple(candidates), tuple(aliases.items()))
    return {label for label, _ in _named(text, matcher)}


def _whole_answer(answer: str, matcher: _Matcher) -> tuple[str | None, AnswerStatus] | None:
    text = normal_form(answer)
    meaning = matcher.meanings.get(text)
    if meaning is None and matcher.signs:
        meaning = matcher.signs.get(answer.strip())
    if meaning is not None and len(text) != len(answer) and is_crossed_out(answer):
        return None, "ambiguous"
    return meaning


def _named(answer: str, matcher: _Matcher) -> set[tuple[str, AnswerStatus]]:
    found = {matcher.meanings[word[0]] for word in matcher.words.finditer(normal_form(answer))}
    return found | {
        meaning for sign, meaning in matcher.signs.items() if not sign.isascii() and sign in answer
    }


_matcher = lru_cache(maxsize=1024)(_Matcher)
