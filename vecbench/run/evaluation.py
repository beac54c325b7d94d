"""From what somebody asks for, a model and the names of tasks, to a run that is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from vecbench.engines import (
    AnswerSettings,
    Engine,
    EngineChoice,
    answer_settings,
    check_engine,
    choose_engine,
    create_engine,
    require_options,
)
from vecbench.engines.arguments import OpenAIArguments
from vecbench.errors import Interrupted, RunError, UsageError
from vecbench.escaping import printable
from vecbench.models import (
    Model,
    base_of,
    folder_name,
    is_adapter,
    resolve_model,
    served_model,
    with_adapter,
)
from vecbench.run.control import control_of
from vecbench.run.default_directory import default_directory
from vecbench.run.estimate import Estimate, Price, estimated
from vecbench.run.plan import SYSTEM_PROMPT, RunPlan, TaskRun
from vecbench.run.sampling import task_sampling, with_settings
from vecbench.run.session import RunObserver, RunOutcome, outstanding, run
from vecbench.samples import DataSource, open_data
from vecbench.samples.check import unread_row_warnings
from vecbench.samples.observer import CountObserver
from vecbench.store import Control, RunDirectory
from vecbench.tasks import Catalogue, Task
from vecbench.tasks.prompts import prompt_profile


@dataclass(frozen=True)
class RunOptions:
    """What somebody asks a run to do; None stands for what the task, or vecbench, chooses."""

    model: str  # a checkpoint directory, a Hugging Face model id, or the name that an endpoint serves
    tasks: str  # ids of tasks, groups and benchmarks, with commas between them
    engine: str = "auto"
    arguments: Mapping[str, Any] | None = None  # of the engine
    data: str | Path | None = None  # a folder, a table, or a dataset on the Hugging Face Hub
    columns: Mapping[str, str] | None = None  # what that calls its columns: ours → theirs
    prompt: str | None = None
    generation: Mapping[str, Any] | None = None  # named as in lm-eval
    limit: int | None = None  # samples of each task, at least 1
    repeats: int = 1
    seed: int = 0
    output: Path | None = None
    score_options: bool = False  # of each label or letter, how probable it is as the answer
    system_prompt: str | None = None  # what a system turn before every question says
    token_confidence: bool | None = None  # None: of no endpoint, many of which refuse it or charge for it
    control: str | None = None  # what is shown in place of every image: blank, grey or shuffled
    corrupt: str | None = None  # how every image is made worse: NAME:STRENGTH


class Watcher(Protocol):
    """Somebody who watches all of it: the command line, say."""

    def stage(self, doing: str, done: str) -> AbstractContextManager[object]:
        """Something that may take a while goes on until the block ends: said as it goes on, and once done."""

    def loading(self, model: str, engine: str) -> AbstractContextManager[object]:
        """An engine is made until the block ends."""

    def downloading(self) -> AbstractContextManager[CountObserver]:
        """Watches images that are downloaded while it is entered."""

    def chosen(self, choice: EngineChoice) -> None:
        """This is the engine that "auto" takes."""

    def generating(self, plan: RunPlan, directory: RunDirectory) -> AbstractContextManager[RunObserver]:
        """Nothing is wrong with the options: watches the run while it is entered."""


@dataclass(frozen=True)
class DryRun:
    """What a run would do."""

    directory: RunDirectory
    engine: EngineChoice
    asked: int  # responses that it wants, those that are stored already among them
    downloads: int  # images that it would download
    control: Control | None  # what it would show in place of images
    estimate: Estimate


def evaluate(
    options: RunOptions, catalogue: Catalogue, watcher: Watcher, go_on: str
) -> tuple[RunDirectory, RunOutcome]:
    """Generates and stores what a run is to have, with the images that are to be downloaded for it.

    Args:
        options: What it is to do.
        catalogue: Brings the tasks.
        watcher: Told of everything as it happens.
        go_on: The remedy of a fault after which it can be gone on with.

    Raises:
        UsageError: Something that is asked for does not exist or contradicts itself.
        VecbenchError: As for `run`.
    """
    arguments = dict(options.arguments or {})
    with watcher.downloading() as counter:
        plan = _checked(options, arguments, catalogue, watcher, counter)
        # Last: everything that could be wrong with the options has been checked.
        for source, tasks in _tasks_by_source(plan).items():
            source.fetch(tasks, options.limit, counter)
    model, directory = plan.model, _directory(options, plan)

    def make_engine() -> Engine:
        # The commit that was looked up, not the branch: it may move before the engine loads it.
        given = arguments if model.commit is None else arguments | {"revision": model.commit}
        budgeted = any(each.sampling.thinking_budget is not None for each in plan.tasks)
        images = plan.most_images()
        with ExitStack() as stage:

            def begin(engine: str) -> None:
                if engine != "openai":  # which has nothing to load
                    stage.enter_context(watcher.loading(model.name, engine))

            def chosen(choice: EngineChoice) -> None:
                stage.close()
                watcher.chosen(choice)
                begin(choice.name)

            if options.engine == "auto":
                stage.enter_context(watcher.stage("choosing the engine", "chosen"))
            else:
                begin(options.engine)
            return create_engine(options.engine, model.source, given, chosen, images, budgeted=budgeted)

    try:
        with watcher.generating(plan, directory) as observer:
            return directory, run(plan, make_engine, directory, observer)
    except (Interrupted, RunError) as fault:
        if not fault.remedy and (isinstance(fault, Interrupted) or directory.has_responses()):
            fault.remedy = go_on
            fault.add_note(go_on)  # for whoever meets the traceback
        raise


def dry_run(options: RunOptions, catalogue: Catalogue, watcher: Watcher) -> DryRun:
    """What `evaluate` would do, checked as it checks it: nothing is loaded or written, no image downloaded.

    Raises:
        VecbenchError: As for `evaluate`, before its engine is made.
    """
    arguments = dict(options.arguments or {})
    with watcher.downloading() as counter:
        plan = _checked(options, arguments, catalogue, watcher, counter)
    downloads = sum(source.to_fetch(tasks, options.limit) for source, tasks in _tasks_by_source(plan).items())
    directory = _directory(options, plan)
    if options.engine == "openai":  # which looks for its address and contacts nobody
        create_engine(options.engine, plan.model.source, arguments).close()
    choice = EngineChoice(options.engine)
    if options.engine == "auto":
        with watcher.stage("choosing the engine", "chosen"):
            choice = choose_engine(plan.model.source, arguments)
    with watcher.generating(plan, directory) as observer:
        asked, requests = outstanding(plan, directory, observer, downloads=downloads > 0)
        with observer.stage("reading the images", "read"):
            estimate = estimated(requests, plan.model, plan.pixel_limits, downloads=downloads > 0)
    return DryRun(directory, choice, asked, downloads, plan.control, estimate)


def price_of(options: RunOptions) -> Price | None:
    """What an endpoint takes, where it was given."""
    if options.engine != "openai":
        return None
    return OpenAIArguments.parsed(options.arguments or {}).price


def _checked(
    options: RunOptions,
    arguments: dict[str, Any],
    catalogue: Catalogue,
    watcher: Watcher,
    counter: CountObserver,
) -> RunPlan:
    """What is to be done, once everything that could be wrong with the options has been checked.

    An adapter that is named as the model is put into the `arguments`.
    """
    for name, count in (("limit", options.limit), ("repeats", options.repeats)):
        if count is not None and count < 1:
            raise UsageError(f"--{name} {count} is not possible", "At least 1 is expected.")
    control = control_of(options.control, options.corrupt, options.seed)
    if options.score_options:
        require_options(options.engine)
    tasks = catalogue.select(options.tasks)
    with watcher.stage(f"looking at {printable(options.model)}", "looked at it"):
        model = _checked_model(options, arguments)
    with watcher.stage("reading the data", "read"):
        sources = _sources(tasks, options, counter)
        settings = _with_system_prompt(answer_settings(arguments), options.system_prompt)
        plan = _plan(options, tasks, model, sources, settings)
        asked = options.engine != "openai" if options.token_confidence is None else options.token_confidence
        plan = replace(
            plan,
            groups=tuple(catalogue.groups.values()),
            token_confidence=asked,
            score_options=options.score_options,
            control=control,
        )
        for source in dict.fromkeys(sources.values()):
            for warning in unread_row_warnings(source, catalogue):
                counter.warned(warning)
    return plan


def _checked_model(options: RunOptions, arguments: dict[str, Any]) -> Model:
    """The model that is named, with its adapter; one that is named itself is put into the `arguments`."""
    named = options.model
    if options.engine == "openai":
        check_engine(options.engine, named, arguments)
        return served_model(named, arguments.get("revision"))
    adapted = is_adapter(named)
    if adapted:
        if arguments.get("lora") is not None:
            other = arguments["lora"]
            raise UsageError(f"{named} is an adapter, and lora={other} another", "Give one of them.")
        arguments["lora"], named = named, base_of(named)
    check_engine(options.engine, named, arguments)
    try:
        model = resolve_model(named, arguments.get("revision"))
    except UsageError as fault:
        if adapted:
            fault.remedy = (
                f"{options.model} names it as its base. Name another: -m MODEL -a lora={options.model}"
            )
        raise
    if arguments.get("lora") is not None:
        model = with_adapter(model, str(arguments["lora"]))
    return replace(model, name=folder_name(options.model)) if adapted else model


def _tasks_by_source(plan: RunPlan) -> dict[DataSource, list[Task]]:
    by_source: dict[DataSource, list[Task]] = {}
    for each in plan.tasks:
        by_source.setdefault(each.data, []).append(each.task)
    return by_source


def _directory(options: RunOptions, plan: RunPlan) -> RunDirectory:
    ids = [each.task.id for each in plan.tasks]
    return RunDirectory(
        options.output or default_directory(plan.model.name, options.tasks, ids, plan.control)
    )


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
        sampling = with_settings(task_sampling(task), options.generation or {})
        if options.repeats > 1 and sampling.temperature == 0:
            raise UsageError(
                f"--repeats {options.repeats}: {task.id} is decoded greedily, so every repeat would say the "
                "same",
                "Leave --repeats out, or sample: --gen-kwargs temperature=0.7.",
            )
        task_runs.append(TaskRun(task, source, profile, sampling))
    chosen = (options.seed, options.limit, options.repeats, settings.pixel_limits, settings.others)
    return RunPlan(model, tuple(task_runs), *chosen)


def _with_system_prompt(settings: AnswerSettings, text: str | None) -> AnswerSettings:
    if text is None:
        return settings
    if not text.strip():
        raise UsageError("--system-prompt is empty", "Leave it out for no system turn.")
    return replace(settings, others={**settings.others, SYSTEM_PROMPT: text})


def _sources(tasks: Iterable[Task], options: RunOptions, counter: CountObserver) -> dict[str, DataSource]:
    """Task id → where its samples are; tasks of the same folder share what was read of it."""
    opened: dict[str | Path, DataSource] = {}
    sources = {}
    for task in tasks:
        where = options.data or task.data
        if where is None:
            raise UsageError(
                f"the task {task.id} brings no data",
                "Give a folder with its images, or a dataset on the Hugging Face Hub: --data DIR.",
            )
        if where not in opened:
            opened[where] = open_data(where, counter, options.columns)
            if options.data:
                counter.noted(opened[where].recognised())
        sources[task.id] = opened[where]
    return sources
