"""Which files of a path hold responses, and in which format: by their content, whatever they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from vecbench.answers.written import shown
from vecbench.errors import DataError, UsageError
from vecbench.interop import emobserver, emocaliber, lm_eval_samples, mvei, plain
from vecbench.interop.json_records import head_of
from vecbench.json_lines import json_lines
from vecbench.store import RunDirectory

OUR_OWN = "vecbench responses"
SHARDS = "EmoCaliber shards"
RESPONSES = "responses.jsonl"
PEEKED = 20
"""Lines that may decide what a file is: the first ones may be broken."""

Values = Mapping[str, Any]
Formats = Mapping[Path, str | None]
"""File → its format; None for a file that is none of them, or cannot be read."""

_TESTS: Mapping[str, Callable[[Values], bool]] = {
    OUR_OWN: plain.is_our_own,
    lm_eval_samples.NAME: lm_eval_samples.recognises,
    emocaliber.NAME: emocaliber.recognises,
    plain.NAME: plain.recognises,
}
"""Format → whether a line is one of its; the first that says so reads the file."""

_EXPECTED = (
    "Expected: a run's directory, EmoCaliber's shards or merged file, EmObserver's or MVEI's JSON, lm-eval's "
    "sample logs, or JSONL with task, target and response."
)


@dataclass(frozen=True)
class RecognisedFiles:
    """Which files of a path are read, in their order, and as what.

    Attributes:
        notes: What was chosen where there was a choice, and what is not read.
        passed_over: Files that the notes say are not read.
        missing: What should be there and is not, a sentence each.
    """

    format: str
    files: Sequence[Path]
    notes: Sequence[str] = ()
    passed_over: Sequence[Path] = ()
    missing: Sequence[str] = ()


def recognised(path: Path) -> RecognisedFiles:
    """What to read of a file or a directory."""
    if path.is_dir():
        return _of_directory(path)
    if not path.exists():
        raise UsageError(f"there is no file or directory {path}", _EXPECTED)
    return _of_file(path)


def _of_file(path: Path) -> RecognisedFiles:
    is_of_a_run = path.name == RESPONSES and RunDirectory(path.parent).manifest.is_file()
    return RecognisedFiles(
        OUR_OWN if is_of_a_run else _format(path), [path]
    )  # of a run even while it is empty


def _format(path: Path) -> str:
    if not path.is_file():
        raise UsageError(f"{path} is no regular file", "It is read more than once: store it first.")
    head = head_of(path)
    known: Sequence[Any] = (emobserver, mvei)
    tables: list[tuple[str, str]] = [(form.NAME, form.ANSWERS) for form in known if form.is_table(head)]
    for name, answers in tables:
        if f'"{answers}' in head:
            return name
    readable = (line.values for line in json_lines(path) if line.values is not None)
    lines = list(islice(readable, PEEKED))
    for name, recognises in _TESTS.items():
        if any(recognises(values) for values in lines):
            return name
    found = "it has no JSON object"
    if tables:
        found = f"its rows have no {tables[0][1]!r}, so it is data without answers"
    elif lines:
        found = f"its first line has {', '.join(map(shown, lines[0])) or 'no keys'}"[:200]
    raise UsageError(f"{path} holds no responses that vecbench can read: {found}", _EXPECTED)


def _of_directory(folder: Path) -> RecognisedFiles:
    """What to read of a directory: a run, or the most complete set of files that one program wrote."""
    formats = _formats(folder)
    choice = _of_file(folder / RESPONSES) if (folder / RESPONSES).is_file() else None
    choice = choice or _of_shards(formats) or _of_merged(formats) or _of_results(formats)
    choice = choice or _of_logs(folder, formats)
    if choice is not None:
        return _with_rest(choice, formats)
    readable = [path for path, name in formats.items() if name]
    if len(readable) == 1:
        return _of_file(readable[0])
    if readable:
        names = ", ".join(path.name for path in readable[:10])
        raise UsageError(f"{folder} holds several files of responses: {names}", "Name one of them.")
    for path in formats:
        with suppress(UsageError):
            _format(path)  # one that cannot be read says why
    raise UsageError(f"{folder} holds no responses.jsonl and no other file of responses", _EXPECTED)


def _formats(folder: Path, patterns: Sequence[str] = ("*.json", "*.jsonl")) -> dict[Path, str | None]:
    files = sorted(path for pattern in patterns for path in folder.glob(pattern))
    run = RunDirectory(folder)
    derived = {run.manifest, run.predictions, run.faults, run.scores} if run.manifest.is_file() else set()
    return {path: _format_or_none(path) for path in files if path not in derived}


def _format_or_none(path: Path) -> str | None:
    try:
        return _format(path)
    except (UsageError, DataError):
        return None


def _with_rest(choice: RecognisedFiles, formats: Formats) -> RecognisedFiles:
    """The choice with a note on every other file of responses in the directory."""
    rest = [
        f"{path.name} ({name})"
        for path, name in formats.items()
        if name and path not in (*choice.files, *choice.passed_over)
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
    same = [path for path, name in formats.items() if name == emocaliber.NAME and path.name in merged]
    missing = emocaliber.missing_shards(numbered)
    return RecognisedFiles(SHARDS, numbered, _same_rows(same), same, [missing] if missing else [])


def _of_merged(formats: Formats) -> RecognisedFiles | None:
    """The merged file with the failed samples.

    `merged_conf.jsonl` comes second: the script that writes it leaves rows out.
    """
    by_name = {path.name: path for path in formats}
    for name in emocaliber.MERGED:
        if name not in by_name or formats[by_name[name]] not in (emocaliber.NAME, None):
            continue
        pair = [by_name[each] for each in (name, emocaliber.FAILED) if each in by_name]
        files = _of_emocaliber(pair, formats)
        if files:
            further = (by_name.get(each) for each in emocaliber.MERGED if each != name)
            same = [path for path in further if path and formats[path] == emocaliber.NAME]
            return RecognisedFiles(emocaliber.NAME, files, _same_rows(same), same)
    return None


def _same_rows(files: Sequence[Path]) -> list[str]:
    return [f"{path.name} is not read: it holds the same rows" for path in files]


def _of_emocaliber(files: Iterable[Path], formats: Formats) -> list[Path]:
    """Those files that may belong to EmoCaliber; none if not a single one surely does."""
    possible = [path for path in files if formats[path] in (emocaliber.NAME, None) and path.is_file()]
    return possible if any(formats[path] for path in possible) else []


def _of_results(formats: Formats) -> RecognisedFiles | None:
    """EmObserver's results, a file a benchmark."""
    files = [path for path in emobserver.results([*formats]) if formats[path] == emobserver.NAME]
    return RecognisedFiles(emobserver.NAME, files) if files else None


def _of_logs(folder: Path, formats: Formats) -> RecognisedFiles | None:
    """The sample logs in the directory itself or, as lm-eval makes one for each model, in those in it."""
    logs = _logs(formats)
    if not logs:
        folders = [each for each in sorted(folder.iterdir()) if each.is_dir()]
        found = {each: _logs(_formats(each, ("samples_*.jsonl",))) for each in folders}
        found = {each: logs for each, logs in found.items() if logs}
        if len(found) > 1:
            names = ", ".join(each.name for each in list(found)[:10])
            raise UsageError(
                f"{folder} holds the sample logs of several models: {names}", "Name one of them."
            )
        logs = next(iter(found.values()), {})
    if not logs:
        return None
    notes = [
        f"{task} has {len(paths)} logs; the newest is read: {paths[-1].name}"
        for task, paths in logs.items()
        if len(paths) > 1
    ]
    older = [path for paths in logs.values() for path in paths[:-1]]
    return RecognisedFiles(lm_eval_samples.NAME, [paths[-1] for paths in logs.values()], notes, older)


def _logs(formats: Formats) -> dict[str, list[Path]]:
    """The logs among some files; one without any readable line is known by its name, beside one that has."""
    possible = [
        path
        for path, name in formats.items()
        if name == lm_eval_samples.NAME or (name is None and lm_eval_samples.is_named_as_log(path))
    ]
    return lm_eval_samples.logs(possible) if any(formats[path] for path in possible) else {}
