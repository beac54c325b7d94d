"""What a task and a group are, once their files have been read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from vecbench.answers import AnswerKind, AnswerSpecification
from vecbench.parsing.form import ANY_FORM, Form

PREFIX = "vecbench_"
"""lm-eval's registry is global, so names carry this prefix there; vecbench leaves it out."""


@dataclass(frozen=True, slots=True)
class Headline:
    """How one number is made of several.

    "pooled": over all rows; "macro": the unweighted mean, of a group's tasks or a task's subsets; "mean_of":
    that of some subsets.
    """

    how: Literal["pooled", "macro", "mean_of"] = "pooled"
    of: tuple[str, ...] = ()  # values of a subset column, for "mean_of"


@dataclass(frozen=True, slots=True)
class Task:
    """One dataset split with its label set, prompts and generation settings."""

    id: str  # such as fi_8
    display: str  # the name in tables, such as FI-8
    names: tuple[str, ...]  # further names that data and responses use for it
    group: str | None  # the id of the group whose rows it is pooled with; None if its file names none
    version: str  # raised whenever a change makes scores incomparable
    noun: str  # what is asked for, such as "emotion" or "sentiment"
    answers: AnswerKind
    labels: tuple[str, ...]  # the closed list, in the order of the prompt; empty for a kind that has none
    aliases: Mapping[str, str]  # other spellings that an answer may use → label
    parents: Mapping[str, str]  # label → the coarser one that it belongs to, for every label; empty without
    prompts: Mapping[str, str]  # profile → Jinja2 template
    prompt: str
    """The profile that is used unless another is asked for; "auto" is the data's own prompt where the data's
    format brings one, otherwise "standard"."""
    temperature: float  # of the task's own generation settings, as the next three; 0 is greedy
    top_p: float
    max_tokens: int
    stop: tuple[str, ...]
    expected_n: tuple[int, int] | None  # fewest and most rows that the data should have; None if unknown
    data: Path | None  # a folder or a table that comes with the task; None if the user brings it
    path: Path  # the file that defines it
    sha256: str
    """Of everything that the file says, comments and spelling of the YAML aside; a short file has that of its
    full form."""
    subsets: tuple[str, ...] = ()  # columns of the data by whose values scores are broken down
    headline: Headline | None = None  # of its subsets; None for its rows, pooled
    box: Literal["drawn", "cropped"] | None = None  # how the data's boxes are shown; None for whole images
    excluded: frozenset[str] = frozenset()  # samples that are asked about and counted, and not scored
    excluded_because: str = ""
    forms: Mapping[str, Form] = field(default_factory=dict)  # profile → how answers to it are written
    specification: AnswerSpecification = field(default_factory=AnswerSpecification)  # of `answers`
    top_k: int = 0  # of its generation settings too, as the next two: see `vecbench.engines.Sampling`
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    content: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What the file says, in full and with nothing beside it: see `vecbench.tasks.kept`."""

    def form_of(self, profile: str | None) -> Form:
        """How answers to a prompt profile are written.

        Where nobody knows which prompt was asked, as of another program's file: the fields of all profiles,
        and what else the task's own profile says.
        """
        known = self.forms.get(profile or "")
        if known is not None or not self.forms:
            return known or ANY_FORM
        own = self.forms.get("standard" if self.prompt == AUTO else self.prompt, ANY_FORM)
        answer, confidence = (
            tuple(dict.fromkeys(name for form in self.forms.values() for name in getattr(form, field)))
            for field in ("answer", "confidence")
        )
        return replace(own, answer=answer, confidence=confidence)

    def expects(self, n: int) -> bool:
        """Whether its data may have so many rows."""
        return self.expected_n is None or self.expected_n[0] <= n <= self.expected_n[1]

    def expected_rows(self, to: str = "–") -> str:
        """How many rows its data should have, such as `994` or `90–99`; empty if that is unknown."""
        return to.join(map(str, dict.fromkeys(self.expected_n or ())))

    def is_named(self, name: str) -> bool:
        """Whether data or responses mean this task by a name: its id, display name or a further one.

        Case, hyphen or underscore, and lm-eval's prefix make no difference.
        """
        return plain_name(name) in {plain_name(known) for known in (self.id, self.display, *self.names)}


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of tasks whose rows are pooled; of groups, it is a benchmark."""

    id: str  # such as id_ver
    display: str  # the name in tables, such as ID VER
    members: tuple[str, ...]  # ids of tasks, or of groups
    path: Path
    headline: Headline | None = None  # None for its rows, pooled
    content: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)  # what the file says


AUTO = "auto"
"""The prompt profile that follows the data: see `Task.prompt`."""


def plain_name(name: str) -> str:
    """A task's name as names are compared: `FI-8`, `fi_8` and `vecbench_fi_8` are one."""
    return without_prefix(name.strip().casefold().replace("-", "_"))


def without_prefix(name: str) -> str:
    """The id behind a name that lm-eval knows: `vecbench_fi_8` → `fi_8`."""
    return name.removeprefix(PREFIX)
