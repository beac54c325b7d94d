"""VECBench as EmoCaliber has it: `test_8k.jsonl`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from vecbench.samples.beginning import Beginning
from vecbench.samples.format import (
    DataFormat,
    Row,
    jsonl_rows,
    of_text,
    require_candidates,
    required_task,
    required_text,
)


def _emocaliber_rows(stream: TextIO) -> Iterator[Row]:
    return (_emocaliber_row(*each) for each in jsonl_rows(stream))


def _emocaliber_row(line: int, values: Mapping[str, Any], fault: str | None) -> Row:
    where = f"line {line}"
    parts = _parts(values, where)
    images = [required_text(part, "image", where) for part in parts if part.get("type") == "image"]
    texts = [required_text(part, "text", where) for part in parts if part.get("type") == "text"]
    required_text(values, "ground_truth", where)
    task = required_task(values, where)
    require_candidates(values, where)
    return Row(
        line=line,
        images=tuple(image for each in images[:1] if (image := each.removeprefix("file://"))),
        columns=values,
        target_column="ground_truth",
        task=task,
        prompt="\n".join(texts) or None,
        fault=f"{len(images)} images are named" if len(images) > 1 else fault,
    )


def _parts(values: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    turns = values.get("conversations")
    if turns is None:
        raise ValueError(f"{where}: there is no key 'conversations'")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise ValueError(f"{where}: 'conversations' is not a list of turns")
    roles = [turn.get("role") for turn in turns]
    if roles != ["user"]:
        said = ", ".join(str(role) for role in roles) or "none"
        raise ValueError(f"{where}: 'conversations' should be one turn of the user; found: {said}")
    parts = turns[0].get("content")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise ValueError(f"{where}: the user's turn is not a list of parts")
    return parts


def _recognises(table: Beginning) -> bool:
    return table.is_json and not table.is_list and "conversations" in (table.first or {})


EMOCALIBER = DataFormat(
    "EmoCaliber JSONL",
    "Every line is an object with conversations, task, ground_truth and candidates.",
    of_text(_emocaliber_rows),
    _recognises,
    "the key ground_truth",
    brings_prompts=True,
    is_published=True,
)
