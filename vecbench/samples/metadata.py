"""VECBench's own table: `test_metadata.csv`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from vecbench.samples.format import DataFormat, Row, csv_rows, is_test_split, of_text, required_task

METADATA_COLUMNS = frozenset({"image_path", "label", "task", "split"})


def _metadata_rows(stream: TextIO) -> Iterator[Row]:
    for line, values in csv_rows(stream):
        for name in METADATA_COLUMNS:
            if values[name] is None:
                raise ValueError(f"line {line}: there is no field {name!r}")
        if not is_test_split(values["split"]):
            yield Row(line=line, split=values["split"])
            continue
        task = required_task(values, f"line {line}")
        images = (values["image_path"],) if values["image_path"] else ()
        yield Row(line=line, images=images, columns=values, target_column="label", task=task)


METADATA = DataFormat(
    "metadata CSV",
    "A CSV with the columns image_path, label, task and split.",
    of_text(_metadata_rows),
    lambda table: {*table.header} >= METADATA_COLUMNS,
    "the column label",
    is_published=True,
)
