"""Anyone's own data: a folder with images and one table that names them.

The table is a CSV with a header or a JSONL. Columns, each with the names that are understood:
image (`image`, `image_path`, `file_name`), label (`label`, `target`, `ground_truth`), and, if they
are there, `id` (or `sample_id`), `task`, `prompt`. Others are ignored.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecbench.errors import DataError
from vecbench.labels import normal_form
from vecbench.samples.sample import Sample
from vecbench.tasks import Task

COLUMNS = {
    "image": ("image", "image_path", "file_name"),
    "label": ("label", "target", "ground_truth"),
    "id": ("id", "sample_id"),
    "task": ("task",),
    "prompt": ("prompt",),
}
TABLES = ("samples", "metadata", "test")
"""When a folder holds several tables, one of these names decides."""


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    values: Mapping[str, str]


class DataFolder:
    """A folder with images and a table.

    Args:
        root: The folder.

    Raises:
        DataError: No such folder, no table in it, several tables, or a table without the columns.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise DataError(
                f"there is no data folder {root}", "--data takes a folder with images and a table."
            )
        self.root = root
        self.table = _table(root)

    def samples(self, task: Task, limit: int | None = None) -> Iterator[Sample]:
        """The task's samples, in the table's order, read row by row.

        A row that cannot be used (a target that is not among the labels, no image named) is a sample
        with a fault: it is counted and becomes an error, never dropped.

        Args:
            task: Whose rows; with a task column, those that name it by id or display name.
            limit: At most this many; None for all.

        Raises:
            DataError: The table is broken (the message names the line), or two rows share an id.
        """
        seen: set[str] = set()
        spellings = {normal_form(label): label for label in task.labels}
        spellings |= {normal_form(alias): label for alias, label in task.aliases.items()}
        for row in self._rows():
            if limit is not None and len(seen) >= limit:
                return
            if not _belongs(row, task):
                continue
            sample = self._sample(row, task, spellings)
            if sample.id in seen:
                raise DataError(
                    f"{self.table}, line {row.line}: the sample id {sample.id!r} of {task.id} is given twice",
                    "Ids must be unique within a task.",
                )
            seen.add(sample.id)
            yield sample

    def sha256(self) -> str:
        """Of the table: another one is another data set.

        Raises:
            DataError: It cannot be read.
        """
        try:
            return hashlib.sha256(self.table.read_bytes()).hexdigest()
        except OSError as fault:
            raise DataError(f"{self.table}: {fault.strerror or fault}") from None

    def _sample(self, row: _Row, task: Task, spellings: Mapping[str, str]) -> Sample:
        image, label = row.values.get("image", ""), row.values.get("label", "")
        target = label if label in task.labels else spellings.get(normal_form(label))
        fault = None
        if not image:
            fault = f"{self.table.name}, line {row.line}: no image is named"
        elif target is None:
            fault = f"{self.table.name}, line {row.line}: the target {label!r} is not among the candidates"
        return Sample(
            task=task.id,
            id=row.values.get("id") or image or f"line-{row.line}",
            image=image,
            target=label if target is None else target,
            candidates=task.labels,
            prompt=row.values.get("prompt") or None,
            root=self.root,
            fault=fault,
        )

    def _rows(self) -> Iterator[_Row]:
        try:
            with self.table.open(encoding="utf-8-sig", newline="") as stream:
                raw = csv_rows(stream) if self.table.suffix == ".csv" else jsonl_rows(stream)
                for place, (line, values) in enumerate(raw):
                    if place == 0:
                        self._require_columns(values)
                    yield _Row(line, {ours: _first(values, known) for ours, known in COLUMNS.items()})
        except (UnicodeDecodeError, csv.Error, ValueError) as fault:
            raise DataError(f"{self.table}: {fault}", "A CSV with a header or a JSONL, UTF-8.") from None
        except OSError as fault:
            raise DataError(f"{self.table}: {fault.strerror or fault}") from None

    def _require_columns(self, first: Mapping[str, Any]) -> None:
        for needed in ("image", "label"):
            if not any(name in first for name in COLUMNS[needed]):
                found = ", ".join(str(name) for name in first if name)
                raise DataError(
                    f"{self.table}: there is no column {needed}; found: {found}",
                    f"Name it {' or '.join(COLUMNS[needed])}.",
                )


def csv_rows(stream: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows of a CSV with a header, each with its line number."""
    reader = csv.DictReader(stream, strict=True)
    for values in reader:
        if values.get(None):
            raise ValueError(f"line {reader.line_num}: more fields than the header has")
        yield reader.line_num, values


def jsonl_rows(stream: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Objects of a JSONL, each with its line number; blank lines are skipped."""
    for line, text in enumerate(stream, start=1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError(f"line {line}: not valid JSON") from None
        if not isinstance(values, dict):
            raise ValueError(f"line {line}: not a JSON object")
        yield line, values


def _table(root: Path) -> Path:
    tables = sorted(path for pattern in ("*.csv", "*.jsonl") for path in root.glob(pattern))
    preferred = [path for path in tables if path.stem in TABLES]
    chosen = preferred if len(preferred) == 1 else tables
    if not chosen:
        raise DataError(
            f"{root} holds no table", "A CSV or JSONL with the columns image and label is expected."
        )
    if len(chosen) > 1:
        names = ", ".join(path.name for path in chosen)
        raise DataError(f"{root} holds several tables: {names}", f"Name the right one {TABLES[0]}.csv.")
    return chosen[0]


def _belongs(row: _Row, task: Task) -> bool:
    named = row.values.get("task")
    return not named or task.is_named(named)


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    value = next((values[name] for name in names if values.get(name) is not None), "")
    return value if isinstance(value, str) else str(value)
