"""An entry of a leaderboard: one JSON file, one model measured once."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from vecbench.answers import known_metrics
from vecbench.errors import DataError, nearest
from vecbench.leaderboard.columns import counts_right
from vecbench.leaderboard.control import ControlEffect, EntryControl
from vecbench.leaderboard.outcomes import TaskOutcomes, TaskTargets, require_shared_alike
from vecbench.leaderboard.record import (
    Date,
    Identifier,
    Link,
    Note,
    Record,
    Sha256,
    ShortText,
    content_of,
    validated,
)
from vecbench.leaderboard.value import Finite, Value
from vecbench.scoring.reading_health import is_too_much
from vecbench.scoring.scores import ALL_ROWS, OVERALL, Pool
from vecbench.strict_json import parse_json

MAX_ENTRY = 2**20
_STEM = re.compile(r"[a-z0-9][A-Za-z0-9._-]*")
Badge = Literal["verified", "scores only", "reported"]
"""What an entry is shown as: a verified one whose samples were not held against the data is "scores only"."""
MOST = 10**9
"""Of anything that is counted."""
WholeNumber = Annotated[int, Field(ge=0, le=MOST)]
Seed = Annotated[int, Field(gt=-(2**64), lt=2**64)]
CHECKS = ("sample ids", "images", "prompts", "keys")
"""What of a submission, beside its scores, can be checked, in words."""


def _known(metrics: dict[str, Value]) -> dict[str, Value]:
    known = known_metrics()
    for key, said in metrics.items():
        if key not in known:
            raise ValueError(
                f"unknown metric {key!r}; is it of a package that is not installed? {nearest(key, known)}"
            )
        least, most = known[key].range
        for each in (said.value, said.low, said.high):
            if each is not None and not least <= each <= most:
                raise ValueError(f"{key} is {each}, which is not from {least:g} to {most:g}")
    return metrics


Metrics = Annotated[dict[Identifier, Value], AfterValidator(_known)]


class RowMetrics(Record):
    """Metrics over rows: of a task, or of a group pooled.

    `n` and `correct` are rows; None where a source does not say them, `correct` too where no answer is right
    or wrong. `unread` are responses whose answer was not read, which count as wrong; None if all were.
    `subsets` are column of the data → its values → metrics of their rows; `headline` is the number that the
    benchmark prints where it is not that of the rows, a value of the first metric of their answers.
    """

    n: Annotated[int, Field(ge=1, le=MOST)] | None = None
    correct: WholeNumber | None = None
    unread: WholeNumber | None = None
    metrics: Metrics = Field({})
    subsets: dict[ShortText, dict[ShortText, Metrics]] = Field({})
    headline: Value | None = None

    @model_serializer(mode="wrap")
    def _without_empty_subsets(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        said: dict[str, Any] = written(self)
        if not self.subsets:
            said.pop("subsets", None)
        return said

    @property
    def is_mostly_unread(self) -> bool:
        """Whether too many answers were not read for the scores to say much of the model."""
        return self.n is not None and is_too_much(self.unread or 0, self.n)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.correct is None:
            return self
        if self.n is None or self.correct > self.n:
            raise ValueError("correct needs an n that is not smaller")
        share = self.correct / self.n
        for key, said in self.metrics.items():
            # Sources print percent with two decimals.
            if counts_right(known_metrics()[key]) and not math.isclose(said.value, share, abs_tol=5.1e-5):
                raise ValueError(f"{key} is not {self.correct}/{self.n}")
        return self


class GroupMetrics(Record):
    """Metrics of a group: over its pooled rows, and as the unweighted mean of its tasks (macro)."""

    pooled: RowMetrics = RowMetrics()
    macro: Metrics = Field({})


class EntryModel(Record):
    """What was measured. `id` is what the run called it: a Hugging Face id or a folder's name.

    `key` is what tells the same model across benchmarks and entries; without one that is its name. `baseline`
    is said of what is no model: a guess, or a constant answer.
    """

    name: ShortText
    key: ShortText | None = None
    baseline: Literal[True] | None = None
    link: Link | None = None
    id: ShortText | None = None
    revision: ShortText | None = None


class Source(Record):
    """Where the numbers come from."""

    name: ShortText
    link: Link | None = None


class Decoding(Record):
    """How answers were drawn; None where a source does not say it."""

    temperature: Finite | None = None
    top_p: Finite | None = None
    max_tokens: WholeNumber | None = None
    seed: Seed | None = None
    repeats: int = Field(1, ge=1, le=MOST)
    top_k: WholeNumber | None = None  # this and what follows is None too where it is the default
    min_p: Finite | None = None
    repetition_penalty: Finite | None = None
    thinking_budget: WholeNumber | None = None


class MadeWith(Record):
    """What computed an entry: the version of vecbench, and the version of every metric that it looked for."""

    vecbench: ShortText
    metrics: dict[Identifier, Annotated[int, Field(ge=1, le=MOST)]]


class Checked(Record):
    """What of a submission could be checked against something that its author has no hold on.

    Attributes:
        scores: Recomputed from the responses.
        sample_ids: The ids and targets are those of the data, not only as many.
        images: Every image's hash is that of the data's image.
        prompts: Every prompt's hash is that of the prompt which the task renders.
        keys: Every response's key is that of the claimed model, settings, prompt and image.
    """

    scores: Literal[True] = True
    sample_ids: bool
    images: bool
    prompts: bool
    keys: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """What was not checked, in words."""
        return tuple(name for name in CHECKS if not getattr(self, name.replace(" ", "_")))


class Entry(Record):
    """An entry.

    Attributes:
        kind: "verified": recomputed by vecbench from the responses. "reported": what a source says.
        prompts: Prompt profiles, those that any task used.
        protocol: How responses were read; None where a source does not say it.
        errors: Samples without a response; they count as wrong.
        control: What a run without the images shows; None where none was handed in.
        outcomes: By task; what two models are compared by.
        targets: By task, of those whose answers are right or wrong; empty in entries of earlier versions.
        submission_sha256: Of the submission's responses.jsonl; the entry's file is named after it.
        responses_sha256: Of what the responses say, however the file orders and spells them; see
            `vecbench.leaderboard.samples.responses_digest`.
        made_with: None in reported entries, and in those of version 0.1.
        further: Of a reported entry, numbers that no metric here is, by what its source says they are.
    """

    schema_: Literal["vecbench.entry/1"] = Field("vecbench.entry/1", alias="schema")
    benchmark: Identifier
    kind: Literal["verified", "reported"]
    model: EntryModel
    date: Date | None = None
    source: Source
    protocol: Identifier | None = None
    prompts: list[Identifier] = Field([])
    decoding: Decoding = Decoding()
    checked: Checked | None = None
    errors: WholeNumber | None = None
    tasks: dict[Identifier, RowMetrics] = Field({})
    groups: dict[Identifier, GroupMetrics] = Field({})
    overall: GroupMetrics = GroupMetrics()
    control: EntryControl | None = None
    outcomes: dict[Identifier, TaskOutcomes] = Field({})
    targets: dict[Identifier, TaskTargets] = Field({})
    submission_sha256: Sha256 | None = None
    responses_sha256: Sha256 | None = None
    made_with: MadeWith | None = None
    further: dict[ShortText, Finite] = Field({})
    notes: list[Note] = Field([])

    @model_validator(mode="after")
    def _verified_is_complete(self) -> Self:
        own = (
            *("checked", "control", "outcomes", "targets"),
            *("submission_sha256", "responses_sha256", "made_with"),
        )
        if self.kind == "reported":
            if any(getattr(self, name) for name in own):
                raise ValueError(f"a reported entry has no {', '.join(own[:-1])} or {own[-1]}")
            return self
        if self.further:
            raise ValueError("a verified entry has no further numbers")
        if self.checked is None or self.submission_sha256 is None:
            raise ValueError("a verified entry needs checked and submission_sha256")
        for name, outcomes in self.outcomes.items():
            rows = self.tasks.get(name)
            if rows is None or (outcomes.n, outcomes.correct) != (rows.n, rows.correct):
                raise ValueError(f"the outcomes of {name} contradict its scores")
        require_shared_alike(self.outcomes)
        self._require_control_of_these_rows()
        for name, targets in self.targets.items():
            n = self.tasks[name].n if name in self.tasks else None
            if n is None or targets.most_frequent > n or sum(targets.candidates.values()) not in {0, n}:
                raise ValueError(f"the targets of {name} contradict its scores")
        return self

    def _require_control_of_these_rows(self) -> None:
        if self.control is None:
            return
        if odd := self.control.groups.keys() ^ self.groups.keys():
            raise ValueError(f"control and scores are not both of the group {min(odd)}")
        for block in (ALL_ROWS, *map(Pool, self.groups)):
            effect, n = self.effect(block), self.scores(block).pooled.n
            if effect is None or effect.n != n:
                of = block.group or OVERALL
                raise ValueError(f"control.{of}.n is {effect and effect.n}, that of the scores {n}")

    def scores(self, block: Pool) -> GroupMetrics:
        """Of a group, or of everything; empty if it has none."""
        return self.overall if block.group is None else self.groups.get(block.group) or GroupMetrics()

    def effect(self, block: Pool) -> ControlEffect | None:
        """What its control shows of a group, or of everything; None without one."""
        if self.control is None:
            return None
        return self.control.overall if block.group is None else self.control.groups.get(block.group)

    def stays(self, block: Pool) -> bool:
        """Whether its control shows that confidence does not fall there without the image."""
        effect = self.effect(block)
        return effect is not None and effect.stays

    @property
    def metric_versions(self) -> Mapping[str, int]:
        """The metrics that it was made with → version; those of version 0.1 were the first ones."""
        if self.made_with is not None:
            return self.made_with.metrics
        groups = [self.overall, *self.groups.values()]
        rows = [*self.tasks.values(), *(group.pooled for group in groups)]
        return dict.fromkeys((key for each in rows for key in each.metrics), 1)

    @property
    def badge(self) -> Badge:
        """What it is shown as, and ranked among."""
        if self.checked is None:
            return "reported"
        return "scores only" if self.checked.missing else "verified"

    @property
    def responses_digests(self) -> set[str]:
        """What tells its responses apart; two entries that have one in common are of the same responses."""
        return {each for each in (self.submission_sha256, self.responses_sha256) if each is not None}

    def as_json(self) -> str:
        """The text of its file; what is None or empty is left out."""
        said = self.model_dump(by_alias=True, exclude_none=True)
        kept = {key: value for key, value in said.items() if value not in ({}, [])}
        return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def read_entry(path: Path) -> Entry:
    """The entry in a file."""
    return validated(Entry, parse_json(content_of(path, MAX_ENTRY), str(path)), str(path))


def read_entries(folder: Path) -> dict[str, Entry]:
    """The entries of a leaderboard's folder: file name without its ending → entry, sorted by it."""
    entries = {}
    for path in sorted((folder / "entries").glob("*.json")):
        # Names are shown, and a spreadsheet takes one that begins with "=" for a formula.
        if not _STEM.fullmatch(path.stem):
            raise DataError(
                f"{folder}: the name of the entry {path.name!r:.100} is not allowed",
                "Letters, digits, dots, - and _, the first a small letter or a digit.",
            )
        entries[path.stem] = entry = read_entry(path)
        if entry.submission_sha256 is not None and not path.stem.endswith(f"-{entry.submission_sha256[:8]}"):
            raise DataError(
                f"{path}: the name of a verified entry ends in the first digits of its submission_sha256, "
                f"here -{entry.submission_sha256[:8]}",
                "Give it back the name that vecbench leaderboard check --write gave it.",
            )
    benchmarks = sorted({entry.benchmark for entry in entries.values()})
    if len(benchmarks) > 1:
        raise DataError(
            f"{folder} has entries of {' and '.join(benchmarks)}", "One leaderboard is of one benchmark."
        )
    seen: dict[str, str] = {}
    for name, entry in entries.items():
        for digest in entry.responses_digests:
            other = seen.setdefault(digest, name)
            if other != name:
                raise DataError(
                    f"{folder}: {other} and {name} are of the same responses", "Remove one of them."
                )
    return entries
