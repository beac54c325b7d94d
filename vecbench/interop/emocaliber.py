"""EmoCaliber's files: `0.jsonl … n.jsonl` (one a GPU), `merged.jsonl`, `error.jsonl`, `merged_conf.jsonl`.

A line is a line of its data (`conversations, task, ground_truth, candidates`) with the `response`, or
`{"original_data": …, "error": …}` for a sample that failed. The `confidence` of merged_conf.jsonl is
what its own script read; here the response is read again. Source: `inference/` of
github.com/wdqqdw/EmoCaliber.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.records import rows_of
from vecbench.interop.row import StatedRow

NAME = "EmoCaliber"
MERGED = ("merged.jsonl", "merged_conf.jsonl")
FAILED = "error.jsonl"

_SHARD = re.compile(r"[0-9]+\.jsonl")
_MOST_NAMED = 10


def recognises(beginning: FileBeginning) -> bool:
    """Whether a row is a line of EmoCaliber's, a failed one included."""
    return any("conversations" in row or row.keys() >= {"original_data", "error"} for row in beginning.rows)


def shards(files: Iterable[Path]) -> list[Path]:
    """Those of some files that are named as shards are, `0.jsonl … n.jsonl`, in order."""
    found = (path for path in files if _SHARD.fullmatch(path.name))
    return sorted(found, key=lambda path: (int(path.stem), path.name))


def missing_shards(found: Iterable[Path]) -> str:
    """Which shards before the last one are not there, in words; empty if none is missing."""
    numbers = {int(path.stem) for path in found}
    most = max(numbers, default=0)
    count = most - len(numbers - {most})
    if count == 0:
        return ""
    # A file named by a huge number makes for as many names.
    first = islice((number for number in range(most) if number not in numbers), _MOST_NAMED)
    names = ", ".join(f"{number}.jsonl" for number in first)
    more = f" and {count - _MOST_NAMED:,} more" if count > _MOST_NAMED else ""
    return f"shards are missing, with all their rows: {names}{more}"


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of one file."""
    for number, values in rows_of(path, context.faults):
        error = values.get("error")
        original = values.get("original_data")
        said: Mapping[str, Any] = original if isinstance(original, dict) else values
        if said is original and not error and "response" not in values:
            error = "failed without a message"
        yield StatedRow(
            path,
            number,
            said.get("task"),
            said.get("ground_truth"),
            values.get("response"),
            said,
            sample_id=said.get("id"),
            candidates=said.get("candidates"),
            repeat=said.get("repeat"),
            error=error,
            finish_reason=said.get("finish_reason"),
            image=_image(said.get("conversations")),
            image_sha256=said.get("image_sha256"),
            has_response="response" in values,
        )


def _image(conversations: Any) -> str | None:
    """The first image that a conversation shows."""
    turns = conversations if isinstance(conversations, list) else []
    for turn in turns:
        parts = turn.get("content") if isinstance(turn, dict) else None
        for part in parts if isinstance(parts, list) else []:
            image = part.get("image") if isinstance(part, dict) else None
            if isinstance(image, str):
                return image
    return None


READER = Reader(NAME, recognises, rows)
