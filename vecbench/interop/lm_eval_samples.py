"""lm-eval's sample logs: `<output>/<model>/samples_<task>_<stamp>.jsonl`.

Of our own task files a line's `doc` is a sample with its task and candidates (`vecbench.interop.lm_eval`);
of others, the task is in the file's name. Source: `lm_eval/loggers/evaluation_tracker.py` of
lm-evaluation-harness 0.4.13.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vecbench.interop.row import StatedRow

NAME = "lm-eval sample logs"
OURS = "vecbench"
"""Key of a line that our own export adds: what lm-eval has no field for."""

_LOG = re.compile(r"samples_(?P<task>.+)_(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9.\-]+)\.jsonl")


def recognises(values: Mapping[str, Any]) -> bool:
    """Whether an object is a line of a sample log."""
    return values.keys() >= {"doc", "target", "resps"}


def is_named_as_log(path: Path) -> bool:
    """Whether a file is called what lm-eval calls a sample log."""
    return path.is_file() and _task(path.name) is not None


def logs(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Task as lm-eval names it → its logs among some files, by their names, the newest last."""
    found: dict[str, list[Path]] = {}
    named = (path for path in files if path.match("samples_*.jsonl"))
    for path in sorted(named, key=lambda path: (_stamp(path.name), path.name)):
        found.setdefault(_task(path.name) or path.name, []).append(path)
    return {task: found[task] for task in sorted(found)}


def rows(path: Path, lines: Iterable[tuple[int, Mapping[str, Any]]], notes: list[str]) -> Iterator[StatedRow]:
    """The rows of one log; what a line's request was answered several times are repeats.

    lm-eval writes a line for each sample and filter. The response is the same, so of a sample the lines
    of one filter, its first, are read.
    """
    filters: dict[tuple[str, str], Any] = {}
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
        responses = values.get("resps")
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
                doc.get("task", _task(path.name)),
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
                has_response="resps" in values,
                kind=extra.get("kind"),
                images=doc.get("images"),
            )
    if skipped:
        lines_are = "line is" if skipped == 1 else "lines are"
        notes.append(f"{path.name}: {skipped:,} {lines_are} not read: another filter of the same responses")


def _of(extra: Mapping[str, Any], name: str, place: int, default: Any = None) -> Any:
    values = extra.get(name)
    return values[place] if isinstance(values, list) and place < len(values) else default


def _task(name: str) -> str | None:
    found = _LOG.fullmatch(name)
    return found["task"] if found else None


def _stamp(name: str) -> str:
    found = _LOG.fullmatch(name)
    return found["stamp"] if found else ""
