"""One response as somebody's file states it, and what can be wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from vecbench.json_lines import JsonLine

Effect = Literal["not scored", "counts as wrong", "given again", "not there"]
"""What a fault means for the scores.

not scored: the row is in no score, because its task or target is unknown. counts as wrong: the row is
scored, without a label. given again: another row has the same task, sample and repeat, and by the strict
protocol the last of them counts. not there: something else is missing, such as a whole file.
"""


@dataclass(frozen=True, slots=True)
class ResponseFault:
    """One thing wrong with one file of responses, or at a line of it, counted from 1."""

    file: Path
    line: int | None
    effect: Effect
    problem: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else str(self.file)
        return f"{where}: {self.problem} ({self.effect})"

    def to_line(self) -> str:
        """The JSON line in faults.jsonl, newline included."""
        return json.dumps(asdict(self), default=str) + "\n"


class UnusableError(Exception):
    """A row that cannot be scored; its text says why."""


@dataclass(slots=True)
class StatedRow:
    """What a file says of one response; nothing is checked, so every value may be of any type.

    None stands for what the file does not say. `values` is all that it says of the row, by name; `target` is
    as the file writes it; an `error` that is empty or false says that nothing went wrong; `has_response` is
    whether the file has a place for the response at all, be it null; `key` is of a response of our own.
    """

    file: Path
    line: int
    task: Any
    target: Any
    response: Any
    values: Mapping[str, Any]
    sample_id: Any = None
    candidates: Any = None
    repeat: Any = None
    error: Any = None
    finish_reason: Any = None
    image: Any = None
    image_sha256: Any = None
    prompt_sha256: Any = None
    key: Any = None
    n_prompt_tokens: Any = None
    n_output_tokens: Any = None
    has_response: bool = True
    kind: Any = None
    images: Any = None


def stated_lines(
    path: Path, lines: Iterable[JsonLine], faults: list[ResponseFault]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file's lines, each with its line's number; those that cannot be read are faults."""
    for line in lines:
        if line.values is None:
            faults.append(ResponseFault(path, line.number, "not scored", line.problem))
        else:
            yield line.number, line.values
