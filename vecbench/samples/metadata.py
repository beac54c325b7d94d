"""The CSV of VECBench on the Hugging Face Hub (`test_metadata.csv`): image_path, label, task, split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from vecbench.samples.format import DataFormat, Row, csv_rows, named_by_image

COLUMNS = frozenset({"image_path", "label", "task", "split"})
SPLIT = "test"
"""Rows of other splits are for training and are left out."""


def _rows(stream: TextIO) -> Iterator[Row]:
    return named_by_image(_test_rows(stream))


def _test_rows(stream: TextIO) -> Iterator[Row]:
    for line, values in csv_rows(stream):
        for name in COLUMNS:
            if values[name] is None:
                raise ValueError(f"line {line}: there is no field {name!r}")
        if values["split"] != SPLIT:
            continue
        if not values["task"]:
            raise ValueError(f"line {line}: no task is named")
        yield Row(line=line, id="", image=values["image_path"], label=values["label"], task=values["task"])


METADATA = DataFormat(
    "metadata CSV",
    "A CSV with the columns image_path, label, task and split.",
    _rows,
    is_published=True,
)
