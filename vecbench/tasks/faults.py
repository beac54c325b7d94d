"""What is wrong with a task file, said so that it can be mended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with one file.

    Attributes:
        file: Where.
        key: The YAML key, dotted; empty for the file as a whole.
        problem: What is wrong.
        remedy: What to write instead.
    """

    file: Path
    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else str(self.file)
        return f"{where}: {self.problem}"
