"""What is wrong with data before anybody spends a GPU on it: counts, images, targets, duplicates."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path

from vecbench.digests import joined_sha256
from vecbench.errors import DataError, ImageError, MissingImageError, nearest
from vecbench.samples.images import decode_image, read_image
from vecbench.samples.observer import CountObserver, Nobody
from vecbench.samples.sample import Sample, SampleImage
from vecbench.samples.source import DataSource
from vecbench.samples.targets import as_text
from vecbench.tasks import Catalogue, Task
from vecbench.tasks.task import AUTO

THREADS = 8
"""Images looked at at a time: Pillow decodes without holding Python's lock."""

MOST_NAMES = 3
"""So many unknown task names are warned of one by one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one sample; of several images `image` is the one with the problem, or the first."""

    sample_id: str
    image: str
    problem: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Samples (task, id, target as a text) whose image files hold the same bytes, all in the same order."""

    samples: tuple[tuple[str, str, str], ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks they belong to, each once."""
        return tuple(dict.fromkeys(task for task, _, _ in self.samples))


@dataclass(frozen=True, slots=True)
class TaskCheck:
    """What was found in the rows of one task.

    Attributes:
        missing: Samples that name no image, or one that is not there.
        unreadable: Samples of which an image file cannot be read, decoded or trusted.
        targets: Samples whose target the task's answer kind refuses, such as one that is no label.
        unprompted: Samples whose row brings no prompt, while others of the task bring one.
        needs_prompts: Whether the task is asked with the rows' own prompts unless something else is
            said: a sample without one then fails.
        duplicates: Images that several of its samples have.
        classes: What targets are counted by → samples of it, in the order of the list; empty for an answer
            kind that has no classes.
        odd_options: Samples with an empty option or equal ones; they are asked and answered all the same.
    """

    task: Task
    n: int
    missing: tuple[Finding, ...]
    unreadable: tuple[Finding, ...]
    targets: tuple[Finding, ...]
    unprompted: tuple[Finding, ...]
    needs_prompts: bool
    duplicates: tuple[Duplicate, ...]
    classes: Mapping[str, int]
    odd_options: tuple[Finding, ...] = ()

    @property
    def has_expected_rows(self) -> bool:
        """Whether there are as many rows as the task's file expects; any will do if it does not say."""
        low, high = self.task.expected_n or (1, self.n)
        return self.n > 0 and low <= self.n <= high

    @property
    def n_faults(self) -> int:
        """Samples that a run would fail on, each once, and one for a wrong number of rows."""
        findings = [*self.missing, *self.unreadable, *self.targets]
        if self.needs_prompts:
            findings += self.unprompted
        return len({each.sample_id for each in findings}) + (not self.has_expected_rows)


@dataclass(frozen=True, slots=True)
class DataCheck:
    """What was found in a source of samples.

    Attributes:
        shared: Images that samples of several tasks have.
        unknown: Rows by the name of a task that vecbench does not know.
        left_out: Rows that are not for testing, by their split.
    """

    tasks: tuple[TaskCheck, ...]
    shared: tuple[Duplicate, ...]
    unknown: Mapping[str, int]
    left_out: Mapping[str, int]

    @property
    def n_faults(self) -> int:
        """Over all tasks. An image that is there twice is worth knowing and no fault: no run fails on it."""
        return sum(each.n_faults for each in self.tasks)


def tasks_in(source: DataSource, catalogue: Catalogue) -> list[Task]:
    """The known tasks that the data names, in the catalogue's order."""
    names = source.task_names()
    named = {task.id for name in names if name and (task := catalogue.task_named(name)) is not None}
    if not named:
        said = ", ".join(repr(name) for name in list(names)[:5] if name)
        raise DataError(
            f"{source.table} names no task that is known" + (f"; it names {said}" if said else ""),
            "Say which one it is for: --tasks TASK.",
        )
    return [task for task in catalogue.tasks.values() if task.id in named]


def check_data(
    source: DataSource, tasks: Sequence[Task], catalogue: Catalogue, observer: CountObserver | None = None
) -> DataCheck:
    """Reads every row of the tasks and decodes every image that they name."""
    samples = {task.id: list(source.samples(task)) for task in tasks}
    named = dict.fromkeys(image for rows in samples.values() for each in rows for image in each.images)
    looks = _looked_at(source.root, named, observer or Nobody())
    checks = tuple(_task_check(source, task, samples[task.id], looks) for task in tasks)
    shared = [each for each in _duplicates(samples.values(), looks) if len(each.tasks) > 1]
    return DataCheck(checks, tuple(shared), source.unknown_tasks(catalogue), source.left_out())


def unread_row_warnings(source: DataSource, catalogue: Catalogue) -> list[str]:
    """What somebody should know who runs tasks on data whose rows are not all read.

    Rows of no known task, whose name may be misspelt, and those of another split than `test` in anyone's own
    table; the published ones are known to have others.
    """
    unknown = source.unknown_tasks(catalogue)
    warnings = [
        f"{source.table}: {count} {'row names' if count == 1 else 'rows name'} the task {name!r}, which is "
        f"not known, and {'is' if count == 1 else 'are'} left out. {nearest(name, catalogue.tasks)}".rstrip()
        for name, count in list(unknown.items())[:MOST_NAMES]
    ]
    if len(unknown) > MOST_NAMES:
        warnings.append(
            f"{source.table}: so are the rows of {len(unknown) - MOST_NAMES} more names: vecbench data check "
            "lists them"
        )
    if not source.format.is_published:
        warnings += [
            f"{source.table}: {count} {'row' if count == 1 else 'rows'} of the split {split!r} "
            f"{'is' if count == 1 else 'are'} left out: only 'test' is read."
            for split, count in source.left_out().items()
        ]
    return warnings


@dataclass(frozen=True, slots=True)
class _Look:
    sha256: str | None
    problem: str | None
    is_missing: bool = False


def _looked_at(root: Path, images: Collection[str], observer: CountObserver) -> dict[str, _Look]:
    looks = {}
    observer.started(len(images))
    with ThreadPool(THREADS) as pool:
        for image, look in pool.imap_unordered(partial(_look, root), images):
            looks[image] = look
            observer.advanced()
    return looks


def _look(root: Path, image: str) -> tuple[str, _Look]:
    sha256 = None
    try:
        data = read_image(root, image)
        sha256 = hashlib.sha256(data).hexdigest()
        decode_image(data)
    except ImageError as fault:
        return image, _Look(sha256, fault.message, isinstance(fault, MissingImageError))
    return image, _Look(sha256, None)


def _look_at_box(sample: Sample, look: _Look) -> _Look:
    """Of an image that is there, whether any of it is in the sample's box."""
    try:
        SampleImage(sample.image, sample.image_bytes(), sample.box).decode()
    except ImageError as fault:
        return _Look(look.sha256, fault.message)
    return look


def _task_check(
    source: DataSource, task: Task, samples: Sequence[Sample], looks: Mapping[str, _Look]
) -> TaskCheck:
    missing: list[Finding] = []
    unreadable: list[Finding] = []
    targets: list[Finding] = []
    for sample in samples:
        if sample.target_fault is not None:
            targets.append(Finding(sample.id, sample.image, sample.target_fault))
        elif sample.fault is not None:
            missing.append(_finding(sample, sample.image, sample.fault))
            continue
        for image in sample.images:
            look = looks[image]
            if look.problem is None and sample.box is not None:
                look = _look_at_box(sample, look)
            if look.problem is not None:
                (missing if look.is_missing else unreadable).append(_finding(sample, image, look.problem))
    bare = [sample for sample in samples if not (sample.prompt and sample.prompt.strip())]
    return TaskCheck(
        task,
        len(samples),
        tuple(missing),
        tuple(unreadable),
        tuple(targets),
        tuple(
            _finding(sample, sample.image, "the row brings no prompt")
            for sample in bare
            if len(bare) < len(samples)
        ),
        task.prompt == AUTO and source.brings_prompts(task),
        tuple(_duplicates([samples], looks)),
        _classes(task, samples),
        tuple(
            _finding(sample, sample.image, "an empty option" if "" in sample.candidates else "equal options")
            for sample in samples
            if "" in sample.candidates or len({*sample.candidates}) < len(sample.candidates)
        ),
    )


def _classes(task: Task, samples: Sequence[Sample]) -> dict[str, int]:
    usable = [sample for sample in samples if sample.target_fault is None]
    lists = dict.fromkeys(sample.candidates for sample in usable)
    counts = {name: 0 for each in lists for name in task.answers.classes(each)}
    if counts:
        for sample in usable:
            counts[str(sample.target)] = counts.get(str(sample.target), 0) + 1
    return counts


def _finding(sample: Sample, image: str, problem: str) -> Finding:
    return Finding(sample.id, image, problem.removeprefix(f"{image}: "))


def _duplicates(tasks: Iterable[Sequence[Sample]], looks: Mapping[str, _Look]) -> Iterator[Duplicate]:
    owners: dict[str, list[tuple[str, str, str]]] = {}
    for samples in tasks:
        for sample in samples:
            sha256 = joined_sha256([looks[image].sha256 for image in sample.images])
            if sha256 is not None:
                sha256 += str(sample.box or "")
                owners.setdefault(sha256, []).append((sample.task, sample.id, as_text(sample.target)))
    return (Duplicate(tuple(each)) for each in owners.values() if len(each) > 1)
