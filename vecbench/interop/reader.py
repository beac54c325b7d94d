"""What a format declares of itself: its name, how a file of it is told, and how its rows are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from vecbench.interop import records
from vecbench.interop.columns import Columns
from vecbench.interop.row import ResponseFault, StatedRow
from vecbench.plain_file import beginning_of
from vecbench.tasks import Catalogue

Values = Mapping[str, Any]


@dataclass(frozen=True)
class FileBeginning:
    """What a file begins with, by which its format is told; more is read where a reader asks for it.

    `columns` are those that somebody asked for.
    """

    path: Path
    columns: Columns = field(default_factory=dict)

    @cached_property
    def container(self) -> records.Container | None:
        """How its rows lie in it; None if it is neither a text nor an archive that is known."""
        return records.container_of(self.path, self._bytes)

    @cached_property
    def head(self) -> str:
        """Its first 64 KiB as a text; empty if it is none."""
        return self._bytes.decode(errors="replace") if self.container in records.TEXTS else ""

    @cached_property
    def rows(self) -> Sequence[Values]:
        """Its first rows, of a table no more than the names of its columns."""
        return records.first_records(self.path, self.container)

    @cached_property
    def _bytes(self) -> bytes:
        return beginning_of(self.path)


@dataclass(frozen=True)
class Context:
    """What a reader is told, and where it says what it met.

    Attributes:
        columns: Field → the column that holds it, as somebody asked for.
        model: Whose answers are read of a file that may hold several models'.
        task: The task of rows that name none, if somebody named it.
        faults: What cannot be read.
        notes: What was chosen where there was a choice, and what is not read.
    """

    catalogue: Catalogue
    columns: Columns = field(default_factory=dict)
    model: str = ""
    task: str | None = None
    faults: list[ResponseFault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def task_of(self, name: str | None) -> str | None:
        """The task of a file whose rows name none: the one that was asked for, or what its name says."""
        return name if self.task is None else self.task

    def task_at_the_end_of(self, stem: str) -> str | None:
        """The task that was asked for, or the one whose name a file's ends with: `MODEL_TASK`."""
        return self.task_of(self.end_of(stem))

    def end_of(self, stem: str) -> str | None:
        """The longest end of a file's name that is the name of a task; None if there is none."""
        parts = stem.split("_")
        ends = ("_".join(parts[place:]) for place in range(len(parts)))
        return next((end for end in ends if self.catalogue.task_named(end)), None)


@dataclass(frozen=True)
class Reader:
    """One format.

    Attributes:
        recognises: Whether a file that begins so is of the format.
        rows: The rows of a file of it.
        is_file_a_task: Whether a program writes a file for each task of one model into a folder of its own.
        belong_together: Whether such files are of one model, where the folder may hold those of several.
    """

    name: str
    recognises: Callable[[FileBeginning], bool]
    rows: Callable[[Path, Context], Iterator[StatedRow]]
    is_file_a_task: bool = False
    belong_together: Callable[[Sequence[Path]], bool] = bool
