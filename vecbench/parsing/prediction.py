"""What parsing makes of a response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LabelStatus = Literal["ok", "alias", "ambiguous", "not_a_candidate", "no_answer", "truncated", "error"]
"""How a label came about, or why there is none.

ok: the answer is a candidate, or names exactly one as a whole word. alias: another spelling that the
task lists. ambiguous: several candidates, or a negated one. not_a_candidate: an answer without any.
no_answer: nothing that could be an answer. truncated: cut off before the answer was complete. error:
the engine gave no response.
"""

ConfidenceStatus = Literal["ok", "percent", "fraction", "out_of_range", "not_a_number", "missing"]
"""How a confidence came about, or why there is none.

ok: a decimal in [0, 1]. percent: divided by 100. fraction: such as 9/10 or 9 out of 10. out_of_range: a
number whose scale would have to be guessed. not_a_number: words, bounds, ranges. missing: none is stated.
"""

LABEL_STATUSES: tuple[LabelStatus, ...] = LabelStatus.__args__  # type: ignore[attr-defined]
CONFIDENCE_STATUSES: tuple[ConfidenceStatus, ...] = ConfidenceStatus.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one response says.

    Attributes:
        label: One of the candidates, spelt as the candidate; None unless the status is ok or alias.
        label_status: How the label came about.
        confidence: In [0, 1]; None unless the status is ok, percent or fraction.
        confidence_status: How the confidence came about.
    """

    label: str | None
    label_status: LabelStatus
    confidence: float | None
    confidence_status: ConfidenceStatus

    def names(self, target: str) -> bool:
        """Whether the label is the target; without a label it is not."""
        return self.label is not None and self.label == target


@dataclass(frozen=True, slots=True)
class Prediction:
    """A reading with the response that it was made of, and whether it is right.

    Attributes:
        key: The response's key.
        task: The task's id.
        sample_id: Unique within the task.
        repeat: 0 for the first answer to a sample.
        target: The true label.
        candidates: The closed list.
        reading: What the response says.
        image_sha256: Of the image's bytes; None if unknown.
        judged: Whether it is right by a protocol's own comparison; None where label and target are compared.
        dropped: Why the protocol leaves the row out of every score; None if it counts.
    """

    key: str
    task: str
    sample_id: str
    repeat: int
    target: str
    candidates: tuple[str, ...]
    reading: Reading
    image_sha256: str | None = None
    judged: bool | None = None
    dropped: str | None = None

    @property
    def image_key(self) -> str:
        """What tells its image from others: its hash or, where that is unknown, task and sample."""
        return self.image_sha256 or f"{self.task}/{self.sample_id}"

    @property
    def correct(self) -> bool:
        """Whether the label is the target; a prediction without a label is wrong."""
        if self.judged is not None:
            return self.judged
        return self.reading.names(self.target)
