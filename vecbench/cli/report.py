"""`vecbench report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vecbench.cli import completion
from vecbench.cli.controls import Controls
from vecbench.cli.garbage import all_objects_stay
from vecbench.cli.options import IncludePath, given_path
from vecbench.console import counted, stdout, warn
from vecbench.escaping import printable


@all_objects_stay()
def report(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN",
            parser=given_path,
            help="A run's directory, or responses that another program stored.",
        ),
    ],
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="RUN", parser=given_path, help="A second run, seen beside it."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", parser=given_path, metavar="DIR", help="Where it goes (default: RUN/report)."
        ),
    ] = None,
    single_file: Annotated[
        bool, typer.Option("--single-file", help="All in index.html, up to 25 MB.")
    ] = False,
    images: Annotated[
        bool, typer.Option("--images/--no-images", help="Show the images, or their names alone.")
    ] = True,
    max_samples: Annotated[
        int, typer.Option("--max-samples", min=1, metavar="N", help="Most rows that are shown.")
    ] = 100_000,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            parser=given_path,
            metavar="DIR",
            help="Where the data is now, if not where the run had it.",
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            autocompletion=completion.one_of(completion.PROTOCOLS),
            help="How responses are read and scored, as in vecbench score.",
        ),
    ] = "strict",
    control: Controls = None,
    include_path: IncludePath = None,
) -> None:
    """Show the samples of a run: a page with images, prompts, responses and scores that opens from disk.

    It needs no server and asks for nothing over the network; whoever gets the folder can open it.
    """
    from vecbench.errors import Interrupted
    from vecbench.stage import Stage
    from vecbench.viewer.report import report_of

    try:
        with Stage("writing the report", "written"):
            written = report_of(
                run,
                against,
                output,
                data=data,
                most=max_samples,
                images=images,
                single_file=single_file,
                protocol=protocol,
                controls=control or (),
                include_path=include_path or [],
            )
    except KeyboardInterrupt:
        raise Interrupted("the report was stopped", "Run the same command to start it again.") from None
    for notice in written.notices:
        warn(printable(notice), word="note", style="bold")
    shown = counted(written.shown, "row")
    stdout().print(f"Report of {shown}: {written.path}", soft_wrap=True)
