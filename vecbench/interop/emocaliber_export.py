"""Responses as EmoCaliber's scripts store them: merged.jsonl, error.jsonl, merged_conf.jsonl.

The source and what is inferred are named in `vecbench.interop.emocaliber` and docs/responses.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vecbench.parsing import emocaliber
from vecbench.store import Manifest, StoredResponse, write_text
from vecbench.tasks import Catalogue


def write(
    responses: Sequence[StoredResponse], folder: Path, catalogue: Catalogue, manifest: Manifest | None
) -> list[str]:
    """Writes the three files.

    A line has EmoCaliber's keys, and of ours those that its scripts do not know and ignore: `id`, `repeat`
    if it is not the first, `finish_reason`, `image_sha256`.

    Args:
        responses: At most one a task, sample and repeat.
        folder: Made if it is not there.
        catalogue: Brings the tasks' names there, such as FI-8.
        manifest: Not used.

    Returns:
        What merged_conf.jsonl lacks.

    Raises:
        RunError: A file cannot be written.
    """
    del manifest
    merged: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for each in responses:
        data = _data(each, catalogue)
        if each.response is None:
            failed.append({"original_data": data, "error": each.error or "no response"})
        else:
            merged.append(data | {"response": each.response})
    confident = list(_with_confidence(merged))
    write_text(folder / "merged.jsonl", _lines(merged))
    write_text(folder / "error.jsonl", _lines(failed))
    write_text(folder / "merged_conf.jsonl", _lines(confident))
    dropped = len(merged) - len(confident)
    if not dropped:
        return []
    return [f"merged_conf.jsonl lacks {dropped} rows whose confidence is no number, as EmoCaliber's would"]


def _data(response: StoredResponse, catalogue: Catalogue) -> dict[str, Any]:
    task = catalogue.tasks.get(response.task)
    # The text of the prompt is not stored.
    image = [{"type": "image", "image": response.image}] if response.image else []
    further = {
        "repeat": response.repeat or None,
        "finish_reason": response.finish_reason,
        "image_sha256": response.image_sha256,
    }
    return {
        "conversations": [{"role": "user", "content": image}],
        "task": task.display if task else response.task,
        "ground_truth": response.target,
        "candidates": list(response.candidates),
        "id": response.sample_id,
    } | {key: value for key, value in further.items() if value is not None}


def _with_confidence(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows with what EmoCaliber's script reads as confidence; it drops those where it fails."""
    for row in rows:
        try:
            yield {**row, "confidence": emocaliber.stated_confidence(row["response"])}
        except ValueError:
            continue


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    # Escaped: half of a surrogate pair cannot be written otherwise.
    return "".join(json.dumps(row) + "\n" for row in rows)
