"""The kind "label_set": all labels of a closed list that are there, which may be none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np

from vecbench.answers.kind import LIST_LABELS, AnswerKind, AnswerSpecification, Read
from vecbench.answers.scored_options import columns_of_sets
from vecbench.answers.spellings import Spellings, spellings_of
from vecbench.answers.stated_labels import stated_labels
from vecbench.answers.written import literal, row_labels, shown
from vecbench.labels import normal_form
from vecbench.metrics.catalogue import LABEL_SET_METRICS
from vecbench.metrics.definition import Metric
from vecbench.metrics.multilabel import set_columns
from vecbench.metrics.observations import Floats
from vecbench.parsing.prediction import Prediction

_CONFIDENCE = re.compile(r"\bconfidence\b(?![^<>\n]{0,20}>)", re.IGNORECASE)
"""But for tags."""
_ANSWER_KEY = re.compile(r"""["']answer["']\s*:""", re.IGNORECASE)
_KEY = re.compile(r"""["'](?P<name>confidence)["']\s*:""", re.IGNORECASE)
_LINE = re.compile(
    r"^[ *_]*(?P<name>confidence)[ *_]*:[ *_]*[\d.,]+ *%?[ *_.]*$", re.IGNORECASE | re.MULTILINE
)
_PER_LABEL = re.compile(r"^[^:\n<>]*:[ *_]*[\d.,]+ *%?[ *_.]*$", re.MULTILINE)
"""Fields beside an answer's own, and lines that each give a label its number."""
MOST_KEYS = 20
"""More keys of that name are looked at in no response: it would take time in their square."""


def _fields(text: str) -> set[int]:
    """Where the word is the field beside the answer: a key of its object, or the one line with a number."""
    if answer := _ANSWER_KEY.search(text):
        keys = [found.start("name") for found in _KEY.finditer(text)]
        spans = {key: text[min(key, answer.end()) : max(key, answer.end())] for key in keys[:MOST_KEYS]}
        return {key for key, between in spans.items() if between.count("{") == between.count("}")}
    lines = [found.start("name") for found in _LINE.finditer(text)]
    return {*lines} if len(_PER_LABEL.findall(text)) == 1 else set()


class LabelTuple(tuple[str, ...]):
    """Distinct labels, in the order of their list; equal to a tuple of the same labels.

    Attributes:
        confidences: Label → how sure an answer is that it is there, in [0, 1], where it says so per label;
            else None. Labels that it does not name have 0.
    """

    confidences: Mapping[str, float] | None

    def __new__(cls, labels: Iterable[str], confidences: Mapping[str, float] | None = None) -> Self:
        made = super().__new__(cls, labels)
        made.confidences = confidences
        return made


@dataclass(frozen=True)
class LabelSet(AnswerKind):
    """A set of labels; right is the whole target and nothing else.

    Attributes:
        labels: The list; empty where every row brings its own.
        aliases: Other spellings → label.
        of_rows: Whether every row has to bring its own list.
    """

    name: ClassVar[str] = "label_set"
    remedy: ClassVar[str] = LIST_LABELS
    metrics: ClassVar[Sequence[Metric]] = LABEL_SET_METRICS

    labels: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    of_rows: bool = False

    @classmethod
    def of(cls, specification: AnswerSpecification) -> Self:
        specification.require_only("candidates")
        of_rows = specification.labels_of_rows()
        return cls(specification.labels, specification.aliases, of_rows)

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        return row_labels(columns, self.labels, of_rows=self.of_rows)

    def target(self, written: object, candidates: Sequence[str]) -> LabelTuple:
        """The labels of the target, in the list's order.

        They are written as a list, or as the text of one: JSON, or labels with `;`, `|` or commas between. A
        target without labels is `[]` or `none`.
        """
        labels = [self._label(each, candidates) for each in self._parts(written, candidates)]
        if repeated := next((label for label in labels if labels.count(label) > 1), None):
            raise ValueError(f"the target {shown(written)} has {shown(repeated)} twice")
        return LabelTuple(label for label in candidates if label in labels)

    def _parts(self, written: object, candidates: Sequence[str]) -> Sequence[object]:
        if isinstance(written, list | tuple):
            return written
        if not isinstance(written, str) or not written.strip():
            raise ValueError(f"the target {shown(written)} is no list of labels; one without labels is []")
        if self._spellings(candidates).of(written):
            return [written]
        if written.lstrip().startswith("["):
            return self._parts(literal(written), candidates)
        if written.strip().casefold() == "none":
            return []
        separator = next((each for each in ";|" if each in written), ",")
        return [part for each in written.split(separator) if (part := each.strip())]

    def _label(self, written: object, candidates: Sequence[str]) -> str:
        if isinstance(written, str):
            if written in candidates:
                return written
            if name := self._spellings(candidates).of(written):
                return name.label
        raise ValueError(f"the target's label {shown(written)} is not among the candidates")

    def _spellings(self, candidates: Sequence[str]) -> Spellings:
        return spellings_of(tuple(candidates), tuple(self.aliases.items()))

    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        return {"labels": list(candidates)}

    def spelt_options(self, candidates: Sequence[str]) -> tuple[str, ...]:
        """The labels, each as the first, or only, one of an answer."""
        return tuple(candidates)

    def apart(self, text: str, candidates: Sequence[str]) -> str:
        """A response in which a label called confidence is not the field of that name."""
        if not _has_confidence(tuple(candidates)):
            return text
        kept = _fields(text)

        # A ligature: another word to whoever looks for the field, the same one to whoever compares labels.
        def renamed(found: re.Match[str]) -> str:
            return found[0] if found.start() in kept else f"{found[0][:3]}\ufb01{found[0][5:]}"

        return _CONFIDENCE.sub(renamed, text)

    def read(self, text: str, candidates: Sequence[str]) -> Read:
        """The labels that a stated answer says are there; see `stated_labels` for what is none."""
        return self._read(text, candidates, bare=False)

    def read_bare(self, text: str, candidates: Sequence[str]) -> Read:
        """Likewise of a response that is a list, an object of labels, or has a list in a line of its own."""
        return self._read(text, candidates, bare=True)

    def _read(self, text: str, candidates: Sequence[str], *, bare: bool) -> Read:
        found = stated_labels(text, self._spellings(candidates), bare=bare)
        if isinstance(found, str):
            return None, found
        labels = (label for label in candidates if label in found.labels)
        return LabelTuple(labels, found.confidences), "alias" if found.by_alias else "ok"

    def is_bare_answer(self, text: str, candidates: Sequence[str]) -> bool:
        """Whether a text lists several labels: a number behind one label alone is that label's."""
        answer, _ = self.read_bare(text, candidates)
        return answer is not None and len(answer) > 1

    def may_go_on(self, text: str, candidates: Sequence[str]) -> bool:
        """Yes: another label may follow."""
        del text, candidates
        return True

    def option_columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        return columns_of_sets(rows)

    def dump(self, answer: Sequence[str]) -> list[str] | dict[str, float]:
        """The labels; of an answer that states confidences per label, these, which tell the labels too."""
        confidences = getattr(answer, "confidences", None)
        return list(answer) if confidences is None else dict(confidences)

    def load(self, stored: object) -> LabelTuple:
        if isinstance(stored, list | tuple) and all(isinstance(each, str) for each in stored):
            if len(set(stored)) == len(stored):
                return LabelTuple(stored)
        elif isinstance(stored, dict) and all(
            isinstance(label, str) and type(value) in (int, float) and 0 <= value <= 1
            for label, value in stored.items()
        ):
            return LabelTuple((label for label, value in stored.items() if value >= 0.5), stored)
        raise ValueError(f"{shown(stored)} is no list of different labels")

    def is_right(self, answer: Sequence[str] | None, target: Sequence[str]) -> bool:
        return answer is not None and set(answer) == set(target)

    def view(self, answer: Any, target: Any, candidates: Sequence[str]) -> Mapping[str, Any]:
        """Options without letters; with what an answer says how sure it is of each, if it does."""
        sure = getattr(answer, "confidences", None) or {}
        options = [
            {"letter": "", "text": label} | ({"confidence": sure[label]} if label in sure else {})
            for label in candidates
        ]
        answered = None if answer is None else list(answer)
        return {"type": "options", "options": options, "target": list(target), "answer": answered}

    def columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        labels = tuple(dict.fromkeys(label for listed in _lists(rows) for label in listed))
        place = {label: number for number, label in enumerate(labels)}
        target, answer = np.zeros((2, len(rows), len(labels)), dtype=np.bool_)
        stated = np.zeros(len(rows), dtype=np.bool_)
        for number, row in enumerate(rows):
            if isinstance(row.target, tuple):  # else it is a fault of the data
                target[number, [place[label] for label in row.target if label in place]] = True
            if row.reading.answer is not None:
                answer[number, [place[label] for label in row.reading.answer]] = True
                stated[number] = getattr(row.reading.answer, "confidences", None) is not None
        score = answer.astype(np.float64) if stated.any() else None
        for number, row in enumerate(rows):
            if score is not None and stated[number]:
                for label, confidence in row.reading.answer.confidences.items():  # type: ignore[union-attr]
                    score[number, place[label]] = confidence
        listed = np.array([len(row.candidates) for row in rows], dtype=np.float64)
        read = np.array([row.reading.answer is not None for row in rows], dtype=np.bool_)
        return set_columns(target, answer, labels, listed, score, stated, read)


@lru_cache(maxsize=64)
def _has_confidence(candidates: tuple[str, ...]) -> bool:
    return any(normal_form(label) == "confidence" for label in candidates)


def _lists(rows: Sequence[Prediction]) -> Iterable[tuple[str, ...]]:
    """The rows' candidates, each list once; there are few, however many rows."""
    return dict.fromkeys(row.candidates for row in rows)
