"""Plain JSONL: one response a line, the fields by their common names. Our own responses.jsonl is one too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vecbench.interop.row import StatedRow

NAME = "plain JSONL"
TARGETS = ("target", "ground_truth", "label", "votes")


def recognises(values: Mapping[str, Any]) -> bool:
    """Whether an object has a response and a target."""
    return ("response" in values or "error" in values) and any(name in values for name in TARGETS)


def is_our_own(values: Mapping[str, Any]) -> bool:
    """Whether an object is a line of a run's responses.jsonl."""
    return values.keys() >= {"key", "task", "sample_id", "repeat", "candidates", "prompt_sha256", "response"}


def rows(path: Path, lines: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[StatedRow]:
    """The rows of one file."""
    for number, values in lines:
        get = values.get
        target = get("target")
        if target is None:
            target = get("ground_truth")
        if target is None:
            target = get("label")
        sample_id = get("sample_id")
        image = get("image")
        yield StatedRow(
            path,
            number,
            get("task"),
            target if target is not None else get("votes"),
            get("response"),
            values,
            sample_id if sample_id is not None else get("id"),
            get("candidates"),
            get("repeat"),
            get("error"),
            get("finish_reason"),
            image if image is not None else get("image_path"),
            get("image_sha256"),
            get("prompt_sha256"),
            get("key"),
            get("n_prompt_tokens"),
            get("n_output_tokens"),
            "response" in values,
            get("kind"),
            get("images"),
        )
