"""How a model did sample by sample, compact enough to live in an entry."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from vecbench.answers import AnswerKind, kind_named
from vecbench.digests import sha256_of
from vecbench.leaderboard.record import Record, Sha256
from vecbench.metrics.cells import Cells
from vecbench.metrics.totals import Totals
from vecbench.parsing import Prediction

UNITS = 10_000
"""Steps from 0 to 1 that a stored confidence is told apart by: more decimals than models state."""
NO_CONFIDENCE = 2**16 - 1
Codes = NDArray[np.uint16]
"""Confidences × `UNITS`, rounded; `NO_CONFIDENCE` where there is none."""
Samples = tuple[int, str]
"""What tells the samples of a task from others: how many, and their hash."""


class TaskOutcomes(Record):
    """Right or wrong, and how confident, for every sample of a task, in the order of the samples' names.

    A sample is named by its image's hash, since formats of the data differ in their ids; by its id where the
    task has an image twice or lacks one.

    Attributes:
        n: Samples.
        samples_sha256: Of the sorted (name, target) pairs: entries with the same one can be compared sample
            by sample.
        right: One bit a sample, packed with the first one highest, base64.
        confidence: `Codes` of 16 bits each, the low byte first, base64.
        rounded: Whether a confidence has more decimals than its code. Where none has, every metric of the
            confidences can be had from the outcomes to the last digit.
        shared: Task id → one bit a sample, packed like `right`: whether that task asks about its image too.
            In the order of the samples such images are the same in both. Tasks without one are left out.
    """

    n: int = Field(ge=1, le=1_000_000)
    samples_sha256: Sha256
    right: str = Field(max_length=200_000)
    confidence: str = Field(max_length=3_000_000)
    rounded: bool = False
    shared: dict[str, Annotated[str, Field(max_length=200_000)]] = Field(default_factory=dict, max_length=100)

    @model_validator(mode="after")
    def _as_many_as_samples(self) -> Self:
        shared = [(f"shared.{task}", text, 1) for task, text in self.shared.items()]
        for name, text, size in (("right", self.right, 1), ("confidence", self.confidence, 16), *shared):
            try:
                packed = base64.b64decode(text, validate=True)
            except binascii.Error as fault:
                raise ValueError(f"{name} is not base64: {fault}") from None
            if len(packed) != (self.n * size + 7) // 8:
                raise ValueError(f"{name} has {len(packed)} bytes, which are not {self.n * size} bits")
        codes = self.codes
        if np.any((codes > UNITS) & (codes != NO_CONFIDENCE)):
            raise ValueError(f"confidence has a value above {UNITS}, which stands for 1")
        return self

    @classmethod
    def of_rows(
        cls, rows: Sequence[Prediction], others: Mapping[str, Sequence[Prediction]] | None = None
    ) -> Self:
        """The outcomes of a task's predictions, one a sample, in any order; `others` are of other tasks."""
        by_image = _is_by_image(rows)
        named = {(row.image_sha256 if by_image else row.sample_id) or "": row for row in rows}
        names = sorted(named)
        shared = {}
        for task, other in (others or {}).items() if by_image else ():
            images = {row.image_sha256 for row in other} if _is_by_image(other) else set()
            if not images.isdisjoint(names):
                shared[task] = _packed(np.array([name in images for name in names]))
        ordered = [named[name] for name in names]
        kind = kind_named(ordered[0].kind)()
        targets = [kind.dump(row.target) for row in ordered]
        samples = json.dumps([list(pair) for pair in zip(names, targets, strict=True)])
        stated = [row.reading.confidence for row in ordered]
        codes = np.array([NO_CONFIDENCE if each is None else code_of(each) for each in stated], "<u2")
        rounded = any(
            each is not None and each != code / UNITS
            for each, code in zip(stated, codes.tolist(), strict=True)
        )
        return cls(
            n=len(ordered),
            samples_sha256=sha256_of(samples),
            right=_packed(np.array([row.correct for row in ordered], dtype=bool)),
            confidence=base64.b64encode(codes.tobytes()).decode(),
            rounded=rounded,
            shared=shared,
        )

    @property
    def samples(self) -> Samples:
        """Two entries whose outcomes have the same ones can be compared sample by sample."""
        return self.n, self.samples_sha256

    @property
    def bits(self) -> NDArray[np.bool_]:
        """True where the model was right, shape (n,)."""
        return self._bits(self.right)

    def shared_with(self, task: str) -> NDArray[np.bool_]:
        """True where another task asks about the sample's image too, shape (n,)."""
        return self._bits(self.shared[task])

    def _bits(self, text: str) -> NDArray[np.bool_]:
        packed = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
        return np.unpackbits(packed, count=self.n).view(np.bool_)

    @property
    def codes(self) -> Codes:
        """The confidences, shape (n,)."""
        return np.frombuffer(base64.b64decode(self.confidence), dtype="<u2")

    @property
    def correct(self) -> int:
        """How many are right."""
        return int(self.bits.sum())


class TaskTargets(Record):
    """How the targets of a task are spread, as far as it decides what can be had without any model.

    Attributes:
        most_frequent: Rows that are right by the one answer that is right most often.
        candidates: Length of the list that an answer is chosen from → rows with it; empty without a list.
    """

    most_frequent: int = Field(ge=0, le=1_000_000_000)
    candidates: dict[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = Field({}, max_length=100)

    @classmethod
    def of_rows(cls, rows: Sequence[Prediction], kind: AnswerKind) -> Self:
        """Those of a task's predictions, which `kind` judges."""
        targets = Counter(row.target for row in rows)
        right = (
            sum(count for target, count in targets.items() if kind.is_right(answer, target))
            for answer in targets
        )
        sizes = Counter(len(row.candidates) for row in rows)
        return cls(most_frequent=max(right), candidates={} if 0 in sizes else dict(sorted(sizes.items())))


def code_of(confidence: float) -> int:
    """The code of a confidence, at most one step off, and never in another bin of an ECE's ten."""
    code = round(UNITS * confidence)
    return code - 1 if code % (UNITS // 10) == 0 and confidence < code / UNITS else code


def totals_of(outcomes: Sequence[TaskOutcomes]) -> Totals:
    """The rows of a model's tasks together; at least one task."""
    right, codes = (np.concatenate([getattr(each, name) for each in outcomes]) for name in ("bits", "codes"))
    silent = codes == NO_CONFIDENCE
    missing_right, missing_wrong = (np.asarray(float(np.sum(silent & of))) for of in (right, ~right))
    return Totals(Cells.of_rows(codes[~silent] / UNITS, right[~silent]), missing_right, missing_wrong)


def images_of(outcomes: Mapping[str, TaskOutcomes]) -> NDArray[np.intp]:
    """A number for the image of every sample of a model's tasks, one after the other; shape (samples,)."""
    ends = np.cumsum([each.n for each in outcomes.values()])
    number = np.arange(int(ends[-1]))
    places = dict(zip(outcomes, np.split(number, ends[:-1]), strict=True))  # views: filling them fills it
    tasks = list(outcomes)
    for place, task in enumerate(tasks):
        for other in tasks[:place]:
            if other in outcomes[task].shared and task in outcomes[other].shared:
                places[task][outcomes[task].shared_with(other)] = places[other][
                    outcomes[other].shared_with(task)
                ]
    return number


def require_shared_alike(outcomes: Mapping[str, TaskOutcomes]) -> None:
    """Refuses tasks that contradict each other in the images that they share."""
    for task, each in outcomes.items():
        for other in each.shared:
            if other == task or other not in outcomes:
                raise ValueError(f"outcomes.{task} shares images with {other}, which is no other task")
            back = outcomes[other]
            shared = int(back.shared_with(task).sum()) if task in back.shared else 0
            if int(each.shared_with(other).sum()) != shared:
                raise ValueError(f"outcomes.{task} and outcomes.{other} share different numbers of images")


def _is_by_image(rows: Sequence[Prediction]) -> bool:
    """Whether the images tell a task's samples apart."""
    images = {row.image_sha256 for row in rows}
    return None not in images and len(images) == len(rows)


def _packed(bits: NDArray[np.bool_]) -> str:
    return base64.b64encode(np.packbits(bits).tobytes()).decode()
