"""MVEI's predictions: its metadata, a list of images with statements, with the answer in `predict` of each.

Source: `eval/infer_example.py` of github.com/wdqqdw/MVEI, which writes `predictions/MVEI_predict.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vecbench.answers.written import shown
from vecbench.interop.json_records import json_records
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.row import ResponseFault, StatedRow
from vecbench.samples import mvei

NAME = "MVEI predictions"
ANSWERS = "predict"
"""Where the answer stands in a statement."""

_LIST = re.compile(r"\ufeff?\s*\[\s*\{")


def is_table(head: str) -> bool:
    """Whether a file begins as a list of images with statements."""
    return bool(_LIST.match(head)) and '"statement_list"' in head


def recognises(beginning: FileBeginning) -> bool:
    """Whether a file is such a list, with predictions."""
    return is_table(beginning.head) and f'"{ANSWERS}' in beginning.head


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of a file; samples have the ids that the metadata's have."""
    for line, _, image in json_records(path, context.faults):
        name, statements = image.get("image_id"), image.get("statement_list")
        if not isinstance(statements, list) or not all(isinstance(each, dict) for each in statements):
            problem = f"the image {shown(name)} has no list of statements"
            context.faults.append(ResponseFault(path, line, "not scored", problem))
            continue
        name = name.replace("\\", "/") if isinstance(name, str) else name
        for place, statement in enumerate(statements):
            yield StatedRow(
                path,
                line,
                mvei.TASK,
                statement.get("label"),
                statement.get(ANSWERS),
                mvei.columns_of(statement, statement.get("label")),
                sample_id=name if len(statements) == 1 else f"{name}#{place}",
                image=f"images/{name}",
            )


READER = Reader(NAME, recognises, rows)
