"""The text that goes with the image."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from vecbench.errors import DataError, UsageError, nearest
from vecbench.tasks.task import AUTO, Task

if TYPE_CHECKING:  # samples are those of tasks, so their package imports this one
    from vecbench.samples import Sample


def prompt_profile(task: Task, profile: str | None, *, own_prompts: bool = False) -> str:
    """The name of the profile that a run uses for a task.

    Args:
        task: Brings the profiles and its own default.
        profile: What was asked for; None for the task's default.
        own_prompts: Whether the data brings its own prompts: what "auto" goes by.

    Raises:
        UsageError: The task has no such profile.
    """
    name = profile or task.prompt
    if name == AUTO:
        name = "dataset" if own_prompts else "standard"
    if name not in task.prompts:
        raise UsageError(f"{task.id} has no prompt profile {name!r}", nearest(name, task.prompts))
    return name


def prompt_of(task: Task, profile: str, sample: Sample) -> tuple[str, str | None]:
    """The prompt of one sample, and why the sample cannot be asked.

    Args:
        task: As for `render_prompt`.
        profile: Likewise.
        sample: Likewise.

    Returns:
        The prompt, empty if there is none; and the sample's own fault, or what is wrong with its prompt,
        or None if the sample can be asked.
    """
    try:
        return render_prompt(task, profile, sample), sample.fault
    except DataError as fault:
        return "", sample.fault or fault.message.removeprefix(_at(task, sample))


def render_prompt(task: Task, profile: str, sample: Sample) -> str:
    """The prompt of one sample.

    Args:
        task: Brings the template; its variables are `labels`, `noun` and `dataset_prompt`.
        profile: One of the task's profiles.
        sample: Brings the candidates and, if its data has one, the data's own prompt.

    Raises:
        DataError: The template fails, or yields nothing (such as `dataset` without a data prompt).
    """
    try:
        text = _template(task.prompts[profile]).render(
            labels=list(sample.candidates), noun=task.noun, dataset_prompt=sample.prompt or ""
        )
    except Exception as fault:  # a template can fail in every way that Python can
        raise DataError(
            f"{task.path}: prompt profile {profile}: {fault}", "Mend the Jinja2 template."
        ) from None
    if not text.strip():
        raise DataError(
            f"{_at(task, sample)}the prompt profile {profile!r} gives an empty prompt",
            "The data brings no prompt of its own: choose another profile with --prompt.",
        )
    return text.strip()


def _at(task: Task, sample: Sample) -> str:
    return f"{task.id}, sample {sample.id}: "


@lru_cache(maxsize=64)
def _template(source: str) -> jinja2.Template:
    # Sandboxed: task files come from strangers, and a template can reach into Python otherwise.
    return ImmutableSandboxedEnvironment(autoescape=False, undefined=jinja2.StrictUndefined).from_string(
        source
    )
