"""`vecbench tasks list|show|check|path`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecbench.cli.console import counted, stdout

if TYPE_CHECKING:
    from vecbench.tasks import Task

tasks = typer.Typer(
    name="tasks", no_args_is_help=True, help="The tasks that can be run.", rich_markup_mode="rich"
)

IncludePath = Annotated[
    list[Path] | None, typer.Option("--include-path", help="Another folder with task files.")
]


@tasks.command("list")
def list_tasks(include_path: IncludePath = None) -> None:
    """List every task with its group, labels and number of samples."""
    from rich.table import Table
    from rich.text import Text

    from vecbench.tasks import load_catalogue

    catalogue = load_catalogue(include_path or [])
    table = Table(box=None, pad_edge=False)
    for heading in ("task", "name", "group", "labels", "n", "data"):
        table.add_column(heading, justify="right" if heading in {"labels", "n"} else "left", no_wrap=True)
    benchmarks = {member: group for group in catalogue.benchmarks() for member in group.members}
    shown = ""
    for task in catalogue.tasks.values():
        benchmark = benchmarks[task.group].id if task.group in benchmarks else "no benchmark"
        if benchmark != shown:
            table.add_row(Text(benchmark, style="bold"))
            shown = benchmark
        table.add_row(
            f"  {task.id}",
            task.display,
            task.group,
            str(len(task.labels)),
            _expected(task),
            "bundled" if task.data else "--data",
        )
    stdout().print(table)
    if catalogue.faults:
        typer.echo(
            f"{counted(len(catalogue.faults), 'fault')} in task files: see vecbench tasks check", err=True
        )


@tasks.command("show")
def show_tasks(
    names: Annotated[str, typer.Argument(metavar="T,…", help="Tasks, groups or benchmarks.")],
    prompt: Annotated[
        str | None, typer.Option("--prompt", metavar="PROFILE", help="Prompt profile to show.")
    ] = None,
    include_path: IncludePath = None,
) -> None:
    """Show what a task asks, in full, with its prompt as a model gets it."""
    from vecbench.samples import Sample
    from vecbench.tasks import load_catalogue
    from vecbench.tasks.prompts import prompt_profile, render_prompt

    console = stdout()
    for task in load_catalogue(include_path or []).select(names):
        profile = prompt_profile(task, prompt)
        sample = Sample(task.id, "", "", "", task.labels, "(the data's own prompt)", Path())
        aliases = ", ".join(f"{alias} → {label}" for alias, label in task.aliases.items()) or "none"
        sampling = f"temperature {task.temperature:g}, top_p {task.top_p:g}, at most {task.max_tokens} tokens"
        console.print(f"{task.id} ({task.display}), version {task.version}", style="bold")
        for name, value in {
            "file": str(task.path),
            "group": task.group,
            "labels": ", ".join(task.labels),
            "aliases": aliases,
            "samples": _expected(task),
            "data": str(task.data or "given with --data"),
            "generation": sampling,
            "profiles": ", ".join(task.prompts),
            f"prompt ({profile})": render_prompt(task, profile, sample),
        }.items():
            console.print(f"  {name + ':':<19} {value}", soft_wrap=True)


@tasks.command("check")
def check_tasks(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH…]", help="Task files or folders of them.")
    ] = None,
) -> None:
    """Check task files: every fault at once, with file, key and remedy; without PATH, the shipped ones."""
    from vecbench.tasks import load_catalogue

    console = stdout()
    catalogue = load_catalogue(paths or [])
    for fault in catalogue.faults:
        console.print(str(fault), soft_wrap=True)
        if fault.remedy:
            console.print(f"  {fault.remedy}", soft_wrap=True, style="dim")
    count = f"{counted(len(catalogue.tasks), 'task')} and {counted(len(catalogue.groups), 'group')}"
    if catalogue.faults:
        console.print(f"{counted(len(catalogue.faults), 'fault')}; {count} are usable")
        raise typer.Exit(2)
    console.print(f"{count}, no faults")


@tasks.command("path")
def tasks_path() -> None:
    """Print the folder with the shipped task files, for `lm_eval --include_path`."""
    from vecbench.shipped import tasks_folder

    typer.echo(tasks_folder())


def _expected(task: Task) -> str:
    if task.expected_n is None:
        return ""
    low, high = task.expected_n
    return str(low) if low == high else f"{low}–{high}"
