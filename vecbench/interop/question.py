"""What rows are about: a task, its answer kind, and the closed list that they were asked with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vecbench.answers import AnswerKind, kind_named
from vecbench.answers.written import shown
from vecbench.errors import DataError, UsageError
from vecbench.interop.row import StatedRow, UnusableError
from vecbench.labels import normal_form
from vecbench.parsing.prediction import DEFAULT_KIND
from vecbench.tasks import Catalogue, Task
from vecbench.tasks.task import plain_name, without_prefix

LONGEST_NAME = 200
"""Characters of a task's name, and of an image's path that may serve as a sample id."""

MOST_CANDIDATES = 1000
"""The confusion matrix has a cell for every pair of them."""

MOST_KNOWN = 10_000
"""So many spellings of targets are remembered for a question."""

NO_TASK = "no task is named"
WITH_OPTIONS = "choice"
"""The kind of rows of an unknown task that bring options and no candidates."""


@dataclass(frozen=True, slots=True)
class Question:
    """What rows have in common that are asked the same.

    Attributes:
        task: The task's id, or the name of one that is not known.
        is_closed: Whether that is the list of every row; otherwise each brings its own in its columns.
        known: Targets as texts write them → as they are stored.
    """

    task: str
    kind: AnswerKind
    candidates: tuple[str, ...]
    is_closed: bool
    subsets: tuple[str, ...] = ()
    known: dict[str, Any] = field(default_factory=dict)

    def target(self, written: Any) -> Any:
        """The target as it is stored."""
        found = self.kind.dump(self.kind.target(written, self.candidates))
        if type(written) is str and len(self.known) < MOST_KNOWN:
            self.known[written] = found
        return found

    def of(self, row: StatedRow) -> Question:
        """The question that a row was asked, where each brings its own list."""
        candidates = _own_candidates(self.kind, row)
        if candidates == self.candidates:
            return self
        return Question(self.task, self.kind, candidates, self.is_closed, self.subsets)


def question_of(row: StatedRow, catalogue: Catalogue) -> Question:
    """What a row was asked, of a task of the catalogue or of one that nobody knows."""
    name = row.task
    candidates = tuple(row.candidates) if type(row.candidates) is list else row.candidates
    task = catalogue.task_named(name) if type(name) is str else None
    kind = _kind(row, task)
    if candidates is not None and not _can_be_asked(candidates, kind):
        raise UnusableError(f"the candidates are {shown(row.candidates)}, not a list of labels")
    if name is None:
        raise UnusableError(NO_TASK)
    if type(name) is not str or not name.isprintable() or not 0 < len(name.strip()) <= LONGEST_NAME:
        raise UnusableError(f"the task is {shown(name)}, not a name")
    if task is None and plain_name(name) in _group_names(catalogue):
        raise UnusableError(f"{shown(name)} is a group of tasks, not a task")
    if task is None and candidates is None and row.kind is None and kind.name == DEFAULT_KIND:
        faulty = next((each for each in catalogue.faults if each.file.stem == name), None)
        because = f": {faulty}" if faulty else ""
        raise UnusableError(f"unknown task {shown(name)}, and the row brings no candidates{because}")
    known = task.id if task else without_prefix(name.strip())
    subsets = task.subsets if task else ()
    if task is not None and task.labels:
        if candidates is not None:
            _require_same_candidates(row, task, candidates)
        return Question(known, kind, task.labels if candidates is None else candidates, True, subsets)
    asked = _own_candidates(kind, row)
    return Question(known, kind, asked, asked == candidates, subsets)


def _group_names(catalogue: Catalogue) -> set[str]:
    return {plain_name(name) for group in catalogue.groups.values() for name in (group.id, group.display)}


def _kind(row: StatedRow, task: Task | None) -> AnswerKind:
    """How the answers of a row are read: as its task says or, where nobody knows that, as the row does."""
    if row.kind is not None and type(row.kind) is not str:
        raise UnusableError(f"the kind is {shown(row.kind)}, not a name")
    if task is not None:
        if row.kind not in (None, task.answers.name):
            raise UnusableError(
                f"the kind is {shown(row.kind)}, and {task.id} has answers of the kind {task.answers.name!r}"
            )
        return task.answers
    with_options = row.candidates is None and row.values.get("options") is not None
    try:
        return kind_named(row.kind or (WITH_OPTIONS if with_options else DEFAULT_KIND))()
    except UsageError as fault:
        raise UnusableError(fault.message) from None


def _own_candidates(kind: AnswerKind, row: StatedRow) -> tuple[str, ...]:
    """The list in a row's columns; a stored response brings the list itself, whatever it was made of."""
    listed = tuple(row.candidates) if type(row.candidates) is list else ()
    try:
        candidates = kind.candidates(row.values)
    except ValueError as fault:
        if not listed:
            raise UnusableError(str(fault)) from None
        return listed
    if listed and candidates == _without_a_row(kind):
        return listed
    if len(candidates) > MOST_CANDIDATES:
        raise UnusableError(f"there are {len(candidates):,} candidates")
    return candidates


def _without_a_row(kind: AnswerKind) -> tuple[str, ...]:
    """The list that the task itself has; empty if it leaves that to its rows."""
    try:
        return kind.candidates({})
    except ValueError:
        return ()


def _can_be_asked(candidates: object, kind: AnswerKind) -> bool:
    if type(candidates) is not tuple or not all(type(each) is str for each in candidates):
        return False
    # What answers are counted by stands in tables.
    counted = kind.classes(candidates)
    return (
        len(candidates) <= MOST_CANDIDATES
        and (len(candidates) > 0 or not kind.has_confusion)
        and all(each.strip() and each.isprintable() for each in counted)
    )


def _require_same_candidates(row: StatedRow, task: Task, candidates: Sequence[str]) -> None:
    theirs, ours = ({normal_form(label) for label in labels} for labels in (candidates, task.labels))
    if theirs != ours:
        raise DataError(
            f"{row.file}, line {row.line}: its candidates are not those of {task.id}: "
            f"{', '.join(candidates)[:1000]} there, {', '.join(task.labels)} in {task.path}",
            "Name the task differently if it is another one; its rows are then scored in no group.",
        )
