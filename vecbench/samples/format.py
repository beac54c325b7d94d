"""What a data format is: how a table of samples is read, row by row."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from vecbench.answer_columns import TARGETS
from vecbench.escaping import printable
from vecbench.plain_file import TextLines
from vecbench.samples.beginning import Beginning
from vecbench.strict_json import RepeatedKeyError, unique

Columns = Mapping[str, str]
"""What vecbench calls a column → what a table calls it, where somebody said so (`--columns`)."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a table says about one sample, as the table spells it.

    Attributes:
        line: Where it stands in the table, from 1.
        id: Its name, unique within its task; empty if the format knows no ids.
        images: The images' paths, in order; empty if none is named.
        columns: Everything that the row says, by column; a list of candidates is under `candidates`.
        target_column: The column that holds the target; None where that depends on the task, see `target`.
        task: The task's name; empty if the table names none, and the row belongs to any.
        prompt: The prompt that the row brings; None if it brings none.
        fault: Why the row cannot become a usable sample; None if it can.
        split: Of a row that is not for testing, of which nothing else is read; None if it is.
        unit: What `line` counts, where the table has no lines.
        table: The name of the table, where several are read as one.
        name: What it is called if it has no id; its images' paths by default.
    """

    line: int
    id: str = ""
    images: tuple[str, ...] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)
    target_column: str | None = None
    task: str = ""
    prompt: str | None = None
    fault: str | None = None
    split: str | None = None
    unit: str = "line"
    table: str = ""
    name: str = ""

    def target(self, kind: str) -> tuple[str, Any]:
        """The column that holds the target, which may be called as the answer kind, and what it says."""
        names = (kind, *TARGETS) if self.target_column is None else (self.target_column,)
        found = next((name for name in names if self.columns.get(name) is not None), names[0])
        return found, self.columns.get(found)

    @property
    def has_prompt(self) -> bool:
        """Whether it brings a prompt of more than blanks."""
        return bool(self.prompt and self.prompt.strip())


@dataclass(frozen=True, slots=True)
class DataFormat:
    """One of the formats in which samples are given.

    Attributes:
        rows: Reads a table, some of whose columns may be called otherwise. Raises ValueError, with the line,
            for a table that is broken.
        recognises: Whether a table that begins so is of this format.
        label: How the target of a row is found, in words; empty where a column holds it.
        brings_prompts: Whether its rows bring the prompt that they are to be asked with.
        is_published: Whether it comes from a published dataset, whose image paths may start with
            folders that the user's copy has not.
        is_own: Whether the user chose the names of its columns, so that others may be named for them.
        has_classes: Whether its targets are names of classes that the data as a whole is sorted into: one
            that is no label of the task is then refused, with all its images.
        holds_images: Whether the images lie in the table itself.
        named_by: What says the names of the numbers in a column of a table, in words; None if nothing does.
    """

    name: str
    shape: str
    rows: Callable[[Path, Columns], Iterator[Row]]
    recognises: Callable[[Beginning], bool]
    label: str = "as the format says it"
    brings_prompts: bool = False
    is_published: bool = False
    is_own: bool = False
    has_classes: bool = False
    holds_images: bool = False
    named_by: Callable[[Path, str], str | None] = lambda _table, _column: None


def of_text(rows: Callable[[TextIO], Iterator[Row]]) -> Callable[[Path, Columns], Iterator[Row]]:
    """The reader of a table that is a text in UTF-8, whose columns have the names that they have."""

    def read(table: Path, _: Columns) -> Iterator[Row]:
        with TextLines(table) as stream:
            yield from rows(stream)

    return read


def joined(formats: Sequence[DataFormat]) -> DataFormat:
    """The format of tables that are read as one; its rows are read by their own."""
    first, *others = dict.fromkeys(formats)
    if not others:
        return first
    return replace(
        first,
        name=" and ".join(dict.fromkeys(each.name for each in formats)),
        brings_prompts=any(each.brings_prompts for each in formats),
    )


def csv_rows(
    stream: TextIO, require: Callable[[Collection[str]], None] | None = None, delimiter: str = ","
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows of a CSV with a header, each with its line number; `require` refuses a header, rows or none."""
    reader = csv.DictReader(stream, strict=True, delimiter=delimiter)
    begin = 1
    try:
        columns = reader.fieldnames
        if not columns:
            raise ValueError("the file is empty")
        _require_different(columns)
        if require is not None:
            require(columns)
        begin = reader.line_num + 1
        for values in reader:
            if values.get(None):
                raise ValueError(f"line {reader.line_num}: more fields than the header has")
            yield reader.line_num, values
            begin = reader.line_num + 1
    except csv.Error as fault:
        # Where the row began: an open quotation mark swallows what follows it.
        raise ValueError(f"line {begin}: {fault}") from None


def _require_different(columns: Sequence[str]) -> None:
    for name, count in Counter(columns).items():
        if name and count > 1:
            raise ValueError(f"line 1: the column {printable(name)} is there more than once")


def jsonl_rows(stream: TextIO) -> Iterator[tuple[int, Mapping[str, Any], str | None]]:
    """Objects of a JSONL, each with its line number and its fault; blank lines are skipped.

    An object that has a key twice is there with the last of its values, and with a fault that says so.
    """
    found = False
    for line, text in enumerate(stream, start=1):
        if not text.strip():
            continue
        fault = None
        try:
            try:
                values = json.loads(text, object_pairs_hook=unique)
            except RepeatedKeyError as repeated:
                values, fault = json.loads(text), str(repeated)
        except (ValueError, RecursionError):
            raise ValueError(f"line {line}: not valid JSON") from None
        if not isinstance(values, dict):
            raise ValueError(f"line {line}: not a JSON object")
        found = True
        yield line, values, fault
    if not found:
        raise ValueError("the file is empty")


def json_list(stream: TextIO, unit: str = "image") -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a JSON list, each with its number from 1; `unit` is what one of them is."""
    try:
        listed = json.load(stream)
    except RecursionError:
        raise ValueError("line 1: nested too deeply") from None
    except ValueError as fault:
        raise ValueError(f"line {getattr(fault, 'lineno', 1)}: not valid JSON") from None
    if not isinstance(listed, list):
        raise ValueError(f"line 1: not a list of {unit}s")
    for number, said in enumerate(listed, start=1):
        if not isinstance(said, dict):
            raise ValueError(f"{unit} {number}: not a JSON object")
        yield number, said


def required_text(values: Mapping[str, Any], key: str, where: str) -> str:
    """The text under a key that must be there."""
    if key not in values:
        raise ValueError(f"{where}: there is no key {key!r}")
    value = values[key]
    if not isinstance(value, str):
        raise ValueError(f"{where}: {key!r} is not a text")
    return value


def required_task(values: Mapping[str, Any], where: str) -> str:
    """The name of the task, which every row of a published table states."""
    name = required_text(values, "task", where)
    if not name.strip():
        raise ValueError(f"{where}: no task is named")
    return name


def require_candidates(values: Mapping[str, Any], where: str) -> None:
    """Refuses candidates that are no list of texts; a row need not bring any."""
    candidates = values.get("candidates")
    if candidates is None:
        return
    if not isinstance(candidates, list) or not all(isinstance(each, str) for each in candidates):
        raise ValueError(f'{where}: \'candidates\' is not a list of texts, such as ["joy", "fear"]')


def is_test_split(split: str) -> bool:
    """Whether rows of a split are for testing; case and blanks make no difference."""
    return split.strip().casefold() == "test"
