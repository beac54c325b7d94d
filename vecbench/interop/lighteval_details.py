"""lighteval's details: `details/<model>/<stamp>/details_<task>_<stamp>.parquet`, a row a sample.

Columns are `doc`, `model_response` and `metric`; before 0.11 `gold`, `predictions` and others, where lists
may be texts as Python prints them. A task is written `suite|task|shots`, or without the suite. Source:
`src/lighteval/logging/` of lighteval 0.13 and before.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.records import rows_of
from vecbench.interop.row import StatedRow

NAME = "lighteval details"

_FILE = re.compile(r"details_(?P<task>.+)_[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9.\-]+")


def recognises(beginning: FileBeginning) -> bool:
    """Whether rows have a document and a model's response, as lighteval keeps them."""
    return any(
        row.keys() >= {"doc", "model_response"} or row.keys() >= {"full_prompt", "gold", "predictions"}
        for row in beginning.rows
    )


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of one file; several generations are repeats."""
    found = _FILE.fullmatch(path.stem)
    in_name = _task(found["task"]) if found else None
    for number, values in rows_of(path, context.faults):
        doc, answered = _mapping(values.get("doc")), _mapping(values.get("model_response"))
        task = _task(doc.get("task_name")) or in_name
        texts = _list(answered.get("text") if doc else values.get("predictions"))
        for repeat, text in enumerate(texts or [None]):
            yield StatedRow(
                path,
                number,
                context.task_of(task),
                _target(doc) if doc else _one(_list(values.get("gold"))),
                text,
                doc | _mapping(doc.get("specific")),
                sample_id=doc.get("id") or None,
                repeat=repeat,
            )


def _target(doc: Mapping[str, Any]) -> Any:
    """The golden choice, or the list of several."""
    choices, gold = doc.get("choices"), doc.get("gold_index")
    places = gold if isinstance(gold, list) else [gold]
    if not isinstance(choices, list):
        return None
    inside = (place for place in places if isinstance(place, int) and 0 <= place < len(choices))
    return _one([choices[place] for place in inside])


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values or None


def _task(written: Any) -> str | None:
    """The task in `suite|task|shots`."""
    if not isinstance(written, str) or not written:
        return None
    parts = written.split("|")
    if len(parts) > 1 and parts[-1].isdecimal():
        parts.pop()
    return parts[-1]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    """A list, be it that it is a text as Python prints one."""
    if isinstance(value, str) and value.startswith("["):
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            value = ast.literal_eval(value)
    return value if isinstance(value, list) else [] if value is None else [value]


READER = Reader(NAME, recognises, rows, is_file_a_task=True)
