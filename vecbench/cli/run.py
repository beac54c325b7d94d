"""`vecbench run` and `vecbench demo`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecbench.cli import completion
from vecbench.cli.options import (
    DATA_FORMS,
    Columns,
    IncludePath,
    Log,
    ModelArgs,
    given_path,
    given_text,
    parse_columns,
    parse_settings,
)
from vecbench.cli.run_lines import closing_lines, dry_run_lines
from vecbench.console import stderr, stdout, warn_incomplete
from vecbench.errors import Interrupted
from vecbench.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecbench.loggers.registry import AskedLogger
    from vecbench.run import RunOutcome
    from vecbench.run.estimate import Price
    from vecbench.run.evaluation import RunOptions
    from vecbench.run.overview import Detail
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
    from vecbench.engines import text_arguments
    from vecbench.run.evaluation import RunOptions
    from vecbench.shipped import demo_model
    from vecbench.tasks import load_catalogue

    tasks = "demo_all" if every_kind else "demo"
    options = RunOptions(
        model=str(demo_model(every_kind=every_kind)),
        tasks=tasks,
        arguments=parse_settings("--model-args", model_args, text_arguments("auto")),
        limit=limit,
        output=output or Path("results") / tasks.replace("_", "-"),
    )
    _evaluate(options, load_catalogue(), "little", sentences=True)


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
            "-t",
            "--tasks",
            metavar="T,…",
            autocompletion=completion.tasks,
            help="Tasks, groups or benchmarks, separated by commas.",
        ),
    ],
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            autocompletion=completion.one_of(completion.ENGINES),
            help="What generates: auto, vllm, transformers or openai.",
        ),
    ] = "auto",
    model_args: ModelArgs = None,
    data: Annotated[str | None, typer.Option("--data", metavar="DIR|FILE|HF-ID", help=DATA_FORMS)] = None,
    columns: Columns = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            metavar="PROFILE",
            autocompletion=completion.one_of(completion.PROFILES),
            help="Prompt profile instead of the task's own.",
        ),
    ] = None,
    system_prompt: Annotated[
        str | None,
        typer.Option(
            "--system-prompt", metavar="TEXT|@FILE", help="What a system turn before every question says."
        ),
    ] = None,
    control: Annotated[
        str | None,
        typer.Option(
            "--control",
            metavar="blank|grey|shuffled",
            autocompletion=completion.one_of(completion.CONTROLS),
            help="Ask without the images: white or grey pictures, or other samples', in their place.",
        ),
    ] = None,
    corrupt: Annotated[
        str | None,
        typer.Option(
            "--corrupt",
            metavar="NAME:1…5",
            help="Ask with worse images: gaussian_noise:3, gaussian_blur, brightness, contrast, pixelate or "
            "jpeg_compression.",
        ),
    ] = None,
    score_options: Annotated[
        bool,
        typer.Option(
            "--score-options",
            help="Ask for the probability of each label or letter too (vllm, transformers).",
        ),
    ] = False,
    limit: Annotated[
        int | None, typer.Option("-L", "--limit", min=1, help="At most this many samples of each task.")
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Answers to each sample.")] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Seeds every answer, together with its sample.")] = 0,
    gen_kwargs: Annotated[
        str | None,
        typer.Option(
            "--gen-kwargs",
            metavar="K=V,…",
            help="Generation settings instead of the task's own: temperature, top_p, top_k, min_p, "
            "repetition_penalty, thinking_budget, max_gen_toks, until.",
        ),
    ] = None,
    token_confidence: Annotated[
        bool | None,
        typer.Option(
            "--token-confidence/--no-token-confidence",
            help="Ask for the probabilities of the answer's tokens (default: yes, but of no endpoint).",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            parser=given_path,
            metavar="DIR",
            help="The run's directory (default: results/MODEL/TASKS).",
        ),
    ] = None,
    sentences: Annotated[
        bool, typer.Option("--sentences/--no-sentences", help="Read answers in sentences, or in fields only.")
    ] = True,
    log: Log = None,
    include_path: IncludePath = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, and say what would be generated; no more.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Say nothing but results, warnings and errors.")
    ] = False,
) -> None:
    """Evaluate a model: generate, store, score, and show the table.

    What is stored already is not generated again: to resume a run, run the same command.

    [dim]vecbench run --model ./checkpoint --tasks demo
    vecbench run -m org/name -t emoji_7,fluent_7 -a batch_size=8,dtype=bfloat16 --limit 100[/dim]
    """
    from vecbench.engines import text_arguments
    from vecbench.run.evaluation import RunOptions
    from vecbench.tasks import load_catalogue

    catalogue = load_catalogue(include_path or [])
    options = RunOptions(
        model=model,
        tasks=tasks,
        engine=engine,
        arguments=parse_settings("--model-args", model_args, text_arguments(engine)),
        data=data,
        columns=parse_columns(columns),
        prompt=prompt,
        generation=parse_settings("--gen-kwargs", gen_kwargs),
        limit=limit,
        repeats=repeats,
        seed=seed,
        output=output,
        score_options=score_options,
        system_prompt=given_text("--system-prompt", system_prompt),
        token_confidence=token_confidence,
        control=control,
        corrupt=corrupt,
    )
    if dry_run:
        _rehearse(options, catalogue, "nothing" if quiet else "all")
    else:
        _evaluate(options, catalogue, "nothing" if quiet else "all", sentences=sentences, log=log)


def _rehearse(options: RunOptions, catalogue: Catalogue, detail: Detail) -> None:
    from vecbench.progress import Terminal
    from vecbench.run.evaluation import dry_run, price_of

    for line in dry_run_lines(dry_run(options, catalogue, Terminal(detail)), price_of(options)):
        stdout().print(line, soft_wrap=True)


def _evaluate(
    options: RunOptions,
    catalogue: Catalogue,
    detail: Detail,
    *,
    sentences: bool,
    log: Sequence[str] | None = None,
) -> None:
    from vecbench.cli.elsewhere import asked_loggers
    from vecbench.progress import Terminal
    from vecbench.run.evaluation import evaluate, price_of

    command = shlex.join(["vecbench", *sys.argv[1:]])
    loggers = asked_loggers(log)
    directory, outcome = evaluate(options, catalogue, Terminal(detail), go_on=f"To go on: {command}")
    try:
        complete = _show(
            directory,
            catalogue,
            outcome,
            price_of(options),
            sentences=sentences,
            quiet=detail == "nothing",
            loggers=loggers,
        )
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped while it was scored; all responses are stored in {directory.path}",
            f"To score it: vecbench score {shlex.quote(str(directory.path))}",
        ) from None
    if not complete:
        raise typer.Exit(4)


def _show(
    directory: RunDirectory,
    catalogue: Catalogue,
    outcome: RunOutcome,
    price: Price | None,
    *,
    sentences: bool,
    quiet: bool,
    loggers: Sequence[AskedLogger] = (),
) -> bool:
    """Scores the run and prints all there is to say of it; whether nothing is lacking."""
    from vecbench.cli.elsewhere import log_complete
    from vecbench.cli.notices import report_failures, report_missing
    from vecbench.cli.score import score_source
    from vecbench.interop.reading import open_responses
    from vecbench.scoring import protocol_named, protocol_with
    from vecbench.store.kept_tasks import with_kept_tasks

    console = stdout()
    catalogue = with_kept_tasks(catalogue, [directory.path])  # of an earlier session with other folders
    source = open_responses(directory.path, catalogue)
    protocol = protocol_named(protocol_with("strict", sentences=sentences, confidence_scale=None))
    complete = score_source(source, protocol, catalogue, directory.path, console, quiet=quiet)
    for line in closing_lines(outcome, directory.path, price):
        console.print(line, soft_wrap=True)
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
    log_complete(loggers, complete, directory.path)
    return not (outcome.failed or source.is_incomplete or complete.reading.mostly_unread)
