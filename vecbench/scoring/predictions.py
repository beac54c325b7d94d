"""What every response says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from vecbench.parsing import Prediction, Reading, protocol_named
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue


def predictions(responses: Iterable[StoredResponse], protocol: str, catalogue: Catalogue) -> list[Prediction]:
    """What each response says; of several to one sample and repeat, the last counts.

    Args:
        responses: In the order in which they were stored.
        protocol: A key of `PROTOCOLS`.
        catalogue: Brings the tasks' aliases.

    Raises:
        UsageError: There is no such protocol.
    """
    read = protocol_named(protocol)
    aliases = {name: task.aliases for name, task in catalogue.tasks.items()}
    latest: dict[tuple[str, str, int], Prediction] = {}
    for each in responses:
        reading = read(each.response, each.candidates, aliases.get(each.task, {}), each.finish_reason)
        latest[each.task, each.sample_id, each.repeat] = prediction(each, reading)
    return list(latest.values())


def prediction(
    response: StoredResponse, reading: Reading, *, judged: bool | None = None, dropped: str | None = None
) -> Prediction:
    """A response with what it says; `judged` and `dropped` as `Prediction` has them."""
    return Prediction(
        response.key,
        response.task,
        response.sample_id,
        response.repeat,
        response.target,
        response.candidates,
        reading,
        response.image_sha256,
        judged,
        dropped,
    )


def prediction_lines(rows: Iterable[Prediction]) -> Iterator[str]:
    """The lines of predictions.jsonl."""
    for row in rows:
        said = {
            "key": row.key,
            "task": row.task,
            "sample_id": row.sample_id,
            "repeat": row.repeat,
            "target": row.target,
            "label": row.reading.label,
            "label_status": row.reading.label_status,
            "confidence": row.reading.confidence,
            "confidence_status": row.reading.confidence_status,
            "correct": row.correct,
        }
        if row.dropped is not None:
            said["dropped"] = row.dropped
        yield json.dumps(said) + "\n"
