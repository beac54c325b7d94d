"""The golden responses of the published scripts, as responses that are stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

GOLDEN = Path(__file__).parent / "golden"


def stored(task: str, sample: str, target: str, candidates: Any, response: str | None, **changes: Any):
    """A stored response with nothing unusual about it but what is asked for."""
    values: dict[str, Any] = {
        "key": f"{task}/{sample}",
        "task": task,
        "sample_id": sample,
        "repeat": 0,
        "target": target,
        "candidates": tuple(candidates),
        "image": "a.png",
        "image_sha256": None,
        "prompt_sha256": "",
        "response": response,
        "finish_reason": None,
        "error": None,
        "n_prompt_tokens": None,
        "n_output_tokens": None,
    }
    return StoredResponse(**values | changes)


def emocaliber_responses(catalogue: Catalogue) -> Iterator[StoredResponse]:
    for line in (GOLDEN / "emocaliber" / "responses.jsonl").read_text().splitlines():
        row = json.loads(line)
        task = catalogue.task_named(row["task"]).id
        yield stored(task, row["id"], row["ground_truth"], row["candidates"], row["response"])


def emobserver_responses(catalogue: Catalogue) -> Iterator[StoredResponse]:
    records = json.loads((GOLDEN / "emobserver" / "results.json").read_text())
    for name, record in records.items():
        other = record["other_info"]
        task = catalogue.task_named(other["task"]).id
        for repeat, text in enumerate(record["generations"]):
            yield stored(task, name, record["ground_truth"], other["candidates"], text, repeat=repeat)


def expected(protocol: str) -> Any:
    return json.loads((GOLDEN / protocol / "expected.json").read_text())
