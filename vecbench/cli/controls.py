"""`vecbench score RUN --control RUN2`: the run's controls, scored with it and printed below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecbench.cli.options import given_path

if TYPE_CHECKING:
    from rich.console import Console

    from vecbench.controls.report import ControlReport
    from vecbench.report.files import Beside
    from vecbench.scoring import CompleteScores, Protocol, Scores
    from vecbench.tasks import Catalogue

Controls = Annotated[
    list[Path] | None,
    typer.Option(
        "--control",
        metavar="RUN",
        parser=given_path,
        help="Say what confidence owes to the image, by a control of the run; may be repeated.",
    ),
]


def reports_of(
    paths: Sequence[Path], controls: Sequence[Path] | None, protocol: Protocol, catalogue: Catalogue
) -> tuple[ControlReport, ...]:
    """The only run held against its controls; nothing without any."""
    if not controls:
        return ()
    from vecbench.controls.report import control_reports
    from vecbench.errors import UsageError
    from vecbench.stage import Stage

    [path, *others] = paths
    if others:
        raise UsageError("--control is of one PATH", "Score them one by one, each with its own controls.")

    with Stage("comparing with the controls", "compared"):
        return control_reports(path, controls, protocol.name, catalogue)


def with_controls(
    complete: CompleteScores, reports: Sequence[ControlReport]
) -> tuple[CompleteScores, Beside]:
    """The scores with what the controls say, and what is written of that beside them."""
    from vecbench.report.files import Beside

    if not reports:
        return complete, Beside()
    from vecbench.controls.figures import control_drawings
    from vecbench.controls.scored import with_reports
    from vecbench.controls.tables import control_markdown

    scores = with_reports(complete.scores, reports)
    drawings = control_drawings(reports, scores.names, str(scores.run.get("model") or ""))
    return replace(complete, scores=scores), Beside(drawings, [control_markdown(reports, scores.names)])


def print_controls(reports: Sequence[ControlReport], scores: Scores, format_: str, console: Console) -> None:
    """Prints the tables and sentences; JSON and CSV have them already."""
    if not reports:
        return
    from vecbench.controls.tables import LEGEND, control_latex, control_markdown, control_tables, said_of

    if format_ == "table":
        for table in control_tables(reports, scores.names):
            console.print()
            console.print(table)
        for sentence in (LEGEND, *said_of(reports)):
            console.print(f"\n{sentence}", markup=False)
    elif format_ == "markdown":
        typer.echo(f"\n{control_markdown(reports, scores.names)}", nl=False)
    elif format_ == "latex":
        typer.echo(f"\n{control_latex(reports, scores.names)}", nl=False)
