"""What every response says."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from vecbench.answers import AnswerKind, kind_named
from vecbench.parsing import Prediction, Reading
from vecbench.parsing.form import Form
from vecbench.parsing.prediction import ANSWER_STATUSES, CONFIDENCE_STATUSES
from vecbench.parsing.visible import without_reasoning
from vecbench.scoring.scales import DOUBTS, on_one_scale
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

if TYPE_CHECKING:
    from vecbench.scoring.protocol import Protocol

EXCERPT = 60
"""Characters of either end of a response that are kept of it."""


def predictions(
    responses: Iterable[StoredResponse], protocol: Protocol, catalogue: Catalogue
) -> list[Prediction]:
    """What each response says, in the order stored; of several to one sample and repeat, the last counts."""
    known: dict[tuple[str, str, str | None], tuple[AnswerKind, Form]] = {}
    latest: dict[tuple[str, str, int], Prediction] = {}
    for each in responses:
        asked = each.task, each.kind, each.profile
        if asked not in known:
            kind = catalogue.answers_of(each.task, each.kind)
            known[asked] = kind, catalogue.form_of(each.task, each.profile)
        kind, form = known[asked]
        reading = protocol.read(each.response, each.candidates, kind, each.finish_reason, form)
        latest[each.task, each.sample_id, each.repeat] = judged(each, reading, kind)
    return on_one_scale(list(latest.values()))


def judged(response: StoredResponse, reading: Reading, kind: AnswerKind) -> Prediction:
    """A response with what it says, right or wrong as its kind compares."""
    try:
        target = kind.load(response.target)
    except ValueError:  # a fault of the data, which is why there is no response: never right
        return prediction(response, reading, judged=False)
    right = kind.is_right(reading.answer, target)
    return prediction(response, reading, judged=right, target=target)


def prediction(
    response: StoredResponse,
    reading: Reading,
    *,
    judged: bool | None = None,
    dropped: str | None = None,
    target: Any = None,
) -> Prediction:
    """A response with what it says; `target` as its kind has it, None where that is as it is stored."""
    return Prediction(
        response.key,
        response.task,
        response.sample_id,
        response.repeat,
        response.target if target is None else target,
        response.candidates,
        reading,
        response.image_sha256,
        judged,
        dropped,
        response.kind,
        response.images_sha256,
        response.attributes,
        _excerpt(response.response, reading),
    )


def _excerpt(response: str | None, reading: Reading) -> str | None:
    """Both ends of a response of which something was not read; of one without an answer, behind reasoning."""
    is_read = reading.is_read and reading.confidence is not None and reading.doubt is None
    if response is None or is_read:
        return None
    text = (without_reasoning(response).text if reading.answer_status == "no_answer" else response).strip()
    return text if len(text) <= 2 * EXCERPT else f"{text[:EXCERPT]} … {text[-EXCERPT:]}"


def prediction_lines(rows: Iterable[Prediction]) -> Iterator[str]:
    """The lines of predictions.jsonl."""
    kinds: dict[str, AnswerKind] = {}
    for row in rows:
        if row.kind not in kinds:
            kinds[row.kind] = kind_named(row.kind)()
        answer = row.reading.answer
        # What a published protocol reads may be a text, whatever the kind, or a number that JSON has not.
        if answer is not None and not isinstance(answer, str):
            answer = kinds[row.kind].dump(answer)
        if isinstance(answer, float) and not math.isfinite(answer):
            answer = str(answer)
        said = {
            "key": row.key,
            "task": row.task,
            "sample_id": row.sample_id,
            "repeat": row.repeat,
            "target": row.target,
            "answer": answer,
            "answer_status": row.reading.answer_status,
            "confidence": row.reading.confidence,
            "confidence_status": row.reading.confidence_status,
            "correct": row.correct,
        }
        if row.dropped is not None:
            said["dropped"] = row.dropped
        yield json.dumps(said) + "\n"


def status_counts(rows: Sequence[Prediction]) -> dict[str, int]:
    """Rows with an answer, with a confidence, with an error; by status; by what speaks against a scale."""
    answers = Counter(row.reading.answer_status for row in rows)
    confidences = Counter(row.reading.confidence_status for row in rows)
    return (
        {
            "answered": sum(row.reading.is_read for row in rows),
            "confident": sum(row.reading.confidence is not None for row in rows),
            "errors": answers["error"],
        }
        | {status: answers[status] for status in ANSWER_STATUSES}
        | {f"confidence_{status}": confidences[status] for status in CONFIDENCE_STATUSES}
        | {key: sum(row.reading.doubt == doubt for row in rows) for key, doubt in DOUBTS.items()}
    )
