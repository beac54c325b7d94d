"""`vecbench data check`."""

from __future__ import annotations

import json
from collections import Counter as Tally
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vecbench.cli import completion
from vecbench.cli.options import DATA_FORMS, Columns, IncludePath, parse_columns
from vecbench.console import counted, stdout
from vecbench.escaping import encodable, printable

if TYPE_CHECKING:
    from rich.console import Console

    from vecbench.samples import DataSource
    from vecbench.samples.check import DataCheck, Duplicate, Finding, TaskCheck

MOST_FINDINGS = 10
"""So many are listed of each kind and task; JSON has them all."""

data = typer.Typer(
    name="data", no_args_is_help=True, help="The data that tasks are run on.", rich_markup_mode="rich"
)


@data.callback()
def data_commands() -> None:
    """The data that tasks are run on."""


@data.command("check")
def check(
    where: Annotated[
        str,
        typer.Argument(
            metavar="DIR|FILE|HF-ID",
            help=DATA_FORMS,
        ),
    ],
    tasks: Annotated[
        str | None,
        typer.Option(
            "-t",
            "--tasks",
            metavar="T,…",
            autocompletion=completion.tasks,
            help="Tasks, groups or benchmarks; all by default.",
        ),
    ] = None,
    output_format: Annotated[
        Literal["table", "json"], typer.Option("--format", help="What is printed.")
    ] = "table",
    columns: Columns = None,
    include_path: IncludePath = None,
) -> None:
    """Read every row and decode every image, and say what a run would stumble over.

    Exit status: 0 no faults, 2 the data cannot be used, 4 it can, but a run would be incomplete.
    """
    from vecbench.progress import Counter
    from vecbench.samples import open_data
    from vecbench.samples.check import check_data, tasks_in
    from vecbench.tasks import load_catalogue

    catalogue = load_catalogue(include_path or [])
    with Counter("downloading images") as counter:
        source = open_data(where, counter, parse_columns(columns))
        chosen = tasks_in(source, catalogue) if tasks is None else catalogue.select(tasks)
        source.fetch(chosen, observer=counter)
    with Counter("decoding images") as counter:
        found = check_data(source, chosen, catalogue, counter)
    if output_format == "json":
        typer.echo(encodable(json.dumps(_as_json(source, found), indent=2, ensure_ascii=False)))
    else:
        _print(source, found, stdout())
    if found.n_faults:
        raise typer.Exit(4)


def _print(source: DataSource, found: DataCheck, console: Console) -> None:
    from rich.table import Table

    console.print(printable(source.recognised()), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for heading in ("task", "rows", "expected", "missing", "unreadable", "target", "prompt", "twice"):
        table.add_column(heading, justify="left" if heading == "task" else "right", no_wrap=True)
    for each in found.tasks:
        counts = (each.missing, each.unreadable, each.targets, each.unprompted, each.duplicates)
        expected = each.task.expected_rows() or "any"
        table.add_row(each.task.id, str(each.n), expected, *(str(len(count)) for count in counts))
    console.print(table)
    for each in found.tasks:
        for line in _faults(each):
            console.print(printable(line), soft_wrap=True)
    for line in _notes(found):
        console.print(printable(f"note: {line}"), soft_wrap=True)
    total = sum(each.n for each in found.tasks)
    if found.n_faults:
        console.print(f"{counted(found.n_faults, 'fault')} in {counted(total, 'row')}", style="bold red")
    else:
        console.print(f"{counted(total, 'row')}, no faults")


def _faults(found: TaskCheck) -> Iterator[str]:
    name = found.task.id
    if not found.has_expected_rows:
        yield f"{name}: {counted(found.n, 'row')}; {found.task.expected_rows()} are expected"
    unprompted = found.unprompted if found.needs_prompts else ()
    for findings in (found.missing, found.unreadable, found.targets, unprompted):
        yield from (f"{name}, {_said(each)}" for each in findings[:MOST_FINDINGS])
        if len(findings) > MOST_FINDINGS:
            yield f"{name}: … and {len(findings) - MOST_FINDINGS} more like that: --format json lists them"


def _said(finding: Finding) -> str:
    named = finding.image if finding.image not in {"", finding.sample_id} else ""
    return ": ".join(part for part in (finding.sample_id, named, finding.problem) if part)


def _notes(found: DataCheck) -> Iterator[str]:
    for each in found.tasks:
        if each.unprompted and not each.needs_prompts:
            bare, such = len(each.unprompted), each.unprompted[0].sample_id
            yield f"{each.task.id}: {bare} of {each.n} rows bring no prompt, such as {such}"
        if each.duplicates:
            first = each.duplicates[0]
            ids = " and ".join(sample for _, sample, _ in first.samples)
            yield f"{each.task.id}: {counted(len(each.duplicates), 'image')} more than once, such as {ids}"
        for problem, count in Tally(odd.problem for odd in each.odd_options).items():
            such = next(odd.sample_id for odd in each.odd_options if odd.problem == problem)
            yield f"{each.task.id}: {counted(count, 'sample')} with {problem}, such as {such}"
        contradicting = sum(len({target for _, _, target in one.samples}) > 1 for one in each.duplicates)
        if contradicting:
            yield f"{each.task.id}: {contradicting} of them with different targets"
    for tasks, count in Tally(duplicate.tasks for duplicate in found.shared).items():
        yield f"{' and '.join(tasks)} share {counted(count, 'image')}"
    for name, count in found.unknown.items():
        yield f"not looked at: {counted(count, 'row')} of {name!r}, which is no known task"
    for split, count in found.left_out.items():
        yield f"left out: {counted(count, 'row')} of the split {split!r}"


def _as_json(source: DataSource, found: DataCheck) -> dict[str, Any]:
    from dataclasses import asdict

    def duplicates(found: tuple[Duplicate, ...]) -> list[list[dict[str, str]]]:
        keys = ("task", "sample_id", "target")
        return [[dict(zip(keys, sample, strict=True)) for sample in each.samples] for each in found]

    return {
        "schema": "vecbench.data-check/1",
        "data": source.name,
        "table": str(source.table),
        "table_sha256": source.sha256(),
        "format": source.format.name,
        "recognised": source.recognised(),
        "columns": dict(source.columns),
        "faults": found.n_faults,
        "tasks": {
            each.task.id: {
                "n": each.n,
                "expected_n": each.task.expected_n,
                **{
                    name: [asdict(finding) for finding in getattr(each, name)]
                    for name in ("missing", "unreadable", "targets", "unprompted")
                },
                "duplicates": duplicates(each.duplicates),
                "classes": dict(each.classes),
            }
            for each in found.tasks
        },
        "shared": duplicates(found.shared),
        "unknown_tasks": dict(found.unknown),
        "left_out": dict(found.left_out),
    }
