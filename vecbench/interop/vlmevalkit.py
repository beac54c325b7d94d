"""VLMEvalKit's predictions: `MODEL_DATASET.xlsx`, or TSV or JSON, its data set's table with a `prediction`.

A file's name ends with its data set, and no row names a task; `A`, `B`, … are the options of a choice.
Source: `infer_data_job` in `vlmeval/inference.py` and `dump` in `vlmeval/smp/file.py` of
github.com/open-compass/VLMEvalKit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from vecbench.interop import plain
from vecbench.interop.columns import all_renamed
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.records import rows_of
from vecbench.interop.row import StatedRow

NAME = "VLMEvalKit predictions"
COLUMNS = {"response": "prediction", "target": "answer", "id": "index"}
FAILED = "Failed to obtain answer"
"""What it writes for an answer where a model could not be asked begins so."""


def recognises(beginning: FileBeginning) -> bool:
    """Whether a row has an index, an answer and a prediction, and no response."""
    return any({*COLUMNS.values()} <= row.keys() and "response" not in row for row in beginning.rows)


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of one file."""
    task = context.task_at_the_end_of(path.stem)
    lines = all_renamed(rows_of(path, context.faults), COLUMNS | {**context.columns})
    return plain.stated(path, ((number, _values(values, task)) for number, values in lines))


def _values(values: dict[str, Any], task: str | None) -> dict[str, Any]:
    values.setdefault("task", task)
    response = values.get("response")
    if isinstance(response, str) and response.startswith(FAILED):
        values |= {"error": response, "response": None}
    elif isinstance(response, int | float):  # a workbook makes a number of a bare one
        values["response"] = str(response)
    options = {letter: values[letter] for letter in ascii_uppercase if values.get(letter) is not None}
    if len(options) > 1:
        values.setdefault("options", {letter: str(text) for letter, text in options.items()})
    image = values.get("image_path")
    if not isinstance(image, str):  # several are a list; what an index names is enough
        values.pop("image_path", None)
    return values


READER = Reader(NAME, recognises, rows)
