"""From what somebody asks for, a model and the names of tasks, to a run that is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from vecbench.engines import (
    AnswerSettings,
    Engine,
    EngineChoice,
    Sampling,
    answer_settings,
    check_engine,
    create_engine,
)
from vecbench.errors import Interrupted, RunError, UsageError, nearest
from vecbench.models import Model, resolve_model, served_model, with_adapter
from vecbench.run.plan import RunPlan, TaskRun
from vecbench.run.session import RunObserver, RunOutcome, run
from vecbench.samples import DataSource, open_data
from vecbench.samples.check import unread_row_warnings
from vecbench.samples.observer import CountObserver
from vecbench.store import RunDirectory
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
    prompt: str | None = None
    generation: Mapping[str, Any] | None = None  # named as in lm-eval
    limit: int | None = None  # samples of each task, at least 1
    repeats: int = 1
    seed: int = 0
    output: Path | None = None


class Watcher(Protocol):
    """Somebody who watches all of it: the command line, say."""

    def downloading(self) -> AbstractContextManager[CountObserver]:
        """Watches images that are downloaded while it is entered."""

    def chosen(self, choice: EngineChoice) -> None:
        """This is the engine that "auto" takes."""

    def generating(self, plan: RunPlan, directory: RunDirectory) -> AbstractContextManager[RunObserver]:
        """Nothing is wrong with the options: watches the run while it is entered."""


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
    with watcher.downloading() as counter:
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
        given = arguments if model.commit is None else arguments | {"revision": model.commit}
        return create_engine(options.engine, model.source, given, watcher.chosen, plan.most_images())

    try:
        with watcher.generating(plan, directory) as observer:
            return directory, run(plan, make_engine, directory, observer)
    except (Interrupted, RunError) as fault:
        if not fault.remedy and (isinstance(fault, Interrupted) or directory.has_responses()):
            fault.remedy = go_on
            fault.add_note(go_on)  # for whoever meets the traceback
        raise


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
        sampling = _with_settings(own, options.generation or {})
        if options.repeats > 1 and sampling.temperature == 0:
            raise UsageError(
                f"--repeats {options.repeats}: {task.id} is decoded greedily, so every repeat would say the "
                "same",
                "Leave --repeats out, or sample: --gen-kwargs temperature=0.7.",
            )
        task_runs.append(TaskRun(task, source, profile, sampling))
    chosen = (options.seed, options.limit, options.repeats, settings.pixel_limits, settings.others)
    return RunPlan(model, tuple(task_runs), *chosen)


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


def _with_settings(sampling: Sampling, settings: Mapping[str, Any]) -> Sampling:
    """The task's generation settings with those of `--gen-kwargs`, named as in lm-eval, in their place."""
    names = {name: name for name in ("temperature", "top_p", "do_sample")}
    names |= dict.fromkeys(("max_gen_toks", "max_tokens", "max_new_tokens"), "max_tokens") | {"until": "stop"}
    chosen: dict[str, Any] = {}
    spelt: dict[str, str] = {}
    for name, value in settings.items():
        if name not in names:
            raise UsageError(f"--gen-kwargs: unknown setting {name!r}", nearest(name, names))
        meant = names[name]
        if meant in chosen:
            raise UsageError(
                f"--gen-kwargs: {spelt[meant]} and {name} are the same setting", "Give one of them."
            )
        chosen[meant], spelt[meant] = value, name
    sample = chosen.pop("do_sample", None)
    if sample is not None and not isinstance(sample, bool):
        raise UsageError(f"--gen-kwargs: do_sample={sample!r} is not possible", "Write true or false.")
    if sample is False and chosen.get("temperature", 0):
        raise UsageError("--gen-kwargs: do_sample=false contradicts a temperature above 0")
    if sample is False:
        chosen["temperature"] = 0.0
    if "stop" in chosen:
        stop = chosen["stop"]
        stops = [stop] if isinstance(stop, str) else [] if stop is None else stop
        if not isinstance(stops, list) or not all(isinstance(each, str) and each for each in stops):
            raise UsageError(
                f"--gen-kwargs: until={stop!r} is not possible", "Write a text or a list of texts."
            )
        chosen["stop"] = tuple(stops)
    _require_numbers(chosen, spelt)
    changed = replace(sampling, **chosen)
    if sample is True and changed.temperature == 0:
        raise UsageError(
            "--gen-kwargs: do_sample=true needs a temperature above 0", "Add temperature=0.7, say."
        )
    return changed


def _require_numbers(chosen: dict[str, Any], spelt: Mapping[str, str]) -> None:
    possible = {
        "temperature": (0.0, 100.0, "a number from 0 to 100"),
        "top_p": (1e-9, 1.0, "a number above 0, at most 1"),
        "max_tokens": (1, 2**31, "a whole number above 0"),
    }
    for name in possible.keys() & chosen.keys():
        value = chosen[name]
        low, high, expected = possible[name]
        kinds = int if name == "max_tokens" else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            written = spelt.get(name, name)
            raise UsageError(f"--gen-kwargs: {written}={value!r} is not possible", f"Expected: {expected}.")
        if name != "max_tokens":
            chosen[name] = float(value)
