"""Which files of a path hold responses, and in which format: by their content, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vecbench.answers.written import shown
from vecbench.errors import DataError, UsageError
from vecbench.interop import (
    eemo,
    emobserver,
    emocaliber,
    lm_eval_samples,
    lmms_eval,
    mvei,
    own,
    plain,
    sample_logs,
)
from vecbench.interop.columns import Columns, require_columns
from vecbench.interop.reader import FileBeginning, Reader
from vecbench.interop.readers import READERS
from vecbench.store import RunDirectory

SHARDS = "EmoCaliber shards"
PATTERNS = ("*.json", "*.jsonl", "*.csv", "*.tsv", "*.xlsx", "*.parquet", "*.eval")

Formats = Mapping[Path, Reader | None]
"""File → what reads it; None for a file that nothing does, or that cannot be read."""

_EXPECTED = (
    "Expected: a run's directory, answers of a program that docs/responses.md lists, or JSONL, a JSON list, "
    "CSV, TSV, xlsx or Parquet with task, target and response; --columns response=NAME where they are called "
    "otherwise."
)


@dataclass(frozen=True)
class RecognisedFiles:
    """Which files of a path are read, in their order, and as what.

    Attributes:
        format: What they are called.
        notes: What was chosen where there was a choice, and what is not read.
        passed_over: Files that the notes say are not read.
        missing: What should be there and is not, a sentence each.
        model: Whose answers are read of a file that may hold several models'.
    """

    reader: Reader
    files: Sequence[Path]
    notes: Sequence[str] = ()
    passed_over: Sequence[Path] = ()
    missing: Sequence[str] = ()
    model: str = ""
    format: str = ""

    def __post_init__(self) -> None:
        if not self.format:
            object.__setattr__(self, "format", _called(self.reader, self.files[0]))


def recognised(path: Path, columns: Columns | None = None) -> RecognisedFiles:
    """What to read of a file or a directory, or of one model in a file of several."""
    known = columns or {}
    if path.is_dir():
        return _of_directory(path, known)
    if not path.exists():
        parted = eemo.parted(path)
        if parted is None:
            raise UsageError(f"there is no file or directory {path}", _EXPECTED)
        file, model = parted
        return RecognisedFiles(eemo.READER, [file], model=eemo.model_of(file, model))
    return _of_file(path, known)


def _of_file(path: Path, columns: Columns) -> RecognisedFiles:
    if own.is_of_a_run(path):  # even while it is empty
        return RecognisedFiles(own.READER, [path])
    reader = _reader(path, columns)
    return RecognisedFiles(reader, [path], model=eemo.model_of(path, None) if reader is eemo.READER else "")


def _reader(path: Path, columns: Columns) -> Reader:
    if not path.is_file():
        raise UsageError(f"{path} is no regular file", "It is read more than once: store it first.")
    beginning = FileBeginning(path, columns)
    for reader in READERS:
        if reader.recognises(beginning):
            if columns:
                require_columns(columns, _columns(beginning), path)
            return reader
    tables: Sequence[Any] = (emobserver, mvei, eemo)
    without = next((form.ANSWERS for form in tables if form.is_table(beginning.head)), None)
    if without is None and columns:
        require_columns(columns, _columns(beginning), path)
    if without is not None:
        found = f"its rows have no {without!r}, so it is data without answers"
    elif beginning.rows:
        begins = {"JSONL": "first line has", "JSON list": "first record has"}
        what = begins.get(str(beginning.container), "columns are")
        found = f"its {what} {', '.join(map(shown, beginning.rows[0])) or 'no keys'}"[:200]
    else:
        is_archive = beginning.container == "archive"
        found = "it is an archive of something else" if is_archive else "it has no JSON object and no table"
    raise UsageError(f"{path} holds no responses that vecbench can read: {found}", _EXPECTED)


def _columns(beginning: FileBeginning) -> list[str]:
    return list(dict.fromkeys(name for row in beginning.rows for name in row))


def _called(reader: Reader, file: Path) -> str:
    """What a file is called: rows by the common names as the file that they lie in."""
    return f"{reader.name} {FileBeginning(file).container}" if reader is plain.READER else reader.name


def _of_directory(folder: Path, columns: Columns) -> RecognisedFiles:
    """What to read of a directory: a run, or the most complete set of files that one program wrote."""
    formats = _formats(folder, columns)
    log = folder / own.FILE
    choice = _of_file(log, columns) if log.is_file() else None
    choice = choice or _of_shards(formats) or _of_merged(formats) or _of_results(formats)
    choice = choice or _of_logs(folder, formats) or _of_lists(formats) or _of_tasks(formats)
    if choice is not None:
        return _with_rest(choice, formats)
    readable = [path for path, reader in formats.items() if reader]
    if len(readable) == 1:
        return _of_file(readable[0], columns)
    if readable:
        names = ", ".join(path.name for path in readable[:10])
        raise UsageError(f"{folder} holds several files of responses: {names}", "Name one of them.")
    for path in formats:
        with suppress(UsageError):
            _reader(path, columns)  # one that cannot be read says why
    raise UsageError(f"{folder} holds no responses.jsonl and no other file of responses", _EXPECTED)


def _formats(folder: Path, columns: Columns, patterns: Sequence[str] = PATTERNS) -> dict[Path, Reader | None]:
    files = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    run = RunDirectory(folder)
    derived = {run.manifest, run.predictions, run.faults, run.scores} if run.manifest.is_file() else set()
    return {path: _reader_or_none(path, columns) for path in files if path not in derived}


def _reader_or_none(path: Path, columns: Columns) -> Reader | None:
    try:
        return _reader(path, columns)
    except (UsageError, DataError):
        return None


def _with_rest(choice: RecognisedFiles, formats: Formats) -> RecognisedFiles:
    """The choice with a note on every other file of responses in the directory."""
    rest = [
        f"{path.name} ({_called(reader, path)})"
        for path, reader in formats.items()
        if reader and path not in (*choice.files, *choice.passed_over)
    ]
    if not rest:
        return choice
    more = f" and {len(rest) - 10:,} more" if len(rest) > 10 else ""
    note = f"other responses in the directory are not read: {', '.join(rest[:10])}{more}"
    return replace(choice, notes=(*choice.notes, note))


def _of_shards(formats: Formats) -> RecognisedFiles | None:
    """EmoCaliber's shards; a numbered file without any readable line may be one, one of others is none."""
    numbered = _of_emocaliber(emocaliber.shards(formats), formats)
    if not numbered:
        return None
    merged = (*emocaliber.MERGED, emocaliber.FAILED)
    same = [path for path, reader in formats.items() if reader is emocaliber.READER and path.name in merged]
    missing = emocaliber.missing_shards(numbered)
    return RecognisedFiles(
        emocaliber.READER, numbered, _same_rows(same), same, [missing] if missing else [], format=SHARDS
    )


def _of_merged(formats: Formats) -> RecognisedFiles | None:
    """The merged file with the failed samples.

    `merged_conf.jsonl` comes second: the script that writes it leaves rows out.
    """
    by_name = {path.name: path for path in formats}
    for name in emocaliber.MERGED:
        if name not in by_name or formats[by_name[name]] not in (emocaliber.READER, None):
            continue
        pair = [by_name[each] for each in (name, emocaliber.FAILED) if each in by_name]
        files = _of_emocaliber(pair, formats)
        if files:
            further = (by_name.get(each) for each in emocaliber.MERGED if each != name)
            same = [path for path in further if path and formats[path] is emocaliber.READER]
            return RecognisedFiles(emocaliber.READER, files, _same_rows(same), same)
    return None


def _same_rows(files: Sequence[Path]) -> list[str]:
    return [f"{path.name} is not read: it holds the same rows" for path in files]


def _of_emocaliber(files: Iterable[Path], formats: Formats) -> list[Path]:
    """Those files that may belong to EmoCaliber; none if not a single one surely does."""
    possible = [path for path in files if formats[path] in (emocaliber.READER, None) and path.is_file()]
    return possible if any(formats[path] for path in possible) else []


def _of_results(formats: Formats) -> RecognisedFiles | None:
    """EmObserver's results, a file a benchmark."""
    files = [path for path in emobserver.results([*formats]) if formats[path] is emobserver.READER]
    return RecognisedFiles(emobserver.READER, files) if files else None


def _of_tasks(formats: Formats) -> RecognisedFiles | None:
    """The files of a program that writes one for each task of a model into a folder of its own."""
    for reader in READERS:
        files = [path for path, each in formats.items() if each is reader]
        if reader.is_file_a_task and files and reader.belong_together(files):
            return RecognisedFiles(reader, files)
    return None


def _of_lists(formats: Formats) -> RecognisedFiles | None:
    """The lists of lm-eval 0.4.0 to 0.4.2, a file a task; whether all are of one model their names tell."""
    files = [path for path, reader in formats.items() if reader is lm_eval_samples.READER]
    return RecognisedFiles(lm_eval_samples.READER, files) if files else None


def _of_logs(folder: Path, formats: Formats) -> RecognisedFiles | None:
    """The sample logs in the directory itself or, as lm-eval makes one for each model, in those in it."""
    for reader in (lm_eval_samples.READER, lmms_eval.READER):
        logs = _logs(formats, reader) or _logs_below(folder, reader)
        if logs:
            notes = [
                f"{task} has {len(paths)} logs; the newest is read: {paths[-1].name}"
                for task, paths in logs.items()
                if len(paths) > 1
            ]
            older = [path for paths in logs.values() for path in paths[:-1]]
            return RecognisedFiles(reader, [paths[-1] for paths in logs.values()], notes, older)
    return None


def _logs_below(folder: Path, reader: Reader) -> dict[str, list[Path]]:
    folders = [each for each in sorted(folder.iterdir()) if each.is_dir()]
    found = {each: _logs(_formats(each, {}, sample_logs.PATTERNS), reader) for each in folders}
    found = {each: logs for each, logs in found.items() if logs}
    if len(found) > 1:
        names = ", ".join(each.name for each in list(found)[:10])
        raise UsageError(f"{folder} holds the sample logs of several models: {names}", "Name one of them.")
    return next(iter(found.values()), {})


def _logs(formats: Formats, reader: Reader) -> dict[str, list[Path]]:
    """The logs among some files; one without any readable line is known by its name, beside one that has."""
    possible = [
        path
        for path, each in formats.items()
        if each is reader or (each is None and path.is_file() and sample_logs.task_in(path.name) is not None)
    ]
    return sample_logs.logs(possible) if any(formats[path] for path in possible) else {}
