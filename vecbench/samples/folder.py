"""Anyone's own data: a folder with images and one table that names them.

The table is a CSV with a header or a JSONL. Columns, each with the names that are understood:
image (`image`, `image_path`, `file_name`), label (`label`, `target`, `ground_truth`), and, if they
are there, `id` (or `sample_id`), `task`, `prompt`, `candidates` (a list; in a CSV, a JSON list),
`split` (rows of another one than `test` are left out). Others are ignored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TextIO

from vecbench.samples.format import DataFormat, Row, csv_rows, is_test_split, jsonl_rows, stated_candidates

COLUMNS = {
    "image": ("image", "image_path", "file_name"),
    "label": ("label", "target", "ground_truth"),
    "id": ("id", "sample_id"),
    "task": ("task",),
    "prompt": ("prompt",),
    "split": ("split",),
}


def _csv(stream: TextIO) -> Iterator[Row]:
    return _rows((*each, None) for each in csv_rows(stream, _require_columns))


def _jsonl(stream: TextIO) -> Iterator[Row]:
    return _rows(jsonl_rows(stream))


def _rows(raw: Iterable[tuple[int, Mapping[str, Any], str | None]]) -> Iterator[Row]:
    for place, (line, values, repeated) in enumerate(raw):
        if place == 0:
            _require_columns(values)
        if _other_split(values):
            continue
        image = "" if _kind(values, "image") else _first(values, "image")
        yield Row(
            line=line,
            id=_first(values, "id") or image or f"line-{line}",
            image=image,
            label=_first(values, "label"),
            task=_first(values, "task").strip(),
            prompt=_first(values, "prompt") or None,
            candidates=_candidates(values, f"line {line}"),
            fault=repeated or _fault(values),
        )


def _fault(values: Mapping[str, Any]) -> str | None:
    """What of a row is no text and becomes none; numbers do."""
    for column in ("image", "label", "id", "prompt"):
        if kind := _kind(values, column):
            return f"{_name(values, column)} is {kind}, not a text"
    return None


def _kind(values: Mapping[str, Any], column: str) -> str:
    """What a value is that cannot stand for a text; empty if it can."""
    name = _name(values, column)
    value = None if name is None else values[name]
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else ""


def _other_split(values: Mapping[str, Any]) -> str:
    """The split of a row that is not for testing; empty if it is, or says nothing of splits."""
    split = _first(values, "split").strip()
    return "" if is_test_split(split) else split


def _splits_of_csv(stream: TextIO) -> Mapping[str, int]:
    return _splits(csv_rows(stream))


def _splits_of_jsonl(stream: TextIO) -> Mapping[str, int]:
    return _splits((line, values) for line, values, _ in jsonl_rows(stream))


def _splits(raw: Iterable[tuple[int, Mapping[str, Any]]]) -> Mapping[str, int]:
    return Counter(split for _, values in raw if (split := _other_split(values)))


def _candidates(values: Mapping[str, Any], where: str) -> tuple[str, ...] | None:
    """A CSV's cell holds the list as JSON, such as ["joy", "fear"]; an empty one holds none."""
    given = values.get("candidates")
    if not isinstance(given, str):
        return stated_candidates(values, where)
    if not given.strip():
        return None
    try:
        listed = json.loads(given)
    except (ValueError, RecursionError):
        listed = given
    return stated_candidates({"candidates": listed}, where)


def _require_columns(first: Collection[str]) -> None:
    for needed in ("image", "label"):
        if not any(name in first for name in COLUMNS[needed]):
            found = ", ".join(str(name) for name in first if name)
            raise ValueError(
                f"there is no column {needed}; found: {found}; name it {' or '.join(COLUMNS[needed])}"
            )


def _first(values: Mapping[str, Any], column: str) -> str:
    name = _name(values, column)
    value = "" if name is None else values[name]
    return value if isinstance(value, str) else str(value)


def _name(values: Mapping[str, Any], column: str) -> str | None:
    return next((name for name in COLUMNS[column] if values.get(name) is not None), None)


_SHAPE = "A CSV with a header or a JSONL, UTF-8, with the columns image and label."
OWN_CSV = DataFormat("CSV", _SHAPE, _csv, left_out=_splits_of_csv)
OWN_JSONL = DataFormat("JSONL", _SHAPE, _jsonl, left_out=_splits_of_jsonl)
