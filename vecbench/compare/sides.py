"""What is compared: a run, its responses or predictions, or no more than its scores."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vecbench.errors import DataError, UsageError
from vecbench.parsing import Prediction, Reading
from vecbench.scoring import predictions
from vecbench.scoring.scores import SCHEMA
from vecbench.store import Manifest, RunDirectory, StoredResponse, read_responses
from vecbench.tasks import Catalogue

RowKey = tuple[str, str, int]
"""Task, sample and repeat."""


@dataclass(frozen=True)
class Side:
    """One of the two that are compared.

    Attributes:
        path: Where it comes from.
        protocol: How its responses were read; None if its file does not say.
        rows: Its predictions; empty when only its scores are known.
        prompts: Task, sample and repeat → SHA-256 of the rendered prompt, as far as known.
        tells_candidates: Whether its rows' candidates are those that were asked for, and no guess.
        manifest: Of the run; None if there is none.
        scores: What scores.json says; None when there are rows.
    """

    path: Path
    protocol: str | None
    rows: tuple[Prediction, ...] = ()
    prompts: Mapping[RowKey, str] = field(default_factory=dict)
    tells_candidates: bool = False
    manifest: Manifest | None = None
    scores: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The model's name; the path when it is unknown."""
        if self.manifest is not None:
            return self.manifest.model.name
        told = self.scores.get("run", {}).get("model") if self.scores else None
        return str(told or self.path)

    @property
    def tasks(self) -> list[str]:
        """The ids of its tasks."""
        return list(self.scores["tasks"]) if self.scores else sorted({row.task for row in self.rows})


def key_of(row: Prediction) -> RowKey:
    """What makes two rows answers to the same request."""
    return row.task, row.sample_id, row.repeat


def open_side(path: Path, protocol: str, catalogue: Catalogue) -> Side:
    """A run directory, a responses.jsonl, a predictions.jsonl or a scores.json.

    Of a directory, the responses are read if it has any, then its predictions, then its scores.

    Args:
        path: Directory or file.
        protocol: How responses are read; a key of `PROTOCOLS`.
        catalogue: Brings the tasks' labels and aliases.

    Raises:
        UsageError: There is no such file, or the directory holds none of the three.
        DataError: A file is not what its name says, or has no rows.
    """
    if not path.exists():
        raise UsageError(f"there is no {path}", "Name a run directory, responses, predictions or scores.")
    directory = RunDirectory(path if path.is_dir() else path.parent)
    file = path
    if path.is_dir():
        known = (directory.responses, directory.predictions, directory.scores)
        found = [each for each in known if each.is_file()]
        if not found:
            raise UsageError(
                f"{path} holds no responses.jsonl, predictions.jsonl or scores.json",
                "Name the directory of a run.",
            )
        file = found[0]
    if file.suffix == ".json":
        scores = _read_scores(file)
        said = scores.get("protocol")
        return Side(path, said if isinstance(said, str) else None, scores=scores)
    if _has_predictions(file):
        read = tuple(_read_predictions(file, catalogue))
        side = Side(path, _told_protocol(directory), read, manifest=directory.read_manifest())
    else:
        side = _run_side(path, file, directory, protocol, catalogue)
    if not side.rows:
        raise DataError(f"{file} has no rows", "A run stores them as it goes: let it begin first.")
    return side


def _run_side(path: Path, file: Path, directory: RunDirectory, protocol: str, catalogue: Catalogue) -> Side:
    prompts: dict[RowKey, str] = {}

    def noted(responses: Iterable[StoredResponse]) -> Iterator[StoredResponse]:
        for each in responses:
            if each.prompt_sha256:
                prompts[each.task, each.sample_id, each.repeat] = each.prompt_sha256
            yield each

    rows = predictions(noted(read_responses(file)), protocol, catalogue)
    # Beside a file of another name lies another run's manifest, if any.
    manifest = directory.read_manifest() if file == directory.responses else None
    return Side(path, protocol, tuple(rows), prompts, tells_candidates=True, manifest=manifest)


def _has_predictions(file: Path) -> bool:
    with file.open("rb") as stream:
        line = stream.readline()
    try:
        first = json.loads(line)
    except ValueError:
        return False
    return isinstance(first, dict) and "label_status" in first and "response" not in first


def _read_predictions(file: Path, catalogue: Catalogue) -> list[Prediction]:
    rows: dict[RowKey, Prediction] = {}
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                row = _prediction(json.loads(line))
            except (ValueError, TypeError, KeyError, RecursionError) as fault:
                problem = f"no {fault}" if isinstance(fault, KeyError) else str(fault)
                raise DataError(
                    f"{file}, line {number}: not a prediction ({problem})",
                    "Score the responses again: vecbench score writes the file.",
                ) from None
            if key_of(row) in rows:
                raise DataError(
                    f"{file}, line {number}: {row.task}, {row.sample_id}, repeat {row.repeat} again",
                    "Every sample and repeat has one line.",
                )
            rows[key_of(row)] = row
    # The file does not tell the candidates: the task's, and whatever else occurs.
    candidates = {name: dict.fromkeys(task.labels) for name, task in catalogue.tasks.items()}
    for row in rows.values():
        known = candidates.setdefault(row.task, {})
        if row.task not in catalogue.tasks:
            known[row.target] = None
        if row.reading.label is not None:
            known[row.reading.label] = None
    tuples = {name: tuple(labels) for name, labels in candidates.items()}
    return [replace(row, candidates=tuples[row.task]) for row in rows.values()]


def _prediction(said: Any) -> Prediction:
    texts = [said[name] for name in ("key", "task", "sample_id", "target")]
    statuses = said["label_status"], said["confidence_status"]
    label, confidence, repeat = said["label"], said["confidence"], said["repeat"]
    if not all(isinstance(each, str) for each in (*texts, *statuses)) or not isinstance(label, str | None):
        raise TypeError("a text is no text")
    if not isinstance(repeat, int) or isinstance(repeat, bool):
        raise TypeError(f"repeat is {repeat!r:.60}")
    if confidence is not None and not (isinstance(confidence, int | float) and 0 <= confidence <= 1):
        raise ValueError(f"confidence is {confidence!r:.60}")
    key, task, sample_id, target = texts
    reading = Reading(label, statuses[0], confidence, statuses[1])
    return Prediction(key, task, sample_id, repeat, target, (), reading)


def _told_protocol(directory: RunDirectory) -> str | None:
    if not directory.scores.is_file():
        return None
    said = _read_scores(directory.scores).get("protocol")
    return said if isinstance(said, str) else None


def _read_scores(file: Path) -> Mapping[str, Any]:
    try:
        said = json.loads(file.read_text(encoding="utf-8"), parse_constant=_refused)
        if not isinstance(said, dict) or said.get("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        if not isinstance(said.get("run", {}), dict):
            raise TypeError("run is no mapping")
        for block in (*said["tasks"].values(), *said["groups"].values(), said["overall"]):
            _require_scores(block)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        problem = f"no {fault}" if isinstance(fault, KeyError) else str(fault)
        raise DataError(
            f"{file}: not the scores of a run ({problem})", "vecbench score writes the file."
        ) from None
    return said


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no value of a score")


def _require_scores(block: Any) -> None:
    if not isinstance(block["n"], int):
        raise TypeError(f"n is {block['n']!r:.60}")
    for name, score in block["metrics"].items():
        value = score["value"]
        if value is not None and not isinstance(value, int | float):
            raise TypeError(f"{name} is {value!r:.60}")
