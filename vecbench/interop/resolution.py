"""From rows as files state them to responses: the same rules for every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType

from vecbench.digests import sha256_of
from vecbench.errors import DataError
from vecbench.interop.row import Effect, ResponseFault, Row, shown
from vecbench.labels import normal_form
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue, Task
from vecbench.tasks.task import plain_name, without_prefix

LONGEST_NAME = 200
"""Characters of a task's name, and of an image's path that may serve as a sample id."""

MOST_CANDIDATES = 1000
"""The confusion matrix has a cell for every pair of them."""

_TEXT = (str, NoneType)
_COUNT = (int, NoneType)


class _UnusableError(Exception):
    """A row that cannot be scored."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What all rows with one task name and one list of candidates have in common."""

    task: str
    candidates: tuple[str, ...]
    spellings: Mapping[str, str]
    """Every way to write a target: as a candidate, and in normal form, aliases of the task included."""


class Resolution:
    """Makes responses of rows, and remembers what was wrong with them.

    Args:
        catalogue: Brings the tasks that rows name, and the candidates that they leave out.
        faults: Takes what is wrong.
        retries: Whether a second response to a sample whose first one failed is no fault, as in the log
            of a run that was resumed.
        several_files: Whether a line's number alone does not say which row it is.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        faults: list[ResponseFault],
        *,
        retries: bool = False,
        several_files: bool = False,
    ) -> None:
        self.count = 0
        """Responses so far, those to the same sample included."""
        self.unnamed = 0
        """Of these, those with neither id nor image: their samples are named by their lines."""
        self._catalogue = catalogue
        self._faults = faults
        self._retries = retries
        self._several_files = several_files
        self._questions: dict[tuple[str, tuple[str, ...] | None], _Question] = {}
        self._seen: dict[tuple[str, int], set[str]] = {}
        self._failed: set[tuple[str, str, int]] = set()
        self._group_names = {
            plain_name(name) for group in catalogue.groups.values() for name in (group.id, group.display)
        }

    def response(self, row: Row) -> StoredResponse | None:
        """The response that a row states; None if it cannot be scored, which is then among the faults.

        Raises:
            DataError: The row's candidates are not those of its task.
        """
        if not row.error:
            row.error = None
        try:
            question = self._question(row)
            target = self._target(row, question)
            repeat = _repeat(row)
            _require_types(row)
            named = _sample_id(row)
            sample_id = named or self._line(row)
            if row.error is None and not row.has_response:
                raise _UnusableError("no response, and no error either")
        except _UnusableError as unusable:
            self._report(row, "not scored", str(unusable))
            return None
        text, error = self._text_or_error(row)
        self.count += 1
        self.unnamed += named is None
        if text is None:
            self._failed.add((question.task, sample_id, repeat))
        elif self._failed:
            self._failed.discard((question.task, sample_id, repeat))
        self._watch_for_repetition(row, question.task, sample_id, repeat, failed=text is None)
        return StoredResponse(
            row.key if type(row.key) is str else _key(question.task, sample_id, repeat, target, text),
            question.task,
            sample_id,
            repeat,
            target,
            question.candidates,
            row.image or "",
            row.image_sha256,
            row.prompt_sha256 or "",
            text,
            row.finish_reason if error is None else None,
            error,
            row.n_prompt_tokens,
            row.n_output_tokens,
            stated_target=None if row.target == target else row.target,
        )

    @property
    def failed(self) -> int:
        """Samples and repeats so far whose last response is a failure: an error, or nothing."""
        return len(self._failed)

    def responses(self) -> dict[str, int]:
        """Task id → samples so far, each repeat counted, that have a response or have failed."""
        counts = Counter({task: 0 for task, _ in self._seen})
        for (task, _), ids in self._seen.items():
            counts[task] += len(ids)
        counts.update(task for task, sample, repeat in self._failed if sample not in self._seen[task, repeat])
        return dict(counts)

    def samples(self) -> dict[str, int]:
        """Task id → samples so far that have a first response."""
        return {task: len(ids) for (task, repeat), ids in self._seen.items() if repeat == 0}

    def _question(self, row: Row) -> _Question:
        name = row.task
        candidates = tuple(row.candidates) if type(row.candidates) is list else row.candidates
        try:
            return self._questions[name, candidates]
        except (KeyError, TypeError):  # TypeError: one of them is no text, and cannot be looked up
            pass
        if candidates is not None and not _are_labels(candidates):
            raise _UnusableError(f"the candidates are {shown(row.candidates)}, not a list of labels")
        if name is None:
            raise _UnusableError("no task is named")
        if type(name) is not str or not name.isprintable() or not 0 < len(name.strip()) <= LONGEST_NAME:
            raise _UnusableError(f"the task is {shown(name)}, not a name")
        task = self._catalogue.task_named(name)
        if task is None and plain_name(name) in self._group_names:
            raise _UnusableError(f"{shown(name)} is a group of tasks, not a task")
        if task is None and candidates is None:
            raise _UnusableError(f"unknown task {shown(name)}, and the row brings no candidates")
        if task is not None and candidates is not None:
            _require_same_candidates(row.file, row.line, task, candidates)
        question = _question(name, task, candidates)
        self._questions[name, candidates] = question
        return question

    def _target(self, row: Row, question: _Question) -> str:
        target = row.target
        if type(target) is not str:
            problem = "no target" if target is None else f"the target is {shown(target)}, not a label"
            raise _UnusableError(problem)
        found = question.spellings.get(target) or question.spellings.get(normal_form(target))
        if found is None:
            if row.error is None:  # a failed sample has its reason already
                problem = f"the target {shown(target)} is not among the candidates of {question.task}"
                self._report(row, "counts as wrong", problem)
            return target
        return found

    def _line(self, row: Row) -> str:
        return f"{row.file.name}:{row.line}" if self._several_files else f"line {row.line}"

    def _text_or_error(self, row: Row) -> tuple[str | None, str | None]:
        if row.error is not None:
            if row.response:
                problem = f"it has a response and an error, and the error outweighs it: {shown(row.error)}"
                self._report(row, "counts as wrong", problem)
            return None, row.error if type(row.error) is str else shown(row.error)
        if type(row.response) is str:
            return row.response, None
        if row.response is None:
            return None, None
        problem = f"the response is {shown(row.response)}, not a text"
        self._report(row, "counts as wrong", problem)
        return None, problem

    def _watch_for_repetition(
        self, row: Row, task: str, sample_id: str, repeat: int, *, failed: bool
    ) -> None:
        seen = self._seen.setdefault((task, repeat), set())
        if sample_id in seen:
            problem = f"{task} has a response {repeat} to the sample {shown(sample_id)} already"
            self._report(row, "given again", problem)
        elif not (failed and self._retries):
            seen.add(sample_id)

    def _report(self, row: Row, effect: Effect, problem: str) -> None:
        self._faults.append(ResponseFault(row.file, row.line, effect, problem))


def _question(name: str, task: Task | None, candidates: Sequence[str] | None) -> _Question:
    labels = tuple(candidates if candidates is not None else task.labels if task else ())
    spellings: dict[str, str] = {}
    if task is not None:
        # Candidates that differ in spelling only are the same labels: the aliases lead to the row's own.
        by_form = {normal_form(label): label for label in labels}
        spellings |= {
            normal_form(alias): by_form[normal_form(label)] for alias, label in task.aliases.items()
        }
    spellings |= {normal_form(label): label for label in labels}
    spellings |= {label: label for label in labels}
    return _Question(task.id if task else without_prefix(name.strip()), labels, spellings)


def _require_same_candidates(file: Path, line: int, task: Task, candidates: Sequence[str]) -> None:
    theirs, ours = ({normal_form(label) for label in labels} for labels in (candidates, task.labels))
    if theirs != ours:
        raise DataError(
            f"{file}, line {line}: its candidates are not those of {task.id}: "
            f"{', '.join(candidates)[:1000]} there, {', '.join(task.labels)} in {task.path}",
            "Name the task differently if it is another one; its rows are then scored in no group.",
        )


def _sample_id(row: Row) -> str | None:
    given = row.sample_id
    if type(given) is str and given:
        return given
    if type(given) is int:
        return str(given)
    if given is not None:
        raise _UnusableError(f"the sample id is {shown(given)}")
    if type(row.image) is str and 0 < len(row.image) <= LONGEST_NAME and not row.image.startswith("data:"):
        return row.image
    return None


def _repeat(row: Row) -> int:
    if row.repeat is None:
        return 0
    if type(row.repeat) is not int or row.repeat < 0:
        raise _UnusableError(f"repeat is {shown(row.repeat)}, not a count")
    return row.repeat


def _are_labels(candidates: object) -> bool:
    return (
        type(candidates) is tuple
        and 0 < len(candidates) <= MOST_CANDIDATES
        and all(type(each) is str and each.strip() and each.isprintable() for each in candidates)
    )


def _require_types(row: Row) -> None:
    if (
        type(row.finish_reason) in _TEXT
        and type(row.image) in _TEXT
        and type(row.image_sha256) in _TEXT
        and type(row.prompt_sha256) in _TEXT
        and type(row.n_prompt_tokens) in _COUNT
        and type(row.n_output_tokens) in _COUNT
    ):
        return  # as good as always, and several times as fast as what finds the name
    for name, value, kinds in (
        ("finish_reason", row.finish_reason, _TEXT),
        ("image", row.image, _TEXT),
        ("image_sha256", row.image_sha256, _TEXT),
        ("prompt_sha256", row.prompt_sha256, _TEXT),
        ("n_prompt_tokens", row.n_prompt_tokens, _COUNT),
        ("n_output_tokens", row.n_output_tokens, _COUNT),
    ):
        if type(value) not in kinds:
            raise _UnusableError(f"{name} is {shown(value)}, not a {'text' if kinds is _TEXT else 'count'}")


def _key(task: str, sample_id: str, repeat: int, target: str, text: str | None) -> str:
    said = f"{task}\0{sample_id}\0{repeat}\0{target}\0{text}"
    return sha256_of(said)
