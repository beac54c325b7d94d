"""Responses from wherever they lie: a run's directory, or what another program wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecbench.errors import DataError, UsageError, nearest
from vecbench.interop import lm_eval_samples, own
from vecbench.interop.columns import checked_columns
from vecbench.interop.question import NO_TASK
from vecbench.interop.reader import Context
from vecbench.interop.recognition import RecognisedFiles, recognised
from vecbench.interop.resolution import Resolution
from vecbench.interop.row import Effect, ResponseFault, StatedRow
from vecbench.plain_file import cannot_read
from vecbench.store import Manifest, RunDirectory, StoredResponse
from vecbench.tasks import Catalogue


@dataclass(frozen=True)
class ResponseSource:
    """Responses that somebody generated, and what is wrong with their files.

    Attributes:
        responses: In the order of the files, those to the same sample included. To be read once.
        faults: What cannot be read or scored, in the order of the files; complete when `responses` has
            been read to the end.
        default_output: The directory of the scores, if none is asked for: the run's own; for others,
            beside the file.
        resolution: What makes the responses; it counts them while they are read.
        warnings: Where the tasks of a run are not those that it was run with, one sentence each.
        notes: What was chosen where there was a choice, and what is not read; complete likewise.
        manifest: Of the run; None when the responses are another program's.
    """

    format: str
    files: tuple[Path, ...]
    responses: Iterator[StoredResponse]
    faults: list[ResponseFault]
    default_output: Path
    resolution: Resolution = field(repr=False)
    warnings: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    manifest: Manifest | None = None

    @property
    def is_run(self) -> bool:
        """Whether these are the responses of a run of vecbench."""
        return self.format == own.NAME

    @property
    def is_incomplete(self) -> bool:
        """Whether a sample failed or is missing, or something could not be read or scored.

        Known once all has been read.
        """
        return self.resolution.failed > 0 or self.has_lost_rows or bool(self.missing())

    @property
    def has_lost_rows(self) -> bool:
        """Whether something could not be read or scored; known once the responses have been read.

        A run that has every response has lost none of them, whatever else lies in its file.
        """
        harmless = {"given again"}
        if self.manifest is not None and not self.missing():
            harmless.add("not scored")
        return any(fault.effect not in harmless for fault in self.faults)

    def effects(self) -> dict[Effect, int]:
        """How many faults have which effect, as far as the responses have been read."""
        return dict(Counter(fault.effect for fault in self.faults))

    def require_rows(self) -> None:
        """Refuses what has no row that can be used, once all has been read; a run may have none yet.

        DataError: There is none: why.
        """
        if self.resolution.count or self.manifest is not None:
            return
        effects = ", ".join(f"{count:,} {effect}" for effect, count in self.effects().items())
        first = f": {effects}, such as {self.faults[0]}" if self.faults else ""
        first = first or "".join(f": {note}" for note in self.notes[:1])
        remedy = "vecbench score --task TASK says what rows are of that name no task."
        is_taskless = any(fault.problem == NO_TASK for fault in self.faults)
        place = self.files[0] if len(self.files) == 1 else self.files[0].parent
        raise DataError(f"{place}: no row can be used{first}", remedy if is_taskless else "")

    def facts(self) -> dict[str, Any]:
        """What scores.json says of the responses: nothing of a run that is whole and without a fault."""
        said: dict[str, Any] = {}
        if missing := self.missing():
            said["missing"] = missing
        if not self.is_run or self.faults:
            files = [path.name for path in self.files]
            said["responses"] = {"format": self.format, "files": files, "faults": self.effects()}
        return said

    def missing(self) -> dict[str, int]:
        """Task id → responses that the run is to have and has not; known once all has been read.

        Failed samples are not among them: they have a response, which is an error.
        """
        if self.manifest is None:
            return {}
        there = self.resolution.responses()
        asked = self.manifest.responses()
        return {
            name: count - there.get(name, 0) for name, count in asked.items() if there.get(name, 0) < count
        }


def open_responses(
    path: Path,
    catalogue: Catalogue,
    columns: Sequence[str] = (),
    *,
    task: str | None = None,
    names: Mapping[str, str] | None = None,
) -> ResponseSource:
    """Recognises what a path holds, by its content, and opens it; faults of its rows show as it is read.

    Attributes are those that task files name, and `columns` of rows that have them. `task` is what rows are
    of that name none, and `names` are the columns of fields that a file calls otherwise.

    UsageError: There is nothing to read, or no such task or column. DataError: A file cannot be read.
    """
    names = checked_columns(names or {})
    try:
        choice = recognised(path, names)
    except OSError as fault:
        raise cannot_read(path, fault) from None
    is_run = choice.reader is own.READER
    run = RunDirectory(choice.files[0].parent) if is_run and choice.files[0].name == own.FILE else None
    manifest = run.read_manifest() if run else None
    asked = None if manifest else known_task(task, catalogue)
    faults = [ResponseFault(path, None, "not there", problem) for problem in choice.missing]
    notes = list(choice.notes)
    context = Context(catalogue, names, choice.model, asked, faults, notes)
    if choice.reader is lm_eval_samples.READER:
        lm_eval_samples.require_one_model(choice.files, context)
    resolution = Resolution(
        catalogue,
        faults,
        retries=is_run,
        several_files=len(choice.files) > 1,
        columns=columns,
        profiles=manifest.profiles() if manifest else None,
        task=asked,
    )
    named = path if path.name not in ("", "..") else path.resolve()
    if choice.model and not path.exists():  # FILE#MODEL
        file = choice.files[0]
        named = file.with_name(f"{file.stem}-{choice.model.replace('/', '-')}.json")
    beside = named.parent / f"{named.name if named.is_dir() else named.stem}-scores"
    return ResponseSource(
        format=choice.format,
        files=tuple(choice.files),
        responses=responses_of(_rows(choice, context), resolution),
        faults=faults,
        default_output=run.path if run else beside,
        resolution=resolution,
        warnings=tuple(_changed_tasks(manifest, catalogue, path)) if manifest else (),
        notes=notes,
        manifest=manifest,
    )


def _changed_tasks(manifest: Manifest, catalogue: Catalogue, path: Path) -> Iterator[str]:
    """A sentence on each task of a run whose file says something else than it did then."""
    for name, record in manifest.tasks.items():
        task = catalogue.tasks.get(name)
        if task is None:
            fault = next((each for each in catalogue.faults if each.file.stem == name), None)
            if fault is not None:
                raise DataError(str(fault), fault.remedy or f"See: vecbench tasks check {fault.file}")
            raise UsageError(
                f"{path}: the run has the task {name}, and no task file here defines it",
                "Name the folder that the run took it from: --include-path FOLDER.",
            )
        if task.sha256 != record.sha256:
            yield (
                f"{task.display} is scored by another task file than it was run with: version "
                f"{record.version} then, {task.version} now."
            )


def responses_of(rows: Iterable[StatedRow], resolution: Resolution) -> Iterator[StoredResponse]:
    """The responses that rows state; those that cannot be scored are among the faults."""
    for row in rows:
        response = resolution.response(row)
        if response is not None:
            yield response


def _rows(choice: RecognisedFiles, context: Context) -> Iterator[StatedRow]:
    for path in choice.files:
        yield from choice.reader.rows(path, context)


def known_task(name: str | None, catalogue: Catalogue) -> str | None:
    """The id of a task that somebody named.

    UsageError: There is none.
    """
    if name is None:
        return None
    task = catalogue.task_named(name)
    if task is None:
        raise UsageError(f"--task: there is no task {name!r}", nearest(name, catalogue.tasks))
    return task.id
