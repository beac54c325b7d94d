"""The kind "label": one of a closed list."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_uppercase
from typing import Any, ClassVar, Self

import numpy as np

from vecbench.answers.choice import chosen
from vecbench.answers.kind import LIST_LABELS, AnswerKind, AnswerSpecification, Read
from vecbench.answers.mentions import SHORT
from vecbench.answers.number_labels import number_labels, positions
from vecbench.answers.scored_options import columns_of_one
from vecbench.answers.sentences import concluded_label
from vecbench.answers.spellings import spellings_of
from vecbench.answers.written import row_labels, shown
from vecbench.labels import normal_form
from vecbench.metrics.catalogue import LABEL_METRICS, ORDERED_LABEL_METRICS
from vecbench.metrics.definition import Metric
from vecbench.metrics.observations import Floats
from vecbench.metrics.regression import rating_columns
from vecbench.parsing.negation import LABEL, is_crossed_out, is_negated
from vecbench.parsing.prediction import AnswerStatus, Prediction

_LETTER = re.compile(r"[\s(\[*]{0,4}[A-Za-z][.:)\]][\s*]{1,4}")
"""What stands before a label that somebody lettered: C. (c) C:"""


@dataclass(frozen=True)
class Label(AnswerKind):
    """One label of a closed list.

    Attributes:
        labels: The list; empty where every row brings its own.
        aliases: Other spellings → label.
        is_lettered: Whether the prompt letters the labels, so that a letter is one.
        of_rows: Whether every row has to bring its own list.
    """

    name: ClassVar[str] = "label"
    remedy: ClassVar[str] = LIST_LABELS
    metrics: ClassVar[Sequence[Metric]] = LABEL_METRICS
    has_confusion: ClassVar[bool] = True

    labels: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    is_lettered: bool = False
    of_rows: bool = False

    @classmethod
    def of(cls, specification: AnswerSpecification) -> Self:
        specification.require_only("ordered", "candidates")
        of_rows = specification.labels_of_rows()
        ordered = specification.options.get("ordered", False)
        if not isinstance(ordered, bool):
            raise ValueError(f"'ordered' is true or false, not {shown(ordered)}")
        kind: type[Any] = OrderedLabel if ordered else cls
        made: Self = kind(specification.labels, specification.aliases, of_rows=of_rows)
        return made

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        return row_labels(columns, self.labels, of_rows=self.of_rows)

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

    def spelt_options(self, candidates: Sequence[str]) -> tuple[str, ...]:
        """The labels, or their letters where the prompt has some."""
        return tuple(ascii_uppercase[: len(candidates)] if self.is_lettered else candidates)

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

    def option_columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        return columns_of_one(rows)

    def load(self, stored: object) -> str:
        if not isinstance(stored, str):
            raise ValueError(f"{stored!r:.60} is no label")
        return stored

    def view(self, answer: Any, target: Any, candidates: Sequence[str]) -> Mapping[str, Any]:
        return {"type": "label", "labels": list(candidates), "target": target, "answer": answer}

    def classes(self, candidates: Sequence[str]) -> Sequence[str]:
        return candidates


@dataclass(frozen=True)
class OrderedLabel(Label):
    """One label of a list that is a scale, from its one end to the other.

    Labels that are all numbers are read as numbers, and are as far apart as these; others by the steps
    between them.
    """

    metrics: ClassVar[Sequence[Metric]] = ORDERED_LABEL_METRICS

    def target(self, written: object, candidates: Sequence[str]) -> str:
        scale = number_labels(tuple(candidates))
        if scale is None or not isinstance(written, str) or written in candidates:
            return super().target(written, candidates)
        return scale.label(written)

    def read(self, text: str, candidates: Sequence[str]) -> Read:
        scale = number_labels(tuple(candidates))
        return super().read(text, candidates) if scale is None else scale.read(text)

    def read_bare(self, text: str, candidates: Sequence[str]) -> Read:
        scale = number_labels(tuple(candidates))
        return super().read_bare(text, candidates) if scale is None else scale.read_bare(text)

    def is_bare_answer(self, text: str, candidates: Sequence[str]) -> bool:
        scale = number_labels(tuple(candidates))
        return super().is_bare_answer(text, candidates) if scale is None else scale.is_bare_answer(text)

    def may_go_on(self, text: str, candidates: Sequence[str]) -> bool:
        scale = number_labels(tuple(candidates))
        return scale is not None and scale.may_go_on(text)

    def columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        """Those of ratings: the labels' numbers, or their places from 0."""
        places = {each: positions(each) for each in dict.fromkeys(row.candidates for row in rows)}

        def numbers(labels: Iterable[object]) -> Floats:
            listed = zip(rows, labels, strict=True)
            return np.array([places[row.candidates].get(each, math.nan) for row, each in listed])

        return rating_columns(
            numbers(row.target for row in rows), numbers(row.reading.answer for row in rows)
        )


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
