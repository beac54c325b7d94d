"""Our own responses.jsonl, in a run's directory or anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vecbench.interop import plain
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.row import StatedRow, stated_lines
from vecbench.json_lines import json_lines
from vecbench.store import RunDirectory, response_lines

NAME = "vecbench responses"
FILE = "responses.jsonl"
_KEYS = {"key", "task", "sample_id", "repeat", "candidates", "prompt_sha256", "response"}


def is_of_a_run(path: Path) -> bool:
    """Whether a file is the log of the run in whose directory it lies, be it empty."""
    return path.name == FILE and RunDirectory(path.parent).manifest.is_file()


def recognises(beginning: FileBeginning) -> bool:
    """Whether a row has all that a run stores of a response."""
    return beginning.container == "JSONL" and any(row.keys() >= _KEYS for row in beginning.rows)


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of one file; a line of a run that the run itself does not count is not counted here."""
    read = (line for line, _ in response_lines(path)) if is_of_a_run(path) else json_lines(path)
    return plain.stated(path, stated_lines(path, read, context.faults))


READER = Reader(NAME, recognises, rows)
