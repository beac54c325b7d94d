"""`vecbench tasks list|show|check|init|complete|path`."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecbench.cli import completion
from vecbench.cli.options import Columns, IncludePath, parse_columns
from vecbench.console import counted, stdout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console
    from rich.table import Table as RichTable

    from vecbench.answers import AnswerSpecification
    from vecbench.tasks import Catalogue, Task
    from vecbench.tasks.task import Headline

tasks = typer.Typer(
    name="tasks", no_args_is_help=True, help="The tasks that can be run.", rich_markup_mode="rich"
)

MOST_LABELS = 50
"""More different values of a column than this are no labels."""
SCALES = {"unit": "from 0 to 1", "percent": "from 0 to 100", "ten": "from 0 to 10"}


@tasks.command("list")
def list_tasks(
    benchmarks_only: Annotated[
        bool, typer.Option("--benchmarks", help="A line a benchmark instead of a line a task.")
    ] = False,
    include_path: IncludePath = None,
) -> None:
    """List every task below its benchmark and group, with its answer kind, labels and number of samples."""
    from rich.text import Text

    from vecbench.tasks import load_catalogue

    catalogue = load_catalogue(include_path or [])
    if benchmarks_only:
        stdout().print(_benchmarks(catalogue))
        return
    table = _table("task", "name", "kind", "labels", "n", "data")
    # The largest first: a task that is in several stands under its own.
    benchmarks = {
        member: group
        for group in sorted(catalogue.benchmarks(), key=lambda group: -len(group.members))
        for member in group.members
    }
    shown: tuple[str, str | None] = "", None
    for task in catalogue.tasks.values():
        benchmark = benchmarks[task.group].id if task.group in benchmarks else "no benchmark"
        if benchmark != shown[0]:
            table.add_row(Text(benchmark, style="bold"))
            shown = benchmark, None
        if task.group != shown[1]:
            table.add_row(f" {task.group or 'no group'}")
            shown = benchmark, task.group
        table.add_row(
            f"  {task.id}",
            task.display,
            task.answers.name,
            str(len(task.labels) or ""),
            task.expected_rows(),
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


def _table(*headings: str) -> RichTable:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        numbers = heading in {"labels", "n", "tasks", "samples"}
        table.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    return table


def _benchmarks(catalogue: Catalogue) -> RichTable:
    """What each benchmark asks for, of how many samples."""
    table = _table("benchmark", "name", "tasks", "samples", "answers")
    for group in sorted(catalogue.benchmarks(), key=lambda group: group.id):
        members = catalogue.select(group.id)
        ends = [task.expected_n or (0, 0) for task in members]
        least, most = (sum(end[place] for end in ends) for place in (0, -1))
        known = all(task.expected_n for task in members)
        samples = "–".join(f"{n:,}" for n in dict.fromkeys((least, most))) if known else ""
        kinds = ", ".join(dict.fromkeys(task.answers.name for task in members))
        table.add_row(group.id, group.display, str(len(members)), samples, kinds)
    return table


@tasks.command("show")
def show_tasks(
    names: Annotated[
        str,
        typer.Argument(metavar="T,…", autocompletion=completion.tasks, help="Tasks, groups or benchmarks."),
    ],
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            metavar="PROFILE",
            autocompletion=completion.one_of(completion.PROFILES),
            help="Prompt profile to show.",
        ),
    ] = None,
    include_path: IncludePath = None,
) -> None:
    """Show what a task asks, in full, with its prompt as a model gets it."""
    from vecbench.run.sampling import task_sampling
    from vecbench.tasks import load_catalogue
    from vecbench.tasks.prompts import prompt_profile

    console = stdout()
    for task in load_catalogue(include_path or []).select(names):
        profile = prompt_profile(task, prompt)
        aliases = ", ".join(f"{alias} → {label}" for alias, label in task.aliases.items()) or "none"
        sampling = f"temperature {task.temperature:g}, top_p {task.top_p:g}, at most {task.max_tokens} tokens"
        sampling += "".join(f", {name} {value:g}" for name, value in task_sampling(task).further.items())
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
            "samples": task.expected_rows(),
            "data": str(task.data or "given with --data"),
            "generation": sampling,
            "profiles": ", ".join(task.prompts),
            "scale": f"a confidence is {SCALES[task.form_of(profile).scale or 'unit']}",
            f"prompt ({profile})": _prompt(task, profile),
        }.items():
            console.print(f"  {name + ':':<19} {value}", soft_wrap=True)


@tasks.command("check")
def check_tasks(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH…]", help="Task files or folders of them.")
    ] = None,
    include_path: IncludePath = None,
) -> None:
    """Check task files: every fault at once, with file, key and remedy; without PATH, the shipped ones."""
    from vecbench.shipped import tasks_folder
    from vecbench.tasks import load_catalogue
    from vecbench.tasks.schema import is_short
    from vecbench.tasks.yaml_file import read_yaml

    console = stdout()
    catalogue = load_catalogue([*(paths or ()), *(include_path or ())])
    for fault in catalogue.faults:
        console.print(str(fault), soft_wrap=True)
        if fault.remedy:
            console.print(f"  {fault.remedy}", soft_wrap=True, style="dim")
    count = f"{counted(len(catalogue.tasks), 'task')} and {counted(len(catalogue.groups), 'group')}"
    if catalogue.faults:
        console.print(f"{counted(len(catalogue.faults), 'fault')}; {count} are usable")
        raise typer.Exit(2)
    console.print(f"{count}, no faults")
    own = [task for task in catalogue.tasks.values() if tasks_folder() not in task.path.parents]
    _show_prompt_findings(own if paths or include_path else catalogue.tasks.values(), console)
    for task in catalogue.tasks.values():
        if is_short(read_yaml(task.path).content):
            remedy = f"vecbench tasks complete {task.path}"
            console.print(
                f"{task.path}: a short form, for vecbench alone; lm-eval needs the full one: {remedy}",
                soft_wrap=True,
            )


def _show_prompt_findings(tasks: Iterable[Task], console: Console) -> None:
    """What cannot be read of answers to prompts; what is no fault, in a line for all tasks together."""
    from vecbench.tasks.prompt_check import prompt_findings

    silent: dict[str, list[str]] = {}
    for task in tasks:
        for profile in task.prompts:
            if "dataset_prompt" in task.prompts[profile]:
                continue  # which only a row of the data brings
            text, fault = _rendered(task, profile)
            if fault:
                console.print(fault, soft_wrap=True)
            for found in prompt_findings(text, task.form_of(profile), task.answers):
                if not found.remedy:
                    silent.setdefault(f"the prompt profile {profile} {found.problem}", []).append(task.id)
                    continue
                console.print(f"{task.path}: prompt profile {profile}: {found.problem}", soft_wrap=True)
                console.print(f"  {found.remedy}", soft_wrap=True, style="dim")
    for said, names in silent.items():
        console.print(f"{said}: {', '.join(names)}", soft_wrap=True, style="dim")


@tasks.command("init")
def init_task(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The task's name: letters, digits, _.")],
    labels: Annotated[
        str | None,
        typer.Option("--labels", metavar="A,B,…", help="The closed list; without it, the data's own labels."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="PATH", help="Folder or table with the samples, which the file names."
        ),
    ] = None,
    columns: Columns = None,
    kind: Annotated[
        str, typer.Option("--kind", help="What an answer is: label, choice, ranking, rating …")
    ] = "label",
    bounds: Annotated[
        str | None, typer.Option("--range", metavar="LOW,HIGH", help="Of a rating: lowest and highest.")
    ] = None,
    dimensions: Annotated[
        str | None,
        typer.Option("--dimensions", metavar="NAME,…", help="Of a rating: what one answer rates."),
    ] = None,
    top: Annotated[int | None, typer.Option("--top", help="Of a ranking: how many labels.")] = None,
    noun: Annotated[
        str | None, typer.Option("--noun", help="What is asked for; without it, emotion.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: NAME.yaml.")
    ] = None,
    short: Annotated[
        bool, typer.Option("--short", help="Only what vecbench needs, in at most 10 lines.")
    ] = False,
) -> None:
    """Write the file of a new task, for vecbench and lm-eval; a file that is there is left alone."""
    from vecbench.answers import AnswerSpecification
    from vecbench.errors import UsageError
    from vecbench.tasks import load_catalogue
    from vecbench.tasks.draft import Draft
    from vecbench.tasks.task import without_prefix

    plain = without_prefix(name)
    catalogue = load_catalogue()
    if plain in catalogue.tasks or plain in catalogue.groups:
        raise UsageError(f"there is a shipped task or group {plain}", "Choose another name.")
    options: dict[str, Any] = {}
    if bounds is not None:
        options["range"] = [_number(each.strip()) for each in bounds.split(",")]
    if dimensions is not None:
        options["dimensions"] = [each.strip() for each in dimensions.split(",")]
    if top is not None:
        options["top"] = top
    listed = () if labels is None else tuple(each.strip() for each in labels.split(","))
    answers = AnswerSpecification(kind, listed, options=options)
    if labels is None and data is not None:
        answers = _with_labels_of(data, answers, plain, parse_columns(columns))
    path = output or Path(f"{plain}.yaml")
    Draft(plain, path, answers, noun, data, short).write()
    readers = "vecbench" if short else "vecbench and lm-eval"
    typer.echo(f"{path} is a task for {readers}. It runs with:")
    # A run's other tasks lie in the folder too, but the current one may hold any YAML.
    include = path if path.parent == Path() else path.parent
    command = ["vecbench", "run", "--model", "MODEL", "--tasks", plain, "--include-path", str(include)]
    command += [] if data else ["--data", "DATA"]
    typer.echo("  " + shlex.join([*command, "--columns", columns] if columns else command))


@tasks.command("complete")
def complete_tasks(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Short task files.")],
) -> None:
    """Append to a short task file what lm-eval needs; what it says stays as it is."""
    from vecbench.tasks.draft import complete

    for file in files:
        done = complete(file)
        typer.echo(f"{file}: now in full, for lm-eval too" if done else f"{file} is in full already")


@tasks.command("path")
def tasks_path() -> None:
    """Print the folder with the shipped task files, for `lm_eval --include_path`."""
    from vecbench.shipped import tasks_folder

    typer.echo(tasks_folder())


def _prompt(task: Task, profile: str) -> str:
    """As a model gets it; the template, where that needs what only a row of the data brings."""
    return _rendered(task, profile)[0]


def _rendered(task: Task, profile: str) -> tuple[str, str]:
    """A prompt and, where it cannot be made without a row, its template, and why whatever the row says."""
    from vecbench.errors import DataError
    from vecbench.samples import Sample
    from vecbench.tasks.prompts import needed_columns, render_prompt

    try:
        candidates = task.answers.candidates({})
        sample = Sample(task.id, "", ("",), "", candidates, "(the data's own prompt)", Path())
        return render_prompt(task, profile, sample), ""
    except ValueError:
        return task.prompts[profile], ""
    except DataError as fault:
        return task.prompts[profile], "" if needed_columns(task, profile) else fault.message


def _scored(task: Task) -> dict[str, str]:
    """How the task is scored, where that is not over all of its rows, pooled."""
    notes = {"subsets": ", ".join(task.subsets)} if task.subsets else {}
    notes |= {} if task.box is None else {"box": task.box}
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


def _number(text: str) -> Any:
    """A text that is none stays one: the answer kind says what is wrong with it."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, bool) or not isinstance(value, int | float) else value


def _with_labels_of(
    data: Path, answers: AnswerSpecification, task: str, columns: Mapping[str, str]
) -> AnswerSpecification:
    """With the data's own labels, if its kind wants some and they tell answers apart."""
    from vecbench.answers import kind_named, kind_of
    from vecbench.errors import UsageError
    from vecbench.samples import open_data

    if not kind_named(answers.kind).has_confusion:
        return answers
    try:
        kind_of(answers)
    except ValueError:
        pass
    else:
        return answers
    source = open_data(data, columns=columns)
    found = source.targets(task)
    if not found:
        named = [each for each in source.task_names() if each]
        remedy = f"Its rows name {', '.join(named[:5])}{' …' if len(named) > 5 else ''}." if named else ""
        raise UsageError(f"{source.table} has no row of {task} to take labels from", remedy)
    if len(found) > MOST_LABELS:
        raise UsageError(
            f"{source.table} has {len(found):,} different labels, too many to propose",
            "Name those that a model may answer: --labels a,b,c.",
        )
    said = ", ".join(f"{label} ({count:,})" for label, count in found.items())
    typer.echo(f"{counted(len(found), 'label')} found in {source.table}, with their rows: {said}.")
    typer.echo("Add to the file what a model may answer and no row has.")
    return replace(answers, labels=tuple(found))
