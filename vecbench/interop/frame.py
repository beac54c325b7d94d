"""A pandas DataFrame with one response a row, its columns named as the fields of plain JSONL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vecbench.errors import UsageError
from vecbench.interop import plain
from vecbench.interop.columns import Columns, all_renamed, checked_columns, renamed, require_columns
from vecbench.interop.reading import ResponseSource, known_task, responses_of
from vecbench.interop.resolution import Resolution
from vecbench.interop.row import ResponseFault
from vecbench.tasks import Catalogue

if TYPE_CHECKING:
    from pandas import DataFrame

NAME = "DataFrame"
WHOLE = frozenset({"id", "sample_id", "repeat", "n_prompt_tokens", "n_output_tokens"})
"""Columns whose numbers are whole; pandas makes floats of them where one is missing."""


def open_frame(
    frame: DataFrame,
    catalogue: Catalogue,
    name: str = NAME,
    columns: Sequence[str] = (),
    *,
    task: str | None = None,
    names: Mapping[str, str] | None = None,
) -> ResponseSource:
    """Responses in a frame, read as plain JSONL is; faults name the row, counted from 1, as their line.

    `columns`, `task` and `names` are as for `open_responses`.
    """
    heads = [str(column) for column in frame.columns]
    called = checked_columns(names or {})
    require_columns(called, heads, f"the {name}")
    if not plain.has_response_and_target(renamed(dict.fromkeys(heads), called)):
        raise UsageError(
            f"the {name} has the columns {', '.join(heads)[:200] or 'none'}",
            "Expected: task, target and response, a response a row; or confidence and correct alone.",
        )
    twice = next((each for each in heads if heads.count(each) > 1), None)
    if twice is not None:
        raise UsageError(f"the {name} has two columns {twice!r}", "Leave one of them out.")
    path = Path(name)
    faults: list[ResponseFault] = []
    resolution = Resolution(catalogue, faults, columns=columns, task=known_task(task, catalogue))
    rows = all_renamed(enumerate(_records(frame, heads, called), start=1), called)
    return ResponseSource(
        format=NAME,
        files=(path,),
        responses=responses_of(plain.stated(path, rows), resolution),
        faults=faults,
        default_output=Path(f"{name}-scores"),
        resolution=resolution,
    )


def _records(frame: DataFrame, names: list[str], called: Columns) -> Iterator[dict[str, Any]]:
    whole = {*WHOLE, *(column for field, column in called.items() if field in WHOLE)}
    objects = frame.astype(object).where(frame.notna(), None).set_axis(names, axis=1)
    for row in objects.to_dict("records"):
        yield {str(name): _as_json(value, whole=name in whole) for name, value in row.items()}


def _as_json(value: Any, *, whole: bool) -> Any:
    """A value as JSON's reader would give it."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, tuple):
        return list(value)
    return int(value) if whole and isinstance(value, float) and value.is_integer() else value
