"""Two sides compared: everything that the outputs and the gates need."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecbench.answers import AnswerKind, scores_confidences
from vecbench.comparing.differences import AllDifferences, Differences
from vecbench.comparing.family import with_family
from vecbench.comparing.pairs import (
    Kind,
    Pair,
    paired,
    require_allowed,
    unknown_protocols,
)
from vecbench.comparing.published_differences import published_differences
from vecbench.comparing.row_differences import row_differences
from vecbench.comparing.score_differences import score_differences, score_faults
from vecbench.comparing.sides import Side
from vecbench.comparing.unread import unread_notes
from vecbench.errors import DataError
from vecbench.metrics.bootstrap import SEED
from vecbench.parsing import Reading
from vecbench.scoring import PROTOCOLS
from vecbench.scoring.scores import MOST_MISSING
from vecbench.tasks import Catalogue

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Flip:
    """One answer that changed between right and wrong, and what either side says."""

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
        judges: Whether answers are right or wrong at all, so that samples can change between the two.
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
    judges: bool = True

    def __repr__(self) -> str:
        n = self.differences.overall.n
        return f"<Comparison of {n:,} rows: {self.baseline.name} and {self.candidate.name}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the table of `vecbench compare`."""
        from vecbench.comparing.print_tables import html_fragment

        return html_fragment(self)

    def to_frame(self) -> DataFrame:
        """Every difference as a row of a pandas DataFrame, in the order of tasks, groups and everything.

        Returns:
            The columns, in this order. Values are fractions, and not percent.

            - scope, name, subset, source, metric: As in a frame of scores, see `Scores.to_frame`.
            - baseline, candidate: The metric of either side; nan where it is undefined.
            - change, value: Candidate − baseline, under its own name and under that of a frame of scores.
            - low, high: Ends of the 95 % interval of the change; nan where it has none.
            - p: Two-sided p value of a paired test; nan where there is none, as where too few samples differ.
            - p_holm: The same, adjusted for all tests of the comparison's table, every task, group and
              macro mean in every column (Holm); nan for what the table does not show.
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

    def differences_of(self, name: str | None) -> Differences | None:
        """The differences of a task, a group or, of None, all rows; None if the sides share no rows of it."""
        if name is None:
            return self.differences.overall
        return self.differences.tasks.get(name) or self.differences.groups.get(name)

    def shown(self, name: str | None) -> str:
        """A task's or group's name in tables; of None, that of all rows."""
        return "Overall" if name is None else self.differences.names.get(name, name)


def compare(
    baseline: Side,
    candidate: Side,
    catalogue: Catalogue,
    *,
    allow: Collection[str] = (),
    metrics: Collection[str] | None = None,
    replicates: int | None = None,
    seed: int = SEED,
) -> Comparison:
    """Compares two sides, row by row where both have rows.

    `allow` are kinds of differences that are accepted, see `pairs.Kind`. `metrics` are the keys of those that
    are compared of rows; None for all. Replicates of the paired bootstrap are 10,000 unless told otherwise,
    or fewer if those would take too long.
    """
    _require_responses(baseline, candidate)
    is_paired = bool(baseline.rows and candidate.rows)
    if is_paired:
        pairing = paired(baseline, candidate, allow)
        pairs, allowed = pairing.pairs, pairing.allowed
        if candidate.is_published:
            differences = published_differences(
                baseline, pairing.candidate, pairs, catalogue, replicates=replicates, seed=seed
            )
        else:
            named = candidate.protocol or baseline.protocol or ""
            differences = row_differences(
                pairs, named, catalogue, metrics=metrics, replicates=replicates, seed=seed
            )
        counted = [pair for pair in pairs if all(row.dropped is None for row in pair)]
        kinds = {old.task: catalogue.answers_of(old.task, old.kind) for old, _ in pairs}
        flips, judges = _flips(counted), any(kinds[old.task].judges for old, _ in counted)
        protocol = PROTOCOLS.get(candidate.protocol or "")
        silence = _silence(pairs, kinds) if protocol is None or protocol.has_confidences else ()
        notes = (*pairing.notes, *silence, *differences.notes)
    else:
        allowed, flips, judges = score_faults(baseline, candidate), Flips(), True
        differences = score_differences(baseline, candidate, catalogue)
        require_allowed(allowed, allow, "scores that both have")
        notes = (
            *unknown_protocols(baseline, candidate),
            "Scores without rows cannot be paired: there are no intervals, no tests and no flips, and nobody "
            "can tell whether both sides saw the same samples.",
        )
    return Comparison(
        baseline,
        candidate,
        with_family(differences, is_published=candidate.is_published),
        flips,
        is_paired,
        allowed,
        (
            *_sameness(baseline, candidate),
            *_controls(baseline, candidate),
            *unread_notes(baseline, candidate),
            *baseline.notes,
            *candidate.notes,
            *notes,
        ),
        differences.replicates,
        seed,
        judges,
    )


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


def _controls(baseline: Side, candidate: Side) -> Iterator[str]:
    """What a control shows in place of images changes scores, and no model did."""
    if baseline.manifest is None or candidate.manifest is None:
        return
    first, second = (
        "none" if each is None else each.said
        for each in (baseline.manifest.control, candidate.manifest.control)
    )
    if first != second:
        yield f"The control is {first} there, {second} here."


def _silence(pairs: Sequence[Pair], kinds: Mapping[str, AnswerKind]) -> Iterator[str]:
    """A model that keeps quiet where it would be wrong looks calibrated: that must not go unnoticed."""
    scored = {task for task, kind in kinds.items() if scores_confidences(kind)}
    asked = [pair for pair in pairs if pair[0].task in scored]
    silent = [sum(pair[side].reading.confidence is None for pair in asked) for side in (0, 1)]
    if max(silent) > MOST_MISSING * len(asked):
        yield (
            f"{silent[0]:,} of {len(asked):,} answers of the baseline and {silent[1]:,} of the candidate "
            "state no confidence: ECE, Brier score and AUROC are over the others. Hold coverage with a gate."
        )


def _flips(pairs: Iterable[Pair]) -> Flips:
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
