"""Where the strict protocol's verdicts differ from the emocaliber protocol's, and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vecbench.parsing import Prediction
from vecbench.scoring.arrangement import Arrangement
from vecbench.scoring.emocaliber import EMOCALIBER, emocaliber_scores
from vecbench.scoring.predictions import predictions
from vecbench.scoring.protocols import STRICT
from vecbench.scoring.reasons import Reason, reasons
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

EARLIER_RESPONSE = "an earlier response to the same sample counts too"
FAILED = "row dropped: its error outweighs its response"
TARGET_CASE = "label and target differ in case, which makes no difference there"
TARGET_SPELLING = "the target is compared as it is spelt, and so equals no label that is read"
UNKNOWN_TARGET = "the target is 'unknown', which no label counts as there"

_FIELDS = ("task", "sample_id", "repeat", "target")
_READ = ("counted", "answer", "answer_status", "confidence", "confidence_status", "correct")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A response with two verdicts.

    Attributes:
        strict: What the strict protocol makes of it; None where a later response takes its place.
        emocaliber: What the emocaliber protocol makes of it.
        reasons: Why they differ, at least one.
    """

    strict: Prediction | None
    emocaliber: Prediction
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """How many rows of a task each protocol counts, and how many of them are right.

    Attributes:
        strict: (rows, right ones).
        emocaliber: Likewise.
        differing: Responses with a difference of any kind.
    """

    strict: tuple[int, int]
    emocaliber: tuple[int, int]
    differing: int


@dataclass(frozen=True, slots=True)
class ReasonEffect:
    """What one reason does.

    Attributes:
        rows: Responses that it holds for; one response may have two reasons.
        right_only_strict: Those that only the strict protocol counts, and counts as right.
        right_only_emocaliber: Those that only the emocaliber protocol does.
        dropped: Those that the emocaliber protocol drops.
    """

    rows: int
    right_only_strict: int
    right_only_emocaliber: int
    dropped: int


@dataclass(frozen=True)
class Disagreements:
    """Every response whose verdict differs.

    Attributes:
        rows: In the order of the responses.
        tasks: Task id → what both protocols count; all tasks, and then "overall".
        names: Id → name in tables.
    """

    rows: tuple[Disagreement, ...]
    tasks: Mapping[str, VerdictCounts]
    names: Mapping[str, str]

    def effects(self) -> dict[str, ReasonEffect]:
        """Reason → its effect; the most frequent first."""
        by_kind: dict[str, list[Disagreement]] = {}
        for row in self.rows:
            for kind in dict.fromkeys(reason.kind for reason in row.reasons):
                by_kind.setdefault(kind, []).append(row)
        ordered = sorted(by_kind.items(), key=lambda item: (-len(item[1]), item[0]))
        return {kind: _effect(rows) for kind, rows in ordered}

    def as_csv(self) -> str:
        """One line a response, with both readings and the reasons."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        both = [f"{protocol}_{name}" for protocol in (STRICT.name, EMOCALIBER.name) for name in _READ]
        writer.writerow([*_FIELDS, "reasons", *both])
        for row in self.rows:
            said = "; ".join(str(reason) for reason in row.reasons)
            fields = [getattr(row.emocaliber, name) for name in _FIELDS]
            writer.writerow([*fields, said, *_read(row.strict), *_read(row.emocaliber)])
        # Half of a surrogate pair cannot be written as it is.
        return stream.getvalue().encode("utf-8", "backslashreplace").decode()


def disagreements(responses: Sequence[StoredResponse], catalogue: Catalogue) -> Disagreements:
    """Every response whose label, confidence or correctness the two protocols disagree about.

    Args:
        responses: In the order in which they were stored, with every further response to a sample.
        catalogue: Brings the tasks' aliases, their order and names.
    """
    counted = {_sample(row): row for row in predictions(responses, STRICT, catalogue)}
    last = {_sample(response): place for place, response in enumerate(responses)}
    published, _ = emocaliber_scores(responses, catalogue)
    found = []
    for place, (response, theirs) in enumerate(zip(responses, published, strict=True)):
        ours = counted[_sample(response)] if last[_sample(response)] == place else None
        task = catalogue.tasks.get(response.task)
        why = _reasons(response, task.aliases if task else {}, ours, theirs)
        if why:
            found.append(Disagreement(ours, theirs, tuple(why)))
    order = Arrangement.of({response.task for response in responses}, catalogue)
    by_task: dict[str, list[Prediction]] = {name: [] for name in order.tasks}
    theirs_by_task: dict[str, list[Prediction]] = {name: [] for name in order.tasks}
    for row in counted.values():
        by_task[row.task].append(row)
    for row in published:
        if row.dropped is None:
            theirs_by_task[row.task].append(row)
    differing = {name: sum(row.emocaliber.task == name for row in found) for name in order.tasks}
    tasks = {
        name: VerdictCounts(_right(by_task[name]), _right(theirs_by_task[name]), differing[name])
        for name in order.tasks
    }
    tasks["overall"] = VerdictCounts(
        _right(list(counted.values())), _right([row for row in published if row.dropped is None]), len(found)
    )
    return Disagreements(tuple(found), tasks, {**order.names, "overall": "Overall"})


def _reasons(
    response: StoredResponse, aliases: Mapping[str, str], ours: Prediction | None, theirs: Prediction
) -> list[Reason]:
    if ours is None:
        return [Reason(EARLIER_RESPONSE)] if theirs.dropped is None else []
    why = reasons(response.response, response.candidates, aliases, ours.reading, theirs.reading)
    if theirs.dropped is not None:
        return why or [Reason(FAILED, response.error or "")]
    if ours.correct != theirs.correct and ours.reading.answer == theirs.reading.answer:
        return [*why, Reason(_target_kind(theirs), repr(theirs.target))]
    return why


def _target_kind(theirs: Prediction) -> str:
    if not theirs.correct:
        return TARGET_SPELLING
    return UNKNOWN_TARGET if theirs.reading.answer is None else TARGET_CASE


def _sample(row: StoredResponse | Prediction) -> tuple[str, str, int]:
    return row.task, row.sample_id, row.repeat


def _right(rows: Sequence[Prediction]) -> tuple[int, int]:
    return len(rows), sum(row.correct for row in rows)


def _effect(rows: Sequence[Disagreement]) -> ReasonEffect:
    ours = [row.strict is not None and row.strict.correct for row in rows]
    theirs = [row.emocaliber.dropped is None and row.emocaliber.correct for row in rows]
    both = list(zip(ours, theirs, strict=True))
    return ReasonEffect(
        len(rows),
        sum(mine and not other for mine, other in both),
        sum(other and not mine for mine, other in both),
        sum(row.emocaliber.dropped is not None for row in rows),
    )


def _read(row: Prediction | None) -> Iterator[object]:
    if row is None:
        yield from ("no", *[""] * (len(_READ) - 1))
        return
    reading = row.reading
    yield "yes" if row.dropped is None else "no"
    yield "" if reading.answer is None else reading.answer
    yield reading.answer_status
    yield "" if reading.confidence is None else reading.confidence
    yield reading.confidence_status
    yield "yes" if row.correct else "no"
