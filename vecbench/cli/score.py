"""`vecbench score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vecbench.cli.console import stdout

if TYPE_CHECKING:
    from rich.console import Console

    from vecbench.metrics.recalibration import Method
    from vecbench.scoring import CompleteScores, Differences
    from vecbench.store import Manifest, RunDirectory
    from vecbench.tasks import Catalogue

Format = Literal["table", "json", "markdown", "csv", "latex"]


def score(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Run directories, or their responses.jsonl.")
    ],
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol", help="How responses are read and scored: strict, emocaliber or emobserver."
        ),
    ] = "strict",
    format_: Annotated[str, typer.Option("--format", help="table, json, markdown, csv or latex.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Where to write predictions and scores (default: the run directory)."
        ),
    ] = None,
    intervals: Annotated[bool, typer.Option("--intervals", help="Print 95 % intervals.")] = False,
    recalibrate: Annotated[
        str | None,
        typer.Option(
            "--recalibrate",
            metavar="METHOD",
            help="Add ECE and Brier score after a cross-fitted map: platt, temperature or isotonic.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="PROTOCOL",
            help="List every response that emocaliber reads differently, and why.",
        ),
    ] = None,
    figures: Annotated[bool, typer.Option(help="Draw the figures.")] = True,
    include_path: Annotated[
        list[Path] | None, typer.Option("--include-path", help="Another folder with task files.")
    ] = None,
) -> None:
    """Score responses that are stored already; no model is needed.

    Writes predictions.jsonl, scores.json, summary.md and figures/, and prints the table.
    """
    from vecbench.errors import UsageError, nearest
    from vecbench.metrics.recalibration import METHODS
    from vecbench.parsing import EMOCALIBER, STRICT, protocol_named
    from vecbench.tasks import load_catalogue

    protocol_named(protocol)
    known = Format.__args__  # type: ignore[attr-defined]
    if format_ not in known:
        raise UsageError(f"unknown format {format_!r}", nearest(format_, known))
    if intervals and protocol != STRICT:
        raise UsageError(f"--intervals: the protocol {protocol} has none", f"Leave it out, or use {STRICT}.")
    if recalibrate is not None and recalibrate not in METHODS:
        raise UsageError(f"unknown recalibration {recalibrate!r}", nearest(recalibrate, METHODS))
    if against is not None and (protocol, against) != (STRICT, EMOCALIBER):
        raise UsageError(
            f"--protocol {protocol} --against {against} is not possible",
            f"Differences are listed for --protocol {STRICT} --against {EMOCALIBER}.",
        )
    if output is not None and len(paths) > 1:
        raise UsageError(
            "--output takes the scores of one PATH", "Score them one by one, or leave --output out."
        )
    if format_ == "json" and len(paths) > 1:
        raise UsageError("--format json prints one document, so it takes one PATH", "Score them one by one.")
    catalogue = load_catalogue(include_path or [])
    console = stdout()
    for path in paths:
        directory = _directory(path)
        score_directory(
            directory,
            protocol,
            catalogue,
            output or directory.path,
            console,
            format_,
            figures=figures,
            intervals=intervals,
            recalibrate=recalibrate,
            with_differences=against is not None,
        )


def score_directory(
    directory: RunDirectory,
    protocol: str,
    catalogue: Catalogue,
    output: Path,
    console: Console,
    format_: str = "table",
    *,
    figures: bool = True,
    intervals: bool = False,
    recalibrate: Method | None = None,
    with_differences: bool = False,
) -> None:
    """Scores a run, writes everything that is derived from its responses, and prints the table."""
    from vecbench.report import summary, write_figures, write_predictions
    from vecbench.scoring import differences, score_responses
    from vecbench.store import RunDirectory, read_responses, write_text

    manifest = directory.read_manifest()
    responses = read_responses(directory.responses)
    kept = list(responses) if with_differences else []
    complete = score_responses(kept or responses, protocol, catalogue, _run_facts(manifest), recalibrate)
    scores = complete.scores
    written = RunDirectory(output)
    write_predictions(complete.rows, written.predictions)
    write_text(written.scores, scores.as_json())
    pictures = write_figures(scores, written.figures) if figures else []
    write_text(written.summary, summary(complete, manifest, pictures, output))
    _print(complete, format_, console, intervals=intervals)
    if with_differences:
        _show_differences(differences(kept, catalogue), written, console, format_)
    if format_ == "table":
        console.print(f"\nScores, figures and summary: {written.summary}", soft_wrap=True)


def _show_differences(found: Differences, written: RunDirectory, console: Console, format_: str) -> None:
    from vecbench.difference_tables import difference_markdown, difference_table
    from vecbench.store import write_text

    write_text(written.differences, found.as_csv())
    write_text(written.difference_summary, difference_markdown(found))
    if format_ == "table":
        console.print()
        console.print(difference_table(found))
        console.print(f"\nEvery row that differs: {written.differences}", soft_wrap=True)


def _directory(path: Path) -> RunDirectory:
    from vecbench.errors import UsageError
    from vecbench.store import RunDirectory

    directory = RunDirectory(path.parent if path.name == "responses.jsonl" else path)
    if not directory.responses.is_file():
        raise UsageError(f"{path} holds no responses.jsonl", "Name the directory of a run.")
    return directory


def _print(complete: CompleteScores, format_: str, console: Console, *, intervals: bool) -> None:
    from vecbench import tables

    scores = complete.scores
    if format_ == "table":
        console.print()
        console.print(tables.terminal_table(scores, intervals=intervals))
        if complete.recalibration:
            console.print()
            console.print(tables.recalibration_table(complete.recalibration, scores.names))
        if complete.spread and complete.consistency:
            console.print()
            console.print(tables.spread_table(complete.spread, scores.names))
            console.print(
                "\nThe most frequent label, with the share of repeats that agree as its confidence:"
            )
            console.print(tables.terminal_table(complete.consistency, intervals=intervals))
        return
    if format_ == "json":
        text = scores.as_json()
    elif format_ == "csv":
        text = tables.csv_table(scores)
    elif format_ == "latex":
        text = tables.latex_table(scores, intervals=intervals)
    else:
        text = tables.markdown_table(scores, intervals=intervals)
    typer.echo(text, nl=False)


def _run_facts(manifest: Manifest | None) -> dict[str, Any]:
    """What scores.json says of the run: what the scores depend on, and no times."""
    if manifest is None:
        return {}
    return {
        "model": manifest.model.name,
        "revision": manifest.model.revision,
        "engine": manifest.engine.name if manifest.engine else None,
        "prompts": {name: task.prompt for name, task in manifest.tasks.items()},
        "sampling": {name: task.sampling.model_dump() for name, task in manifest.tasks.items()},
        "seed": manifest.seed,
        "limit": manifest.limit,
        "repeats": manifest.repeats,
    }
