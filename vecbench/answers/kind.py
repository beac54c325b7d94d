"""What an answer kind is: how an answer is read, when it is right, and what it is scored by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from vecbench.answers.written import answer_text
from vecbench.metrics.definition import Metric
from vecbench.parsing.form import Form
from vecbench.parsing.prediction import AnswerStatus, Prediction

Json = Any
"""What JSON can hold: texts, numbers, lists of them."""

Read = tuple[Any, AnswerStatus]
"""An answer with how it came about; None with why there is none."""


LIST_LABELS = "List the labels in the prompt, or give the task aliases."
"""What to do where answers are none of the labels."""


@dataclass(frozen=True, slots=True)
class AnswerSpecification:
    """The part of `metadata.vecbench` in a task's file that is about answers.

    Attributes:
        kind: Name of the answer kind.
        labels: The closed list of labels; empty if there is none.
        aliases: Other spellings → label.
        options: What else `answer` says, such as range, top, options.
    """

    kind: str = "label"
    labels: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def require_only(self, *known: str) -> None:
        """Refuses what the kind does not know, with a ValueError."""
        for name in self.options:
            if name not in known:
                raise ValueError(f"the answer kind {self.kind} knows no {name!r}")

    def labels_of_rows(self) -> bool:
        """Whether the rows list the labels, as `candidates: rows` says; else the task has to.

        Raises:
            ValueError: Both do or neither does, or there are too few.
        """
        said = self.options.get("candidates")
        if said not in (None, "rows"):
            raise ValueError(f"'candidates' is rows, where every row lists its own, not {said!r:.60}")
        if said and (self.labels or self.aliases):
            raise ValueError("with `candidates: rows` a task has neither labels nor aliases")
        if not said and len(self.labels) < 2:
            raise ValueError(f"a {self.kind} task lists at least two labels")
        return said is not None


class AnswerKind(ABC):
    """How the answers of a task are read and scored; an instance holds what the task's file says of them.

    An answer, and a target, is a value of the kind's own: a label (str), the letter of an option (str), a
    ranking (tuple of labels), a rating (float). Equal answers are equal values.

    `candidates` is the closed list that a sample is asked with: labels, or the texts of options in the order
    of their letters; empty for a kind that has none. A kind that inherits this class has to say only what
    is special about it.

    Attributes:
        name: In task files and responses.
        metrics: What is scored, in the order of scores.json.
        has_confusion: Whether answers and targets are one of a few classes, so that a confusion matrix says
            something.
        has_numbers: Whether answers and targets are numbers: they are drawn against each other, and `columns`
            has "answered" (1 or 0), "answer" and "target".
        has_shares: Whether an answer is right to some share of raters, which its confidence is held against:
            `columns` has "expected_hit", that share, and "ceiling", the largest that any answer has.
        remedy: What to do where answers are read and are none of this kind, in a sentence.
        judges: Whether an answer is right or wrong at all, so that its confidence can be too.
    """

    name: ClassVar[str]
    has_confusion: ClassVar[bool] = False
    has_numbers: ClassVar[bool] = False
    has_shares: ClassVar[bool] = False
    remedy: ClassVar[str] = "Say in the prompt what an answer may be."

    @property
    @abstractmethod
    def metrics(self) -> Sequence[Metric]:
        """Its class may have a plain attribute instead."""

    @property
    def judges(self) -> bool:
        return True

    @property
    def pool(self) -> str:
        """What tells rows that can be scored together from others; its name, and what they are of."""
        return self.name

    @property
    def part(self) -> AnswerKind:
        """The kind of what `parts` brings."""
        return self

    @classmethod
    @abstractmethod
    def of(cls, specification: AnswerSpecification) -> Self:
        """The kind as a task's file specifies it.

        Raises:
            ValueError: The file says what this kind does not know, or leaves out what it needs.
        """

    @abstractmethod
    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        """The closed list of a row of data; `columns` is what the row says.

        Raises:
            ValueError: The row brings one that cannot be used.
        """

    @abstractmethod
    def target(self, written: object, candidates: Sequence[str]) -> Any:
        """The true answer as a file writes it.

        Raises:
            ValueError: It is none of this kind, with the reason.
        """

    def target_columns(self, columns: Mapping[str, Any]) -> Mapping[str, str]:
        """The columns that hold the target together, each → what it is of; empty where one column does.

        `columns` is what the row says; columns that it has not are named too.
        """
        del columns
        return {}

    @abstractmethod
    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        """What a prompt's template may name: labels, options, the range, and never the target."""

    def apart(self, text: str, candidates: Sequence[str]) -> str:
        """A response in which labels that are called as a field is are told from that field."""
        del candidates
        return text

    @abstractmethod
    def read(self, text: str, candidates: Sequence[str]) -> Read:
        """The answer in the text of a stated answer: what stands in its tag, JSON key, box or line."""

    @abstractmethod
    def read_bare(self, text: str, candidates: Sequence[str]) -> Read:
        """The answer of a response that states none in any form; None with "no_answer" if it is none."""

    def read_sentence(self, text: str, candidates: Sequence[str]) -> Any:
        """The answer that the last sentence of such a response states; None if it states none."""
        del text, candidates
        return None

    def lettered(self) -> AnswerKind:
        """The kind for prompts that letter its labels; itself where that says nothing."""
        return self

    def asked_on(self, ends: tuple[float, float] | None) -> AnswerKind:
        """The kind for prompts that ask on another scale than its own; itself without one, or any scale."""
        del ends
        return self

    def in_levels(self) -> AnswerKind:
        """The kind for prompts that ask for a level in a word; itself where that says nothing."""
        return self

    def asked_in(self, form: Form) -> AnswerKind:
        """The kind as prompts of a form ask for it."""
        kind = (self.lettered() if form.lettered else self).asked_on(form.range)
        return kind.in_levels() if form.levels else kind

    def spelt_options(self, candidates: Sequence[str]) -> tuple[str, ...]:
        """The texts that answers of a closed list are written as, in its order; empty without such a list.

        Each is its own spelling, and no alias. They are what a model's own probabilities are asked of.
        """
        del candidates
        return ()

    def chosen_option(self, answer: Any, candidates: Sequence[str]) -> int | None:
        """The place among the options that an answer has; None for one that is none, or several, of them."""
        classes = self.classes(candidates)
        return classes.index(answer) if answer in classes else None

    def answer_of(self, log_probabilities: Sequence[float]) -> Any:
        """The answer that those of the options make, where the prompt asks for it so; else None."""
        del log_probabilities
        return None

    def option_columns(self, rows: Sequence[Prediction]) -> Mapping[str, NDArray[np.float64]]:
        """The numbers of rows whose options are scored, as `columns` has others; none where none are."""
        del rows
        return {}

    def is_bare_answer(self, text: str, candidates: Sequence[str]) -> bool:
        """Whether a text is nothing but an answer, so that a lone number behind it is its confidence."""
        return self.read_bare(text, candidates)[0] is not None

    def may_go_on(self, text: str, candidates: Sequence[str]) -> bool:
        """Whether the answer in a text that is cut off might have become another one."""
        del text, candidates
        return False

    def dump(self, answer: Any) -> Json:
        """An answer as JSON."""
        return answer

    @abstractmethod
    def load(self, stored: Json) -> Any:
        """An answer from its JSON.

        Raises:
            ValueError: It is none of this kind.
        """

    def is_right(self, answer: Any, target: Any) -> bool:
        """Whether an answer is right; False for None, and always where this kind does not judge."""
        return answer is not None and bool(answer == target)

    def says_how_sure(self, answer: Any) -> bool:
        """Whether an answer is itself what a confidence would say, so that none is missed beside it."""
        del answer
        return False

    def view(self, answer: Any, target: Any, candidates: Sequence[str]) -> Mapping[str, Json]:
        """What a page shows of an answer (None: none was read) beside its target, as JSON.

        `type` says how it is drawn (docs/report.md lists the types); a kind that says nothing has two texts.
        """
        del candidates
        return {
            "type": "text",
            "target": answer_text(target),
            "answer": None if answer is None else answer_text(answer),
        }

    def classes(self, candidates: Sequence[str]) -> Sequence[str]:
        """What answers of this list are counted by; empty for a kind without confusion matrix."""
        del candidates
        return ()

    def parts(self, rows: Sequence[Prediction]) -> Mapping[str, Mapping[str, Sequence[Prediction]]]:
        """What answers of several parts are broken down by → each part → its rows; nothing for others."""
        del rows
        return {}

    def columns(self, rows: Sequence[Prediction]) -> Mapping[str, NDArray[np.float64]]:
        """The rows' numbers for metrics of the bases "sums" and "rows"; each of shape (rows,)."""
        del rows
        return {}
