"""VECBench, MVEI and EEmo-Bench as EmObserver has them: `Std-….json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from vecbench.samples import eemo, mvei
from vecbench.samples.beginning import Beginning
from vecbench.samples.format import (
    DataFormat,
    Row,
    of_text,
    require_candidates,
    required_task,
    required_text,
)
from vecbench.samples.json_members import json_members


def _emobserver_rows(stream: TextIO) -> Iterator[Row]:
    return (_emobserver_row(*each) for each in json_members(stream.read()))


def _emobserver_row(name: str, line: int, values: Any, fault: str | None) -> Row:
    where = f"line {line}: sample {name!r}"
    if not isinstance(values, dict):
        raise ValueError(f"{where}: not a JSON object")
    other = values.get("other_info")
    if not isinstance(other, dict):
        raise ValueError(f"{where}: there is no object 'other_info' with task and candidates")
    images = _images(values, where)
    prompt = values.get("prompt")
    if prompt is not None and not isinstance(prompt, str):
        raise ValueError(f"{where}: 'prompt' is not a text")
    target = required_text(values, "ground_truth", where)
    statement = other.get("statement_meta")
    most = 1
    if isinstance(statement, dict):
        task, target_column = mvei.TASK, "label"
        columns = mvei.columns_of(statement, target)
    elif eemo.is_question(other):
        if other["question_type"] == eemo.OPEN_ENDED:
            return Row(line, split=eemo.OPEN_ENDED)
        is_pair = isinstance(values["image_path"], list)
        most = 1 + is_pair
        images = [image.replace("\\", "/") for image in images]
        task, target_column = (eemo.SINGLE, eemo.PAIR)[most - 1], "ground_truth"
        columns = {**eemo.standard_columns(prompt or "", other), "ground_truth": target}
        is_short = is_pair and len([image for image in images if image]) < most
        missing = "one of two images has no path" if is_short else None
        fault = fault or missing or eemo.fault_of(columns)
    else:
        task, target_column = required_task(other, where), "ground_truth"
        require_candidates(other, where)
        columns = {**values, **other, "ground_truth": target}
    return Row(
        line=line,
        id=name,
        images=tuple(image for image in images[:most] if image),
        columns=columns,
        target_column=target_column,
        task=task,
        prompt=prompt or None,
        fault=f"{len(images)} images are named" if len(images) > most else fault,
    )


def _images(values: Mapping[str, Any], where: str) -> list[str]:
    if "image_path" not in values:
        raise ValueError(f"{where}: there is no key 'image_path'")
    named = values["image_path"]
    images = [named] if isinstance(named, str) else named
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise ValueError(f"{where}: 'image_path' is neither a text nor a list of texts")
    return images


def _recognises(table: Beginning) -> bool:
    if not table.is_json or table.is_list:
        return False
    if table.first is None:  # of several lines, or broken
        return table.path.suffix != ".jsonl"
    return (bool(table.first) and all(isinstance(value, dict) for value in table.first.values())) or (
        table.path.suffix == ".json" and "conversations" not in table.first
    )


EMOBSERVER = DataFormat(
    "EmObserver JSON",
    "One object: sample id → image_path, prompt, ground_truth and other_info with task and candidates.",
    of_text(_emobserver_rows),
    _recognises,
    "the key ground_truth",
    brings_prompts=True,
    is_published=True,
)
