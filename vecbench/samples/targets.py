"""What a row of data says of its sample's answer, as the answer kind of a task understands it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from vecbench.answers import AnswerKind
from vecbench.samples.format import Row
from vecbench.tasks import Task


def candidates_of(row: Row, task: Task) -> tuple[str, ...] | str:
    """The closed list that a row is asked with, in the order of its prompt; or why it has none, one line."""
    try:
        return task.answers.candidates(row.columns)
    except ValueError as fault:
        return str(fault)


def written_target(row: Row, kind: AnswerKind) -> tuple[str, object, tuple[str, ...]]:
    """The column of a row's target and what it says; and all columns of a target that several hold.

    Of these it is an object: what each column is of → its cell. Columns that hold it together come first
    where they are all there, and last where some are: the others are then what is wrong.
    """
    column, written = row.target(kind.name)
    spread = {} if row.target_column is not None else kind.target_columns(row.columns)
    there = [name for name in spread if name in row.columns]
    if not there or (len(there) < len(spread) and written is not None):
        return column, written, ()
    return there[0], {of: row.columns.get(name) for name, of in spread.items()}, tuple(there)


def target_of(
    column: str, written: object, kind: AnswerKind, candidates: Sequence[str]
) -> tuple[Any, str | None]:
    """The target that stands in a column, as JSON and None; or `as_stored` of it, and why it is none.

    What a text means to a kind, a number or a list may mean too.
    """
    if column == "label" and kind.has_confusion and isinstance(written, list | dict):
        problem = f"label is {'a list' if isinstance(written, list) else 'an object'}, not a text"
        return as_stored(written, kind), problem
    problems = []
    for form in _forms(written):
        try:
            return kind.dump(kind.target(form, candidates)), None
        except ValueError as fault:
            problems.append(str(fault))
    return as_stored(written, kind), problems[0]


def as_stored(written: object, kind: AnswerKind) -> Any:
    """What stands for a target that cannot be used: the value as it is written, if its kind can load that.

    Otherwise its text, which is what a file of responses can hold whatever it is.
    """
    for form in _forms(written):
        try:
            kind.load(form)
        except ValueError:
            continue
        return form
    return written if isinstance(written, str) else "" if written is None else str(written)


def as_text(value: object) -> str:
    """A value of JSON as a subset is called: a text as it is, a list or an object as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)


def _forms(written: object) -> list[Any]:
    """The ways to understand what is written: a number as a text too, since a label may be one."""
    if written is None:
        return [""]
    if isinstance(written, int | float):
        return [str(written), written] if math.isfinite(written) else [str(written)]
    return [written]
