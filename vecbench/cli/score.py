"""`vecbench score`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vecbench.cli import completion
from vecbench.cli.controls import Controls, print_controls, reports_of, with_controls
from vecbench.cli.elsewhere import asked_loggers, exporting, exports_named, log_complete
from vecbench.cli.figures import FigureFormats, draw_overlays, report_figures
from vecbench.cli.garbage import all_objects_stay
from vecbench.cli.notices import report_failures, report_missing, report_reading, report_source
from vecbench.cli.options import (
    Columns,
    IncludePath,
    Log,
    TaskOfRows,
    given_path,
    known_keys,
    parse_columns,
    parse_sources,
    require_directory,
)
from vecbench.cli.score_tables import print_scores
from vecbench.console import stdout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from vecbench.controls.report import ControlReport
    from vecbench.interop.reading import ResponseSource
    from vecbench.metrics.recalibration import Method
    from vecbench.scoring import CompleteScores, Disagreements, Protocol, Scores
    from vecbench.store import RunDirectory
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
            "--protocol",
            autocompletion=completion.one_of(completion.PROTOCOLS),
            help="How responses are read and scored: strict, emocaliber or emobserver.",
        ),
    ] = "strict",
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            autocompletion=completion.one_of(completion.FORMATS),
            help="table, json, markdown, csv or latex.",
        ),
    ] = "table",
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
    confidence: Annotated[
        str | None,
        typer.Option(
            "--confidence",
            metavar="SOURCE,SOURCE",
            help="Hold sources of confidence against each other: stated, token, agreement, or all there are.",
        ),
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
        typer.Option(
            "--export", metavar="FORMAT", help="Write the responses as lm-eval, emocaliber or inspect too."
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
    sentences: Annotated[
        bool, typer.Option("--sentences/--no-sentences", help="Read answers in sentences, or in fields only.")
    ] = True,
    confidence_scale: Annotated[
        int | None,
        typer.Option(metavar="1|10|100", help="What confidences are stated up to (default: as tasks say)."),
    ] = None,
    figures: Annotated[bool, typer.Option(help="Draw the figures.")] = True,
    figure_formats: FigureFormats = None,
    corp: Annotated[
        bool, typer.Option("--corp", help="Draw CORP reliability diagrams too, which have no bins.")
    ] = False,
    overlay: Annotated[
        Path | None,
        typer.Option(
            "--overlay",
            parser=given_path,
            metavar="DIR",
            help="Draw two to six runs over each other, and write these figures into DIR.",
        ),
    ] = None,
    control: Controls = None,
    task: TaskOfRows = None,
    columns: Columns = None,
    log: Log = None,
    include_path: IncludePath = None,
) -> None:
    """Score responses that are stored already; no model is needed.

    Writes predictions.jsonl, scores.json, summary.md and figures/, and prints the table. Exit status 4:
    scored, but incomplete, since a sample has no response, a row could not be read, or more than 20 % of the
    answers to a task could not; 2: no row can be used, and nothing is written.
    """
    from vecbench.errors import UsageError, nearest
    from vecbench.interop.reading import open_responses
    from vecbench.metrics.recalibration import METHODS
    from vecbench.report.diagrams import require_overlay
    from vecbench.report.figures import formats_of
    from vecbench.scoring import protocol_named, protocol_with
    from vecbench.store.kept_tasks import with_kept_tasks
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
    if metrics and way.is_published:
        raise UsageError(f"--metrics: the protocol {protocol} has its own", "Leave it out, or use strict.")
    further = known_keys("--metrics", metrics, way)
    if against is not None and (protocol, against) != ("strict", "emocaliber"):
        raise UsageError(
            f"--protocol {protocol} --against {against} is not possible",
            "Differences are listed for --protocol strict --against emocaliber.",
        )
    if len(paths) > 1:
        _require_several_possible(output, format_)
    formats = formats_of(figure_formats)
    if overlay is not None:
        require_overlay(len(paths))
        require_directory(overlay)
    exports = exports_named(export or ())
    loggers = asked_loggers(log)
    catalogue = with_kept_tasks(load_catalogue(include_path or []), paths)
    reports = reports_of(paths, control, way, catalogue)
    incomplete = False
    every: list[Scores] = []
    opened = (
        open_responses(path, catalogue, by or (), task=task, names=parse_columns(columns)) for path in paths
    )
    for written, source in _placed(paths, opened, output).items():
        with exporting(exports, source, catalogue, written) as exported:
            complete = score_source(
                replace(source, responses=exported.responses),
                way,
                catalogue,
                written,
                stdout(),
                format_,
                figures=figures,
                formats=formats,
                corp=corp,
                intervals=intervals,
                further=further,
                recalibrate=recalibrate,
                fit_on=fit_on,
                by=by or (),
                sources=parse_sources(confidence, way),
                with_differences=against is not None,
                controls=reports,
            )
            exported.write(complete)
        log_complete(loggers, complete, written)
        report_missing(source)
        report_failures(source)
        incomplete = incomplete or source.is_incomplete or bool(complete.reading.mostly_unread)
        every.append(complete.scores)
    if overlay is not None:
        draw_overlays(every, [str(path) for path in paths], overlay, formats)
    if incomplete:
        raise typer.Exit(4)


def _require_several_possible(output: Path | None, format_: str) -> None:
    from vecbench.errors import UsageError

    if output is not None:
        raise UsageError(
            "--output takes the scores of one PATH", "Score them one by one, or leave --output out."
        )
    if format_ == "json":
        raise UsageError("--format json prints one document, so it takes one PATH", "Score them one by one.")


def _placed(
    paths: Sequence[Path], opened: Iterable[ResponseSource], output: Path | None
) -> Mapping[Path, ResponseSource]:
    """Where the scores of each path go → its responses; nothing has been scored when one is refused."""
    from vecbench.errors import UsageError

    sources: dict[Path, ResponseSource] = {}
    named: dict[Path, Path] = {}
    for path, source in zip(paths, opened, strict=True):
        written = output or source.default_output
        require_directory(written)
        place = written.resolve()
        if place in named:
            raise UsageError(
                f"the scores of {named[place]} and of {path} would both go into {written}",
                "Score them one by one, each with its own --output.",
            )
        named[place] = path
        sources[written] = source
    return sources


def score_source(
    source: ResponseSource,
    protocol: Protocol,
    catalogue: Catalogue,
    output: Path,
    console: Console,
    format_: str = "table",
    *,
    figures: bool = True,
    formats: Sequence[str] | None = None,
    corp: bool = False,
    intervals: bool = False,
    further: Sequence[str] = (),
    recalibrate: Method | None = None,
    fit_on: str | None = None,
    by: Sequence[str] = (),
    sources: Sequence[str] = (),
    with_differences: bool = False,
    quiet: bool = False,
    controls: Sequence[ControlReport] = (),
) -> CompleteScores:
    """Scores responses, writes everything that is derived from them, and prints the table.

    What was recognised and what is wrong with it goes to standard error. `further` are keys of metrics that
    are printed beside the usual ones, and `sources` those of confidence that are held against each other; a
    `quiet` one does not say that it takes a while.
    """
    from vecbench.interop.scored import scored_source
    from vecbench.report.files import write_results
    from vecbench.scoring import disagreements
    from vecbench.stage import Stage
    from vecbench.store import RunDirectory

    kept = list(source.responses) if with_differences else []
    if with_differences:
        source = replace(source, responses=iter(kept))
    written = RunDirectory(output)
    with Stage("scoring", "scored", quiet=quiet), all_objects_stay():
        complete = scored_source(source, protocol, catalogue, recalibrate, fit_on=fit_on, by=by)
        if sources:
            from vecbench.comparing.source_scores import with_sources

            complete = with_sources(complete, sources, catalogue, further=further)
        complete, beside = with_controls(complete, controls)
        drawn = write_results(
            complete,
            source,
            written,
            figures=figures,
            formats=formats,
            corp=corp,
            further=further,
            beside=beside,
        )
    report_source(source, catalogue, written.faults)
    report_reading(complete)
    report_figures(drawn)
    print_scores(complete, format_, console, intervals=intervals, further=further)
    print_controls(controls, complete.scores, format_, console)
    if with_differences:
        _show_differences(disagreements(kept, catalogue), written, console, format_)
    if format_ == "table":
        console.print(f"\nScores, figures and summary: {written.summary}", soft_wrap=True)
    return complete


def _show_differences(found: Disagreements, written: RunDirectory, console: Console, format_: str) -> None:
    from vecbench.report.disagreements import disagreement_markdown, disagreement_table
    from vecbench.store import write_text

    write_text(written.differences, found.as_csv())
    write_text(written.difference_summary, disagreement_markdown(found))
    if format_ == "table":
        console.print()
        console.print(disagreement_table(found))
        console.print(f"\nEvery row that differs: {written.differences}", soft_wrap=True)
