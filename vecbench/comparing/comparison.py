"""Two sides compared: everything that the outputs and the gates need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecbench.comparing.differences import AllDifferences, Differences, score_differences
from vecbench.comparing.flips import Flips, flips
from vecbench.comparing.pairs import (
    Kind,
    Pair,
    paired,
    protocol_difference,
    require_allowed,
    unknown_protocols,
)
from vecbench.comparing.published_differences import published_differences
from vecbench.comparing.row_differences import row_differences
from vecbench.comparing.sides import Side
from vecbench.errors import DataError
from vecbench.metrics.bootstrap import SEED
from vecbench.scoring import PROTOCOLS
from vecbench.tasks import Catalogue

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_SILENT = 0.05
"""A larger share of answers without a confidence is pointed out."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """What became of a baseline: the differences of every task, every group, and everything.

    >>> import pandas as pd
    >>> import vecbench
    >>> rows = pd.DataFrame({"task": "fi_2", "id": range(3), "target": ["positive", "negative", "negative"]})
    >>> before = rows.assign(response=["positive", "positive", "negative"])
    >>> comparison = vecbench.compare(before, rows.assign(response=["positive", "negative", "negative"]))
    >>> comparison
    <Comparison of 3 rows: baseline and candidate>
    >>> [flip.sample_id for flip in comparison.flips.gained]
    ['1']

    Attributes:
        baseline: The first side.
        candidate: The second side.
        differences: Of every task, group and everything.
        flips: Samples that changed between right and wrong; empty without rows.
        paired: Whether there were rows to pair; without them there are no intervals and no tests.
        allowed: Kind → how the sides differ in it, where that was allowed.
        notes: What must be known to read the comparison.
        replicates: Of the paired bootstrap; 0 if there was none.
        seed: Of its draws.
    """

    baseline: Side
    candidate: Side
    differences: AllDifferences
    flips: Flips
    paired: bool
    allowed: Mapping[Kind, str]
    notes: tuple[str, ...]
    replicates: int
    seed: int

    def __repr__(self) -> str:
        n = self.differences.overall.n
        return f"<Comparison of {n:,} rows: {self.baseline.name} and {self.candidate.name}>"

    def to_frame(self) -> DataFrame:
        """Every difference as a row of a pandas DataFrame, in the order of tasks, groups and everything.

        Returns:
            The columns, in this order. Values are fractions, and not percent.

            - scope, name, subset, source, metric: As in a frame of scores, see `Scores.to_frame`.
            - baseline, candidate: The metric of either side; nan where it is undefined.
            - change, value: Candidate − baseline, under its own name and under that of a frame of scores.
            - low, high: Ends of the 95 % interval of the change; nan where it has none.
            - p: Two-sided p value of a paired test; nan where there is none, as where too few samples differ.
            - p_holm: The same, adjusted for the number of tasks; nan but for tasks.
            - n: Rows of each side; tasks, of a macro mean.
            - method: How interval and p value were made; empty where there are none.
            - why: Why a value, or the test, is missing; empty where none is.

        >>> import pandas as pd
        >>> import vecbench
        >>> rows = pd.DataFrame({"task": "fi_2", "id": range(3), "target": ["positive"] + 2 * ["negative"]})
        >>> frame = vecbench.compare(
        ...     rows.assign(response=["positive", "positive", "negative"]), rows.assign(response=rows.target)
        ... ).to_frame()
        >>> row = frame[(frame.scope == "task") & (frame.metric == "accuracy")].iloc[0]
        >>> f"{row.baseline:.3f} → {row.candidate:.3f}, p = {row.p:.1f}: {row.method}"
        '0.667 → 1.000, p = 1.0: exact McNemar test'
        """
        from vecbench.frames import difference_frame

        return difference_frame(self)

    @property
    def is_published(self) -> bool:
        """Whether a published protocol scored both: its groups have scores that a task alone has not."""
        return self.candidate.is_published

    def differences_of(self, name: str) -> Differences | None:
        """The differences of a task, a group or "overall"; None if the sides have no rows of it in common."""
        if name == "overall":
            return self.differences.overall
        return self.differences.tasks.get(name) or self.differences.groups.get(name)

    def shown(self, name: str) -> str:
        """A task's or group's name in tables."""
        return "Overall" if name == "overall" else self.differences.names.get(name, name)


def compare(
    baseline: Side,
    candidate: Side,
    catalogue: Catalogue,
    *,
    allow: Collection[str] = (),
    replicates: int | None = None,
    seed: int = SEED,
) -> Comparison:
    """Compares two sides, row by row where both have rows."""
    _require_responses(baseline, candidate)
    same = tuple(_sameness(baseline, candidate))
    if baseline.rows and candidate.rows:
        pairing = paired(baseline, candidate, allow)
        if candidate.is_published:
            differences = published_differences(
                baseline, pairing.candidate, pairing.pairs, catalogue, replicates=replicates, seed=seed
            )
        else:
            named = candidate.protocol or baseline.protocol or ""
            differences = row_differences(pairing.pairs, named, catalogue, replicates=replicates, seed=seed)
        notes = (*same, *baseline.notes, *candidate.notes, *pairing.notes)
        protocol = PROTOCOLS.get(candidate.protocol or "")
        if protocol is None or protocol.has_confidences:
            notes += tuple(_silence(pairing.pairs))
        notes += differences.notes
        counted = [pair for pair in pairing.pairs if all(row.dropped is None for row in pair)]
        return Comparison(
            baseline,
            candidate,
            differences,
            flips(counted),
            True,
            pairing.allowed,
            notes,
            differences.replicates,
            seed,
        )
    differing = _score_faults(baseline, candidate)
    differences = score_differences(baseline, candidate, catalogue)
    require_allowed(differing, allow, "scores that both have")
    notes = (
        *same,
        *baseline.notes,
        *candidate.notes,
        *unknown_protocols(baseline, candidate),
        "Scores without rows cannot be paired: there are no intervals, no tests and no flips, and nobody "
        "can tell whether both sides saw the same samples.",
    )
    return Comparison(baseline, candidate, differences, Flips(), False, differing, notes, 0, seed)


def _require_responses(baseline: Side, candidate: Side) -> None:
    """Refuses predictions under a published protocol, which scores what they do not hold."""
    for side, other in ((baseline, candidate), (candidate, baseline)):
        to_be_paired = bool(other.rows) and other.is_published
        if side.rows and not side.responses and (side.is_published or to_be_paired):
            protocol = side.protocol if side.is_published else other.protocol
            raise DataError(
                f"{side.path}: predictions do not hold all that the protocol {protocol} scores",
                "Name the responses that they were made from, or their scores.json.",
            )


def _sameness(baseline: Side, candidate: Side) -> Iterator[str]:
    """A gate whose baseline was set to the candidate by mistake is green for ever."""
    if baseline.path.resolve() == candidate.path.resolve():
        yield f"Both sides are {baseline.path}: it differs in nothing from itself."


def _silence(pairs: Sequence[Pair]) -> Iterator[str]:
    """A model that keeps quiet where it would be wrong looks calibrated: that must not go unnoticed."""
    silent = [sum(pair[side].reading.confidence is None for pair in pairs) for side in (0, 1)]
    if max(silent) > MOST_SILENT * len(pairs):
        yield (
            f"{silent[0]:,} of {len(pairs):,} answers of the baseline and {silent[1]:,} of the candidate "
            "state no confidence: ECE, Brier score and AUROC are over the others. Hold coverage with a gate."
        )


def _score_faults(baseline: Side, candidate: Side) -> dict[Kind, str]:
    protocol = protocol_difference(baseline, candidate)
    found: dict[Kind, str] = {} if protocol is None else {"protocol": protocol}
    counts = [_rows_per_task(side) for side in (baseline, candidate)]
    if not counts[0].keys() & counts[1].keys():
        raise DataError(
            f"{baseline.path} and {candidate.path} have no task in common",
            "Compare scores of the same tasks.",
        )
    other = [
        f"{name} has {counts[0].get(name, 0):,} rows there, {counts[1].get(name, 0):,} here"
        for name in dict.fromkeys([*counts[0], *counts[1]])
        if counts[0].get(name) != counts[1].get(name)
    ]
    if other:
        found["samples"] = ", ".join(other)
    return found


def _rows_per_task(side: Side) -> dict[str, int]:
    if side.scores is not None:
        return {name: int(task["n"]) for name, task in side.scores["tasks"].items()}
    return dict(Counter(row.task for row in side.rows if row.dropped is None))
