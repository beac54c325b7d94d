"""Rows with the fields by their common names, whatever file they lie in; responses.jsonl is one too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vecbench.interop.columns import all_renamed, renamed
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.records import rows_of
from vecbench.interop.row import StatedRow

NAME = "plain"
TARGETS = ("target", "ground_truth", "label", "votes")


def recognises(beginning: FileBeginning) -> bool:
    """Whether a row has a response and a target."""
    return any(has_response_and_target(renamed({**row}, beginning.columns)) for row in beginning.rows)


def has_response_and_target(values: Mapping[str, Any]) -> bool:
    """Whether a row has a place for a response, or for what went wrong, and one for a target."""
    return ("response" in values or "error" in values) and any(name in values for name in TARGETS)


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of one file."""
    return stated(path, all_renamed(rows_of(path, context.faults), context.columns))


def stated(path: Path, lines: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[StatedRow]:
    """What numbered rows state under the common names."""
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


READER = Reader(NAME, recognises, rows)
