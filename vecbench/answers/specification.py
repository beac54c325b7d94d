"""What a task's file says of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AnswerSpecification:
    """The part of `metadata.vecbench` that is about answers.

    Attributes:
        kind: Name of the answer kind.
        labels: The closed list of labels; empty if there is none.
        aliases: Other spellings → label.
        options: What else `answer` says, such as range, top, options.
    """

    kind: str = "label"
    labels: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def require_only(self, *known: str) -> None:
        """Refuses what the kind does not know.

        Raises:
            ValueError: `answer` says something else.
        """
        for name in self.options:
            if name not in known:
                raise ValueError(f"the answer kind {self.kind} knows no {name!r}")


def listed_labels(columns: Mapping[str, Any], labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that a row lists itself, or those of its task.

    Args:
        columns: Of the row.
        labels: Of the task.

    Raises:
        ValueError: The row's is no list of texts.
    """
    listed = columns.get("candidates")
    if listed is None:
        return labels
    if not isinstance(listed, list | tuple) or not all(isinstance(each, str) for each in listed):
        raise ValueError('\'candidates\' is not a list of texts, such as ["joy", "fear"]')
    return tuple(listed)
