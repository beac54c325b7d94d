"""What `vecbench score` prints of scores, in each format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from vecbench.scoring import CompleteScores


def print_scores(
    complete: CompleteScores, format_: str, console: Console, *, intervals: bool, further: Sequence[str]
) -> None:
    """Prints scores with what was scored beside them; `further` are keys of metrics that are shown too."""
    from vecbench.report import further_tables, reading, source_tables, tables

    scores = complete.scores
    if format_ == "table":
        shown: list[RenderableType] = [tables.terminal_table(scores, intervals=intervals, further=further)]
        shown += source_tables.source_terminal(scores, intervals=intervals)
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
        typer.echo(source_tables.source_latex(scores, intervals=intervals), nl=False)
        problems = (problem for problem, _ in complete.reading.problems())
        for said in (reading.reading_line(complete.reading), *problems):
            typer.echo(f"% {said}")
    else:
        typer.echo(tables.markdown_table(scores, intervals=intervals, further=further), nl=False)
        by_source = source_tables.source_markdown(scores, intervals=intervals)
        typer.echo(f"\n{by_source}" * bool(by_source), nl=False)
        typer.echo(f"\n{reading.reading_markdown(complete.reading)}", nl=False)
