"""`vecbench table`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vecbench.cli import completion
from vecbench.cli.garbage import all_objects_stay
from vecbench.cli.options import IncludePath, ReadBy, given_path, known_keys, require_file_place
from vecbench.console import stdout

FORMATS = ("table", "latex", "markdown", "csv", "html")


@all_objects_stay()
def table(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN…", parser=given_path, help="Run directories, responses, or predictions: one a model."
        ),
    ],
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            autocompletion=completion.one_of(FORMATS),
            help="table, latex, markdown, csv or html.",
        ),
    ] = "table",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write it there (default: standard output)."),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="NAME", help="What to call a model: once a RUN, in their order."),
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(
            "-t",
            "--tasks",
            metavar="NAME,NAME",
            help="Columns of these tasks, groups or benchmarks, and overall (default: every group).",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option("--metrics", metavar="KEY,KEY", help="These metrics instead of the usual ones."),
    ] = None,
    intervals: Annotated[bool, typer.Option("--intervals", help="Print 95 % intervals.")] = False,
    protocol: ReadBy = None,
    include_path: IncludePath = None,
) -> None:
    """Put several models into one table, the best of each column marked.

    The second is marked where it differs from the best and from the next by more than chance, in paired tests
    on the same samples. Runs of other samples are told, and nothing is marked there.
    """
    from vecbench.comparing import model_formats, open_side
    from vecbench.comparing.model_table import model_table
    from vecbench.comparing.models import models_of
    from vecbench.comparing.pairs import require_protocol
    from vecbench.errors import Interrupted, UsageError, nearest
    from vecbench.scoring import STRICT, protocol_named
    from vecbench.store import write_text
    from vecbench.store.kept_tasks import with_kept_tasks
    from vecbench.tasks import load_catalogue

    way = protocol_named(protocol or STRICT.name)
    if format_ not in FORMATS:
        raise UsageError(f"unknown format {format_!r}", nearest(format_, FORMATS))
    if intervals and way.is_published:
        raise UsageError(f"--intervals: the protocol {protocol} has none", "Leave it out, or use strict.")
    keys = known_keys("--metrics", metrics, way)
    require_file_place("--output", output)
    try:
        catalogue = with_kept_tasks(load_catalogue(include_path or []), paths)
        sides = [open_side(path, way.name, catalogue) for path in paths]
        if protocol is not None:
            require_protocol(protocol, sides)
        models = models_of(sides, catalogue, names or (), intervals=intervals)
        made = model_table(models, catalogue, tasks=tasks, metrics=keys, intervals=intervals)
    except KeyboardInterrupt:
        raise Interrupted("the table was stopped", "Run the same command to start it again.") from None
    if format_ == "table":
        console = stdout()
        if output is not None:
            with console.capture() as printed:
                console.print(model_formats.terminal_table(made))
            write_text(output, printed.get())
        else:
            console.print(model_formats.terminal_table(made))
        return
    write = {
        "latex": model_formats.latex_table,
        "markdown": model_formats.markdown_table,
        "csv": model_formats.csv_table,
        "html": model_formats.html_fragment,
    }[format_]
    if output is None:
        typer.echo(write(made), nl=False)
    else:
        write_text(output, write(made))
