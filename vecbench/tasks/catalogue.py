"""All tasks and groups that a run can ask for by name."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vecbench.answers import AnswerKind, kind_named, kind_of
from vecbench.digests import sha256_of
from vecbench.errors import DataError, UsageError, nearest
from vecbench.parsing.form import ANY_FORM, Form
from vecbench.shipped import tasks_folder
from vecbench.tasks.check import Fault, content_faults, defines_something, file_faults
from vecbench.tasks.kept import as_written, kept_file, self_contained
from vecbench.tasks.prompts import forms, prompt_profiles
from vecbench.tasks.schema import GroupFile, TaskFile, in_full
from vecbench.tasks.task import Group, Task, plain_name, without_prefix
from vecbench.tasks.yaml_file import YamlFile, read_yaml


@dataclass(frozen=True)
class Catalogue:
    """Tasks and groups, benchmarks among them, by id: those whose file is without fault."""

    tasks: Mapping[str, Task]
    groups: Mapping[str, Group]
    faults: tuple[Fault, ...] = ()  # of the other files, and where two files contradict each other

    def select(self, names: str) -> list[Task]:
        """The tasks behind ids with commas between them, each once, in the order asked for.

        Raises:
            UsageError: A name is unknown; the message suggests the nearest ones.
            DataError: The file of a name has a fault.
        """
        selected: dict[str, Task] = {}
        asked = [without_prefix(name.strip()) for name in names.split(",") if name.strip()]
        if not asked:
            raise UsageError("no task is asked for", "Name at least one: vecbench tasks list shows them.")
        for name in asked:
            for task in self._tasks_of(name):
                selected.setdefault(task.id, task)
        return list(selected.values())

    def _tasks_of(self, name: str) -> Iterator[Task]:
        if name in self.tasks:
            yield self.tasks[name]
        elif name in self.groups:
            for member in self.groups[name].members:
                yield from self._tasks_of(member)
        else:
            for fault in self.faults:
                if name in {fault.file.stem, _name(fault.file)}:
                    raise fault.error()
            hint = nearest(name, [*self.tasks, *self.groups])
            if name.endswith((".yaml", ".yml")):
                hint = f"A task of a file: --include-path {name}, and its name as the task."
            raise UsageError(f"unknown task or group {name!r}", hint)

    def task_named(self, name: str) -> Task | None:
        """The task that data or responses mean by a name (`FI-8`, `UnbaisedEmo-6`); None if there is none."""
        return self._by_plain_name.get(plain_name(name))

    def answers_of(self, task: str, kind: str) -> AnswerKind:
        """How answers to a task are read and scored; of one that is not known, as its kind does by itself.

        Raises:
            UsageError: There is no such kind.
        """
        known = self.tasks.get(task)
        return known.answers if known and known.answers.name == kind else kind_named(kind)()

    def form_of(self, task: str, profile: str | None) -> Form:
        """How answers to a prompt profile of a task are written, see `Task.form_of`."""
        known = self.tasks.get(task)
        return known.form_of(profile) if known else ANY_FORM

    @cached_property
    def _by_plain_name(self) -> Mapping[str, Task]:
        return {
            plain_name(name): task
            for task in self.tasks.values()
            for name in (*task.names, task.display, task.id)
        }

    def benchmarks(self) -> list[Group]:
        """The groups whose members are groups."""
        return [group for group in self.groups.values() if any(each in self.groups for each in group.members)]


def load_catalogue(folders: Iterable[Path] = ()) -> Catalogue:
    """The shipped tasks and those in further folders.

    Folders are searched with all their subfolders; a single file will do. A file with a fault is left out,
    and its faults are kept: it only matters to whoever asks for it. Files in a folder without a `task` or
    `group` key (bases, prompt profiles) define nothing and are skipped; a file that is given itself must.
    """
    tasks: dict[str, Task] = {}
    groups: dict[str, Group] = {}
    faults: list[Fault] = []
    broken: set[str] = set()
    for path in _definitions([tasks_folder(), *folders]):
        found = file_faults(path)
        if found:
            faults += found
            broken.add(_name(path))
            continue
        file = read_yaml(path)
        try:
            made = _group(file) if "group" in file.content else _task(file)
        except (TypeError, ValueError, RecursionError) as odd:
            faults.append(Fault(path, "", f"a value that is no plain data ({odd})", "Use texts and numbers."))
            broken.add(_name(path))
            continue
        known: Task | Group | None = tasks.get(made.id) or groups.get(made.id)
        if known is not None:
            key = "group" if isinstance(made, Group) else "task"
            faults.append(Fault(path, key, f"{made.id} is defined in {known.path} too", "Rename one."))
        elif isinstance(made, Group):
            groups[made.id] = made
        else:
            tasks[made.id] = made
    faults += _contradictions(tasks, groups, broken)
    # As the benchmarks list them, not as the files sort.
    benchmarks = Catalogue(tasks, groups).benchmarks()
    listed = [name for each in benchmarks for name in each.members if name in groups]
    groups = {name: groups[name] for name in [*listed, *groups]}
    members = [name for group in groups.values() for name in group.members if name in tasks]
    tasks = {name: tasks[name] for name in [*members, *tasks]}
    return Catalogue(tasks, groups, tuple(sorted(faults)))


def task_in(path: Path) -> Task:
    """The task that a single file defines, whatever other files say."""
    for fault in file_faults(path):
        raise fault.error()
    file = read_yaml(path)
    if "group" in file.content:
        raise DataError(f"{path} defines a group and no task")
    return _task(file)


def kept_definition(path: Path, text: str) -> Task | Group:
    """The task or group of a file that a run kept, of which nothing but its text is read.

    DataError: It is none that could have been kept.
    """
    file = kept_file(path, text)
    for fault in content_faults(file):
        raise fault.error()
    return _group(file) if "group" in file.content else _task(file)


def _definitions(folders: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for folder in folders:
        if not folder.exists():
            raise UsageError(f"there is no folder {folder}", "It should hold task files (YAML).")
        for path in sorted(folder.rglob("*.y*ml")) if folder.is_dir() else [folder]:
            if path.resolve() in seen or not path.is_file():
                continue
            # A file that somebody names is meant to define something; in a folder others may lie beside.
            if path == folder or _defines_something(path):
                seen.add(path.resolve())
                yield path


def _defines_something(path: Path) -> bool:
    try:
        return defines_something(read_yaml(path))
    except DataError:
        return True  # broken: its fault must be reported, not skipped


def _name(path: Path) -> str:
    try:
        content = read_yaml(path).content
    except DataError:
        return path.stem
    return without_prefix(str(content.get("task") if "group" not in content else content["group"]))


def _task(file: YamlFile) -> Task:
    file = in_full(file)
    content = TaskFile.model_validate(dict(file.content))
    metadata, settings = content.metadata.vecbench, content.generation_kwargs
    specification = metadata.specification
    profiles = prompt_profiles(file, metadata)
    expected = metadata.expected_n
    excluded = metadata.exclude
    prompts = {name: each.said for name, each in profiles.items()}
    said = {"content": as_written(file.content), "prompts": prompts}
    name = without_prefix(content.task)
    return Task(
        id=name,
        display=metadata.display or name,
        names=tuple(metadata.names),
        group=without_prefix(metadata.group) if metadata.group else None,
        version=str(content.metadata.version),
        noun=metadata.noun,
        answers=kind_of(specification),
        labels=specification.labels,
        aliases=specification.aliases,
        parents={label: parent for parent, labels in metadata.parents.items() for label in labels},
        prompts={name: each.template for name, each in profiles.items()},
        prompt=metadata.prompt,
        temperature=settings.temperature if settings.do_sample else 0.0,
        top_p=settings.top_p,
        max_tokens=settings.max_gen_toks,
        stop=tuple(settings.until),
        expected_n=(expected, expected) if isinstance(expected, int) else expected,
        data=(file.path.parent / metadata.data).resolve() if metadata.data else None,
        path=file.path,
        sha256=sha256_of(json.dumps(said, sort_keys=True)),
        subsets=tuple(metadata.subsets),
        headline=metadata.headline,
        box=metadata.box,
        excluded=frozenset(excluded.ids) if excluded else frozenset(),
        excluded_because=excluded.because if excluded else "",
        forms=forms(profiles, metadata),
        specification=specification,
        content=self_contained(file.content, prompts),
        top_k=settings.top_k,
        min_p=settings.min_p,
        repetition_penalty=settings.repetition_penalty,
    )


def _group(file: YamlFile) -> Group:
    content = GroupFile.model_validate(dict(file.content))
    metadata = content.metadata.vecbench
    name = without_prefix(content.group)
    members = tuple(without_prefix(member) for member in content.task)
    return Group(name, metadata.display or name, members, file.path, metadata.headline, dict(file.content))


def _contradictions(
    tasks: Mapping[str, Task], groups: Mapping[str, Group], broken: Collection[str]
) -> Iterator[Fault]:
    # A broken file has faults of its own; that others name it is none.
    known = [*tasks, *groups, *broken]
    for group in groups.values():
        for member in group.members:
            if member not in known:
                yield Fault(group.path, "task", f"unknown task or group {member!r}", nearest(member, known))
        for member in sorted({each for each in group.members if group.members.count(each) > 1}):
            yield Fault(group.path, "task", f"{member} is listed twice", "List every member once.")
        if group.id in _below(group.id, groups):
            yield Fault(group.path, "task", f"the group {group.id} contains itself", "Remove the circle.")
        elif group.headline and group.headline.how == "mean_of" and not _has_subsets(group, tasks, groups):
            remedy = "Write `subsets: [COLUMN]` in the file of one, or another headline."
            yield Fault(group.path, "metadata.vecbench.headline", "none of its tasks has subsets", remedy)
    for task in tasks.values():
        key = "metadata.vecbench.group"
        if task.group is None or task.group in broken:
            continue
        if task.group not in groups:
            yield Fault(task.path, key, f"unknown group {task.group!r}", nearest(task.group, groups))
        elif task.id not in groups[task.group].members:
            remedy = f"Add {task.id} to {groups[task.group].path}, or name another group."
            yield Fault(task.path, key, f"the group {task.group} does not list {task.id}", remedy)


def _has_subsets(group: Group, tasks: Mapping[str, Task], groups: Mapping[str, Group]) -> bool:
    # A task with a fault is none of these, and may well have some.
    members = [member for member in _below(group.id, groups) if member not in groups]
    return any(member not in tasks or tasks[member].subsets for member in members)


def _below(name: str, groups: Mapping[str, Group]) -> set[str]:
    """Every task and group that a group reaches."""
    reached: set[str] = set()
    ahead = list(groups[name].members)
    while ahead:
        member = ahead.pop()
        if member in groups and member not in reached:
            ahead += groups[member].members
        reached.add(member)
    return reached
