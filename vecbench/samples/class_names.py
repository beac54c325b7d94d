"""What is refused of data whose classes are not the labels of a task, before all its rows count as wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from vecbench.errors import DataError
from vecbench.samples.format import Row
from vecbench.samples.sample import Sample
from vecbench.samples.targets import target_of
from vecbench.tasks import Task


def require_classes(table: Path, rows: Iterable[Row], task: Task) -> None:
    """Refuses classes that are no labels of the task, by its names and aliases: all are named at once."""
    names = dict.fromkeys(str(row.target("label")[1]) for row in rows)
    wrong = [name for name in names if target_of("label", name, task.answers, task.labels)[1] is not None]
    if wrong:
        raise DataError(
            f"{table}: {len(wrong)} of {len(names)} classes "
            f"{'is no label' if len(wrong) == 1 else 'are no labels'} of {task.id}, which has "
            f"{', '.join(task.labels)}: {', '.join(_with_nearest(name, task.labels) for name in wrong)}",
            "Rename or remove what is no class, name another task, or give the task aliases.",
        )


def require_name(where: str, row: Row, task: Task, sample: Sample) -> None:
    """Refuses a label that is a number where the task's are names: which is which nothing says."""
    written = row.target(task.answers.name)[1]
    is_number = isinstance(written, int) or (isinstance(written, str) and written.strip().isdecimal())
    if is_number and task.labels and sample.target_fault is not None:
        raise DataError(
            f"{where}: {sample.target_column} is {written}, a number, and nothing says which of {task.id}'s "
            "labels that is",
            "Write the names, or keep them beside the data: a card (README.md) with `class_label`, a "
            "dataset_info.json, a classnames.txt with a name a line; parquet a ClassLabel in itself.",
        )


def _with_nearest(name: str, labels: Sequence[str]) -> str:
    """A name that is no label, with the label that it is likely to mean."""
    close = difflib.get_close_matches(name.casefold(), labels, n=1, cutoff=0.5)
    return f"{name} (nearest: {close[0]})" if close else name
