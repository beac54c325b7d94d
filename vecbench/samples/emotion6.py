"""Emotion6's `ground_truth.txt`: one line an image, with the shares of raters who named each emotion.

The folder of an image is called as the emotion by which it was searched for: nothing of its path is among a
row's columns. Valence and arousal stand there too, on a scale that the file does not tell.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from vecbench.samples.format import DataFormat, Row, of_text

TASK = "emotion6_shares"
LABELS = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
PATHS = ("image_filename", "filename", "file", "images-name")
"""What the column of paths is called, in the data set and in copies of it."""


def is_header(line: str) -> bool:
    """Whether a table's first line is that of Emotion6."""
    try:
        columns = _cells(line, _delimiter(line))
    except csv.Error:
        return False
    needed = {"valence", "arousal", *map(_share_of, LABELS)}
    return {*columns} >= needed and columns[0] in PATHS


def _rows(stream: TextIO) -> Iterator[Row]:
    header = next(stream, "")
    delimiter = _delimiter(header)
    names = _cells(header, delimiter)
    for number, line in enumerate(stream, start=2):
        if not line.strip():
            continue
        try:
            cells = _cells(line, delimiter)
        except csv.Error as fault:
            raise ValueError(f"line {number}: {fault}") from None
        if len(cells) != len(names):
            raise ValueError(f"line {number}: {len(cells)} fields, and the header has {len(names)}")
        said = dict(zip(names, cells, strict=True))
        path = cells[0].replace("\\", "/")
        yield Row(
            line=number,
            id=path,
            images=(path if path.startswith("images/") else f"images/{path}",) if path else (),
            columns={"votes": {label: said[_share_of(label)] for label in LABELS}},
            target_column="votes",
            task=TASK,
        )


def _share_of(label: str) -> str:
    return f"prob. {label}"


def _delimiter(line: str) -> str:
    return "\t" if "\t" in line else ","


def _cells(line: str, delimiter: str) -> list[str]:
    """The fields of a line; names in brackets, as the description of the data set has them, without these."""
    cells = next(csv.reader([line.strip("\n\r")], delimiter=delimiter), [])
    return [cell.strip().strip("[]") for cell in cells]


EMOTION6 = DataFormat(
    "Emotion6 ground truth",
    "A line an image: its file, valence, arousal and the shares prob. anger to prob. neutral.",
    of_text(_rows),
    lambda table: is_header(table.line),
    is_published=True,
)
