"""How a model did sample by sample, compact enough to live in an entry."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vecbench.digests import sha256_of
from vecbench.leaderboard.plain_text import Sha256
from vecbench.parsing import Prediction

UNITS = 10_000
"""Steps from 0 to 1 that a stored confidence is told apart by: more decimals than models state."""
NO_CONFIDENCE = 2**16 - 1
Codes = NDArray[np.uint16]
"""Confidences × `UNITS`, rounded; `NO_CONFIDENCE` where there is none."""


class TaskOutcomes(BaseModel):
    """Right or wrong, and how confident, for every sample of a task, in the order of the samples' names.

    A sample is named by its image's hash, since formats of the data differ in their ids; by its id where the
    task has an image twice or lacks one.

    Attributes:
        n: Samples.
        samples_sha256: Of the sorted (name, target) pairs: entries with the same one can be compared sample
            by sample.
        right: One bit a sample, packed with the first one highest, base64.
        confidence: `Codes` of 16 bits each, the low byte first, base64.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: int = Field(ge=1, le=1_000_000)
    samples_sha256: Sha256
    right: str = Field(max_length=200_000)
    confidence: str = Field(max_length=3_000_000)

    @model_validator(mode="after")
    def _as_many_as_samples(self) -> Self:
        for name, packed, bits in (("right", self._right, 1), ("confidence", self._confidence, 16)):
            if len(packed) != (self.n * bits + 7) // 8:
                raise ValueError(f"{name} has {len(packed)} bytes, which are not {self.n * bits} bits")
        codes = self.codes
        if np.any((codes > UNITS) & (codes != NO_CONFIDENCE)):
            raise ValueError(f"confidence has a value above {UNITS}, which stands for 1")
        return self

    @classmethod
    def of_rows(cls, rows: Sequence[Prediction]) -> Self:
        """The outcomes of a task's predictions, one a sample, in any order."""
        images = {row.image_sha256 for row in rows}
        by_image = None not in images and len(images) == len(rows)
        named = {(row.image_sha256 if by_image else row.sample_id) or "": row for row in rows}
        names = sorted(named)
        ordered = [named[name] for name in names]
        samples = json.dumps([[name, row.target] for name, row in zip(names, ordered, strict=True)])
        bits = np.packbits(np.array([row.correct for row in ordered], dtype=bool))
        stated = [row.reading.confidence for row in ordered]
        codes = np.array([NO_CONFIDENCE if each is None else round(UNITS * each) for each in stated], "<u2")
        return cls(
            n=len(ordered),
            samples_sha256=sha256_of(samples),
            right=base64.b64encode(bits.tobytes()).decode(),
            confidence=base64.b64encode(codes.tobytes()).decode(),
        )

    @cached_property
    def _right(self) -> bytes:
        return _unpacked(self.right, "right")

    @cached_property
    def _confidence(self) -> bytes:
        return _unpacked(self.confidence, "confidence")

    @property
    def bits(self) -> NDArray[np.bool_]:
        """True where the model was right, shape (n,)."""
        return np.unpackbits(np.frombuffer(self._right, dtype=np.uint8), count=self.n).astype(bool)

    @property
    def codes(self) -> Codes:
        """The confidences, shape (n,)."""
        return np.frombuffer(self._confidence, dtype="<u2")

    @cached_property
    def correct(self) -> int:
        """How many are right."""
        return int(self.bits.sum())


def _unpacked(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as fault:
        raise ValueError(f"{name} is not base64: {fault}") from None
