"""EmoCaliber's files: `0.jsonl … n.jsonl` (one a GPU), `merged.jsonl`, `error.jsonl`, `merged_conf.jsonl`.

A line is a line of its data (`conversations, task, ground_truth, candidates`) with the `response`, or
`{"original_data": …, "error": …}` for a sample that failed. The `confidence` of merged_conf.jsonl is
what its own script read; here the response is read again. Source: `inference/` of
github.com/wdqqdw/EmoCaliber.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vecbench.interop.row import Row

NAME = "EmoCaliber"
_SHARD = re.compile(r"[0-9]+\.jsonl")


def recognises(values: Mapping[str, Any]) -> bool:
    """Whether an object is a line of EmoCaliber's, a failed one included."""
    return "conversations" in values or values.keys() >= {"original_data", "error"}


def shards(folder: Path) -> list[Path]:
    """`0.jsonl … n.jsonl` of a folder, in order; empty if there are none."""
    found = (path for path in folder.glob("*.jsonl") if _SHARD.fullmatch(path.name))
    return sorted(found, key=lambda path: (int(path.stem), path.name))


def missing_shards(found: Iterable[Path]) -> list[str]:
    """The names of the shards before the last one that are not there."""
    numbers = {int(path.stem) for path in found}
    most = max(numbers, default=-1)
    # A file named by a huge number is no sign of as many GPUs.
    return [f"{number}.jsonl" for number in range(min(most, 1000)) if number not in numbers]


def merged(folder: Path) -> list[Path]:
    """The merged file of a folder, with its failed samples; empty if there is none.

    `merged_conf.jsonl` comes second: the script that writes it leaves rows out.
    """
    for name in ("merged.jsonl", "merged_conf.jsonl"):
        if (folder / name).is_file():
            return [path for path in (folder / name, folder / "error.jsonl") if path.is_file()]
    return []


def rows(path: Path, lines: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[Row]:
    """The rows of one file.

    Args:
        path: The file.
        lines: Its objects with their line numbers.
    """
    for number, values in lines:
        error = values.get("error")
        original = values.get("original_data")
        said: Mapping[str, Any] = original if isinstance(original, dict) else values
        yield Row(
            path,
            number,
            said.get("task"),
            said.get("ground_truth"),
            None if error is not None else values.get("response"),
            sample_id=said.get("id"),
            candidates=said.get("candidates"),
            repeat=said.get("repeat"),
            error=error,
            finish_reason=said.get("finish_reason"),
            image=_image(said.get("conversations")),
            image_sha256=said.get("image_sha256"),
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
