"""`vecbench score`."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vecbench.cli.notices import report_failures, report_missing, report_reading, report_source
from vecbench.cli.options import IncludePath, file_in_the_way, given_path
from vecbench.console import stderr, stdout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console, RenderableType

    from vecbench.interop.exports import Export
    from vecbench.interop.reading import ResponseSource
    from vecbench.metrics.recalibration import Method
    from vecbench.scoring import CompleteScores, Disagreements, Protocol, ReadingHealth
    from vecbench.store import RunDirectory, StoredResponse
    from vecbench.tasks import Catalogue

Format = Literal["table", "json", "markdown", "csv", "latex"]


def score(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH…",
            parser=given_path,
            help="Run directories, or responses that another program stored.",
        ),
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
            "-o",
            "--output",
            parser=given_path,
            metavar="DIR",
            help="Where to write predictions and scores (default: the run directory, or beside the file).",
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
    fit_on: Annotated[
        str | None,
        typer.Option(
            "--fit-on",
            metavar="NAME",
            help="Fit the map of --recalibrate on one task or group, and judge it on the others.",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option("--metrics", metavar="KEY,KEY", help="Print further metrics too, such as mcb,dsc."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="Break scores down by answer, target, or a column of the data; may be repeated.",
        ),
    ] = None,
    export: Annotated[
        list[str] | None,
        typer.Option("--export", metavar="FORMAT", help="Write the responses as lm-eval or emocaliber too."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="PROTOCOL",
            help="List every response that emocaliber reads differently, and why.",
        ),
    ] = None,
    sentences: Annotated[
        bool, typer.Option("--sentences/--no-sentences", help="Read answers in sentences, or in fields only.")
    ] = True,
    confidence_scale: Annotated[
        int | None,
        typer.Option(metavar="1|10|100", help="What confidences are stated up to (default: as tasks say)."),
    ] = None,
    figures: Annotated[bool, typer.Option(help="Draw the figures.")] = True,
    include_path: IncludePath = None,
) -> None:
    """Score responses that are stored already; no model is needed.

    Writes predictions.jsonl, scores.json, summary.md and figures/, and prints the table. Exit status 4:
    scored, but incomplete, since a sample has no response, a row could not be read, or more than 20 % of the
    answers to a task could not.
    """
    from vecbench.errors import UsageError, nearest
    from vecbench.interop.exports import export_named
    from vecbench.metrics.recalibration import METHODS
    from vecbench.scoring import protocol_named, protocol_with
    from vecbench.tasks import load_catalogue

    protocol = protocol_with(protocol, sentences=sentences, confidence_scale=confidence_scale)
    way = protocol_named(protocol)
    known = Format.__args__  # type: ignore[attr-defined]
    if format_ not in known:
        raise UsageError(f"unknown format {format_!r}", nearest(format_, known))
    if intervals and way.is_published:
        raise UsageError(f"--intervals: the protocol {protocol} has none", "Leave it out, or use strict.")
    if recalibrate is not None and recalibrate not in METHODS:
        raise UsageError(f"unknown recalibration {recalibrate!r}", nearest(recalibrate, METHODS))
    if fit_on is not None and recalibrate is None:
        raise UsageError("--fit-on says what a map is fitted on", "Say which: --recalibrate platt.")
    further = _further_metrics(metrics)
    if further and way.is_published:
        raise UsageError(f"--metrics: the protocol {protocol} has its own", "Leave it out, or use strict.")
    if against is not None and (protocol, against) != ("strict", "emocaliber"):
        raise UsageError(
            f"--protocol {protocol} --against {against} is not possible",
            "Differences are listed for --protocol strict --against emocaliber.",
        )
    if output is not None and len(paths) > 1:
        raise UsageError(
            "--output takes the scores of one PATH", "Score them one by one, or leave --output out."
        )
    if format_ == "json" and len(paths) > 1:
        raise UsageError("--format json prints one document, so it takes one PATH", "Score them one by one.")
    exports = {name: export_named(name) for name in export or ()}
    catalogue = load_catalogue(include_path or [])
    console = stdout()
    incomplete = False
    for written, source in _opened(paths, output, catalogue, by or ()).items():
        with _exporting(exports, source, catalogue, written) as responses:
            reading = score_source(
                replace(source, responses=responses),
                way,
                catalogue,
                written,
                console,
                format_,
                figures=figures,
                intervals=intervals,
                further=further,
                recalibrate=recalibrate,
                fit_on=fit_on,
                by=by or (),
                with_differences=against is not None,
            )
        report_missing(source)
        report_failures(source)
        incomplete = incomplete or source.is_incomplete or bool(reading.mostly_unread)
    if incomplete:
        raise typer.Exit(4)


def _further_metrics(text: str | None) -> tuple[str, ...]:
    """The keys between commas, each once."""
    from vecbench.answers import known_metrics
    from vecbench.errors import UsageError, nearest

    keys = dict.fromkeys(key.strip() for key in (text or "").split(",") if key.strip())
    known = known_metrics()
    for key in keys:
        if key not in known:
            raise UsageError(f"--metrics: unknown metric {key!r}", nearest(key, known))
    return tuple(keys)


def _opened(
    paths: Sequence[Path], output: Path | None, catalogue: Catalogue, columns: Sequence[str]
) -> Mapping[Path, ResponseSource]:
    """Where the scores of each path go → its responses; nothing has been scored when one is refused."""
    from vecbench.errors import UsageError
    from vecbench.interop.reading import open_responses

    sources: dict[Path, ResponseSource] = {}
    named: dict[Path, Path] = {}
    for path in paths:
        source = open_responses(path, catalogue, columns)
        written = output or source.default_output
        _require_directory(written)
        place = written.resolve()
        if place in named:
            raise UsageError(
                f"the scores of {named[place]} and of {path} would both go into {written}",
                "Score them one by one, each with its own --output.",
            )
        named[place] = path
        sources[written] = source
    return sources


def _require_directory(output: Path) -> None:
    """Refuses a place that cannot be a directory, or is somebody else's, before anything is computed."""
    from vecbench.errors import UsageError
    from vecbench.store import RunDirectory

    remedy = "--output takes a directory."
    try:
        above = file_in_the_way(output)
        if above is not None:
            raise UsageError(f"{above} is a file", remedy)
        written = RunDirectory(output)
        if written.summary.exists() and not (written.scores.exists() or written.manifest.exists()):
            raise UsageError(
                f"{written.summary} is not vecbench's, and would be overwritten", "Choose another --output."
            )
    except OSError as fault:
        raise UsageError(f"{output}: {(fault.strerror or str(fault)).lower()}", remedy) from None


def score_source(
    source: ResponseSource,
    protocol: Protocol,
    catalogue: Catalogue,
    output: Path,
    console: Console,
    format_: str = "table",
    *,
    figures: bool = True,
    intervals: bool = False,
    further: Sequence[str] = (),
    recalibrate: Method | None = None,
    fit_on: str | None = None,
    by: Sequence[str] = (),
    with_differences: bool = False,
) -> ReadingHealth:
    """Scores responses, writes everything that is derived from them, and prints the table.

    What was recognised and what is wrong with it goes to standard error. `further` are keys of metrics that
    are printed beside the usual ones. What could be read is returned.
    """
    from vecbench.interop.scored import scored_source
    from vecbench.report.files import write_results
    from vecbench.scoring import disagreements
    from vecbench.store import RunDirectory

    kept = list(source.responses) if with_differences else []
    if with_differences:
        source = replace(source, responses=iter(kept))
    complete = scored_source(source, protocol, catalogue, recalibrate, fit_on=fit_on, by=by)
    written = RunDirectory(output)
    write_results(complete, source, written, figures=figures, further=further)
    report_source(source, catalogue, written.faults)
    report_reading(complete)
    _print(complete, format_, console, intervals=intervals, further=further)
    if with_differences:
        _show_differences(disagreements(kept, catalogue), written, console, format_)
    if format_ == "table":
        console.print(f"\nScores, figures and summary: {written.summary}", soft_wrap=True)
    return complete.reading


def _show_differences(found: Disagreements, written: RunDirectory, console: Console, format_: str) -> None:
    from vecbench.report.disagreements import disagreement_markdown, disagreement_table
    from vecbench.store import write_text

    write_text(written.differences, found.as_csv())
    write_text(written.difference_summary, disagreement_markdown(found))
    if format_ == "table":
        console.print()
        console.print(disagreement_table(found))
        console.print(f"\nEvery row that differs: {written.differences}", soft_wrap=True)


@contextmanager
def _exporting(
    exports: Mapping[str, Export], source: ResponseSource, catalogue: Catalogue, output: Path
) -> Iterator[Iterator[StoredResponse]]:
    """The responses for the block to go through; what it has gone through is exported at its end."""
    if not exports:
        yield source.responses
        return
    from vecbench.interop.spool import ResponseSpool

    with closing(ResponseSpool(output)) as spool:
        yield spool.storing(source.responses)
        for name, write in exports.items():
            notes = write(spool, output / name, catalogue, source.manifest)
            stderr().print(f"exported: {output / name}", soft_wrap=True)
            for note in notes:
                stderr().print(f"  {note}", soft_wrap=True)


def _print(
    complete: CompleteScores, format_: str, console: Console, *, intervals: bool, further: Sequence[str]
) -> None:
    from vecbench.report import further_tables, reading, tables

    scores = complete.scores
    if format_ == "table":
        shown: list[RenderableType] = [tables.terminal_table(scores, intervals=intervals, further=further)]
        shown.append(reading.reading_table(complete.reading))
        if complete.coarse:
            shown.append(further_tables.coarse_table(scores, complete.coarse))
        if complete.recalibration:
            shown.append(further_tables.recalibration_table(complete.recalibration, scores.names))
        if complete.recalibration and complete.recalibration.fit_on:
            shown.append(further_tables.recalibration_note(complete.recalibration))
        if complete.spread and complete.consistency:
            shown.append(further_tables.spread_table(complete.spread, scores))
        for table in shown:
            console.print()
            console.print(table)
        if complete.spread and complete.consistency:
            console.print(
                "\nThe most frequent label, with the share of repeats that agree as its confidence:"
            )
            console.print(tables.terminal_table(complete.consistency, intervals=intervals, further=further))
    elif format_ == "json":
        typer.echo(scores.as_json(), nl=False)
    elif format_ == "csv":
        typer.echo(tables.csv_table(scores), nl=False)
    elif format_ == "latex":
        typer.echo(tables.latex_table(scores, intervals=intervals), nl=False)
        problems = (problem for problem, _ in complete.reading.problems())
        for said in (reading.reading_line(complete.reading), *problems):
            typer.echo(f"% {said}")
    else:
        typer.echo(tables.markdown_table(scores, intervals=intervals, further=further), nl=False)
        typer.echo(f"\n{reading.reading_markdown(complete.reading)}", nl=False)
