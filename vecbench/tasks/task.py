"""What a task and a group are, once their files have been read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from vecbench.answers import AnswerKind, AnswerSpecification

Scale = Literal["unit", "percent", "ten"]
"""What a prompt asks a confidence in: from 0 to 1, to 100, or to 10."""

PREFIX = "vecbench_"
"""lm-eval's registry is global, so names carry this prefix there; vecbench leaves it out."""


@dataclass(frozen=True, slots=True)
class Headline:
    """How one number is made of several.

    Attributes:
        how: "pooled": over all rows. "macro": the unweighted mean, of a group's tasks or a task's subsets.
            "mean_of": the unweighted mean of some subsets.
        of: Values of a subset column, for "mean_of".
    """

    how: Literal["pooled", "macro", "mean_of"] = "pooled"
    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One dataset split with its label set, prompts and generation settings.

    Attributes:
        id: Such as `fi_8`.
        display: The name in tables, such as `FI-8`.
        names: Further names that data and responses use for it.
        group: The id of the group whose rows it is pooled with; None if its file names none.
        version: Raised whenever a change makes scores incomparable.
        noun: What is asked for, such as "emotion" or "sentiment".
        answers: How its answers are read and scored.
        labels: The closed list, in the order of the prompt; empty for a kind that has none.
        aliases: Other spellings that an answer may use → label.
        parents: Label → the coarser label that it belongs to, for every label; empty if there is no map.
        prompts: Prompt profile → Jinja2 template.
        prompt: The profile that is used unless another is asked for; "auto" is the data's own prompt
            where the data's format brings one, otherwise "standard".
        temperature: Of the task's own generation settings; 0 is greedy.
        top_p: Likewise, in (0, 1].
        max_tokens: Likewise, most tokens of an answer.
        stop: Likewise, texts that end an answer.
        expected_n: Fewest and most rows that the data should have; None if unknown.
        data: The data that comes with the task, a folder or a table; None if the user brings it.
        path: The file that defines it.
        sha256: Of everything above that the file says, comments and spelling of the YAML aside; a short
            file has that of its full form.
        subsets: Columns of the data by whose values scores are broken down.
        headline: How its headline accuracy is made of its subsets; None for its rows, pooled.
        excluded: Ids of samples that are asked about and counted, and not scored.
        excluded_because: Why.
        scales: Prompt profile → what it asks the confidence in.
        specification: What the file says of the answers: what `answers` was made of.
    """

    id: str
    display: str
    names: tuple[str, ...]
    group: str | None
    version: str
    noun: str
    answers: AnswerKind
    labels: tuple[str, ...]
    aliases: Mapping[str, str]
    parents: Mapping[str, str]
    prompts: Mapping[str, str]
    prompt: str
    temperature: float
    top_p: float
    max_tokens: int
    stop: tuple[str, ...]
    expected_n: tuple[int, int] | None
    data: Path | None
    path: Path
    sha256: str
    subsets: tuple[str, ...] = ()
    headline: Headline | None = None
    excluded: frozenset[str] = frozenset()
    excluded_because: str = ""
    scales: Mapping[str, Scale] = field(default_factory=dict)
    specification: AnswerSpecification = field(default_factory=AnswerSpecification)

    def is_named(self, name: str) -> bool:
        """Whether data or responses mean this task by a name: its id, display name or a further one.

        Case, hyphen or underscore, and lm-eval's prefix make no difference.
        """
        return plain_name(name) in {plain_name(known) for known in (self.id, self.display, *self.names)}


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of tasks whose rows are pooled; of groups, it is a benchmark.

    Attributes:
        id: Such as `id_ver`, or `vecbench` for a benchmark.
        display: The name in tables, such as `ID VER`.
        members: Ids of tasks, or of groups.
        path: The file that defines it.
        headline: How its headline accuracy is made; None for its rows, pooled.
    """

    id: str
    display: str
    members: tuple[str, ...]
    path: Path
    headline: Headline | None = None


AUTO = "auto"
"""The prompt profile that follows the data: see `Task.prompt`."""


def plain_name(name: str) -> str:
    """A task's name as names are compared: `FI-8`, `fi_8` and `vecbench_fi_8` are one."""
    return without_prefix(name.strip().casefold().replace("-", "_"))


def without_prefix(name: str) -> str:
    """The id behind a name that lm-eval knows: `vecbench_fi_8` → `fi_8`."""
    return name.removeprefix(PREFIX)
