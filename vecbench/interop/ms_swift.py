"""ms-swift's `infer_result/*.jsonl`: `response`, `labels`, `messages`, `images` of each row.

It writes no task and no id; the image is one where it has a path. Source: `swift/pipelines/infer/infer.py` of
ms-swift 4.6; 2.x writes `label`, which is read as plain rows are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vecbench.interop import plain
from vecbench.interop.columns import all_renamed
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.records import rows_of
from vecbench.interop.row import StatedRow

NAME = "ms-swift inference results"
COLUMNS = {"target": "labels"}


def recognises(beginning: FileBeginning) -> bool:
    """Whether a row has a response, labels and what was said before them."""
    return any({"response", "labels", "messages"} <= row.keys() for row in beginning.rows)


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of one file."""
    lines = all_renamed(rows_of(path, context.faults), COLUMNS | {**context.columns})
    return plain.stated(path, ((number, values | _images(values)) for number, values in lines))


def _images(values: Mapping[str, Any]) -> dict[str, Any]:
    """The paths of a row's images, which 3.x writes as objects; none where one has no path."""
    listed = values.get("images")
    paths = [each.get("path") if isinstance(each, dict) else each for each in listed or ()]
    are_paths = bool(paths) and all(isinstance(each, str) for each in paths)
    return {"images": paths if are_paths else None}


READER = Reader(NAME, recognises, rows)
