"""Anyone's own data: a folder with images and one table that names them.

The table is a CSV with a header or a JSONL. Columns, each with the names that are understood:
image (`image`, `image_path`, `file_name`; several are a list in `images`, or `image1`, `image2` and so on),
target (the name of the task's answer kind, such as `rating`, or one of `TARGETS`), and, if they are there,
`id` (or `sample_id`), `task`, `prompt`, `candidates`, `split` (rows of another one than `test` are left out).
Prompts, subsets and answer kinds may name any further column. A list is one in a JSONL, and in a CSV a JSON
list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from vecbench.answer_columns import TARGETS
from vecbench.answers import registry
from vecbench.samples.format import (
    DataFormat,
    Row,
    csv_rows,
    is_test_split,
    jsonl_rows,
    require_candidates,
)

COLUMNS = {
    "image": ("image", "image_path", "file_name"),
    "id": ("id", "sample_id"),
    "task": ("task",),
    "prompt": ("prompt",),
    "split": ("split",),
}
SEVERAL = "images"
NUMBERED = re.compile(r"image([1-9][0-9]{0,2})")

_Images = tuple[tuple[str, ...], str | None]
"""Paths in order, and why they cannot be used."""


def _csv(stream: TextIO) -> Iterator[Row]:
    # A label is a text, whatever it looks like.
    columns = [SEVERAL, "candidates", *(name for name in _targets() if name != "label")]
    rows = csv_rows(stream, _require_columns)
    return _rows((line, _decoded(values, columns), None) for line, values in rows)


def _jsonl(stream: TextIO) -> Iterator[Row]:
    rows = jsonl_rows(stream)
    return _rows((line, _decoded(values, ["candidates"]), fault) for line, values, fault in rows)


def _rows(raw: Iterable[tuple[int, Mapping[str, Any], str | None]]) -> Iterator[Row]:
    for place, (line, values, repeated) in enumerate(raw):
        if place == 0:
            _require_columns(values)
        split = _text(values, "split")[0].strip()
        if not is_test_split(split or "test"):
            yield Row(line=line, split=split)
            continue
        images, problem = _images(values)
        require_candidates(values, f"line {line}")
        sample_id, no_id = _text(values, "id")
        prompt, no_prompt = _text(values, "prompt")
        yield Row(
            line=line,
            id=sample_id or " + ".join(images) or f"line-{line}",
            images=images,
            columns=values,
            task=_text(values, "task")[0].strip(),
            prompt=prompt or None,
            fault=repeated or problem or no_id or no_prompt,
        )


def _decoded(values: Mapping[str, Any], columns: Sequence[str]) -> Mapping[str, Any]:
    """A row with the lists and objects that stand in some of its columns as the text of their JSON."""
    found = dict(values)
    for column in columns:
        cell = found.get(column)
        if isinstance(cell, str) and cell.lstrip().startswith(("[", "{")):
            try:
                found[column] = json.loads(cell)
            except (ValueError, RecursionError):
                continue
    candidates = found.get("candidates")
    if isinstance(candidates, str) and not candidates.strip():
        found["candidates"] = None
    return found


def _targets() -> Sequence[str]:
    """The columns that may hold a target."""
    return (*TARGETS, *registry.kinds())


def _images(values: Mapping[str, Any]) -> _Images:
    """The images of a row: those of `images`, or the one of `image`, or `image1`, `image2` and so on."""
    several = values.get(SEVERAL)
    if several not in (None, ""):
        return _listed(several)
    if _name(values, "image") is None and any(NUMBERED.fullmatch(str(name)) for name in values):
        return _numbered(values)
    image, problem = _text(values, "image")
    return ((image,) if image and not problem else ()), problem


def _listed(several: object) -> _Images:
    images = [several] if isinstance(several, str) else several
    if not isinstance(images, list) or not all(isinstance(each, str) for each in images):
        return (), f'{SEVERAL} is {several!r:.60}, not a list of paths such as ["a.jpg", "b.jpg"]'
    if "" in images:
        return (), f"{SEVERAL} names no image at place {images.index('') + 1}"
    return tuple(images), None


def _numbered(values: Mapping[str, Any]) -> _Images:
    named = {int(match[1]): str(name) for name in values if (match := NUMBERED.fullmatch(str(name)))}
    there = {number: name for number, name in named.items() if values[name] not in (None, "")}
    for number in range(1, max(there, default=0)):
        if number not in there:
            return (), f"image{number} names no image, and {there[max(there)]} does"
    for number in sorted(there):
        if not isinstance(values[there[number]], str):
            return (), f"{there[number]} is {values[there[number]]!r:.60}, not a text"
    return tuple(values[there[number]] for number in sorted(there)), None


def _require_columns(first: Collection[str]) -> None:
    images = (*COLUMNS["image"], SEVERAL, "image1")
    if not any(name in first for name in images):
        raise ValueError(no_column("image", images, first))
    further = {*first} - {name for names in COLUMNS.values() for name in names} - {*images, "candidates"}
    # Several may hold the target together, which the task knows.
    if len(further) < 2 and further.isdisjoint(_targets()):
        raise ValueError(no_target(first))


def no_target(columns: Iterable[str]) -> str:
    """What to say of a table in which no column holds a target."""
    return no_column("label", ("label", "target", "ground_truth"), columns)


def no_column(needed: str, names: Iterable[str], columns: Iterable[str]) -> str:
    """What to say of a table in which nothing is called by any of some names."""
    found = ", ".join(str(name) for name in columns if name)
    return f"there is no column {needed}; found: {found}; name it {' or '.join(names)}"


def _text(values: Mapping[str, Any], column: str) -> tuple[str, str | None]:
    """What stands in a column, as a text, and why it is none: a list or an object; numbers may be texts."""
    name = _name(values, column)
    value = "" if name is None else values[name]
    if isinstance(value, list | dict):
        return str(value), f"{name} is {'a list' if isinstance(value, list) else 'an object'}, not a text"
    return str(value), None


def _name(values: Mapping[str, Any], column: str) -> str | None:
    return next((name for name in COLUMNS[column] if values.get(name) is not None), None)


_SHAPE = "A CSV with a header or a JSONL, UTF-8, with the columns image and label (or target)."
OWN_CSV = DataFormat("CSV", _SHAPE, _csv)
OWN_JSONL = DataFormat("JSONL", _SHAPE, _jsonl)
