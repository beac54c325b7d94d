"""What a run is going to do, in a few lines of text, however many tasks it has."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Literal

from vecbench.console import counted
from vecbench.engines import Sampling
from vecbench.escaping import printable
from vecbench.run.plan import RunPlan, TaskRun
from vecbench.samples import Sample
from vecbench.store import RunDirectory
from vecbench.tasks.prompt_check import asks_for_confidence
from vecbench.tasks.prompts import prompt_of

Detail = Literal["all", "little", "nothing"]
"""How much is said of a run that goes as it should."""

MOST_NAMED = 3
"""So many tasks of one setting are named where others have another one; more are counted."""
MOST_LINES = 8
"""So many lines of the first prompt are shown."""
_INDENT = 10


def overview(
    plan: RunPlan, directory: RunDirectory, samples: Mapping[str, int], detail: Detail, width: int
) -> Iterator[str]:
    """The lines; what all tasks have in common is said once.

    Args:
        plan: What is to be done.
        directory: Where its responses go.
        samples: Task id → how many it has.
        detail: "little" is one line, "nothing" none.
        width: Of a line, in characters; a path may be longer.
    """
    if detail == "nothing":
        return
    where = printable(f"→ {directory.path}")
    if detail == "little":
        shown = "" if plan.control is None else f", control {plan.control.title}"
        yield f"{plan.model.name} on {', '.join(samples)}{shown} {where}"
        return
    first = {each.task.id: _first_asked(each, plan.limit) for each in plan.tasks}
    yield f"{printable(plan.model.name)} {where}"
    limited = f" (at most {plan.limit:,} a task)" if plan.limit else ""
    several = f", {plan.repeats} answers to each" if plan.repeats > 1 else ""
    named = ", ".join(f"{name} {count:,}" for name, count in samples.items())
    yield from _about(
        "tasks", f"{counted(sum(samples.values()), 'sample')}{limited}{several}: {named}", width
    )
    yield from _about("data", _grouped({each.task.id: each.data.name for each in plan.tasks}), width)
    if plan.control is not None:
        yield from _about("control", plan.control.said, width)
    prompts = {each.task.id: _prompt(each, first[each.task.id][1]) for each in plan.tasks}
    yield from _about("prompt", _grouped(prompts), width)
    sampling = {each.task.id: _sampling(each.sampling, plan.seed) for each in plan.tasks}
    yield from _about("sampling", _grouped(sampling), width)
    settings = {**plan.pixel_limits, **plan.answer_settings}
    if settings:
        yield from _about("settings", ", ".join(f"{name}={value}" for name, value in settings.items()), width)
    name = plan.tasks[0].task.id
    sample, prompt = first[name]
    if sample is not None:
        yield from _about("first", f"{name}, {counted(len(sample.images), 'image')} and this prompt:", width)
        yield from _clipped(prompt, width)


def _first_asked(task_run: TaskRun, limit: int | None) -> tuple[Sample | None, str]:
    """The first sample that can be asked about, with its prompt."""
    for sample in task_run.data.samples(task_run.task, limit):
        prompt, fault = prompt_of(task_run.task, task_run.profile, sample)
        if fault is None:
            return sample, prompt
    return None, ""


def _prompt(task_run: TaskRun, prompt: str) -> str:
    asks = asks_for_confidence(prompt, task_run.task.form_of(task_run.profile))
    return f"{task_run.profile}, which asks for {'a' if asks else 'no'} confidence"


def _sampling(sampling: Sampling, seed: int) -> str:
    """In words; a setting that is as it is by default is left out, but for temperature and length."""
    greedy = sampling.temperature == 0
    said = ["greedy (temperature 0)" if greedy else f"temperature {sampling.temperature:g}, seed {seed}"]
    for each in fields(Sampling):
        value = getattr(sampling, each.name)
        if each.name not in {"temperature", "max_tokens", "seed"} and value != each.default:
            said.append(f"{each.name} {', '.join(map(repr, value)) if isinstance(value, tuple) else value}")
    return ", ".join([*said, f"at most {counted(sampling.max_tokens, 'token')}"])


def _grouped(values: Mapping[str, str]) -> str:
    """What tasks have, and where they differ, which of them has which."""
    by_value: dict[str, list[str]] = {}
    for task, value in values.items():
        by_value.setdefault(value, []).append(task)
    if len(by_value) == 1:
        return next(iter(by_value))
    return "; ".join(
        f"{', '.join(tasks) if len(tasks) <= MOST_NAMED else counted(len(tasks), 'task')}: {value}"
        for value, tasks in by_value.items()
    )


def _about(name: str, text: str, width: int) -> Iterator[str]:
    """The text behind its name, on as many lines as it takes."""
    indent = " " * _INDENT
    yield from textwrap.wrap(
        printable(text),
        width,
        initial_indent=name.ljust(_INDENT),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _clipped(prompt: str, width: int) -> Iterator[str]:
    """The prompt's own lines, wrapped; in the middle of a long one a note of what is left out."""
    lines = [
        f"  {part}"
        for line in prompt.splitlines()
        for part in (textwrap.wrap(printable(line), width - 2, break_on_hyphens=False) or [""])
    ]
    if len(lines) <= MOST_LINES:
        yield from lines
        return
    # The end says, as a rule, what form an answer is to have.
    head, tail = MOST_LINES // 2, MOST_LINES // 2 - 1
    yield from lines[:head]
    yield f"  … {counted(len(lines) - head - tail, 'line')} of {counted(len(prompt), 'character')} …"
    yield from lines[-tail:]
