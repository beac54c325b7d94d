"""Samples that one side gets right and the other wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vecbench.comparing.pairs import Pair
from vecbench.parsing import Reading


@dataclass(frozen=True, slots=True)
class Flip:
    """One answer that changed between right and wrong.

    Attributes:
        task: The task's id.
        sample_id: Unique within the task.
        repeat: 0 for the first answer to a sample.
        target: The true label.
        baseline: What the baseline says.
        candidate: What the candidate says.
    """

    task: str
    sample_id: str
    repeat: int
    target: str
    baseline: Reading
    candidate: Reading


@dataclass(frozen=True, slots=True)
class Flips:
    """All flips, the candidate's most confident answers first, those without a confidence last.

    Attributes:
        lost: From right to wrong.
        gained: From wrong to right.
    """

    lost: tuple[Flip, ...] = ()
    gained: tuple[Flip, ...] = ()


def flips(pairs: Iterable[Pair]) -> Flips:
    """The flips among paired rows."""
    changed = [(old, new) for old, new in pairs if old.correct != new.correct]
    return Flips(
        _ordered([pair for pair in changed if pair[0].correct]),
        _ordered([pair for pair in changed if pair[1].correct]),
    )


def _ordered(pairs: Sequence[Pair]) -> tuple[Flip, ...]:
    found = [
        Flip(old.task, old.sample_id, old.repeat, new.target, old.reading, new.reading) for old, new in pairs
    ]

    def confidence(flip: Flip) -> float:
        return -1.0 if flip.candidate.confidence is None else flip.candidate.confidence

    # Sorting is stable, so equals keep the order of task and sample.
    return tuple(sorted(found, key=confidence, reverse=True))
