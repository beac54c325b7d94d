"""The task files that a run keeps, so that whoever reads it later needs no other."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from vecbench.errors import DataError
from vecbench.plain_file import cannot_read, plain_bytes
from vecbench.store.directory import RunDirectory
from vecbench.store.files import write_text
from vecbench.tasks import Catalogue, Group, Task
from vecbench.tasks.catalogue import kept_definition
from vecbench.tasks.kept import kept_text

MOST_BYTES = 2**24
"""A larger file is not read."""
_NAME = re.compile(r"[A-Za-z0-9_]+")


def keep_tasks(
    directory: RunDirectory, tasks: Iterable[Task], groups: Iterable[Group], known: Set[str]
) -> None:
    """Writes what tasks and groups are, one file each; RunError if that is not possible.

    Args:
        directory: Of the run.
        tasks: That are to be run now.
        groups: All that there are: of these, those are kept whose tasks the run has, all of them.
        known: Ids of all the tasks that the run has.
    """
    kept: list[Task | Group] = [*tasks, *_whole(groups, known)]
    for each in kept:
        if each.content:
            write_text(_file(directory, each.id), kept_text(each.content))


def with_kept_tasks(catalogue: Catalogue, runs: Iterable[Path]) -> Catalogue:
    """The catalogue, and the tasks of runs that it lacks, as the runs have kept them.

    A task of the catalogue stays what it is, one whose file has a fault included: reading the run says so.

    Args:
        catalogue: Of the task files that are at hand.
        runs: Directories of runs, or files in them; others have nothing to add.

    Raises:
        DataError: A kept file is needed, and is not the one that the run was made with.
    """
    tasks, groups = dict(catalogue.tasks), dict(catalogue.groups)
    faulty = {fault.file.stem for fault in catalogue.faults}
    for path in runs:
        directory = _directory(path)
        lacking = {
            name: sha256
            for name, sha256 in _hashes(directory).items()
            # Without a file it is a run of an earlier version.
            if name not in tasks.keys() | faulty and _NAME.fullmatch(name) and _file(directory, name).exists()
        }
        if lacking:
            tasks |= {name: _task(directory, name, sha256) for name, sha256 in lacking.items()}
            groups |= {each.id: each for each in _whole(_groups(directory, groups), {*tasks, *groups})}
    return replace(catalogue, tasks=tasks, groups=groups)


def _directory(path: Path) -> RunDirectory:
    with suppress(OSError):  # a name that no file can have: whoever reads it says so
        if path.is_dir():
            return RunDirectory(path)
    return RunDirectory(path.parent)


def _hashes(directory: RunDirectory) -> Mapping[str, str]:
    """Task id → hash of its file, of a run that has one; whoever reads the run says what is wrong with it."""
    with suppress(DataError, OSError):
        manifest = directory.read_manifest()
        return {name: task.sha256 for name, task in manifest.tasks.items()} if manifest else {}
    return {}


def _whole(groups: Iterable[Group], known: Set[str]) -> Iterator[Group]:
    """The groups and benchmarks that consist of what is known, or of each other."""
    waiting, whole = list(groups), set(known)
    while ready := [each for each in waiting if whole.issuperset(each.members)]:
        yield from ready
        whole |= {each.id for each in ready}
        waiting = [each for each in waiting if each.id not in whole]


def _task(directory: RunDirectory, name: str, sha256: str) -> Task:
    path = _file(directory, name)
    task = _defined(path)
    if not isinstance(task, Task) or (task.id, task.sha256) != (name, sha256):
        raise DataError(
            f"{path}: not the task that the run was made with",
            "Name the folder that the run took it from: --include-path FOLDER.",
        )
    return task


def _groups(directory: RunDirectory, known: Container[str]) -> Iterator[Group]:
    for path in sorted(directory.task_files.glob("*.yaml")):
        group = _defined(path)
        if isinstance(group, Group) and group.id not in known:
            yield group


def _defined(path: Path) -> Task | Group:
    try:
        return kept_definition(path, plain_bytes(path, MOST_BYTES).decode("utf-8"))
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text") from None
    except OSError as fault:
        raise cannot_read(path, fault) from None


def _file(directory: RunDirectory, name: str) -> Path:
    return directory.task_files / f"{name}.yaml"
