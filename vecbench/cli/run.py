"""`vecbench run` and `vecbench demo`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecbench.cli.options import DATA_FORMS, IncludePath, ModelArgs, given_path, parse_settings
from vecbench.console import stderr, stdout, warn_incomplete
from vecbench.escaping import printable

if TYPE_CHECKING:
    from vecbench.run import RunOutcome
    from vecbench.store import RunDirectory
    from vecbench.tasks import Catalogue

MOST_FAILURES = 3
"""So many failed samples are named; the others are in responses.jsonl."""


def demo(
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            parser=given_path,
            metavar="DIR",
            help="The run's directory (default: results/demo).",
        ),
    ] = None,
    model_args: ModelArgs = None,
    limit: Annotated[int | None, typer.Option("-L", "--limit", min=1, help="Samples of each task.")] = None,
    every_kind: Annotated[
        bool,
        typer.Option("--all", help="Statements, options about two images, rankings and ratings too."),
    ] = False,
) -> None:
    """Evaluate the bundled model on the bundled images: no network, no GPU, a minute.

    It shows what vecbench does and that it works here; it ranks nothing.
    """
    from vecbench.shipped import demo_model

    model, tasks = str(demo_model(every_kind=every_kind)), "demo_all" if every_kind else "demo"
    output = output or Path("results") / tasks.replace("_", "-")
    run(model=model, tasks=tasks, model_args=model_args, output=output, limit=limit)


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
    model_args: ModelArgs = None,
    data: Annotated[str | None, typer.Option("--data", metavar="DIR|FILE|HF-ID", help=DATA_FORMS)] = None,
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
    sentences: Annotated[
        bool, typer.Option("--sentences/--no-sentences", help="Read answers in sentences, or in fields only.")
    ] = True,
    include_path: IncludePath = None,
) -> None:
    """Evaluate a model: generate, store, score, and show the table.

    What is stored already is not generated again: to resume a run, run the same command.

    [dim]vecbench run --model ./checkpoint --tasks demo
    vecbench run -m org/name -t emoji_7,fluent_7 -a batch_size=8,dtype=bfloat16 --limit 100[/dim]
    """
    from vecbench.engines import text_arguments
    from vecbench.progress import Terminal
    from vecbench.run.evaluation import RunOptions, evaluate
    from vecbench.tasks import load_catalogue

    catalogue = load_catalogue(include_path or [])
    options = RunOptions(
        model=model,
        tasks=tasks,
        engine=engine,
        arguments=parse_settings("--model-args", model_args, text_arguments(engine)),
        data=data,
        prompt=prompt,
        generation=parse_settings("--gen-kwargs", gen_kwargs),
        limit=limit,
        repeats=repeats,
        seed=seed,
        output=output,
    )
    command = shlex.join(["vecbench", *sys.argv[1:]])
    directory, outcome = evaluate(options, catalogue, Terminal(), go_on=f"To go on: {command}")
    _show(directory, catalogue, outcome, sentences=sentences)


def _show(directory: RunDirectory, catalogue: Catalogue, outcome: RunOutcome, *, sentences: bool) -> None:
    from vecbench.cli.notices import report_failures, report_missing
    from vecbench.cli.score import score_source
    from vecbench.interop.reading import open_responses
    from vecbench.scoring import protocol_named, protocol_with

    console = stdout()
    source = open_responses(directory.path, catalogue)
    protocol = protocol_named(protocol_with("strict", sentences=sentences, confidence_scale=None))
    reading = score_source(source, protocol, catalogue, directory.path, console)
    throughput = outcome.manifest.throughput
    if outcome.generated and throughput.samples_per_second:
        console.print(
            f"\n{outcome.generated} responses generated, {outcome.asked - outcome.generated} kept; "
            f"{throughput.samples_per_second:.1f} samples/s",
            highlight=False,
        )
    report_missing(source)
    if outcome.failed:
        console = stderr()
        warn_incomplete(f"{len(outcome.failed)} of {outcome.asked} samples failed and count as wrong:")
        for task, sample, error in outcome.failed[:MOST_FAILURES]:
            console.print(printable(f"  {task}, {sample}: {error}"), soft_wrap=True)
        if len(outcome.failed) > MOST_FAILURES:
            console.print(f"  … and {len(outcome.failed) - MOST_FAILURES} more: see {directory.responses}")
    else:
        report_failures(source)
    if outcome.failed or source.is_incomplete or reading.mostly_unread:
        raise typer.Exit(4)
