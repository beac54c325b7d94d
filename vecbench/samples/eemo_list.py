"""EEmo-Bench's own lists of questions about an image or a pair; open ones are left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from vecbench.samples import eemo
from vecbench.samples.format import DataFormat, Row, json_list, of_text, required_text


def _rows(stream: TextIO) -> Iterator[Row]:
    for number, said in json_list(stream, "row"):
        is_single = "image_url" in said
        task = eemo.SINGLE if is_single else eemo.PAIR
        if required_text(said, "question_type", f"row {number}") == eemo.OPEN_ENDED:
            yield Row(number, task=task, split=eemo.OPEN_ENDED, unit="row")
            continue
        names = ("image_url",) if is_single else ("image1_url", "image2_url")
        images, fault = eemo.images_of(said, names)
        columns = eemo.columns_of(said)
        yield Row(
            line=number,
            id=str(number if said.get("id") is None else said["id"]),
            images=images,
            columns=columns | {"correct_answer": said.get("correct_answer")},
            target_column="correct_answer",
            task=task,
            fault=fault or eemo.fault_of(columns),
            unit="row",
        )


EEMO_LIST = DataFormat(
    "EEmo-Bench list",
    "A list of questions: id, image_url or image1_url and image2_url, question, options, correct_answer, "
    "question_type.",
    of_text(_rows),
    lambda table: table.is_list and eemo.form_of(table.text) in {"list", "standard"},
    is_published=True,
)
