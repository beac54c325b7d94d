"""The text that goes with the images: the profiles of a task, and what a model gets of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from pydantic import TypeAdapter, ValidationError

from vecbench.answer_columns import holds_answer
from vecbench.errors import DataError, UsageError, nearest
from vecbench.parsing.form import Form
from vecbench.shipped import tasks_folder
from vecbench.tasks.schema import Profile, PromptProfile, TaskMetadata
from vecbench.tasks.task import AUTO, Task
from vecbench.tasks.templates import names_in, rendered
from vecbench.tasks.yaml_file import YamlFile, read_yaml

if TYPE_CHECKING:  # samples are those of tasks, so their package imports this one
    from vecbench.samples import Sample

_BOXED = {
    "drawn": "This is about the person in the red frame.",
    "cropped": "The image shows one person, cut out of a larger picture.",
}
"""What is said of boxes where a prompt does not."""

_PROFILE: TypeAdapter[PromptProfile] = TypeAdapter(Profile)


def prompt_profiles(file: YamlFile, metadata: TaskMetadata) -> Mapping[str, PromptProfile]:
    """The prompts by profile: of the task's file, the file that it names, or its answer kind."""
    prompts = metadata.prompts
    if prompts is None:
        return _default_prompts(metadata.specification.kind)
    if isinstance(prompts, str):
        profiles = read_yaml((file.path.parent / prompts).resolve())
        return _profiles(profiles.content, profiles.path)
    return prompts


def _default_prompts(kind: str) -> Mapping[str, PromptProfile]:
    """The prompts by profile of an answer kind; one of another package may have none."""
    path = tasks_folder() / "default_prompts.yaml"
    known = read_yaml(path).content
    if kind not in known:
        raise DataError(
            f"the answer kind {kind} has no prompts of its own", "Write `prompts: {standard: TEXT}`."
        )
    return _profiles(known[kind], path)


def _profiles(content: Mapping[str, Any], path: Path) -> Mapping[str, PromptProfile]:
    found = {}
    for name, said in content.items():
        try:
            found[name] = _PROFILE.validate_python(said)
        except ValidationError as invalid:
            error = invalid.errors()[0]
            key = ".".join(map(str, (name, *error["loc"])))
            problem = "not a text" if error["type"] == "model_type" else error["msg"]
            remedy = "A profile is a Jinja2 template, or {template: TEMPLATE, fields: {answer: NAME}}."
            raise DataError(f"{path}: {key}: {problem.removeprefix('Value error, ')}", remedy) from None
    return found


def forms(profiles: Mapping[str, PromptProfile], metadata: TaskMetadata) -> Mapping[str, Form]:
    """How answers are written, by profile."""
    scale = metadata.scale
    return {
        name: Form(
            reasoning=tuple(metadata.reasoning),
            answer=tuple(profile.fields.answer),
            confidence=tuple(profile.fields.confidence),
            lettered=profile.lettered,
            range=profile.range,
            levels=profile.levels,
            scale=profile.scale or (scale.get(name) if isinstance(scale, dict) else scale),
        )
        for name, profile in profiles.items()
    }


def prompt_profile(task: Task, profile: str | None, *, own_prompts: bool = False) -> str:
    """The name of the profile that a run uses: what was asked for, or the task's default."""
    name = profile or task.prompt
    if name == AUTO:
        name = "dataset" if own_prompts else "standard"
    if name not in task.prompts:
        raise UsageError(f"{task.id} has no prompt profile {name!r}", nearest(name, task.prompts))
    return name


def prompt_of(task: Task, profile: str, sample: Sample) -> tuple[str, str | None]:
    """The prompt of one sample, empty if there is none, and why the sample cannot be asked, if it cannot."""
    try:
        return render_prompt(task, profile, sample), sample.fault
    except DataError as fault:
        return "", sample.fault or fault.message.removeprefix(_at(task, sample))


def render_prompt(task: Task, profile: str, sample: Sample) -> str:
    """The prompt of one sample.

    The variables of the template are what the answer kind gives it (`labels`, `options` …), `noun`,
    `dataset_prompt`, `images` (how many there are), `boxed` (how the task shows boxes, if it does), and every
    column of the sample's row that says something and does not hold the target.

    Raises:
        DataError: The template names the target, or what the row has not; it fails, or yields nothing (such
            as `dataset` without a data prompt).
    """
    try:
        _require_no_answer(task, profile, sample)
        text = rendered(task.prompts[profile], _variables(task, profile, sample))
    except DataError:
        raise
    except Exception as fault:  # a template can fail in every way that Python can
        for name in names_in(task.prompts[profile]) if isinstance(fault, jinja2.UndefinedError) else ():
            if str(fault) == f"{name!r} is undefined":
                raise DataError(
                    f"{_at(task, sample)}the prompt profile {profile!r} needs {name!r}, and the row says "
                    "nothing of it",
                    f"Give the data a column {name}, or mend the template in {task.path}.",
                ) from None
        raise DataError(
            f"{task.path}: prompt profile {profile}: {fault}", "Mend the Jinja2 template."
        ) from None
    if task.box is not None and "boxed" not in names_in(task.prompts[profile]) and text.strip():
        text = f"{_BOXED[task.box]} {text.lstrip()}"
    if not text.strip():
        raise DataError(
            f"{_at(task, sample)}the prompt profile {profile!r} gives an empty prompt",
            "The data brings no prompt of its own: choose another profile with --prompt.",
        )
    return text.strip()


def needed_columns(task: Task, profile: str) -> frozenset[str]:
    """What a prompt profile names and only a row of the data can bring, its own prompt included."""
    try:
        names = names_in(task.prompts[profile])
    except jinja2.TemplateError as fault:
        raise DataError(f"{task.path}: prompt profile {profile}: {fault}") from None
    return names - {"noun", "images", "boxed", *task.answers.prompt_variables(task.labels)}


def _variables(task: Task, profile: str, sample: Sample) -> Mapping[str, Any]:
    columns = {
        name: value
        for name, value in sample.columns.items()
        if value not in (None, "") and not _is_answer(name, task, sample)
    }
    return {
        **columns,
        **task.answers.asked_on(task.form_of(profile).range).prompt_variables(sample.candidates),
        "noun": task.noun,
        "dataset_prompt": sample.prompt or "",
        "images": len(sample.images),
        **({} if task.box is None else {"boxed": task.box}),
    }


def _is_answer(name: str, task: Task, sample: Sample) -> bool:
    """Whether a column may hold the target, whichever of them it was taken from."""
    of_task = (task.answers.name, sample.target_column, *task.answers.target_columns(sample.columns))
    return name in of_task or holds_answer(name)


def _require_no_answer(task: Task, profile: str, sample: Sample) -> None:
    named = sorted(name for name in names_in(task.prompts[profile]) if _is_answer(name, task, sample))
    if named:
        raise DataError(
            f"{task.path}: the prompt profile {profile!r} names {named[0]!r}, which holds the true answer",
            "A prompt never says what is right: take the variable out of the template.",
        )


def _at(task: Task, sample: Sample) -> str:
    return f"{task.id}, sample {sample.id}: "
