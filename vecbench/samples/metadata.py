"""The CSV of VECBench on the Hugging Face Hub (`test_metadata.csv`): image_path, label, task, split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TextIO

from vecbench.samples.format import DataFormat, Row, csv_rows, is_test_split, required_task

COLUMNS = frozenset({"image_path", "label", "task", "split"})


def _rows(stream: TextIO) -> Iterator[Row]:
    for line, values in csv_rows(stream):
        for name in COLUMNS:
            if values[name] is None:
                raise ValueError(f"line {line}: there is no field {name!r}")
        if not is_test_split(values["split"]):
            continue
        task = required_task(values, f"line {line}")
        images = (values["image_path"],) if values["image_path"] else ()
        yield Row(line=line, id="", images=images, columns=values, target_column="label", task=task)


def _left_out(stream: TextIO) -> Mapping[str, int]:
    splits = (values["split"] for _, values in csv_rows(stream))
    return Counter(split for split in splits if split is not None and not is_test_split(split))


METADATA = DataFormat(
    "metadata CSV",
    "A CSV with the columns image_path, label, task and split.",
    _rows,
    is_published=True,
    left_out=_left_out,
)
