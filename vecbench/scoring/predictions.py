"""What every response says."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vecbench.answers import AnswerKind, kind_named
from vecbench.parsing import Prediction, Reading, strict
from vecbench.parsing.form import Form
from vecbench.parsing.prediction import ANSWER_STATUSES, CONFIDENCE_STATUSES, ScoredOptions
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
        said = each
        if protocol.is_published and each.token_confidence is not None:
            said = _with_tokens_of(reading, each, kind, form)
        if each.option_log_probabilities:
            made = _with_options(said, reading, kind, kind.asked_in(form))
        else:
            made = judged(said, reading, kind)
        latest[each.task, each.sample_id, each.repeat] = made
    return on_one_scale(list(latest.values()))


def _with_options(
    response: StoredResponse, reading: Reading, kind: AnswerKind, asked: AnswerKind
) -> Prediction:
    """A response whose options are scored: what they say of its answer, or what answer they make."""
    scores = response.option_log_probabilities
    names = tuple(kind.classes(response.candidates) or asked.spelt_options(response.candidates))
    if len(names) != len(scores):  # another program's, or a task whose file has changed
        return judged(response, reading, kind)
    if (answer := asked.answer_of(scores)) is not None:
        reading = replace(reading, answer=answer, answer_status="ok")
    made, options = judged(response, reading, kind), ScoredOptions(names, scores)
    confidences = made.confidences
    if reading.is_read and (place := kind.chosen_option(reading.answer, response.candidates)) is not None:
        confidences = {**confidences, "options": math.exp(options.log_shares[place])}
    return replace(made, options=options, confidences=confidences)


def _with_tokens_of(
    reading: Reading, response: StoredResponse, kind: AnswerKind, form: Form
) -> StoredResponse:
    """A response, whose tokens' probability is that of the strict reader's answer: without it for another."""
    own = strict.read(response.response, response.candidates, kind, response.finish_reason, form)
    return response if own.answer == reading.answer else replace(response, token_confidence=None)


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
    if response.is_only_reasoning and reading.answer is None:
        reading = replace(reading, answer_status="only_reasoning")
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
        _excerpt(response, reading),
        response.finish_reason,
        response.n_output_tokens,
        _confidences(response, reading),
    )


def _confidences(response: StoredResponse, reading: Reading) -> Mapping[str, float]:
    """Source → confidence: the parts of the stated one; the engine's in the answer, if one was read."""
    said = response.token_confidence
    if said is None or not reading.is_read:
        return dict(reading.parts)
    shares = {"token": "product", "token_share": "share"}
    return dict(reading.parts) | {
        source: float(said[name]) for source, name in shares.items() if name in said
    }


def _excerpt(response: StoredResponse, reading: Reading) -> str | None:
    """Both ends of a response of which something was not read; of one without an answer, behind reasoning."""
    text = response.reasoning if reading.answer_status == "only_reasoning" else response.response
    is_read = reading.is_read and reading.confidence is not None and reading.doubt is None
    if text is None or is_read:
        return None
    text = (without_reasoning(text).text if reading.answer_status == "no_answer" else text).strip()
    return text if len(text) <= 2 * EXCERPT else f"{text[:EXCERPT]} … {text[-EXCERPT:]}"


def prediction_lines(rows: Iterable[Prediction]) -> Iterator[str]:
    """The lines of predictions.jsonl."""
    return (json.dumps(said) + "\n" for said in prediction_values(rows))


def prediction_values(rows: Iterable[Prediction]) -> Iterator[dict[str, Any]]:
    """What predictions.jsonl says of each row."""
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
        if row.options is not None:
            said["options"] = dict(row.options.shares)
        if row.dropped is not None:
            said["dropped"] = row.dropped
        yield said


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
        | {key: sum(row.reading.doubt in doubts for row in rows) for key, doubts in DOUBTS.items()}
    )
