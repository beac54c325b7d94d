"""The kind "ranking": the strongest labels of a closed list, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, TypeGuard

from vecbench.answers.enumeration import enumerated
from vecbench.answers.kind import LIST_LABELS, AnswerKind, AnswerSpecification, Read
from vecbench.answers.spellings import Spellings, spellings_of
from vecbench.answers.written import listed_labels, literal, shown
from vecbench.metrics.catalogue import RANKING_METRICS
from vecbench.metrics.definition import Metric
from vecbench.metrics.observations import Floats
from vecbench.metrics.rankings import ranking_columns
from vecbench.parsing.prediction import Prediction


@dataclass(frozen=True)
class Ranking(AnswerKind):
    """Distinct labels, the strongest first; right or wrong is the first.

    Attributes:
        labels: The list; empty where every row brings its own.
        aliases: Other spellings → label.
        top: Labels of a target, and the most of an answer.
    """

    name: ClassVar[str] = "ranking"
    remedy: ClassVar[str] = LIST_LABELS
    metrics: ClassVar[Sequence[Metric]] = RANKING_METRICS

    labels: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    top: int = 3

    @classmethod
    def of(cls, specification: AnswerSpecification) -> Self:
        specification.require_only("top")
        top = specification.options.get("top", cls.top)
        if len(specification.labels) < 3:
            raise ValueError("a ranking task lists at least three labels")
        if not isinstance(top, int) or isinstance(top, bool) or not 2 <= top < len(specification.labels):
            raise ValueError(f"'top' is a number from 2 to less than there are labels, not {shown(top)}")
        return cls(specification.labels, specification.aliases, top)

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        return listed_labels(columns, self.labels)

    def target(self, written: object, candidates: Sequence[str]) -> tuple[str, ...]:
        """The labels of the target, the strongest first.

        They are written as a list of labels, or of pairs of label and score, in order; or the text of either,
        as JSON or a literal of Python.
        """
        listed = literal(written) if isinstance(written, str) else written
        if not isinstance(listed, list | tuple) or len(listed) != self.top:
            raise ValueError(f"the target {shown(written)} is not a list of {self.top} labels")
        labels = tuple(self._label(_first(each), candidates) for each in listed)
        if len(set(labels)) < len(labels):
            raise ValueError(f"the target {shown(written)} has a label twice")
        scores = [each[1] for each in listed if isinstance(each, list | tuple)]
        if scores and not _fall(scores):
            raise ValueError(f"the scores of the target {shown(written)} do not fall from the first on")
        return labels

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
        return {"labels": list(candidates), "top": self.top}

    def read(self, text: str, candidates: Sequence[str]) -> Read:
        """The labels that a stated answer lists, each once, in the order in which it first names them.

        Returns:
            At most `top` labels, fewer where it lists fewer; with "alias" if any is one, else "ok". Or None
            with "ambiguous" (more labels than `top`, several in one place, one that is denied),
            "not_a_candidate" (one that is none, or no label at all), "no_answer".
        """
        return self._read(text, candidates, bare=False)

    def read_bare(self, text: str, candidates: Sequence[str]) -> Read:
        """Likewise of a response that is a list, or has one in a line or sentence of its own."""
        return self._read(text, candidates, bare=True)

    def _read(self, text: str, candidates: Sequence[str], *, bare: bool) -> Read:
        found = enumerated(text, self._spellings(candidates), bare=bare)
        if isinstance(found, str):
            return None, found
        labels = tuple(dict.fromkeys(each.label for each in found))
        if len(labels) > self.top:
            return None, "ambiguous"
        return labels, "alias" if any(each.is_alias for each in found) else "ok"

    def may_go_on(self, text: str, candidates: Sequence[str]) -> bool:
        """Yes: another label may follow."""
        del text, candidates
        return True

    def dump(self, answer: tuple[str, ...]) -> list[str]:
        return list(answer)

    def load(self, stored: object) -> tuple[str, ...]:
        if not _is_ranking(stored):
            raise ValueError(f"{shown(stored)} is no list of different labels")
        return tuple(stored)

    def is_right(self, answer: tuple[str, ...] | None, target: tuple[str, ...]) -> bool:
        """Whether the strongest label is the target's strongest."""
        return answer is not None and answer[:1] == target[:1]

    def view(self, answer: Any, target: Any, candidates: Sequence[str]) -> Mapping[str, Any]:
        del candidates
        return {"type": "ranking", "target": list(target), "answer": None if answer is None else list(answer)}

    def columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        labels = dict.fromkeys(label for row in rows for label in row.candidates)
        targets = [row.target if _is_ranking(row.target) else _NO_TARGET for row in rows]
        return ranking_columns([row.reading.answer for row in rows], targets, list(labels))


_NO_TARGET = ("\x00", "\x01")  # of a row whose target is a fault of the data: nothing is right


def _is_ranking(stored: object) -> TypeGuard[Sequence[str]]:
    return (
        isinstance(stored, list | tuple)
        and len(stored) > 0
        and all(isinstance(each, str) for each in stored)
        and len(set(stored)) == len(stored)
    )


def _first(each: object) -> object:
    """The label of a pair, or what is no pair."""
    return each[0] if isinstance(each, list | tuple) and len(each) == 2 else each


def _fall(scores: Sequence[object]) -> bool:
    numbers = [each for each in scores if isinstance(each, int | float) and not isinstance(each, bool)]
    return len(numbers) == len(scores) and numbers == sorted(numbers, reverse=True)
