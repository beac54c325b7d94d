"""inspect_ai's logs: `.eval` archives, and what `inspect log dump` writes of them.

A log is of one task. The target is a text, or a list of them; a letter of a sample's `choices` is an option.
An epoch is a repeat. Source: `inspect_ai/log/_log.py` (EvalLog, EvalSample) of inspect_ai 0.3.285.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any
from zipfile import ZipFile

from vecbench.errors import VecbenchError
from vecbench.interop.inspect_archive import opened
from vecbench.interop.json_records import json_document
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.row import StatedRow
from vecbench.interop.sample_logs import OURS

NAME = "inspect_ai log"

_DOCUMENT = re.compile(r'\ufeff?\s*\{\s*"version"\s*:\s*[0-9]+\s*,\s*"status"\s*:')
_MEMBERS = {"header.json", "_journal/start.json"}


def recognises(beginning: FileBeginning) -> bool:
    """Whether a file is an archive with a log's header, or begins as the JSON of a log."""
    if beginning.container == "archive":
        with ZipFile(beginning.path) as archive:
            return not _MEMBERS.isdisjoint(archive.namelist())
    return bool(_DOCUMENT.match(beginning.head))


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of one log, numbered from 1; a log that is no success is told."""
    header, samples = _opened(path)
    if header.get("status") != "success":
        context.notes.append(f"{path.name}: the status of the log is {header.get('status')!r:.60}")
    named = _mapping(header.get("eval")).get("task")
    task = context.task_of(named.rpartition("/")[2] if isinstance(named, str) else None)
    for number, sample in enumerate(samples, start=1):
        yield _row(path, number, sample, task)


def are_of_one_run(files: Sequence[Path]) -> bool:
    """Whether logs are of one model, and each of a task of its own."""
    try:
        about = [_mapping(_opened(path)[0].get("eval")) for path in files]
    except VecbenchError:
        return False
    models, tasks = ([str(each.get(name)) for each in about] for name in ("model", "task"))
    return len(set(models)) == 1 and len(set(tasks)) == len(tasks)


def _opened(path: Path) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    with path.open("rb") as stream:
        is_archive = stream.read(2) == b"PK"
    return opened(path) if is_archive else _of_document(path)


def _of_document(path: Path) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    document = json_document(path)
    samples = document.get("samples")
    listed = samples if isinstance(samples, list) else []
    return document, (each for each in listed if isinstance(each, dict))


def _row(path: Path, number: int, sample: Mapping[str, Any], task: str | None) -> StatedRow:
    values = _mapping(sample.get("metadata"))
    ours = _mapping(values.get(OURS))
    values = values | ours
    output = _mapping(sample.get("output"))
    answered = output.get("choices")
    choice = _mapping(answered[0]) if isinstance(answered, list) and answered else {}
    options, target, error = sample.get("choices"), sample.get("target"), sample.get("error")
    if isinstance(options, list) and options:
        letters = dict(zip(ascii_uppercase, options, strict=False))
        values = {"options": letters} | values
    if isinstance(target, list) and len(target) == 1:
        [target] = target
    if isinstance(error, dict):
        error = error.get("message", error)
    epoch, stop = sample.get("epoch"), choice.get("stop_reason")
    return StatedRow(
        path,
        number,
        values.get("task", task),
        ours.get("stated_target", ours.get("target", target)),
        _text(output, choice),
        values,
        sample_id=sample.get("id"),
        candidates=values.get("candidates"),
        repeat=epoch - 1 if isinstance(epoch, int) else None,
        error=ours.get("error") if ours else error,
        finish_reason=ours.get("finish_reason", "length" if stop == "max_tokens" else stop),
        image=values.get("image") if isinstance(values.get("image"), str) else None,
        image_sha256=ours.get("image_sha256"),
        prompt_sha256=ours.get("prompt_sha256"),
        n_prompt_tokens=ours.get("n_prompt_tokens"),
        n_output_tokens=ours.get("n_output_tokens"),
        kind=ours.get("kind"),
        images=ours.get("images"),
    )


def _text(output: Mapping[str, Any], choice: Mapping[str, Any]) -> Any:
    """The text of the first choice, without its reasoning; what `completion` says where that is there."""
    completion = output.get("completion")
    if isinstance(completion, str) and (completion or choice):  # the package has "" where there is no choice
        return completion
    content = _mapping(choice.get("message")).get("content")
    if not isinstance(content, list):
        return content
    parts = (each.get("text") for each in content if isinstance(each, dict) and each.get("type") == "text")
    return "".join(text for text in parts if isinstance(text, str))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


READER = Reader(NAME, recognises, rows, is_file_a_task=True, belong_together=are_of_one_run)
