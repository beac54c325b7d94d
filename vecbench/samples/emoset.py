"""EmoSet-118K as its authors publish it: info.json, lists of images, a file of annotations for each image.

Source: `EmoSet.py` and README of github.com/JingyuanYY/EmoSet. An attribute that an image's annotations lack
is not asked about; where they have no objects, none is in the image.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from vecbench.errors import ImageError
from vecbench.plain_file import TextLines
from vecbench.samples.format import Columns, DataFormat, Row
from vecbench.samples.images import read_image

INFO = "info.json"
EMOTION = "emoset_8"
TASKS = {
    "brightness": "emoset_brightness",
    "colorfulness": "emoset_colorfulness",
    "facial_expression": "emoset_facial_expression",
    "scene": "emoset_scene",
    "human_action": "emoset_action",
    "object": "emoset_object",
}
"""Attribute → task."""

LISTED = ("scene", "human_action", "object")
"""Attributes whose labels are those of info.json."""

SEVERAL = "object"


def is_emoset_list(head: str) -> bool:
    """Whether a text begins as a list of EmoSet's does."""
    return "".join(head[:100].split()).startswith('[["') and '"annotation' in head


def _rows(table: Path, _: Columns) -> Iterator[Row]:
    folder = table.parent
    try:
        with TextLines(table) as stream:
            listed = json.load(stream)
    except UnicodeDecodeError:
        raise
    except (ValueError, RecursionError) as fault:
        raise ValueError(f"line {getattr(fault, 'lineno', 1)}: not valid JSON") from None
    labels = _labels(folder)
    for number, entry in enumerate(listed, start=1):
        if not isinstance(entry, list) or len(entry) != 4 or not all(isinstance(each, str) for each in entry):
            raise ValueError(f"entry {number}: not [emotion, image id, image path, annotation path]")
        emotion, name, image, annotation = entry
        of_image = partial(Row, line=number, id=name, images=(image,) if image else ())
        yield of_image(columns={"label": emotion}, target_column="label", task=EMOTION)
        said = _read(folder, annotation)
        for attribute, task in TASKS.items():
            if isinstance(said, str):
                yield of_image(task=task, fault=said)
            elif attribute in said or attribute == SEVERAL:
                columns = {"target": said.get(attribute, []), "candidates": labels.get(attribute)}
                yield of_image(columns=columns, target_column="target", task=task)


def _labels(folder: Path) -> Mapping[str, Sequence[str]]:
    """The labels of the attributes whose lists are not a task's, in the order of their numbers."""
    info = _read(folder, INFO)
    if isinstance(info, str):
        raise ValueError(f"the labels are those of {INFO}: {info}")
    found = {}
    for attribute in LISTED:
        said = info.get(attribute)
        numbers = said.get("label2idx") if isinstance(said, dict) else None
        if numbers is None:  # of a copy with other attributes: its rows then have no labels
            continue
        if not isinstance(numbers, dict) or not all(type(each) is int for each in numbers.values()):
            raise ValueError(f"{INFO}: 'label2idx' of {attribute} is no object of labels and numbers")
        found[attribute] = tuple(sorted(numbers, key=lambda label: numbers[label]))
    return found


def _read(folder: Path, name: str) -> dict[str, Any] | str:
    """The object in a file, or why there is none."""
    try:
        said = json.loads(read_image(folder, name))
    except ImageError as fault:
        return fault.message
    except (ValueError, RecursionError):
        return f"{name}: not valid JSON"
    return said if isinstance(said, dict) else f"{name}: not a JSON object"


EMOSET = DataFormat(
    "EmoSet list",
    "A list of [emotion, image id, image path, annotation path], with info.json beside it.",
    _rows,
    lambda table: is_emoset_list(table.text),
    "the first of each entry, and the image's annotation file",
    is_published=True,
)
