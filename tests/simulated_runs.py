"""Runs that no model has made: stored responses of a simulated one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vecbench.store import StoredResponse
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()


def response(
    task: str, sample: str, label: str | None, confidence: float | None, **changes: object
) -> StoredResponse:
    """One answer; the target is the task's first label unless told otherwise."""
    labels = CATALOGUE.tasks[task].labels if task in CATALOGUE.tasks else ("a", "b")
    answer = f"<answer>{label}</answer>" if label else "no idea"
    stated = "" if confidence is None else f"<confidence>{confidence}</confidence>"
    digest = hashlib.sha256(f"{task}/{sample}".encode("utf-8", "surrogatepass")).hexdigest()
    made = StoredResponse(
        f"{task}/{sample}", task, sample, 0, labels[0], labels, f"{sample}.png", digest, digest,
        answer + stated, "stop", None, None, None,
    )  # fmt: skip
    return replace(made, **changes)


def simulated(
    tasks: dict[str, int], seed: int, *, right: float = 0.7, confidence: Callable[[float], float] = float
) -> list[StoredResponse]:
    """Answers of a model that is right with a chance of `right` on the whole.

    Samples differ in difficulty, the same way whatever the seed; confidence follows the chance.

    Args:
        tasks: Task → samples.
        seed: Of the answers.
        right: Mean chance to be right.
        confidence: What the model states for a chance.
    """
    stream = random.Random(seed)
    rows = []
    for task, n in tasks.items():
        labels = CATALOGUE.tasks[task].labels
        for number in range(n):
            chance = right + random.Random(number).choice([-0.25, -0.1, 0.1, 0.25])
            label = labels[0] if stream.random() < chance else labels[1]
            stated = round(min(1.0, max(0.0, confidence(chance))), 2)
            rows.append(response(task, f"s{number}", label, stated))
    return rows


def with_token(
    rows: list[StoredResponse], confidence: Callable[[StoredResponse], float | None]
) -> list[StoredResponse]:
    """The rows with a token confidence where one is given."""
    values = [confidence(row) for row in rows]
    return [
        replace(row, token_confidence=None if value is None else {"product": value, "tokens": 2})
        for row, value in zip(rows, values, strict=True)
    ]


def stated(row: StoredResponse) -> float:
    """The confidence that a simulated response states."""
    return float(str(row.response).partition("<confidence>")[2].partition("<")[0])


def repeated(rows: list[StoredResponse], repeat: int) -> list[StoredResponse]:
    """The rows as a further answer to each sample."""
    return [replace(row, repeat=repeat, key=f"{row.key}/{repeat}") for row in rows]


def write_run(folder: Path, rows: list[StoredResponse]) -> Path:
    """A run directory that holds no more than responses."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "responses.jsonl").write_bytes(b"".join(row.to_line() for row in rows))
    return folder
