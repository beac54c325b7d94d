"""LLaMA-Factory's `generated_predictions.jsonl`: `prompt`, `predict` and `label` of each row.

It writes no task and no id; rows are in the order of the data. Source:
`src/llamafactory/train/sft/trainer.py` and `scripts/vllm_infer.py` of github.com/hiyouga/LLaMA-Factory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vecbench.interop import plain
from vecbench.interop.columns import all_renamed
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.records import rows_of
from vecbench.interop.row import StatedRow

NAME = "LLaMA-Factory predictions"
COLUMNS = {"response": "predict", "target": "label"}


def recognises(beginning: FileBeginning) -> bool:
    """Whether a row has a prediction and a label, and no response."""
    return any({"predict", "label"} <= row.keys() and "response" not in row for row in beginning.rows)


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of one file."""
    return plain.stated(path, all_renamed(rows_of(path, context.faults), COLUMNS | {**context.columns}))


READER = Reader(NAME, recognises, rows)
