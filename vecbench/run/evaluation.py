"""From what somebody asks for, a model and the names of tasks, to a run that can begin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecbench.engines import (
    AnswerSettings,
    Engine,
    EngineChoice,
    Sampling,
    answer_settings,
    check_engine,
    create_engine,
)
from vecbench.errors import UsageError
from vecbench.models import Model, resolve_model, served_model, with_adapter
from vecbench.run.generation import with_generation_settings
from vecbench.run.plan import RunPlan, TaskRun
from vecbench.samples import DataSource, open_data
from vecbench.samples.check import unread_row_warnings
from vecbench.samples.observer import CountObserver
from vecbench.store import RunDirectory
from vecbench.tasks import Catalogue, Task
from vecbench.tasks.prompts import prompt_profile


@dataclass(frozen=True)
class RunOptions:
    """What somebody asks a run to do; None stands for what the task, or vecbench, chooses.

    Attributes:
        model: A checkpoint directory, a Hugging Face model id, or the name that an endpoint serves.
        tasks: Ids of tasks, groups and benchmarks, with commas between them.
        engine: A key of `ENGINES`, or "auto".
        arguments: Of the engine.
        data: A folder, a table, or a dataset on the Hugging Face Hub.
        prompt: A prompt profile.
        generation: Generation settings, named as in lm-eval.
        limit: Samples of each task, at least 1.
        repeats: Answers to each sample, at least 1.
        seed: Seeds every answer.
        output: The run's directory.
    """

    model: str
    tasks: str
    engine: str = "auto"
    arguments: Mapping[str, Any] | None = None
    data: str | Path | None = None
    prompt: str | None = None
    generation: Mapping[str, Any] | None = None
    limit: int | None = None
    repeats: int = 1
    seed: int = 0
    output: Path | None = None


@dataclass(frozen=True)
class Evaluation:
    """A run that can begin: what can be wrong with its options has been checked.

    Attributes:
        plan: What it is to do.
        make_engine: Loads the model.
        directory: Where it lives.
    """

    plan: RunPlan
    make_engine: Callable[[], Engine]
    directory: RunDirectory


def evaluation(
    options: RunOptions,
    catalogue: Catalogue,
    watching: AbstractContextManager[CountObserver],
    chosen: Callable[[EngineChoice], None],
) -> Evaluation:
    """The run that is asked for, with the images that are to be downloaded for it.

    Args:
        options: What it is to do.
        catalogue: Brings the tasks.
        watching: Enters somebody who watches the download.
        chosen: Told which engine "auto" takes.

    Raises:
        UsageError: Something that is asked for does not exist or contradicts itself.
        DataError: The samples cannot be used.
    """
    for name, count in (("limit", options.limit), ("repeats", options.repeats)):
        if count is not None and count < 1:
            raise UsageError(f"--{name} {count} is not possible", "At least 1 is expected.")
    arguments = dict(options.arguments or {})
    tasks = catalogue.select(options.tasks)
    find_model = served_model if options.engine == "openai" else resolve_model
    check_engine(options.engine, options.model, arguments)
    model = find_model(options.model, arguments.get("revision"))
    if "lora" in arguments:
        model = with_adapter(model, str(arguments["lora"]))
    with watching as counter:
        sources = _sources(tasks, options.data, counter)
        plan = _plan(options, tasks, model, sources, answer_settings(arguments))
        # Last: everything that could be wrong with the options has been checked.
        for source in dict.fromkeys(sources.values()):
            for warning in unread_row_warnings(source, catalogue):
                counter.warned(warning)
            source.fetch([task for task in tasks if sources[task.id] is source], options.limit, counter)
    directory = RunDirectory(options.output or Path("results") / model.name.replace("/", "__"))

    def make_engine() -> Engine:
        # The commit that was looked up, not the branch: it may move before the engine loads it.
        loaded = arguments if model.commit is None else arguments | {"revision": model.commit}
        return create_engine(options.engine, model.source, loaded, chosen, plan.most_images())

    return Evaluation(plan, make_engine, directory)


def _plan(
    options: RunOptions,
    tasks: Sequence[Task],
    model: Model,
    sources: Mapping[str, DataSource],
    settings: AnswerSettings,
) -> RunPlan:
    task_runs = []
    for task in tasks:
        source = sources[task.id]
        profile = prompt_profile(task, options.prompt, own_prompts=source.brings_prompts(task))
        own = Sampling(task.temperature, task.top_p, task.max_tokens, task.stop)
        sampling = with_generation_settings(own, options.generation or {})
        if options.repeats > 1 and sampling.temperature == 0:
            raise UsageError(
                f"--repeats {options.repeats}: {task.id} is decoded greedily, so every repeat would say the "
                "same",
                "Leave --repeats out, or sample: --gen-kwargs temperature=0.7.",
            )
        task_runs.append(TaskRun(task, source, profile, sampling))
    return RunPlan(
        model,
        tuple(task_runs),
        options.seed,
        options.limit,
        options.repeats,
        settings.pixel_limits,
        settings.others,
    )


def _sources(tasks: Iterable[Task], data: str | Path | None, counter: CountObserver) -> dict[str, DataSource]:
    """Task id → where its samples are; tasks of the same folder share what was read of it."""
    opened: dict[str | Path, DataSource] = {}
    sources = {}
    for task in tasks:
        where = data or task.data
        if where is None:
            raise UsageError(
                f"the task {task.id} brings no data",
                "Give a folder with its images, or a dataset on the Hugging Face Hub: --data DIR.",
            )
        if where not in opened:
            opened[where] = open_data(where, counter)
        sources[task.id] = opened[where]
    return sources
