"""Where the strict protocol's verdicts differ from the emocaliber protocol's, and why."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from vecbench.answers.label import labels_named
from vecbench.labels import normal_form
from vecbench.parsing import Prediction, Reading, emocaliber
from vecbench.parsing.statements import Stated, stated_answer, stated_confidence, without_confidence
from vecbench.parsing.visible import without_reasoning
from vecbench.scoring.aggregate import Arrangement
from vecbench.scoring.emocaliber import EMOCALIBER, emocaliber_scores
from vecbench.scoring.predictions import predictions
from vecbench.scoring.protocols import STRICT
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

INSIDE_WORD = "a label inside another word or label"
FROM_REASONING = "label taken from the reasoning"
FROM_RUNNING_TEXT = "label taken from text that is no answer"
CUT_OFF = "label taken from a response that was cut off"
LIST_ORDER = "several labels named: the first in list order is taken"
NEGATED = "a negated label is taken"
FIRST_ANSWER = "the first answer tag is taken, the last is the answer"
ALIAS = "only the task's aliases know this spelling"
TYPOGRAPHY = "the label is found only without typography and markup"
OTHER_LABEL = "labels read differently"

NO_RESPONSE = "row dropped: no response"
NO_NUMBER = "row dropped: its confidence is no number"
FIRST_CONFIDENCE = "the first confidence tag is taken, not the last"
CONFIDENCE_FROM_REASONING = "confidence taken from the reasoning"
CONFIDENCE_FORM = "a form of confidence that only strict reads"
CLIPPED = "confidence outside [0, 1]: clipped"
NAN = "confidence nan: counts as a confidence"
PYTHON_NUMBER = "a number that only Python reads as one"
OTHER_CONFIDENCE = "confidences read differently"

EARLIER_RESPONSE = "an earlier response to the same sample counts too"
FAILED = "row dropped: its error outweighs its response"
TARGET_CASE = "label and target differ in case, which makes no difference there"
TARGET_SPELLING = "the target is compared as it is spelt, and so equals no label that is read"
UNKNOWN_TARGET = "the target is 'unknown', which no label counts as there"

_MOST_SHOWN = 40
_FIELDS = ("task", "sample_id", "repeat", "target")
_READ = ("counted", "answer", "answer_status", "confidence", "confidence_status", "correct")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two readings differ: what the emocaliber protocol does, a constant above, and its words."""

    kind: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A response with two verdicts and a reason; strict has none where a later response counts."""

    strict: Prediction | None
    emocaliber: Prediction
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """(rows, right ones) that each protocol counts of a task, and how many responses differ in any way."""

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
    """Every response whose verdict differs, in order; and what both count of each task, and of all."""

    rows: tuple[Disagreement, ...]
    tasks: Mapping[str, VerdictCounts]
    overall: VerdictCounts
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
    """Every response, of all as stored, whose label, confidence or correctness the two disagree about."""
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
    ours_by_task = _verdicts(counted.values())
    theirs_by_task = _verdicts(row for row in published if row.dropped is None)
    differing = Counter(row.emocaliber.task for row in found)
    tasks = {
        name: VerdictCounts(ours_by_task.get(name, (0, 0)), theirs_by_task.get(name, (0, 0)), differing[name])
        for name in order.tasks
    }
    overall = VerdictCounts(
        _summed(each.strict for each in tasks.values()),
        _summed(each.emocaliber for each in tasks.values()),
        len(found),
    )
    return Disagreements(tuple(found), tasks, overall, order.names)


def _summed(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    listed = list(counts)
    return sum(n for n, _ in listed), sum(right for _, right in listed)


def _verdicts(rows: Iterable[Prediction]) -> dict[str, tuple[int, int]]:
    """Task → (rows, right ones)."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        n, right = found.get(row.task, (0, 0))
        found[row.task] = n + 1, right + row.correct
    return found


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


def reasons(
    response: str | None,
    candidates: Sequence[str],
    aliases: Mapping[str, str],
    strict: Reading,
    published: Reading,
) -> list[Reason]:
    """Why two readings of a response differ: at most one reason for the label and one for the confidence."""
    if response is None:
        return [Reason(NO_RESPONSE)]
    visible = without_reasoning(response).text
    found = []
    if strict.answer != published.answer:
        found.append(_of_label(response, visible, candidates, aliases, strict, published))
    if published.confidence_status == "not_a_number":
        found.append(Reason(NO_NUMBER, _shown(emocaliber.first_confidence(response) or "")))
    elif published.confidence_status == "out_of_range":
        found.append(Reason(NAN))
    elif strict.confidence != published.confidence:
        found.append(_of_confidence(response, visible, strict, published))
    return found


def _of_label(
    response: str,
    visible: str,
    candidates: Sequence[str],
    aliases: Mapping[str, str],
    strict: Reading,
    published: Reading,
) -> Reason:
    answer = stated_answer(visible)
    tag = emocaliber.first_answer(response)
    if tag and not _is_same_answer(tag, answer):
        seen = f"<answer>{tag}</answer>" in visible.lower()
        return Reason(FIRST_ANSWER if seen else FROM_REASONING, _shown(tag))
    if published.answer is None:
        if strict.answer_status == "alias":
            return Reason(ALIAS, _shown(answer.text if answer else visible))
        return Reason(TYPOGRAPHY, _shown(answer.text if answer else visible))
    label = published.answer.lower()
    # Without a tag of its own kind, the script has searched everything.
    stated = tag or (answer.text.lower() if answer else visible.lower() if strict.answer is not None else "")
    if label in stated:
        return _of_matching(stated, label, candidates, aliases, strict)
    if label not in visible.lower():
        return Reason(FROM_REASONING, _word_around(response.lower(), label))
    cut_off = strict.answer_status == "truncated"
    return Reason(CUT_OFF if cut_off else FROM_RUNNING_TEXT, _word_around(visible.lower(), label))


def _is_same_answer(tag: str, answer: Stated | None) -> bool:
    return answer is not None and answer.text.strip().lower() == without_confidence(tag).strip()


def _of_matching(
    stated: str, label: str, candidates: Sequence[str], aliases: Mapping[str, str], strict: Reading
) -> Reason:
    """Why a label that stands in the answer that both read is not what strict reads there."""
    named = labels_named(stated, candidates, aliases)
    if normal_form(label) not in {normal_form(each) for each in named}:
        longer = (strict.answer or "").lower()
        inside = f"{label!r} in {longer!r}" if label in longer else _word_around(stated, label)
        return Reason(INSIDE_WORD, inside)
    if strict.answer_status == "truncated":
        return Reason(CUT_OFF, _shown(stated))
    if len(named) > 1:
        return Reason(LIST_ORDER, _shown(stated))
    if strict.answer_status == "ambiguous":
        return Reason(NEGATED, _shown(stated))
    return Reason(OTHER_LABEL, _shown(stated))


def _of_confidence(response: str, visible: str, strict: Reading, published: Reading) -> Reason:
    first = emocaliber.first_confidence(response)
    found = stated_confidence(visible)
    stated = None if found is None else found.text
    if first is None:
        return Reason(CONFIDENCE_FORM, _shown(stated or ""))
    if f"<confidence>{first}</confidence>" not in visible:
        return Reason(CONFIDENCE_FROM_REASONING, _shown(first))
    if stated is not None and stated.strip() != first.strip():
        return Reason(FIRST_CONFIDENCE, f"{_shown(first)} before {_shown(stated)}")
    if strict.confidence_status == "out_of_range":
        return Reason(CLIPPED, _shown(first))
    if strict.confidence_status == "not_a_number" and published.confidence is not None:
        return Reason(PYTHON_NUMBER, _shown(first))
    return Reason(OTHER_CONFIDENCE, _shown(first))


def _word_around(text: str, label: str) -> str:
    """The label and the word that it stands in, as in "'awe' in 'awesome'"."""
    place = text.find(label)
    if place < 0:
        return repr(label)
    before = "".join(takewhile(_is_of_word, reversed(text[:place])))[::-1]
    behind = "".join(takewhile(_is_of_word, text[place + len(label) :]))
    return f"{label!r} in {_shown(before + label + behind)}" if before or behind else repr(label)


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character in "_'-\u2010\u2019"


def _shown(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…")
