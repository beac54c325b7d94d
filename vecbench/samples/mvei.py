"""The published tables of MVEI: its metadata, a list of images with statements, and EmObserver's form of it.

The true emotion is in an image's path and in `ov_emotion`: of both, nothing is among a row's columns, so that
no prompt can name it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from vecbench.samples.format import DataFormat, Row, json_list, of_text, required_text

TASK = "mvei_statements"
CLASSES = ("sentiment polarity", "emotion interpretation", "scene context", "perception subjectivity")
"""Of statements."""


def columns_of(statement: Mapping[str, Any], verdict: Any) -> dict[str, Any]:
    """What a row says of a statement."""
    return {
        "statement": statement.get("statement"),
        "statement_class": statement.get("class"),
        "label": verdict,
    }


def _rows(stream: TextIO) -> Iterator[Row]:
    for number, image in json_list(stream):
        where = f"image {number}"
        path = required_text(image, "image_id", where).replace("\\", "/")
        statements = image.get("statement_list")
        if not isinstance(statements, list) or not all(isinstance(each, dict) for each in statements):
            raise ValueError(f"{where}: 'statement_list' is not a list of objects")
        for place, statement in enumerate(statements):
            required_text(statement, "statement", where)
            yield Row(
                line=number,
                id=path if len(statements) == 1 else f"{path}#{place}",
                images=(f"images/{path}",) if path else (),
                columns=columns_of(statement, statement.get("label")),
                target_column="label",
                task=TASK,
                unit="image",
            )


METADATA = DataFormat(
    "MVEI metadata",
    "A list of images: image_id, and statement_list with statement, label and class.",
    of_text(_rows),
    lambda table: table.is_list and '"statement_list"' in table.text,
    is_published=True,
)
