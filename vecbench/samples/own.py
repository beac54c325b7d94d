"""Rows of anyone's own data, whatever holds them: images and a target, each by the names that are understood.

They are image (`image`, `image_path`, `file_name`; several are a list in `images`, or `image1`, `image2` and
so on), target (the name of the task's answer kind, such as `rating`, or one of `TARGETS`), and, if they are
there, `id` (or `sample_id`), `task`, `prompt`, `candidates`, `split` (rows of another one than `test` are
left out). Prompts, subsets and answer kinds may name any further column.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from vecbench.samples.columns import (
    CANDIDATES,
    COLUMNS,
    NUMBERED,
    SEVERAL,
    no_column,
    no_target,
    renamed,
    require_named,
    target_column,
    targets,
)
from vecbench.samples.format import Columns, Row, is_test_split, require_candidates

KEY = "__key__"
"""What a reader calls a row that has no id; others may be called so too."""

_Images = tuple[tuple[str, ...], str | None]
"""Paths in order, and why they cannot be used."""


def own_rows(
    raw: Iterable[tuple[int, Mapping[str, Any], str | None]], columns: Columns, unit: str = "line"
) -> Iterator[Row]:
    """Rows of anyone's own data: of their numbers, what they say by column, and why they cannot be used.

    Raises ValueError for a first row that lacks what every row needs, or what `columns` names.
    """
    target = target_column(columns)
    for place, (line, said, repeated) in enumerate(raw):
        if place == 0:
            require_named(columns, said)
        values = renamed(said, columns)
        name = str(values.pop(KEY, ""))
        if place == 0:
            require_columns(values, [each for each in said if each != KEY])
        split = _text(values, "split")[0].strip()
        if not is_test_split(split or "test"):
            yield Row(line=line, split=split)
            continue
        images, problem = _images(values)
        require_candidates(values, f"{unit} {line}")
        sample_id, no_id = _text(values, "id")
        prompt, no_prompt = _text(values, "prompt")
        yield Row(
            line=line,
            id=sample_id or ("" if name else " + ".join(images) or f"{unit}-{line}"),
            images=images,
            columns=values,
            target_column=target,
            task=_text(values, "task")[0].strip(),
            prompt=prompt or None,
            fault=repeated or problem or no_id or no_prompt,
            unit=unit,
            name=name,
        )


def decoded(values: Mapping[str, Any], columns: Sequence[str]) -> Mapping[str, Any]:
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


def require_columns(first: Collection[str], found: Collection[str] | None = None) -> None:
    """Refuses a row without an image or anything that may be a target; `found` is what the table has."""
    images = (*COLUMNS["image"], SEVERAL, "image1")
    if not any(name in first for name in images):
        raise ValueError(no_column("image", images, found or first))
    further = {*first} - {name for names in COLUMNS.values() for name in names} - {*images, CANDIDATES}
    # Several may hold the target together, which the task knows.
    if len(further) < 2 and further.isdisjoint(targets()):
        raise ValueError(no_target(found or first))


def _text(values: Mapping[str, Any], column: str) -> tuple[str, str | None]:
    """What stands in a column, as a text, and why it is none: a list or an object; numbers may be texts."""
    name = _name(values, column)
    value = "" if name is None else values[name]
    if isinstance(value, list | dict):
        return str(value), f"{name} is {'a list' if isinstance(value, list) else 'an object'}, not a text"
    return str(value), None


def _name(values: Mapping[str, Any], column: str) -> str | None:
    return next((name for name in COLUMNS[column] if values.get(name) is not None), None)
