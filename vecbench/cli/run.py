"""`vecbench run` and `vecbench demo`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecbench.cli.console import stderr, stdout
from vecbench.cli.paths import given_path
from vecbench.escaping import printable

if TYPE_CHECKING:
    from vecbench.cli.counter import Counter
    from vecbench.engines import AnswerSettings, Engine, EngineChoice
    from vecbench.models import Model
    from vecbench.run import RunOutcome, RunPlan
    from vecbench.samples import DataSource
    from vecbench.store import RunDirectory
    from vecbench.tasks import Catalogue, Task

MOST_FAILURES = 3
"""So many failed samples are named; the others are in responses.jsonl."""


def demo(
    output: Annotated[
        Path, typer.Option("-o", "--output", parser=given_path, metavar="DIR", help="The run's directory.")
    ] = Path("results/demo"),
    model_args: Annotated[
        str | None,
        typer.Option("-a", "--model-args", metavar="K=V,…", help="Arguments of the engine, or JSON."),
    ] = None,
    limit: Annotated[int | None, typer.Option("-L", "--limit", min=1, help="Samples of each task.")] = None,
) -> None:
    """Evaluate the bundled model on the bundled images: no network, no GPU, a minute.

    It shows what vecbench does and that it works here; it ranks nothing.
    """
    from vecbench.shipped import demo_model

    run(model=str(demo_model()), tasks="demo", model_args=model_args, output=output, limit=limit)


def run(
    model: Annotated[
        str,
        typer.Option(
            "-m",
            "--model",
            help="A checkpoint directory, a Hugging Face model id, or the name that an endpoint serves.",
        ),
    ],
    tasks: Annotated[
        str,
        typer.Option(
            "-t", "--tasks", metavar="T,…", help="Tasks, groups or benchmarks, separated by commas."
        ),
    ],
    engine: Annotated[
        str, typer.Option("--engine", help="What generates: auto, vllm, transformers or openai.")
    ] = "auto",
    model_args: Annotated[
        str | None,
        typer.Option("-a", "--model-args", metavar="K=V,…", help="Arguments of the engine, or JSON."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="DIR|FILE|HF-ID",
            help="A folder with images and a table, a table, or a dataset on the Hugging Face Hub.",
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", metavar="PROFILE", help="Prompt profile instead of the task's own."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("-L", "--limit", min=1, help="At most this many samples of each task.")
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Answers to each sample.")] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Seeds every answer, together with its sample.")] = 0,
    gen_kwargs: Annotated[
        str | None,
        typer.Option("--gen-kwargs", metavar="K=V,…", help="Generation settings instead of the task's own."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            parser=given_path,
            metavar="DIR",
            help="The run's directory (default: results/MODEL).",
        ),
    ] = None,
    include_path: Annotated[
        list[Path] | None, typer.Option("--include-path", help="Another folder with task files.")
    ] = None,
) -> None:
    """Evaluate a model: generate, store, score, and show the table.

    What is stored already is not generated again: to resume a run, run the same command.

    [dim]vecbench run --model ./checkpoint --tasks demo
    vecbench run -m org/name -t emoji_7,fluent_7 -a batch_size=8,dtype=bfloat16 --limit 100[/dim]
    """
    from vecbench.cli.counter import Counter
    from vecbench.cli.settings import parse_settings
    from vecbench.engines import answer_settings, check_engine, create_engine, text_arguments
    from vecbench.models import resolve_model, served_model, with_adapter
    from vecbench.samples.check import unread_row_warnings
    from vecbench.store import RunDirectory
    from vecbench.tasks import load_catalogue

    catalogue = load_catalogue(include_path or [])
    arguments = parse_settings("--model-args", model_args, text_arguments(engine))
    chosen = catalogue.select(tasks)
    find_model = served_model if engine == "openai" else resolve_model
    check_engine(engine, model, arguments)
    resolved = find_model(model, arguments.get("revision"))
    if "lora" in arguments:
        resolved = with_adapter(resolved, str(arguments["lora"]))
    with Counter(stderr(), "downloading images") as counter:
        sources = _sources(chosen, data, counter)
        plan = _plan(
            chosen,
            resolved,
            sources,
            prompt=prompt,
            gen_kwargs=parse_settings("--gen-kwargs", gen_kwargs),
            limit=limit,
            repeats=repeats,
            seed=seed,
            settings=answer_settings(arguments),
        )
        # Last: everything that could be wrong with the command has been checked.
        for source in dict.fromkeys(sources.values()):
            for warning in unread_row_warnings(source, catalogue):
                counter.warned(warning)
            source.fetch([task for task in chosen if sources[task.id] is source], limit, counter)
    directory = RunDirectory(output or Path("results") / resolved.name.replace("/", "__"))

    def make_engine() -> Engine:
        # The commit that was looked up, not the branch: it may move before the engine loads it.
        loaded = arguments if resolved.commit is None else arguments | {"revision": resolved.commit}
        return create_engine(engine, resolved.source, loaded, _say_choice, plan.most_images())

    outcome = _watched(plan, make_engine, directory)
    _show(directory, catalogue, outcome)


def _say_choice(choice: EngineChoice) -> None:
    stderr().print(f"engine: {choice.name}, because {choice.why}", soft_wrap=True)


def _plan(
    chosen: list[Task],
    model: Model,
    sources: dict[str, DataSource],
    *,
    prompt: str | None,
    gen_kwargs: dict[str, Any],
    limit: int | None,
    repeats: int,
    seed: int,
    settings: AnswerSettings,
) -> RunPlan:
    from vecbench.cli.settings import apply_generation_settings
    from vecbench.engines import Sampling
    from vecbench.errors import UsageError
    from vecbench.run import RunPlan, TaskRun
    from vecbench.tasks.prompts import prompt_profile

    task_runs = []
    for task in chosen:
        source = sources[task.id]
        profile = prompt_profile(task, prompt, own_prompts=source.brings_prompts(task))
        sampling = apply_generation_settings(
            Sampling(task.temperature, task.top_p, task.max_tokens, task.stop), gen_kwargs
        )
        if repeats > 1 and sampling.temperature == 0:
            raise UsageError(
                f"--repeats {repeats}: {task.id} is decoded greedily, so every repeat would say the same",
                "Leave --repeats out, or sample: --gen-kwargs temperature=0.7.",
            )
        task_runs.append(TaskRun(task, source, profile, sampling))
    return RunPlan(model, tuple(task_runs), seed, limit, repeats, settings.pixel_limits, settings.others)


def _sources(chosen: list[Task], data: str | None, counter: Counter) -> dict[str, DataSource]:
    """Task id → where its samples are; tasks of the same folder share what was read of it."""
    from vecbench.errors import UsageError
    from vecbench.samples import open_data

    opened: dict[str | Path, DataSource] = {}
    sources = {}
    for task in chosen:
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


def _watched(plan: RunPlan, make_engine: Callable[[], Engine], directory: RunDirectory) -> RunOutcome:
    from vecbench.cli.progress import RunProgress
    from vecbench.errors import Interrupted, RunError
    from vecbench.run import run as generate

    console = stderr()
    names = ", ".join(each.task.id for each in plan.tasks)
    console.print(f"{plan.model.name} on {names} → {directory.path}", soft_wrap=True)
    kinds = {each.task.id: each.task.answers for each in plan.tasks}
    try:
        with RunProgress(console, kinds) as progress:
            return generate(plan, make_engine, directory, progress)
    except (Interrupted, RunError) as fault:
        if not fault.remedy and (isinstance(fault, Interrupted) or directory.has_responses()):
            fault.remedy = f"To go on: {_command()}"
        raise


def _show(directory: RunDirectory, catalogue: Catalogue, outcome: RunOutcome) -> None:
    from vecbench.cli.reading import report_failures, report_missing
    from vecbench.cli.score import score_source
    from vecbench.interop.reading import open_responses
    from vecbench.scoring import STRICT

    console = stdout()
    source = open_responses(directory.path, catalogue)
    score_source(source, STRICT, catalogue, directory.path, console)
    throughput = outcome.manifest.throughput
    if outcome.generated and throughput.samples_per_second:
        console.print(
            f"\n{outcome.generated} responses generated, {outcome.asked - outcome.generated} kept; "
            f"{throughput.samples_per_second:.1f} samples/s",
            highlight=False,
        )
    report_missing(source)
    if outcome.failed:
        from rich.text import Text

        console = stderr()
        message = f"{len(outcome.failed)} of {outcome.asked} samples failed and count as wrong:"
        console.print(Text.assemble(("incomplete: ", "bold red"), message))
        for task, sample, error in outcome.failed[:MOST_FAILURES]:
            console.print(printable(f"  {task}, {sample}: {error}"), soft_wrap=True)
        if len(outcome.failed) > MOST_FAILURES:
            console.print(f"  … and {len(outcome.failed) - MOST_FAILURES} more: see {directory.responses}")
    else:
        report_failures(source)
    if outcome.failed or source.is_incomplete:
        raise typer.Exit(4)


def _command() -> str:
    return shlex.join(["vecbench", *sys.argv[1:]])
