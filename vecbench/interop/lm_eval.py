"""What lm-evaluation-harness calls when it runs a vecbench task file.

The task files name these functions with `!function`. lm-eval can't pool a metric over a group: group
scores come from `vecbench score` on its sample log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecbench.errors import UsageError
from vecbench.images import decode_image, read_image
from vecbench.metrics import brier as brier_score
from vecbench.metrics import ece as expected_calibration_error
from vecbench.parsing import protocol_named
from vecbench.prompts import prompt_profile, render_prompt
from vecbench.samples import open_data
from vecbench.tasks import load_catalogue

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL.Image import Image

Pair = tuple[float | None, bool]
"""(confidence, or None if none is stated; whether the label is right)."""


def load(task: str, data: str | None = None, prompt: str | None = None, **_: Any) -> dict[str, Dataset]:
    """The samples of a task as lm-eval wants them: split → dataset.

    Args:
        task: The task's id.
        data: A folder, a table, or a dataset on the Hub; needed for tasks that bring none
            (`--metadata '{"data": "DIR"}'`).
        prompt: A prompt profile instead of the task's own (`--metadata '{"prompt": "direct"}'`).

    Raises:
        UsageError: No such task or profile, or no data.
        DataError: The data cannot be used.
        RunError: A download failed.
    """
    from datasets import Dataset

    [chosen] = load_catalogue().select(task)
    where = data or chosen.data
    if where is None:
        raise UsageError(f"the task {task} brings no data", 'Give it: --metadata \'{"data": "DIR"}\'.')
    source = open_data(where)
    profile = prompt_profile(chosen, prompt, own_prompts=source.brings_prompts(chosen))
    source.fetch([chosen])
    rows = [
        {
            "sample_id": sample.id,
            "task": sample.task,
            "image": sample.image,
            "root": str(sample.root),
            "prompt": render_prompt(chosen, profile, sample),
            "target": sample.target,
            "candidates": list(sample.candidates),
            "aliases": [[alias, label] for alias, label in chosen.aliases.items()],
        }
        for sample in source.samples(chosen)
        if sample.fault is None  # lm-eval has no error rows
    ]
    return {"test": Dataset.from_list(rows)}


def doc_to_image(doc: Mapping[str, Any]) -> list[Image]:
    """The sample's picture, decoded as vecbench decodes it.

    Raises:
        ImageError: It cannot be read or decoded; lm-eval then ends.
    """
    return [decode_image(read_image(Path(doc["root"]), doc["image"]))]


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """What one response is worth: accuracy and coverage as numbers, the rest as pairs to aggregate."""
    reading = protocol_named("strict")(results[0], doc["candidates"], dict(doc["aliases"]), None)
    correct = reading.label is not None and reading.label == doc["target"]
    pair: Pair = (reading.confidence, correct)
    return {
        "accuracy": float(correct),
        "coverage": float(reading.confidence is not None),
        "brier": pair,
        "ece": pair,
    }


def brier(pairs: Sequence[Pair]) -> float:
    """The Brier score over the rows that have a confidence; nan if none has."""
    return brier_score(*_stated(pairs))


def ece(pairs: Sequence[Pair]) -> float:
    """The expected calibration error over the rows that have a confidence; nan if none has."""
    return expected_calibration_error(*_stated(pairs))


def _stated(pairs: Sequence[Pair]) -> tuple[list[float], list[bool]]:
    stated = [(confidence, correct) for confidence, correct in pairs if confidence is not None]
    return [confidence for confidence, _ in stated], [correct for _, correct in stated]
