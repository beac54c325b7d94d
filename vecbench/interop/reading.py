"""Responses from wherever they lie: a run's directory, or what another program wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from vecbench.errors import DataError, UsageError
from vecbench.interop import emobserver, emocaliber, lm_eval_samples, plain
from vecbench.interop.json_lines import json_lines
from vecbench.interop.resolution import Resolution
from vecbench.interop.row import Effect, ResponseFault, Row, shown
from vecbench.store import Manifest, RunDirectory, StoredResponse
from vecbench.tasks import Catalogue

OUR_OWN = "vecbench responses"
SHARDS = "EmoCaliber shards"
RESPONSES = "responses.jsonl"
PEEKED = 20
"""Lines that may decide what a file is: the first ones may be broken."""

Values = Mapping[str, Any]

_TESTS: Mapping[str, Callable[[Values], bool]] = {
    OUR_OWN: plain.is_our_own,
    lm_eval_samples.NAME: lm_eval_samples.recognises,
    emocaliber.NAME: emocaliber.recognises,
    plain.NAME: plain.recognises,
}
"""Format → whether a line is one of its; the first that says so reads the file."""

_READERS: Mapping[str, Callable[[Path, Iterable[tuple[int, Values]]], Iterator[Row]]] = {
    OUR_OWN: plain.rows,
    lm_eval_samples.NAME: lm_eval_samples.rows,
    emocaliber.NAME: emocaliber.rows,
    SHARDS: emocaliber.rows,
    plain.NAME: plain.rows,
}

_EXPECTED = (
    "Expected: a run's directory, EmoCaliber's shards or merged file, EmObserver's JSON, lm-eval's sample "
    "logs, or JSONL with task, target and response."
)


@dataclass(frozen=True)
class ResponseSource:
    """Responses that somebody generated, and what is wrong with their files.

    Attributes:
        format: What it was recognised as.
        files: What is read, in order.
        responses: In the order of the files, those to the same sample included. To be read once.
        faults: What cannot be read or scored, in the order of the files; complete when `responses` has
            been read to the end.
        default_output: The directory of the scores, if none is asked for: the run's own; for others,
            beside the file.
        resolution: What makes the responses; it counts them while they are read.
        notes: What was chosen where there was a choice.
        manifest: Of the run; None when the responses are another program's.
    """

    format: str
    files: tuple[Path, ...]
    responses: Iterator[StoredResponse]
    faults: list[ResponseFault]
    default_output: Path
    resolution: Resolution = field(repr=False)
    notes: tuple[str, ...] = ()
    manifest: Manifest | None = None

    @property
    def is_run(self) -> bool:
        """Whether these are the responses of a run of vecbench."""
        return self.format == OUR_OWN

    @property
    def is_incomplete(self) -> bool:
        """Whether something could not be read or scored; known once the responses have been read."""
        return any(fault.effect != "given again" for fault in self.faults)

    def effects(self) -> dict[Effect, int]:
        """How many faults have which effect, as far as the responses have been read."""
        return dict(Counter(fault.effect for fault in self.faults))

    def facts(self) -> dict[str, Any]:
        """What scores.json says of the responses: nothing of a run's own without a fault."""
        if self.is_run and not self.faults:
            return {}
        files = [path.name for path in self.files]
        return {"responses": {"format": self.format, "files": files, "faults": self.effects()}}


@dataclass(frozen=True)
class _Choice:
    """Which files of a path are read, and as what."""

    format: str
    files: Sequence[Path]
    notes: Sequence[str] = ()
    missing: Sequence[str] = ()


def open_responses(path: Path, catalogue: Catalogue) -> ResponseSource:
    """Recognises what a path holds, by its content, and opens it.

    Args:
        path: A run's directory, a file, or a directory that another program wrote.
        catalogue: Brings the tasks: their candidates for rows that bring none.

    Returns:
        The responses, read lazily; reading them raises `DataError` if a file cannot be read, or if the
        candidates of a row are not those of its task.

    Raises:
        UsageError: There is nothing, or nothing that can be recognised, or several things to choose from.
        DataError: A file cannot be read.
    """
    if not path.exists():
        raise UsageError(f"there is no file or directory {path}", _EXPECTED)
    try:
        choice = _of_directory(path) if path.is_dir() else _of_file(path)
    except OSError as fault:
        raise DataError(f"{path}: {(fault.strerror or str(fault)).lower()}") from None
    faults = [
        ResponseFault(path / name, None, "not there", "the file is missing, with all its rows")
        for name in choice.missing
    ]
    is_run = choice.format == OUR_OWN
    resolution = Resolution(catalogue, faults, retries=is_run)
    run = RunDirectory(choice.files[0].parent) if choice.files[0].name == RESPONSES and is_run else None
    named = path if path.name not in ("", "..") else path.resolve()
    beside = named.parent / f"{named.name if named.is_dir() else named.stem}-scores"
    return ResponseSource(
        format=choice.format,
        files=tuple(choice.files),
        responses=_responses(_rows(choice, faults), resolution),
        faults=faults,
        default_output=run.path if run else beside,
        resolution=resolution,
        notes=tuple(choice.notes),
        manifest=run.read_manifest() if run else None,
    )


def _responses(rows: Iterable[Row], resolution: Resolution) -> Iterator[StoredResponse]:
    for row in rows:
        response = resolution.response(row)
        if response is not None:
            yield response


def _rows(choice: _Choice, faults: list[ResponseFault]) -> Iterator[Row]:
    for path in choice.files:
        if choice.format == emobserver.NAME:
            yield from emobserver.rows(path, faults)
        else:
            yield from _READERS[choice.format](path, json_lines(path, faults))


def _of_file(path: Path) -> _Choice:
    if path.name == RESPONSES and RunDirectory(path.parent).manifest.is_file():
        return _Choice(OUR_OWN, [path])  # even while it is empty
    return _Choice(_format(path), [path])


def _format(path: Path) -> str:
    if not path.is_file():
        raise UsageError(f"{path} is no regular file", "It is read more than once: store it first.")
    if emobserver.recognises(path):
        return emobserver.NAME
    lines = [values for _, values in islice(json_lines(path, []), PEEKED)]
    for name, recognises in _TESTS.items():
        if any(recognises(values) for values in lines):
            return name
    found = (
        f"its first line has {', '.join(map(shown, lines[0]))}"[:200] if lines else "it has no JSON object"
    )
    raise UsageError(f"{path} holds no responses that vecbench can read: {found}", _EXPECTED)


def _of_directory(folder: Path) -> _Choice:
    """What to read of a directory: a run, or the most complete set of files that one program wrote."""
    if (folder / RESPONSES).is_file():
        return _of_file(folder / RESPONSES)
    shards = emocaliber.shards(folder)
    if shards:
        notes = ["the merged file is not read: it holds the same rows"] if emocaliber.merged(folder) else []
        return _Choice(SHARDS, shards, notes, emocaliber.missing_shards(shards))
    merged = emocaliber.merged(folder)
    if merged:
        return _Choice(emocaliber.NAME, merged)
    logs = _log_folders(folder)
    if logs:
        return _of_logs(folder, logs)
    files = sorted(path for pattern in ("*.json", "*.jsonl") for path in folder.glob(pattern))
    readable = [path for path in files if _is_readable(path)]
    if len(readable) == 1:
        return _of_file(readable[0])
    if readable:
        names = ", ".join(path.name for path in readable[:10])
        raise UsageError(f"{folder} holds several files of responses: {names}", "Name one of them.")
    raise UsageError(f"{folder} holds no responses.jsonl and no other file of responses", _EXPECTED)


def _is_readable(path: Path) -> bool:
    try:
        _format(path)
    except (UsageError, DataError):
        return False
    return True


def _log_folders(folder: Path) -> list[Path]:
    """The directory itself or, as lm-eval makes one for each model, those in it that hold sample logs."""
    if lm_eval_samples.logs(folder):
        return [folder]
    return [each for each in sorted(folder.iterdir()) if each.is_dir() and lm_eval_samples.logs(each)]


def _of_logs(folder: Path, folders: Sequence[Path]) -> _Choice:
    if len(folders) > 1:
        names = ", ".join(each.name for each in folders[:10])
        raise UsageError(f"{folder} holds the sample logs of several models: {names}", "Name one of them.")
    logs = lm_eval_samples.logs(folders[0])
    notes = [
        f"{task} has {len(paths)} logs; the newest is read: {paths[-1].name}"
        for task, paths in logs.items()
        if len(paths) > 1
    ]
    return _Choice(lm_eval_samples.NAME, [paths[-1] for paths in logs.values()], notes)
