"""One response as somebody's file states it, and what can be wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Effect = Literal["not scored", "counts as wrong", "given again", "not there"]
"""What a fault means for the scores.

not scored: the row is in no score, because its task or target is unknown. counts as wrong: the row is
scored, without a label. given again: another row has the same task, sample and repeat, and by the strict
protocol the last of them counts. not there: something else is missing, such as a whole file.
"""


@dataclass(frozen=True, slots=True)
class ResponseFault:
    """One thing wrong with one file of responses.

    Attributes:
        file: Where.
        line: Counted from 1; None for the file as a whole.
        effect: What it means for the scores.
        problem: What is wrong.
    """

    file: Path
    line: int | None
    effect: Effect
    problem: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else str(self.file)
        return f"{where}: {self.problem} ({self.effect})"

    def to_line(self) -> str:
        """The JSON line in faults.jsonl, newline included."""
        values = {
            "file": str(self.file),
            "line": self.line,
            "effect": self.effect,
            "problem": self.problem,
        }
        return json.dumps(values) + "\n"


class UnusableError(Exception):
    """A row that cannot be scored; its text says why."""


@dataclass(slots=True)
class StatedRow:
    """What a file says of one response; nothing is checked, so every value may be of any type.

    None stands for what the file does not say.

    Attributes:
        file: Where it stands.
        line: Counted from 1.
        task: Any name of the task.
        target: The true answer, as the file writes it.
        response: The generated text.
        values: Everything that the file says of the row, by name.
        sample_id: Unique within the task.
        candidates: The closed list.
        repeat: 0 for the first answer to a sample.
        error: Why there is no response; an empty or false value says that nothing went wrong.
        finish_reason: "stop" or "length".
        image: Path of the image.
        image_sha256: Of its bytes.
        prompt_sha256: Of the rendered prompt.
        key: Of a response of our own.
        n_prompt_tokens: Prompt length in tokens.
        n_output_tokens: Answer length in tokens.
        has_response: Whether the file has a place for the response at all, be it null.
        kind: Name of the answer kind.
        images: Paths of several images, in order.
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


def shown(value: object) -> str:
    """A value from a stranger's file as a message shows it: short, and without control characters."""
    text = repr(value[:100] if isinstance(value, str | list) else value)
    return text if len(text) <= 60 else text[:60] + "…"
