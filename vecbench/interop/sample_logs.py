"""What the sample logs of lm-eval and lmms-eval have in common: lmms-eval began as a copy of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vecbench.answers.written import shown
from vecbench.interop.reader import Context
from vecbench.interop.row import ResponseFault, StatedRow

OURS = "vecbench"
"""Key of a line that our own export adds: what lm-eval has no field for."""

_NAMES = (
    re.compile(r"samples_(?P<task>.+)_(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9.\-]+)\.jsonl"),
    re.compile(r"(?P<stamp>[0-9]{8}_[0-9]{6})_samples_(?P<task>.+)\.jsonl"),
)
PATTERNS = ("samples_*.jsonl", "*_samples_*.jsonl")


def task_in(name: str) -> str | None:
    """The task in a log's name; None if that is no log's."""
    return _parts(name)[0]


def logs(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Task as the program names it → its logs among some files, by their names, the newest last."""
    found: dict[str, list[Path]] = {}
    named = (path for path in files if any(path.match(pattern) for pattern in PATTERNS))
    for path in sorted(named, key=lambda path: (_parts(path.name)[1], path.name)):
        found.setdefault(task_in(path.name) or path.name, []).append(path)
    return {task: found[task] for task in sorted(found)}


def log_rows(
    path: Path, lines: Iterable[tuple[int, Mapping[str, Any]]], context: Context, task: str | None
) -> Iterator[StatedRow]:
    """The rows of one log; what a line's request was answered several times are repeats.

    `task` is the one that the file's name tells; a row that names another is not scored. There is a line for
    each sample and filter. The response is the same, so of a sample the lines of one filter, its first, are
    read.
    """
    filters: dict[tuple[str, str], Any] = {}
    named: Counter[str] = Counter()
    skipped = 0
    for number, values in lines:
        doc = values.get("doc")
        doc = doc if isinstance(doc, dict) else {}
        sample_id = doc.get("sample_id")
        sample_id = values.get("doc_id") if sample_id is None else sample_id
        if sample_id is not None:
            sample = (str(doc.get("task")), str(sample_id))
            if filters.setdefault(sample, values.get("filter")) != values.get("filter"):
                skipped += 1
                continue
        if "task" in doc:
            named[shown(doc["task"])] += 1
            if _is_another(doc["task"], task, context):
                problem = f"it names the task {shown(doc['task'])}, and the file is the log of {shown(task)}"
                context.faults.append(ResponseFault(path, number, "not scored", problem))
                continue
        yield from _rows(path, number, values, doc, sample_id, task)
    if skipped:
        lines_are = "line is" if skipped == 1 else "lines are"
        context.notes.append(
            f"{path.name}: {skipped:,} {lines_are} not read: another filter of the same responses"
        )
    if len(named) > 1:
        listed = ", ".join(f"{name} ({count:,})" for name, count in named.most_common(5))
        context.notes.append(f"{path.name}: its rows name {len(named)} tasks: {listed}")


def _rows(
    path: Path, number: int, values: Mapping[str, Any], doc: dict[str, Any], sample_id: Any, task: str | None
) -> Iterator[StatedRow]:
    responses = values.get("resps", values.get("filtered_resps"))
    if isinstance(responses, list) and len(responses) == 1 and isinstance(responses[0], list):
        responses = responses[0]
    if not isinstance(responses, list) or not responses:
        responses = [responses or None]
    extra = values.get(OURS)
    extra = extra if isinstance(extra, dict) else {}
    for place, text in enumerate(responses):
        yield StatedRow(
            path,
            number,
            doc.get("task", task),
            extra.get("stated_target", values.get("target")),
            text,
            {**doc, **extra},
            sample_id=sample_id,
            candidates=doc.get("candidates"),
            repeat=_of(extra, "repeat", place, place),
            error=_of(extra, "error", place),
            finish_reason=_of(extra, "finish_reason", place),
            image=doc.get("image") if isinstance(doc.get("image"), str) else None,
            image_sha256=extra.get("image_sha256", doc.get("image_sha256")),
            prompt_sha256=extra.get("prompt_sha256"),
            has_response="resps" in values or "filtered_resps" in values,
            kind=extra.get("kind"),
            images=doc.get("images"),
        )


def _is_another(named: Any, task: str | None, context: Context) -> bool:
    """Whether two names are surely of two tasks."""
    known = [context.catalogue.task_named(each) for each in (named, task) if isinstance(each, str)]
    return len({each.id for each in known if each}) > 1


def _of(extra: Mapping[str, Any], name: str, place: int, default: Any = None) -> Any:
    values = extra.get(name)
    return values[place] if isinstance(values, list) and place < len(values) else default


def _parts(name: str) -> tuple[str | None, str]:
    found = next((match for form in _NAMES if (match := form.fullmatch(name))), None)
    return (found["task"], found["stamp"]) if found else (None, "")
