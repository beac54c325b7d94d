"""The kind "label": one of a closed list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_uppercase
from typing import Any, ClassVar, Self

from vecbench.answers.choice import chosen
from vecbench.answers.kind import AnswerKind, AnswerSpecification, Read
from vecbench.answers.mentions import SHORT
from vecbench.answers.sentences import concluded_label
from vecbench.answers.spellings import spellings_of
from vecbench.answers.written import listed_labels
from vecbench.labels import normal_form
from vecbench.metrics.catalogue import LABEL_METRICS
from vecbench.metrics.definition import Metric
from vecbench.parsing.negation import LABEL, is_crossed_out, is_negated
from vecbench.parsing.prediction import AnswerStatus

_LETTER = re.compile(r"[\s(\[*]{0,4}[A-Za-z][.:)\]][\s*]{1,4}")
"""What stands before a label that somebody lettered: C. (c) C:"""


@dataclass(frozen=True)
class Label(AnswerKind):
    """One label of a closed list.

    Attributes:
        labels: The list; empty where every row brings its own.
        aliases: Other spellings → label.
        is_lettered: Whether the prompt letters the labels, so that a letter is one.
    """

    name: ClassVar[str] = "label"
    metrics: ClassVar[Sequence[Metric]] = LABEL_METRICS
    has_confusion: ClassVar[bool] = True

    labels: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    is_lettered: bool = False

    @classmethod
    def of(cls, specification: AnswerSpecification) -> Self:
        specification.require_only()
        if len(specification.labels) < 2:
            raise ValueError("a label task lists at least two labels")
        return cls(specification.labels, specification.aliases)

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        return listed_labels(columns, self.labels)

    def target(self, written: object, candidates: Sequence[str]) -> str:
        """The candidate that is written, whatever its spelling; an alias is one too."""
        if isinstance(written, str):
            if written in candidates:
                return written
            if name := spellings_of(tuple(candidates), tuple(self.aliases.items())).of(written):
                return name.label
        raise ValueError(f"the target {written!r:.60} is not among the candidates")

    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        return {"labels": list(candidates)}

    def lettered(self) -> Label:
        return replace(self, is_lettered=True)

    def read(self, text: str, candidates: Sequence[str]) -> Read:
        return self._with_letter(text, candidates, read_label(text, candidates, self.aliases))

    def read_bare(self, text: str, candidates: Sequence[str]) -> Read:
        found = read_bare_label(text, candidates, self.aliases)
        if found[1] == "no_answer" and len(text) <= SHORT and (letter := _LETTER.match(text)):
            found = read_bare_label(text[letter.end() :], candidates, self.aliases)
        return self._with_letter(text, candidates, found)

    def _with_letter(self, text: str, candidates: Sequence[str], found: Read) -> Read:
        """A label that is named by its letter, in the list's order; none where letter and label differ."""
        if not self.is_lettered:
            return found
        letters, by_letter = chosen(text, candidates)
        if not (letters and by_letter):
            return found
        named = {candidates[ascii_uppercase.index(each)] for each in letters if len(letters) == 1}
        spelt = labels_named(text, candidates, self.aliases)  # "fear (B)", and B is another one
        if not named or found[0] not in (None, *named) or (spelt and spelt.isdisjoint(named)):
            return None, "ambiguous"
        return found if found[0] is not None else (named.pop(), "ok")

    def read_sentence(self, text: str, candidates: Sequence[str]) -> str | None:
        return concluded_label(text, spellings_of(tuple(candidates), tuple(self.aliases.items())))

    def load(self, stored: object) -> str:
        if not isinstance(stored, str):
            raise ValueError(f"{stored!r:.60} is no label")
        return stored

    def classes(self, candidates: Sequence[str]) -> Sequence[str]:
        return candidates


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
    whole = read_bare_label(answer, candidates, aliases)
    if whole[1] != "no_answer":
        return whole
    spellings = spellings_of(tuple(candidates), tuple(aliases.items()))
    found = spellings.named_in(answer)
    labels = {name.label for name in found}
    if not labels:
        return None, "not_a_candidate" if normal_form(answer) else "no_answer"
    # A candidate may be a negation itself, such as "no emotion".
    # A line of its own is a sentence of its own.
    sentences = ". ".join(answer.strip().split("\n", 1))
    around = spellings.words.sub(LABEL, normal_form(sentences))
    if len(labels) > 1 or is_crossed_out(answer) or is_negated(around):
        return None, "ambiguous"
    return labels.pop(), "alias" if all(name.is_alias for name in found) else "ok"


def read_bare_label(
    text: str, candidates: Sequence[str], aliases: Mapping[str, str]
) -> tuple[str | None, AnswerStatus]:
    """The candidate, if the whole text is nothing but a label; otherwise None with "no_answer".

    A label that is crossed out is "ambiguous" here too.
    """
    name = spellings_of(tuple(candidates), tuple(aliases.items())).of(text)
    if name is None:
        return None, "no_answer"
    if len(normal_form(text)) != len(text) and is_crossed_out(text):
        return None, "ambiguous"
    return name.label, "alias" if name.is_alias else "ok"


def labels_named(text: str, candidates: Sequence[str], aliases: Mapping[str, str]) -> set[str]:
    """Every candidate that a text names as a whole word, by an alias too."""
    found = spellings_of(tuple(candidates), tuple(aliases.items())).named_in(text)
    return {name.label for name in found}
