"""What defines a leaderboard of one's own: the files of its benchmark and tasks, in its folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecbench.errors import UsageError
from vecbench.leaderboard.columns import BoardColumn, board_columns, leading
from vecbench.metrics.definition import Metric
from vecbench.shipped import tasks_folder
from vecbench.store import write_text
from vecbench.tasks import Catalogue, Group, Task
from vecbench.tasks.kept import kept_text
from vecbench.tasks.task import PREFIX, without_prefix

TASKS = "tasks"
"""The folder of a leaderboard with them."""


def defined_in(folders: Iterable[Path | None]) -> list[Path]:
    """Where the definitions of leaderboards lie; those that come with vecbench need none."""
    return [folder / TASKS for folder in folders if folder is not None and (folder / TASKS).is_dir()]


def is_of(folder: Path, benchmark: str) -> bool:
    """Whether a leaderboard is of a benchmark, as far as it has a definition."""
    return all((place / f"{benchmark}.yaml").is_file() for place in defined_in([folder]))


@dataclass(frozen=True, slots=True)
class Definition:
    """A benchmark that is not written yet.

    Attributes:
        name: The benchmark's id.
        groups: Its members; those that it makes, and those that there are.
        tasks: Of all groups.
        made: Content of the files of the benchmark and of the groups that it makes, by id.
        further: The groups that there are.
    """

    name: str
    groups: Mapping[str, Sequence[Task]]
    tasks: Sequence[Task]
    made: Mapping[str, Mapping[str, Any]]
    further: Sequence[Group] = ()

    @property
    def columns(self) -> tuple[BoardColumn, ...]:
        """The columns that its leaderboard will have."""
        return board_columns(task.answers for task in self.tasks)

    @property
    def leads(self) -> tuple[Metric, ...]:
        """What each group's entries are sorted by, each metric once."""
        leads = (leading(tasks[0].answers.metrics)[0] for tasks in self.groups.values())
        return tuple({metric.key: metric for metric in leads}.values())

    def write(self, folder: Path) -> None:
        """Writes the files; those of tasks say everything by themselves, but where the data lie."""
        shipped = tasks_folder().resolve()
        named: list[Task | Group] = [*self.tasks, *self.further]
        kept = [each for each in named if shipped not in each.path.resolve().parents]
        files = {**self.made, **{each.id: each.content for each in kept}}
        for name, content in files.items():
            write_text(folder / TASKS / f"{name}.yaml", kept_text(content, "leaderboard"))


def new_definition(folder: Path, names: str, title: str | None, catalogue: Catalogue) -> Definition:
    """The benchmark of tasks and groups, which is called as the folder of its leaderboard is.

    Tasks that are in no group are one group for each kind of answer, since the rows of a group are pooled.

    Raises:
        UsageError: The folder is not empty, its name is none that a benchmark may have, or what is named is
            unknown, a benchmark already or a part of a group.
        DataError: The file of a task has a fault.
    """
    name = folder.absolute().name
    if not re.fullmatch(r"[a-z0-9_]+", name):
        plain = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
        raise UsageError(
            f"{folder}: the benchmark is called as the folder, and {name!r} is no name of one",
            f"Small letters, digits and underscores make one{f', such as {plain}' if plain else ''}.",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already, and is not written over", "Choose another folder.")
    if name in {*catalogue.tasks, *catalogue.groups}:
        raise UsageError(
            f"there is a task or group {name} already, and a benchmark needs a name of its own",
            f"Choose another folder, such as {folder.with_name(f'{name}_board')}.",
        )
    tasks = catalogue.select(names)
    asked = [without_prefix(each.strip()) for each in names.split(",") if each.strip()]
    for benchmark in catalogue.benchmarks():
        if benchmark.id in asked:
            raise UsageError(
                f"{benchmark.id} is a benchmark already, and its leaderboard needs no definition",
                "Begin with: vecbench leaderboard check FILE --write DIR.",
            )
    groups = {each: catalogue.select(each) for each in asked if each in catalogue.groups}
    grouped = {task.id for members in groups.values() for task in members}
    alone = [task for task in tasks if task.id not in grouped]
    for task in alone:
        if task.group is not None:
            raise UsageError(f"the task {task.id} is a part of the group {task.group}", "Name the group.")
    display = title or name
    made: dict[str, Mapping[str, Any]] = {}
    further = [catalogue.groups[each] for each in groups]
    for kind in dict.fromkeys(task.answers.name for task in alone):
        members = [task for task in alone if task.answers.name == kind]
        shown = display if len(members) == len(alone) else f"{display}, {kind.replace('_', ' ')}"
        group = f"{name}_{kind}"
        made[group] = _group_file(group, [task.id for task in members], shown)
        groups[group] = members
    return Definition(name, groups, tasks, {name: _group_file(name, groups, display), **made}, further)


def _group_file(name: str, members: Iterable[str], display: str) -> dict[str, Any]:
    return {
        "group": PREFIX + name,
        "task": [PREFIX + each for each in members],
        "metadata": {"version": 1.0, "vecbench": {"display": display}},
    }


def said(definition: Definition, folder: Path) -> Iterator[str]:
    """What there will be to see, and what comes next."""
    count = len(definition.tasks)
    names = ", ".join(task.id for task in definition.tasks)
    yield f"{folder}: the leaderboard of {'the task' if count == 1 else f'{count} tasks:'} {names}"
    yield f"  ordered by  {', '.join(metric.heading for metric in definition.leads)}"
    yield f"  columns     {', '.join(column.heading for column in definition.columns)}"
    yield f"Hand in:  vecbench leaderboard add RUN --output NAME.zip --include-path {folder}"
    yield f"Accept:   vecbench leaderboard check NAME.zip --data DATA --write {folder}"
    yield f"Build:    vecbench leaderboard build {folder}"
