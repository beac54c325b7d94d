"""A submission: what a model's author hands in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

import vecbench
from vecbench.engines.secrets import is_secret
from vecbench.errors import UsageError, nearest
from vecbench.leaderboard.record import Date, Identifier, Link, Note, Record, Sha256, ShortText, validated
from vecbench.leaderboard.submitted_run import CONTROL_FILES, control_fault
from vecbench.scoring import STRICT, complete_scores, predictions
from vecbench.store import Manifest, RunDirectory, StoredResponse, read_responses
from vecbench.store.manifest import EngineRecord
from vecbench.tasks import Catalogue, Task

PROTOCOL = "strict"
"""How the responses of a submission are read: the protocol that drops no row and guesses no scale."""
_PATH = re.compile(r"""(?<![\w:/])(?:~|\.{0,2})/[^\s'":,)]+""")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


class SubmittedFile(Record):
    """A file as it was when the submission was made."""

    sha256: Sha256
    size: int = Field(ge=0)


class Submission(Record):
    """submission.json.

    Attributes:
        name: What the leaderboard calls the model.
        vecbench: The version that made the submission.
        metrics: Key → version, of those that its scores have; empty if version 0.1 made it.
        files: File name → hash and size, of all others.
    """

    schema_: Literal["vecbench.submission/1"] = Field("vecbench.submission/1", alias="schema")
    benchmark: Identifier
    protocol: Literal["strict"] = "strict"
    name: ShortText
    link: Link | None = None
    date: Date
    notes: list[Note] = Field([], max_length=10)
    vecbench: ShortText
    metrics: dict[Identifier, int] = Field({})
    files: dict[str, SubmittedFile] = Field(max_length=10)


def submission_files(
    directory: RunDirectory,
    catalogue: Catalogue,
    *,
    benchmark: str | None = None,
    name: str | None = None,
    link: str | None = None,
    date: str | None = None,
    notes: Iterable[str] = (),
    control: RunDirectory | None = None,
) -> dict[str, bytes]:
    """The files of a submission, made of a run; what is not given is the run's.

    Superseded responses are left out, and so is what is known of the author's machine only: paths, addresses
    of endpoints. Scores are computed anew, by this version; those of a control are not among them.

    Raises:
        UsageError: The one is no run, or a control, the other none that takes the image away; one of them
            lacks tasks or samples. Whether they are of each other, `verify_files` says.
    """
    manifest = _manifest(directory)
    if manifest.control is not None:
        raise UsageError(
            f"{directory.path} is a control ({manifest.control.title}): its samples' images were not shown",
            "Name the run that it is the control of.",
        )
    _require_whole(manifest, directory)
    chosen = _benchmark(manifest, catalogue, benchmark, directory.path)
    tasks = {task.id: task for task in catalogue.select(chosen)}
    asked = manifest.profiles()
    responses = [
        replace(each, profile=asked.get(each.task)) for each in submitted_responses(directory, tasks)
    ]
    scores = complete_scores(predictions(responses, STRICT, catalogue), PROTOCOL, catalogue).scores
    blocks = [*scores.tasks.values(), *(each.pooled for each in scores.groups.values())]
    files = {
        "run.json": _text_of(published_manifest(manifest, tasks)),
        "responses.jsonl": b"".join(each.to_line() for each in responses),
        "scores.json": scores.as_json().encode(),
    }
    if control is not None:
        files |= _control_files(control, chosen, tasks)
    values = {
        "benchmark": chosen,
        "name": manifest.model.name if name is None else name,
        "link": link,
        "date": (manifest.finished or manifest.started)[:10] if date is None else date,
        "notes": list(notes),
        "vecbench": vecbench.__version__,
        "metrics": {each.key: each.version for rows in blocks for each in rows.scored_by},
        "files": {
            each: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for each, content in files.items()
        },
    }
    submission = validated(Submission, values, "the submission")
    said = submission.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {"submission.json": json.dumps(said, indent=1, ensure_ascii=False).encode() + b"\n", **files}


def _control_files(directory: RunDirectory, benchmark: str, tasks: Mapping[str, Task]) -> dict[str, bytes]:
    manifest = _manifest(directory)
    if fault := control_fault(manifest.control):
        raise UsageError(
            f"{directory.path}: {fault}", "vecbench run --control blank, with the run's options, makes one."
        )
    _require_whole(manifest, directory)
    if missing := tasks.keys() - manifest.tasks.keys():
        raise UsageError(
            f"{directory.path} lacks tasks of {benchmark}: {', '.join(sorted(missing))}",
            "A control has every task that its run has.",
        )
    return {
        CONTROL_FILES.manifest: _text_of(published_manifest(manifest, tasks)),
        CONTROL_FILES.responses: b"".join(each.to_line() for each in submitted_responses(directory, tasks)),
    }


def _manifest(directory: RunDirectory) -> Manifest:
    manifest = directory.read_manifest()
    if manifest is None or not directory.responses.is_file():
        raise UsageError(f"{directory.path} holds no run", "Name the directory of a run.")
    return manifest


def _require_whole(manifest: Manifest, directory: RunDirectory) -> None:
    if manifest.limit is not None:
        raise UsageError(
            f"{directory.path} has {manifest.limit} samples of each task only", "Run it without --limit."
        )


def _text_of(manifest: Manifest) -> bytes:
    return manifest.model_dump_json(indent=1, by_alias=True).encode()


def published_manifest(manifest: Manifest, tasks: Mapping[str, Task]) -> Manifest:
    """The manifest of some tasks, without what is known of the author's machine only."""
    records = {
        name: record.model_copy(update={"data": _published_data(record.data, tasks[name])})
        for name, record in manifest.tasks.items()
        if name in tasks
    }
    engine = None if manifest.engine is None else _published_engine(manifest.engine)
    earlier = [_published_engine(each) for each in manifest.earlier_engines]
    return manifest.model_copy(update={"tasks": records, "engine": engine, "earlier_engines": earlier})


def without_paths(text: str) -> str:
    """An error's text, without what it says of the author's disk."""
    return _PATH.sub("(a path)", text)


def _published_engine(engine: EngineRecord) -> EngineRecord:
    said = {name: _published_arguments(getattr(engine, name)) for name in ("arguments", "omitted")}
    return engine.model_copy(update=said)


def _published_data(data: str, task: Task) -> str:
    if task.data is not None and Path(data).expanduser().resolve() == task.data:
        return "bundled"
    if data.startswith("hf:"):
        return data
    # "owner/name" is a data set's id on the Hub, and of a folder it would give away no more than that.
    return data if _HUB_ID.fullmatch(data) else Path(data).name


def _published_arguments(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: "(a secret)" if is_secret(key, each) else _published_arguments(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_published_arguments(each) for each in value]
    if isinstance(value, str) and "://" in value:
        return "(an address)"
    if isinstance(value, str) and value.startswith(("/", "~", ".")):
        return Path(value).name
    return value


def _benchmark(manifest: Manifest, catalogue: Catalogue, asked: str | None, run: Path) -> str:
    benchmarks = [group.id for group in catalogue.benchmarks()]
    if asked is not None and asked not in benchmarks:
        raise UsageError(f"unknown benchmark {asked!r}", nearest(asked, benchmarks))
    missing = {
        name: [task.id for task in catalogue.select(name) if task.id not in manifest.tasks]
        for name in benchmarks
    }
    whole = [asked] if asked else [name for name, absent in missing.items() if not absent]
    if len(whole) == 1 and not missing[whole[0]]:
        return whole[0]
    if whole and not asked:
        raise UsageError(f"{run} has all tasks of {' and '.join(whole)}", "Choose with --benchmark.")
    nearly = asked or min(missing, key=lambda name: len(missing[name]) / len(catalogue.select(name)))
    raise UsageError(
        f"{run} lacks tasks of {nearly}: {', '.join(missing[nearly])}",
        "A leaderboard's entry has every task of its benchmark.",
    )


def submitted_responses(directory: RunDirectory, tasks: Collection[str]) -> list[StoredResponse]:
    """Those to some tasks, the last one of each sample and repeat, as they are published."""
    responses = (each for each in read_responses(directory.responses) if each.task in tasks)
    latest = {(each.task, each.sample_id, each.repeat): each for each in responses}
    return [
        replace(each, error=without_paths(each.error)) if each.error else each for each in latest.values()
    ]
