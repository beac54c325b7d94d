"""How many answers and confidences were read, and why the others were not: before any score is believed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vecbench.answers import AnswerKind, scores_confidences
from vecbench.parsing import Prediction
from vecbench.parsing.refusal import refuses
from vecbench.parsing.visible import without_reasoning

MOST_UNREAD = 0.2
"""With a larger share of a task's answers unread, its scores say little of the model."""

TOO_MUCH = f"more than {100 * MOST_UNREAD:g} % of the answers are not read"


def is_too_much(unread: int, n: int) -> bool:
    """Whether so many of n answers are unread that scores say little of the model."""
    return unread > MOST_UNREAD * n


_FORMS = "Ask for a form that is read, see docs/parsing.md; vecbench tasks check looks at the prompts."
ANSWER_REASONS: dict[str, tuple[str, str]] = {
    "truncated": ("cut off", "Allow more tokens: --gen-kwargs max_gen_toks=N."),
    "only_reasoning": ("nothing but reasoning", ""),
    "ended_in_reasoning": (
        "nothing but reasoning, which ended by itself",
        "The endpoint may take the answer for reasoning: serve the model without its reasoning parser, or "
        "switch thinking off.",
    ),
    "no_answer": ("no answer", _FORMS),
    "empty": ("empty", "Look at the chat template, and at what ends an answer."),
    "refused": ("refused", "The model declines to answer, which counts as wrong."),
    "not_a_candidate": ("not a candidate", AnswerKind.remedy),
    "partial": ("in part", "Ask for every dimension in the prompt."),
    "ambiguous": ("several", "Ask for one answer only."),
    "out_of_range": ("out of range", "Tell the scale in the prompt."),
}
"""Status of an answer, or a kind of one → how it is called, and what to do about it.

Of what is no candidate the answer kind says what to do, and of what was cut off in reasoning its tokens."""

CONFIDENCE_REASONS: Mapping[str, tuple[str, str]] = {
    "missing": ("none stated", "Ask for one, if the prompt does not."),
    "in_no_form": ("in no form that is read", _FORMS),
    "out_of_range": (
        "off the scale",
        "Declare the scale that they are on: --confidence-scale 100 (1, 10), or the task's `scale`.",
    ),
    "not_a_number": ("no number", "Ask for a number instead of words."),
}
"""Status of a confidence, or a kind of `missing` → how it is called, and what to do about it."""

_SAYS_ONE = re.compile(
    r"(?:confiden|probab|certain|likelihood|score|\bsure)[^.]{0,40}\d|\d[^.]{0,20}(?:confiden|probab|certain|\bsure)"
    r"|\d\s?[%\uff05]|(?<![\w.])[01]?[.,]\d",
    re.IGNORECASE,
)
"""A number that may be a confidence, in a response that none is read of."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Answers, or confidences, that were not read for one reason.

    Attributes:
        reason: A key of `ANSWER_REASONS` or `CONFIDENCE_REASONS`.
        n: How many.
        task: That of the first one.
        sample_id: That of the first one.
        excerpt: Of its response; None where that is not known.
    """

    reason: str
    n: int
    task: str
    sample_id: str
    excerpt: str | None


@dataclass(frozen=True, slots=True)
class ReadCount:
    """Of n responses, the answers or confidences that were not read, by reason, the most frequent first."""

    n: int
    unread: tuple[Unread, ...]
    reasons: Mapping[str, tuple[str, str]]

    @property
    def n_unread(self) -> int:
        """How many were not read."""
        return sum(each.n for each in self.unread)

    def in_words(self, what: str) -> str:
        """Such as "20 of 40 answers are not read (cut off 12, empty 8)"."""
        reasons = ", ".join(f"{self.reasons[each.reason][0]} {each.n:,}" for each in self.unread)
        return f"{self.n_unread:,} of {self.n:,} {what} are not read ({reasons})"

    def as_json(self) -> dict[str, Any]:
        """The count as scores.json has it."""
        return {"n": self.n, "unread": [asdict(each) for each in self.unread]}


@dataclass(frozen=True, slots=True)
class ReadingHealth:
    """What was read of some responses; those that failed have nothing to be read.

    Attributes:
        answers: Of all responses.
        confidences: Of those to tasks whose confidences are scored, but for answers that say themselves how
            sure they are.
        tasks: Task id → its answers that were not read, and its responses.
    """

    answers: ReadCount
    confidences: ReadCount
    tasks: Mapping[str, tuple[int, int]]

    @classmethod
    def of(
        cls, rows: Iterable[Prediction], kinds: Mapping[str, AnswerKind], *, confidences: bool = True
    ) -> ReadingHealth:
        """The health of readings; `kinds` are those of the tasks whose confidences, or remedies, matter."""
        there = [row for row in rows if row.reading.answer_status != "error"]
        stating = {task for task, kind in kinds.items() if confidences and scores_confidences(kind)}
        asked = [
            row
            for row in there
            if row.task in stating
            and not (row.reading.confidence is None and kinds[row.task].says_how_sure(row.reading.answer))
        ]
        silent = ((_silence(row), row) for row in asked if row.reading.confidence is None)
        unread = [row for row in there if row.reading.is_unread]
        answers = _by_reason((_reason(row), row) for row in unread)
        tasks = dict.fromkeys(sorted({row.task for row in there}), (0, 0))
        for row in there:
            without, n = tasks[row.task]
            tasks[row.task] = without + row.reading.is_unread, n + 1
        return cls(
            ReadCount(len(there), answers, ANSWER_REASONS | _remedy(answers, kinds) | _tokens_spent(unread)),
            ReadCount(len(asked), _by_reason(silent), CONFIDENCE_REASONS),
            tasks,
        )

    @property
    def mostly_unread(self) -> tuple[str, ...]:
        """Tasks of whose answers too many were not read."""
        return tuple(name for name, counts in self.tasks.items() if is_too_much(*counts))

    @property
    def states_no_confidence(self) -> bool:
        """Whether none is stated anywhere: nobody may have asked for one."""
        return any(
            each.reason == "missing" and each.n == self.confidences.n for each in self.confidences.unread
        )

    def problems(self, above: float = 0.0) -> Iterator[tuple[str, str]]:
        """What was not read, if that is a larger share, and what to do about most of it.

        That none states a confidence is no problem.
        """
        for what, count in (("answers", self.answers), ("confidences", self.confidences)):
            is_silent = count is self.confidences and self.states_no_confidence
            if count.n_unread > above * count.n and not is_silent:
                yield count.in_words(what), count.reasons[count.unread[0].reason][1]

    def too_much(self, names: Mapping[str, str]) -> str:
        """What is to be said of the tasks that are mostly unread; empty if there are none."""
        each = [
            f"{names.get(task, task)} ({self.tasks[task][0]:,} of {self.tasks[task][1]:,})"
            for task in self.mostly_unread
        ]
        return f"{TOO_MUCH}: {', '.join(each)}; such scores say little of the model" if each else ""

    def as_json(self) -> dict[str, Any]:
        """The block "reading" of scores.json."""
        return {"answers": self.answers.as_json(), "confidences": self.confidences.as_json()}


def _remedy(answers: Iterable[Unread], kinds: Mapping[str, AnswerKind]) -> dict[str, tuple[str, str]]:
    """What to do about answers that are no candidates, as the kind of the first one says."""
    return {
        each.reason: (ANSWER_REASONS[each.reason][0], kinds[each.task].remedy)
        for each in answers
        if each.reason == "not_a_candidate" and each.task in kinds
    }


def _tokens_spent(unread: Iterable[Prediction]) -> dict[str, tuple[str, str]]:
    """What to do about answers that were cut off, where the model was still reasoning."""
    spent: dict[str, list[Prediction]] = {}
    for row in unread:
        if _reason(row) in {"only_reasoning", "truncated"}:
            spent.setdefault(_reason(row), []).append(row)
    remedies = {}
    for reason, rows in spent.items():
        reasoning = [row for row in rows if reason == "only_reasoning" or _is_in_reasoning(row)]
        tokens = max((row.n_output_tokens or 0 for row in reasoning), default=0)
        if reasoning:
            remedies[reason] = (
                ANSWER_REASONS[reason][0],
                f"{_share(len(reasoning), len(rows))} the model spent "
                f"{f'its {tokens:,} tokens' if tokens else 'all its tokens'} on reasoning: allow more, "
                "--gen-kwargs max_gen_toks=N, or have it think less.",
            )
    return remedies


def _share(some: int, n: int) -> str:
    return "In all of them" if some == n else f"In {some:,} of {n:,}"


def _is_in_reasoning(row: Prediction) -> bool:
    """Whether a response that was cut off never came to an answer; its excerpt begins as it does."""
    visible = without_reasoning(row.excerpt or "")
    return visible.reasoning_cut_off and not visible.text.strip()


def _reason(row: Prediction) -> str:
    status = row.reading.answer_status
    if status == "only_reasoning" and row.finish_reason != "length":
        return "ended_in_reasoning"
    if status == "no_answer" and row.excerpt == "":
        return "empty"
    if status in {"no_answer", "not_a_candidate"} and refuses(row.excerpt or ""):
        return "refused"
    return status


def _silence(row: Prediction) -> str:
    status = row.reading.confidence_status
    # Confidences that an answer gives its own labels are read, and are not that of the answer.
    of_labels = getattr(row.reading.answer, "confidences", None) is not None
    is_text = row.reading.answer_status != "only_reasoning" and not of_labels
    says_one = status == "missing" and is_text and _SAYS_ONE.search(row.excerpt or "")
    return "in_no_form" if says_one else status


def _by_reason(unread: Iterable[tuple[str, Prediction]]) -> tuple[Unread, ...]:
    """The order of the rows makes no difference: the first one is that of the first task and sample."""
    found: dict[str, list[Prediction]] = {}
    for reason, row in unread:
        found.setdefault(reason, []).append(row)
    firsts = {
        reason: min(rows, key=lambda row: (row.task, row.sample_id, row.repeat))
        for reason, rows in found.items()
    }
    return tuple(
        Unread(reason, len(found[reason]), row.task, row.sample_id, row.excerpt)
        for reason, row in sorted(firsts.items(), key=lambda each: (-len(found[each[0]]), each[0]))
    )
