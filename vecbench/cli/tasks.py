"""`vecbench tasks list|show|check|init|complete|path`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecbench.cli.console import counted, stdout
from vecbench.cli.drafts import complete_tasks, init_task

if TYPE_CHECKING:
    from vecbench.tasks import Task
    from vecbench.tasks.task import Headline

tasks = typer.Typer(
    name="tasks", no_args_is_help=True, help="The tasks that can be run.", rich_markup_mode="rich"
)

IncludePath = Annotated[
    list[Path] | None, typer.Option("--include-path", help="Another folder with task files.")
]


SCALES = {"unit": "from 0 to 1", "percent": "from 0 to 100", "ten": "from 0 to 10"}


@tasks.command("list")
def list_tasks(include_path: IncludePath = None) -> None:
    """List every task with its group, answer kind, labels and number of samples."""
    from rich.table import Table
    from rich.text import Text

    from vecbench.tasks import load_catalogue

    catalogue = load_catalogue(include_path or [])
    table = Table(box=None, pad_edge=False)
    for heading in ("task", "name", "group", "kind", "labels", "n", "data"):
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
            task.group or "",
            task.answers.name,
            str(len(task.labels) or ""),
            _expected(task),
            "bundled" if task.data else "--data",
        )
    stdout().print(table)
    said = {task.id: _scored(task) for task in catalogue.tasks.values()}
    said |= {group.id: _combined(group.headline, "tasks") for group in catalogue.groups.values()}
    for name, notes in said.items():
        if notes:
            listed = "; ".join(f"{key}: {value}" for key, value in notes.items())
            stdout().print(f"{name}: {listed}", soft_wrap=True)
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
    from vecbench.tasks import load_catalogue
    from vecbench.tasks.prompts import prompt_profile

    console = stdout()
    for task in load_catalogue(include_path or []).select(names):
        profile = prompt_profile(task, prompt)
        aliases = ", ".join(f"{alias} → {label}" for alias, label in task.aliases.items()) or "none"
        sampling = f"temperature {task.temperature:g}, top_p {task.top_p:g}, at most {task.max_tokens} tokens"
        console.print(f"{task.id} ({task.display}), version {task.version}", style="bold")
        for name, value in {
            "file": str(task.path),
            "group": task.group or "none",
            "kind": ", ".join([task.answers.name, *_options(task)]),
            "labels": ", ".join(task.labels) or "none",
            "aliases": aliases,
            "subsets": "none",
            "headline": "all rows, pooled",
            "excluded": "none",
            **_scored(task),
            "samples": _expected(task),
            "data": str(task.data or "given with --data"),
            "generation": sampling,
            "profiles": ", ".join(task.prompts),
            "scale": f"a confidence is {SCALES[task.scales[profile]]}",
            f"prompt ({profile})": _prompt(task, profile),
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
    from vecbench.tasks.full_form import is_short
    from vecbench.tasks.yaml_file import read_yaml

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
    for task in catalogue.tasks.values():
        if is_short(read_yaml(task.path).content):
            remedy = f"vecbench tasks complete {task.path}"
            console.print(
                f"{task.path}: a short form, for vecbench alone; lm-eval needs the full one: {remedy}",
                soft_wrap=True,
            )


tasks.command("init")(init_task)
tasks.command("complete")(complete_tasks)


@tasks.command("path")
def tasks_path() -> None:
    """Print the folder with the shipped task files, for `lm_eval --include_path`."""
    from vecbench.shipped import tasks_folder

    typer.echo(tasks_folder())


def _prompt(task: Task, profile: str) -> str:
    """As a model gets it; the template, where that needs what only a row of the data brings."""
    from vecbench.errors import DataError
    from vecbench.samples import Sample
    from vecbench.tasks.prompts import render_prompt

    own = "(the data's own prompt)"
    try:
        candidates = task.answers.candidates({})
        return render_prompt(task, profile, Sample(task.id, "", ("",), "", candidates, own, Path()))
    except (DataError, ValueError):
        return task.prompts[profile]


def _scored(task: Task) -> dict[str, str]:
    """How the task is scored, where that is not over all of its rows, pooled."""
    notes = {"subsets": ", ".join(task.subsets)} if task.subsets else {}
    notes |= _combined(task.headline, "subsets")
    if task.excluded:
        ids = ", ".join(sorted(task.excluded))
        notes["excluded"] = f"{counted(len(task.excluded), 'sample')} ({ids}): {task.excluded_because}"
    return notes


def _combined(headline: Headline | None, parts: str) -> dict[str, str]:
    if headline is None or headline.how == "pooled":
        return {}
    return {"headline": f"mean of {' and '.join(headline.of) or f'its {parts}'}"}


def _options(task: Task) -> list[str]:
    """What the file says of the answer kind: `range: [1, 9]`."""
    from vecbench.tasks.yaml_file import inline

    return [f"{name}: {inline(value)}" for name, value in task.specification.options.items()]


def _expected(task: Task) -> str:
    if task.expected_n is None:
        return ""
    low, high = task.expected_n
    return str(low) if low == high else f"{low}–{high}"
