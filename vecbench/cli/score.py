"""`vecbench score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from vecbench.scoring import Scores
    from vecbench.store import Manifest, RunDirectory
    from vecbench.tasks import Catalogue

Format = Literal["table", "json", "markdown", "csv"]


def score(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Run directories, or their responses.jsonl.")
    ],
    protocol: Annotated[str, typer.Option("--protocol", help="How responses are read.")] = "strict",
    format_: Annotated[str, typer.Option("--format", help="table, json, markdown or csv.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Where to write predictions and scores (default: the run directory)."
        ),
    ] = None,
    figures: Annotated[bool, typer.Option(help="Draw reliability diagrams.")] = True,
    include_path: Annotated[
        list[Path] | None, typer.Option("--include-path", help="Another folder with task files.")
    ] = None,
) -> None:
    """Score responses that are stored already; no model is needed.

    Writes predictions.jsonl, scores.json, summary.md and figures/, and prints the table.
    """
    from rich.console import Console

    from vecbench.errors import UsageError, nearest
    from vecbench.parsing import protocol_named
    from vecbench.tasks import load_catalogue

    protocol_named(protocol)
    known = Format.__args__  # type: ignore[attr-defined]
    if format_ not in known:
        raise UsageError(f"unknown format {format_!r}", nearest(format_, known))
    if output is not None and len(paths) > 1:
        raise UsageError(
            "--output takes the scores of one PATH", "Score them one by one, or leave --output out."
        )
    catalogue = load_catalogue(include_path or [])
    for path in paths:
        directory = _directory(path)
        score_directory(
            directory, protocol, catalogue, output or directory.path, Console(), format_, figures=figures
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
) -> Scores:
    """Scores a run, writes everything that is derived from its responses, and prints the table."""
    from vecbench.report import summary, write_figures, write_predictions
    from vecbench.scoring import predictions
    from vecbench.scoring import score as score_rows
    from vecbench.store import RunDirectory, read_responses, write_text

    manifest = directory.read_manifest()
    rows = predictions(read_responses(directory.responses), protocol, catalogue)
    scores = score_rows(rows, protocol, catalogue, _run_facts(manifest))
    written = RunDirectory(output)
    write_predictions(rows, written.predictions)
    write_text(written.scores, scores.as_json())
    pictures = write_figures(scores, written.figures) if figures else []
    write_text(written.summary, summary(scores, manifest, pictures, output))
    _print(scores, format_, console)
    if format_ == "table":
        console.print(f"\nScores, figures and summary: {written.summary}", highlight=False, soft_wrap=True)
    return scores


def _directory(path: Path) -> RunDirectory:
    from vecbench.errors import UsageError
    from vecbench.store import RunDirectory

    directory = RunDirectory(path.parent if path.name == "responses.jsonl" else path)
    if not directory.responses.is_file():
        raise UsageError(f"{path} holds no responses.jsonl", "Name the directory of a run.")
    return directory


def _print(scores: Scores, format_: str, console: Console) -> None:
    from vecbench.tables import csv_table, markdown_table, terminal_table

    if format_ == "table":
        console.print()
        console.print(terminal_table(scores))
        return
    if format_ == "json":
        text = scores.as_json()
    else:
        text = csv_table(scores) if format_ == "csv" else markdown_table(scores)
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
