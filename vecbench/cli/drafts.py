"""`vecbench tasks init|complete`."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecbench.cli.console import counted

if TYPE_CHECKING:
    from vecbench.answers import AnswerSpecification

MOST_LABELS = 50
"""More different values of a column than this are no labels."""


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
    kind: Annotated[
        str, typer.Option("--kind", help="What an answer is: label, choice, ranking, rating …")
    ] = "label",
    bounds: Annotated[
        str | None, typer.Option("--range", metavar="LOW,HIGH", help="Of a rating: lowest and highest.")
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
    if top is not None:
        options["top"] = top
    listed = () if labels is None else tuple(each.strip() for each in labels.split(","))
    answers = AnswerSpecification(kind, listed, options=options)
    if labels is None and data is not None:
        answers = _with_labels_of(data, answers, plain)
    path = output or Path(f"{plain}.yaml")
    Draft(plain, path, answers, noun, data, short).write()
    readers = "vecbench" if short else "vecbench and lm-eval"
    typer.echo(f"{path} is a task for {readers}. It runs with:")
    # A run's other tasks lie in the folder too, but the current one may hold any YAML.
    include = path if path.parent == Path() else path.parent
    command = ["vecbench", "run", "--model", "MODEL", "--tasks", plain, "--include-path", str(include)]
    typer.echo("  " + shlex.join(command if data else [*command, "--data", "DATA"]))


def complete_tasks(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Short task files.")],
) -> None:
    """Append to a short task file what lm-eval needs; what it says stays as it is."""
    from vecbench.tasks.draft import complete

    for file in files:
        done = complete(file)
        typer.echo(f"{file}: now in full, for lm-eval too" if done else f"{file} is in full already")


def _number(text: str) -> Any:
    """A text that is none stays one: the answer kind says what is wrong with it."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, bool) or not isinstance(value, int | float) else value


def _with_labels_of(data: Path, answers: AnswerSpecification, task: str) -> AnswerSpecification:
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
    source = open_data(data)
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
