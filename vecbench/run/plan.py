"""What a run is to do, and the key of each of its responses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vecbench.digests import sha256_of
from vecbench.engines import Request, Sampling
from vecbench.models import Model
from vecbench.parsing.form import Form
from vecbench.run.option_place import option_prefix
from vecbench.samples import DataSource, Sample
from vecbench.store import Control
from vecbench.tasks import Group, Task

SYSTEM_PROMPT = "system_prompt"
"""The name of the system prompt among a run's answer settings."""

NO_OPTIONS = "no options are scored: what it asks for is none of a closed list of labels or letters"


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task of a run, with everything that was chosen for it."""

    task: Task
    data: DataSource
    profile: str  # of its prompts
    sampling: Sampling  # the seed is replaced request by request

    @property
    def form(self) -> Form:
        """How answers are written, as the prompt asks for them."""
        return self.task.form_of(self.profile)

    def options_of(self, candidates: Sequence[str]) -> tuple[str, ...]:
        """What answers to a sample with these candidates are written as; empty where that is not known."""
        return self.task.answers.asked_in(self.form).spelt_options(candidates)

    def with_options(self, request: Request, options: tuple[str, ...], candidates: Sequence[str]) -> Request:
        """A request that asks for options too, where there are any; see `option_prefix` for their place."""
        if not options:
            return request
        place = option_prefix(request.prompt, candidates, self.task.answers, self.form)
        return replace(request, options=options, option_prefix=place)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run is to do."""

    model: Model
    tasks: tuple[TaskRun, ...]  # in the order of their generation
    seed: int = 0  # seeds every request, together with its sample and repeat
    limit: int | None = None  # samples of each task, from the first on; None for all
    repeats: int = 1
    pixel_limits: Mapping[str, int] = field(default_factory=dict)  # see `AnswerSettings`
    answer_settings: Mapping[str, Any] = field(default_factory=dict)  # its `others`, and the system prompt
    token_confidence: bool = False  # whether engines are asked what the model gave each token
    score_options: bool = False  # no part of any key: answers do not depend on it
    groups: tuple[Group, ...] = ()  # of tasks, of whatever tasks: a run keeps the files of those that it has
    control: Control | None = None  # what is shown in place of every image

    @property
    def system_prompt(self) -> str | None:
        """What a system turn before every question says; None for no such turn."""
        return self.answer_settings.get(SYSTEM_PROMPT)

    def most_images(self) -> int:
        """The most images that a sample has, of any of its tasks; 1 if none has any."""
        samples = (sample for each in self.tasks for sample in each.data.samples(each.task, self.limit))
        return max((len(sample.images) for sample in samples if sample.fault is None), default=1)


def response_key(
    plan: RunPlan,
    sampling: Sampling,
    sample: Sample,
    prompt: str,
    image_sha256: str | None,
    repeat: int,
    shown_sha256: str | None = None,
) -> str:
    """SHA-256 of everything that a response depends on, engine and machine aside.

    Task, sample and target are in it too: two samples may share image and prompt and still need a
    line each, and a corrected target must not leave the old one in the file. Of several images the hash is
    `joined_sha256`; the seed is that of the plan. `shown_sha256` is of what a control shows in their place.
    """
    settings = {name: getattr(sampling, name) for name in ("temperature", "top_p", "max_tokens", "stop")}
    # What was not known before is absent where it is not used: keys stay what they were.
    settings |= sampling.further | {"seed": plan.seed if sampling.temperature > 0 else None}
    parts = {
        "model": plan.model.name,
        "revision": plan.model.revision,
        "sampling": settings,
        "prompt": prompt,
        "image": image_sha256,
        "pixel_limits": dict(plan.pixel_limits),
        "task": sample.task,
        "sample": sample.id,
        "target": sample.target,
        "candidates": list(sample.candidates),
        "repeat": repeat,
    }
    if sample.box is not None:
        parts["box"] = str(sample.box)
    if plan.answer_settings:  # absent, as in runs of versions that did not know them
        parts["answer_settings"] = dict(plan.answer_settings)
    if plan.control is not None:
        parts["control"] = plan.control.model_dump() | {"shown": shown_sha256}
    return sha256_of(json.dumps(parts, sort_keys=True))


def seeded(sampling: Sampling, seed: int, sample: Sample, repeat: int) -> Sampling:
    """The settings with a seed of their own for this sample and repeat: any answer can be had again."""
    digest = hashlib.sha256(json.dumps([seed, sample.task, sample.id, repeat]).encode()).digest()
    # 31 bits: every engine and every endpoint takes that much.
    return replace(sampling, seed=int.from_bytes(digest[:4], "big") >> 1)
