"""`vecbench compare`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecbench.cli import completion
from vecbench.cli.figures import FigureFormats, draw_overlays
from vecbench.cli.garbage import all_objects_stay
from vecbench.cli.options import (
    Columns,
    IncludePath,
    ReadBy,
    TaskOfRows,
    file_in_the_way,
    given_path,
    parse_columns,
    require_file_place,
)
from vecbench.console import stderr, stdout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecbench.comparing import Comparison, Verdicts

FORMATS = ("table", "json", "markdown", "latex")


@all_objects_stay()
def compare(
    baseline: Annotated[
        Path,
        typer.Argument(
            metavar="BASELINE",
            help="What was there before: a run directory, responses, predictions or scores.",
        ),
    ],
    candidate: Annotated[Path, typer.Argument(metavar="CANDIDATE", help="What is to replace it.")],
    gate: Annotated[
        Path | None, typer.Option("--gate", "--gates", metavar="FILE", help="Rules to hold the candidate to.")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow",
            metavar="KIND",
            help="Compare although this differs: samples, images, labels, prompts, tasks, protocol; may be "
            "repeated.",
        ),
    ] = None,
    protocol: ReadBy = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format", autocompletion=completion.one_of(FORMATS), help="table, json, markdown or latex."
        ),
    ] = "table",
    markdown_file: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Write a summary for a pull request."),
    ] = None,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the verdicts as JUnit XML.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON.")
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(
            "--figures",
            parser=given_path,
            metavar="DIR",
            help="Draw both over each other, and write these figures into DIR.",
        ),
    ] = None,
    figure_formats: FigureFormats = None,
    annotate: Annotated[
        bool | None,
        typer.Option(
            "--annotations/--no-annotations",
            help="Print GitHub annotations for rules that did not pass (default: in GitHub Actions).",
        ),
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option(
            min=100,
            help="Of the paired bootstrap (default: 10,000, or fewer for very many distinct confidences).",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of its draws.")] = 0,
    task: TaskOfRows = None,
    columns: Columns = None,
    include_path: IncludePath = None,
) -> None:
    """Compare two runs on the same samples; with --gate, pass or fail.

    Exit status: 0 done and no gate failed, 1 a gate failed, 4 no verdict was possible.
    """
    from vecbench import comparing
    from vecbench.errors import Interrupted, UsageError, nearest
    from vecbench.report.figures import formats_of
    from vecbench.scoring import STRICT, protocol_named
    from vecbench.store.kept_tasks import with_kept_tasks
    from vecbench.tasks import load_catalogue

    protocol_named(protocol or STRICT.name)
    if format_ not in FORMATS:
        raise UsageError(f"unknown format {format_!r}", nearest(format_, FORMATS))
    allowed = comparing.allowed_kinds(allow or [])
    if junit_file is not None and gate is None:
        raise UsageError("--junit writes the verdicts of gates", "Add --gate FILE.")
    formats = formats_of(figure_formats)
    if figures is not None and file_in_the_way(figures):
        raise UsageError(f"--figures: {file_in_the_way(figures)} is a file", "Name a directory.")
    _require_files({"--json": json_file, "--markdown": markdown_file, "--junit": junit_file})
    try:
        catalogue = with_kept_tasks(load_catalogue(include_path or []), [baseline, candidate])
        before, after = comparing.both_sides(
            [baseline, candidate], protocol, catalogue, allowed, task=task, names=parse_columns(columns)
        )
        scores = [comparing.side_scores(side, catalogue) for side in (before, after) if figures]
        gates = comparing.read_gates(gate, catalogue, [*before.tasks, *after.tasks]) if gate else None
        comparison = comparing.compare(
            before, after, catalogue, allow=allowed, replicates=replicates, seed=seed
        )
        verdicts = comparing.verdicts_on(comparison, gates) if gates is not None else None
        _write(comparison, verdicts, json_file, markdown_file, junit_file)
        _print(comparison, verdicts, format_)
        if figures is not None:
            draw_overlays(scores, [str(baseline), str(candidate)], figures, formats)
    except KeyboardInterrupt:
        raise Interrupted("the comparison was stopped", "Run the same command to start it again.") from None
    if annotate is None:
        annotate = os.environ.get("GITHUB_ACTIONS") == "true"
    if annotate and verdicts is not None:
        # GitHub reads both streams; a document on standard output must stay one.
        for line in comparing.github_annotations(verdicts):
            typer.echo(line, err=format_ != "table")
    if verdicts is not None:
        raise typer.Exit(verdicts.exit_status)


def _require_files(files: Mapping[str, Path | None]) -> None:
    """Refuses files that cannot be written, or two that are one."""
    from vecbench.errors import UsageError

    options: dict[Path, str] = {}
    for option, file in files.items():
        require_file_place(option, file)
        other = option if file is None else options.setdefault(file.resolve(), option)
        if other != option:
            raise UsageError(f"{other} and {option} both name {file}", "Give each a file of its own.")


def _write(
    comparison: Comparison,
    verdicts: Verdicts | None,
    json_file: Path | None,
    markdown_file: Path | None,
    junit_file: Path | None,
) -> None:
    from vecbench.comparing import json_document, junit_xml
    from vecbench.comparing.tables import markdown
    from vecbench.store import write_text

    if json_file is not None:
        write_text(json_file, json_document(comparison, verdicts))
    if markdown_file is not None:
        write_text(markdown_file, markdown(comparison, verdicts))
    if junit_file is not None and verdicts is not None:
        write_text(junit_file, junit_xml(comparison, verdicts))


def _print(comparison: Comparison, verdicts: Verdicts | None, format_: str) -> None:
    from vecbench.comparing import json_document
    from vecbench.comparing.print_tables import latex_table
    from vecbench.comparing.tables import markdown

    if format_ == "table":
        _print_tables(comparison, verdicts)
    else:
        document = {"json": json_document, "markdown": markdown, "latex": latex_table}[format_]
        typer.echo(document(comparison, verdicts), nl=False)


def _print_tables(comparison: Comparison, verdicts: Verdicts | None) -> None:
    from vecbench.comparing import tables
    from vecbench.escaping import printable

    console = stdout()
    for which, side in (("Baseline ", comparison.baseline), ("Candidate", comparison.candidate)):
        console.print(f"{which}  {printable(side.name)}  ({printable(str(side.path))})", soft_wrap=True)
    console.print()
    console.print(tables.difference_table(comparison))
    console.print(f"\n{tables.legend(comparison, narrow=True)}")
    warnings = stderr()
    for kind, said in comparison.allowed.items():
        warnings.print(f"warning: allowed difference in {kind}: {printable(said)}", soft_wrap=True)
    for note in comparison.notes:
        warnings.print(f"note: {printable(note)}", soft_wrap=True)
    flips = comparison.flips
    for heading, each in (("Right before, wrong now", flips.lost), ("Wrong before, right now", flips.gained)):
        if each:
            console.print()
            console.print(f"{heading}: {len(each):,}, the most confident first", style="bold")
            console.print(tables.flip_table(each))
    if verdicts is not None:
        console.print()
        console.print(tables.verdict_table(verdicts))
        console.print(f"\n{tables.summary_line(verdicts)}")
