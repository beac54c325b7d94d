"""What parsing makes of a response."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

AnswerStatus = Literal[
    "ok",
    "alias",
    "sentence",
    "partial",
    "ambiguous",
    "not_a_candidate",
    "out_of_range",
    "abstained",
    "no_answer",
    "truncated",
    "only_reasoning",
    "error",
]
"""How an answer came about, or why there is none.

ok: the answer is a candidate, or names exactly one as a whole word; a number, a list of labels. alias:
another spelling that the task lists. sentence: the last sentence of a text in prose states it. partial: some
of several ratings and not all, which counts as not read. ambiguous: several answers where one is asked for,
or a negated one.
not_a_candidate: none of what was asked for. out_of_range: a number outside what was asked for. abstained: it
says that it cannot tell. no_answer: nothing that could be an answer. truncated: cut off before the answer was
complete. only_reasoning: an endpoint gave reasoning, and no text beside it. error: the engine gave no
response.
"""

ConfidenceStatus = Literal["ok", "percent", "fraction", "out_of_range", "not_a_number", "missing"]
"""How a confidence came about, or why there is none.

ok: a decimal in [0, 1]. percent: divided by 100. fraction: such as 9/10 or 9 out of 10. out_of_range: a
number whose scale would have to be guessed. not_a_number: words, bounds, ranges. missing: none is stated.
"""

Doubt = Literal["one", "above one", "far above one", "above ten", "below one"]
"""What a bare number says against the scale that it is read on.

above one: it is above 1, on the scale up to 1. far above one: it is above 10 there. above ten: it is above
10, on the scale up to 10. one: a whole 1, which beside numbers above 1 may be 1 of 10 or of 100, where no
scale was declared. below one: a decimal below 1, on a scale up to 10 or 100.
"""

ANSWER_STATUSES: tuple[AnswerStatus, ...] = AnswerStatus.__args__  # type: ignore[attr-defined]
CONFIDENCE_STATUSES: tuple[ConfidenceStatus, ...] = ConfidenceStatus.__args__  # type: ignore[attr-defined]


DEFAULT_KIND = "label"
"""Of responses and tasks that name none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one response says.

    Attributes:
        answer: As its kind has it (a label is spelt as the candidate); None unless the status is ok, alias,
            sentence or partial.
        answer_status: How the answer came about.
        confidence: In [0, 1]; None unless the status is ok, percent or fraction.
        confidence_status: How the confidence came about.
        doubt: What the number says against the scale that it was read on; None if nothing.
        parts: Of a confidence that is stated in parts, those that were read: "vision" or "reasoning", and its
            value in [0, 1].
        places: Where in the response what was read: (begin, end, "answer", "confidence" or "reasoning"); none
            unless they were asked for, and none of what has no known place.
    """

    answer: Any | None
    answer_status: AnswerStatus
    confidence: float | None
    confidence_status: ConfidenceStatus
    doubt: Doubt | None = field(default=None, compare=False)
    parts: Sequence[tuple[str, float]] = field(default=(), compare=False)
    places: tuple[tuple[int, int, str], ...] = field(default=(), compare=False)

    @property
    def is_read(self) -> bool:
        """Whether it has an answer, and all of it."""
        return self.answer is not None and self.answer_status != "partial"

    @property
    def is_unread(self) -> bool:
        """Whether there is a response and no whole answer that could be read; who abstains was understood."""
        return not self.is_read and self.answer_status not in {"error", "abstained"}

    def names(self, target: Any) -> bool:
        """Whether the answer is the target; without an answer it is not."""
        return self.answer is not None and self.answer == target


@dataclass(frozen=True, slots=True)
class ScoredOptions:
    """How probable a model finds each answer that is asked for, whatever it wrote.

    Attributes:
        names: Of the options, in the order of the closed list.
        log_probabilities: Natural logarithms; at least one, none of them nan.
    """

    names: tuple[str, ...]
    log_probabilities: tuple[float, ...]

    @property
    def log_shares(self) -> tuple[float, ...]:
        """Natural logarithms of the probabilities over their sum."""
        most = max(self.log_probabilities)
        whole = most + math.log(math.fsum(math.exp(each - most) for each in self.log_probabilities))
        return tuple(each - whole for each in self.log_probabilities)

    @property
    def shares(self) -> Mapping[str, float]:
        """Name → its probability over the sum of all."""
        return {name: math.exp(each) for name, each in zip(self.names, self.log_shares, strict=True)}


@dataclass(frozen=True, slots=True)
class Prediction:
    """A reading with the response that it was made of, and whether it is right.

    Attributes:
        key: The response's key.
        task: The task's id.
        sample_id: Unique within the task.
        repeat: 0 for the first answer to a sample.
        target: The true answer, as its kind has it.
        candidates: The closed list, as its kind has it.
        reading: What the response says.
        image_sha256: Of the image's bytes, or of the hashes of several; None if unknown.
        judged: Whether it is right as its kind or a protocol compares; None where it is if answer and target
            are equal.
        dropped: Why the protocol leaves the row out of every score; None if it counts.
        kind: Name of the answer kind.
        images_sha256: The hashes of several images, in order; empty where there is one.
        attributes: What scores are broken down by: column of the data → value.
        excerpt: Of its response, where that has no answer or no confidence that is read; of its reasoning,
            where that is all there is.
        finish_reason: Why its response ended; None if unknown.
        n_output_tokens: Of its response; None if unknown.
        confidences: Confidences that it has beside the stated one: source → value in [0, 1]. A source that is
            missing here is unknown for this row.
        options: How probable the model finds each option; None where they were not scored.
    """

    key: str
    task: str
    sample_id: str
    repeat: int
    target: Any
    candidates: tuple[str, ...]
    reading: Reading
    image_sha256: str | None = None
    judged: bool | None = None
    dropped: str | None = None
    kind: str = DEFAULT_KIND
    images_sha256: tuple[str | None, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    excerpt: str | None = None
    finish_reason: str | None = None
    n_output_tokens: int | None = None
    confidences: Mapping[str, float] = field(default_factory=dict)
    options: ScoredOptions | None = None

    @property
    def image_key(self) -> str:
        """What tells its image from others: its hash or, where that is unknown, task and sample."""
        return self.image_sha256 or f"{self.task}/{self.sample_id}"

    @property
    def correct(self) -> bool:
        """Whether the answer is right; a prediction without an answer is wrong."""
        if self.judged is not None:
            return self.judged
        return self.reading.names(self.target)
