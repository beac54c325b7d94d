"""What is compared: a run, its responses or predictions, or no more than its scores."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecbench.answers import known_metrics
from vecbench.errors import DataError, UsageError
from vecbench.interop import eemo
from vecbench.interop.frame import open_frame
from vecbench.interop.reading import ResponseSource, open_responses
from vecbench.json_lines import json_lines
from vecbench.parsing import Prediction, Reading
from vecbench.plain_file import cannot_read, open_plain, plain_bytes
from vecbench.scoring import (
    STRICT,
    Scores,
    is_published,
    predictions,
    protocol_named,
    score,
    score_responses,
)
from vecbench.scoring.protocols import NO_SENTENCES
from vecbench.scoring.scores import EARLIER_SCHEMA, SCHEMA
from vecbench.store import MOST_REPEATS, Manifest, RunDirectory, StoredResponse, read_responses
from vecbench.tasks import Catalogue

if TYPE_CHECKING:
    from pandas import DataFrame

LARGEST = 2**53
"""No count and no value of a score is larger; differences of what is not are exact or at least finite."""

MOST_BYTES = 2**26
"""A larger scores.json is not read."""

EARLIER_STATUS = "label_status"
"""What predictions.jsonl of version 0.1 calls the status of an answer."""

RowKey = tuple[str, str, int]
"""Task, sample and repeat."""


@dataclass(frozen=True)
class Side:
    """One of the two that are compared.

    Attributes:
        protocol: How its responses were read; None if its file does not say.
        rows: Its predictions; empty when only its scores are known.
        responses: What the rows were read from, where a published protocol scores more than rows tell.
        prompts: SHA-256 of rendered prompts, as far as known.
        tells_candidates: Whether its rows' candidates are those that were asked for, and no guess.
        scores: What scores.json says; None when there are rows.
        notes: What was wrong with its files.
    """

    path: Path
    protocol: str | None
    rows: tuple[Prediction, ...] = ()
    responses: tuple[StoredResponse, ...] = ()
    prompts: Mapping[RowKey, str] = field(default_factory=dict)
    tells_candidates: bool = False
    manifest: Manifest | None = None
    scores: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The model's name; the path when it is unknown."""
        if self.manifest is not None:
            return self.manifest.title
        told = self.scores.get("run", {}).get("model") if self.scores else None
        return str(told or self.path)

    @property
    def is_published(self) -> bool:
        """Whether its responses were read and scored as a published program does."""
        return is_published(self.protocol)

    @property
    def tasks(self) -> list[str]:
        """The ids of its tasks."""
        return list(self.scores["tasks"]) if self.scores else sorted({row.task for row in self.rows})


def key_of(row: Prediction) -> RowKey:
    """What makes two rows answers to the same request."""
    return row.task, row.sample_id, row.repeat


def open_side(
    path: Path,
    protocol: str,
    catalogue: Catalogue,
    *,
    task: str | None = None,
    names: Mapping[str, str] | None = None,
) -> Side:
    """A run, whatever else `vecbench score` reads, a predictions.jsonl or a scores.json.

    Of a directory, the responses of a run are read if it has any, then its predictions, then its scores,
    then what another program wrote; `task` and `names` are as for `open_responses`.
    """
    is_part = not path.exists() and eemo.parted(path) is not None  # FILE#MODEL
    if not (path.exists() or is_part):
        raise UsageError(f"there is no {path}", "Name a run directory, responses, predictions or scores.")
    directory = RunDirectory(path if path.is_dir() else path.parent)
    file = None if is_part else _derived_file(path, directory)
    if file is None:
        source = open_responses(path, catalogue, task=task, names=names)
        side = _side_of(source, path, protocol, catalogue)
    elif _is_scores(file):
        scores = _read_scores(file)
        told = _told_protocol(scores)
        return Side(path, told, scores=scores, notes=tuple(_fixed(path, told, protocol)))
    else:
        read = tuple(_read_predictions(file, catalogue))
        if file == directory.predictions:
            manifest, notes = _manifest_of(read, directory)
            told = _told_protocol(_read_scores(directory.scores)) if directory.scores.is_file() else None
        else:  # a copy may lie beside whatever it likes
            told, manifest, notes = None, None, ()
        side = Side(path, told, read, manifest=manifest, notes=(*notes, *_fixed(path, told, protocol)))
    return _with_rows(side, file or path)


def side_scores(side: Side, catalogue: Catalogue) -> Scores:
    """What figures of a side draw: its values, without what the bootstrap says.

    Raises:
        UsageError: No more than its scores is known.
    """
    protocol = protocol_named(side.protocol or STRICT.name)
    if not (side.responses if protocol.is_published else side.rows):
        raise UsageError(
            f"{side.path} has no more than scores, of which nothing can be drawn", "Name the run's directory."
        )
    run = {"model": side.manifest.title} if side.manifest is not None else {}
    if protocol.is_published:
        return score_responses(side.responses, protocol, catalogue, run).scores
    return score(side.rows, protocol.name, catalogue, run, replicates=0)


def frame_side(
    frame: DataFrame,
    name: str,
    protocol: str,
    catalogue: Catalogue,
    *,
    task: str | None = None,
    names: Mapping[str, str] | None = None,
) -> Side:
    """A frame with one response a row, see `open_frame`."""
    path = Path(name)
    source = open_frame(frame, catalogue, name, task=task, names=names)
    return _with_rows(_side_of(source, path, protocol, catalogue), path)


def _with_rows(side: Side, path: Path) -> Side:
    if not side.rows:
        raise DataError(f"{path} has no rows", "A run stores them as it goes: let it begin first.")
    return side


def _fixed(path: Path, told: str | None, protocol: str) -> Iterator[str]:
    if told is not None and told != protocol:
        yield f"{path} was read under the protocol {told}, and no response is there to be read as {protocol}."


def _manifest_of(
    rows: Sequence[Prediction], directory: RunDirectory
) -> tuple[Manifest | None, tuple[str, ...]]:
    """The manifest beside a predictions.jsonl, if that may be its run's; and a note if it is another's."""
    manifest = directory.read_manifest()
    if manifest is None or not rows:
        return manifest, ()
    is_its = {row.task for row in rows} <= manifest.tasks.keys()
    if is_its and directory.responses.is_file():
        key = rows[0].key
        is_its = any(each.key == key for each in read_responses(directory.responses))
    if is_its:
        return manifest, ()
    return None, (
        f"{directory.manifest} is not of the run that {directory.predictions} is of: it is ignored.",
    )


def _derived_file(path: Path, directory: RunDirectory) -> Path | None:
    """The predictions or scores that a path means; None if it means responses."""
    if path.is_file():
        return path if _is_scores(path) or _has_predictions(path) else None
    if directory.responses.is_file():
        return None
    known = (directory.predictions, directory.scores)
    return next((each for each in known if each.is_file()), None)


def _side_of(source: ResponseSource, path: Path, protocol: str, catalogue: Catalogue) -> Side:
    """The side of some responses."""
    prompts: dict[RowKey, str] = {}

    def noted(responses: Iterable[StoredResponse]) -> Iterator[StoredResponse]:
        for each in responses:
            if each.prompt_sha256:
                prompts[each.task, each.sample_id, each.repeat] = each.prompt_sha256
            yield each

    responses: tuple[StoredResponse, ...] = ()
    way = protocol_named(protocol)
    if way.is_published:
        responses = tuple(noted(source.responses))
        rows = tuple(score_responses(responses, way, catalogue).rows)
    else:
        rows = tuple(predictions(noted(source.responses), way, catalogue))
    source.require_rows()
    faults = ", ".join(f"{count:,} {effect}" for effect, count in source.effects().items())
    notes = tuple(f"{path}: {each}" for each in source.warnings)
    unnamed = source.resolution.unnamed
    notes += (f"{path}: {unnamed:,} rows have no id: they are told by their lines.",) if unnamed else ()
    notes += (f"{path}: {faults}; vecbench score lists them.",) if faults else ()
    return Side(
        path,
        protocol,
        rows,
        responses,
        prompts,
        tells_candidates=True,
        manifest=source.manifest,
        notes=notes,
    )


def _is_scores(file: Path) -> bool:
    """Whether a file is a scores.json, by its name or by its first bytes, which hold its schema."""
    if file.suffix != ".json" or file.name == RunDirectory(file.parent).scores.name:
        return file.suffix == ".json"
    try:
        with open_plain(file) as stream:
            begin = stream.read(200)
    except OSError as fault:
        raise cannot_read(file, fault) from None
    return any(schema.encode() in begin for schema in (SCHEMA, EARLIER_SCHEMA))


def _has_predictions(file: Path) -> bool:
    line = next(json_lines(file), None)
    first = line.values if line is not None else None
    if first is None or "response" in first:
        return False
    return "answer_status" in first or EARLIER_STATUS in first


def _read_predictions(file: Path, catalogue: Catalogue) -> list[Prediction]:
    rows: dict[RowKey, Prediction] = {}
    for line in json_lines(file):
        try:
            if line.values is None:
                raise ValueError(line.problem)
            row = _prediction(line.values)
        except (ValueError, TypeError, KeyError) as fault:
            problem = f"no {fault}" if isinstance(fault, KeyError) else str(fault)
            raise DataError(
                f"{file}, line {line.number}: not a prediction ({problem})",
                "Score the responses again: vecbench score writes the file.",
            ) from None
        if key_of(row) in rows:
            raise DataError(
                f"{file}, line {line.number}: {row.task}, {row.sample_id}, repeat {row.repeat} again",
                "Every sample and repeat has one line.",
            )
        rows[key_of(row)] = row
    # The file does not tell the candidates: the task's, and whatever else occurs.
    candidates = {name: dict.fromkeys(task.labels) for name, task in catalogue.tasks.items()}
    for row in rows.values():
        known = candidates.setdefault(row.task, {})
        if row.task not in catalogue.tasks:
            known[row.target] = None
        if row.reading.answer is not None:
            known[row.reading.answer] = None
    tuples = {name: tuple(labels) for name, labels in candidates.items()}
    return [replace(row, candidates=tuples[row.task]) for row in rows.values()]


def _prediction(said: Any) -> Prediction:
    if EARLIER_STATUS in said:
        said = said | {"answer": said["label"], "answer_status": said[EARLIER_STATUS]}
    texts = [said[name] for name in ("key", "task", "sample_id", "target")]
    statuses = said["answer_status"], said["confidence_status"]
    answer, confidence, repeat = said["answer"], said["confidence"], said["repeat"]
    if any(isinstance(each, list | dict | float) for each in (answer, said["target"])):
        raise TypeError("its answers are no labels: compare the responses themselves, not their scores")
    if not all(isinstance(each, str) for each in (*texts, *statuses)) or not isinstance(answer, str | None):
        raise TypeError("a text is no text")
    if not isinstance(repeat, int) or isinstance(repeat, bool) or not 0 <= repeat < MOST_REPEATS:
        raise TypeError(f"repeat is {_shown(repeat)}")
    if confidence is not None and not (isinstance(confidence, int | float) and 0 <= confidence <= 1):
        raise ValueError(f"confidence is {confidence!r:.60}")
    key, task, sample_id, target = texts
    reading = Reading(answer, statuses[0], confidence, statuses[1])
    return Prediction(key, task, sample_id, repeat, target, (), reading)


def _told_protocol(scores: Mapping[str, Any]) -> str | None:
    said = scores.get("protocol")
    if said == STRICT.name and "sentence" not in scores["overall"].get("counts", {"sentence": 0}):
        return f"{STRICT.name}+{NO_SENTENCES}"  # as versions read that did not know any other way
    return said if isinstance(said, str) else None


def _read_scores(file: Path) -> Mapping[str, Any]:
    try:
        said = json.loads(plain_bytes(file, MOST_BYTES).decode("utf-8"), parse_constant=_refused)
        if not isinstance(said, dict) or said.get("schema") not in {SCHEMA, EARLIER_SCHEMA}:
            raise ValueError(f"its schema is not {SCHEMA}")
        _require_run(said)
        for name, block in (*said["tasks"].items(), *said["groups"].items(), ("overall", said["overall"])):
            _require_scores(name, block)
    except OSError as fault:
        raise cannot_read(file, fault) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        problem = f"no {fault}" if isinstance(fault, KeyError) else str(fault)
        raise DataError(
            f"{file}: not the scores of a run ({problem:.200})", "vecbench score writes the file."
        ) from None
    return said


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no value of a score")


def _require_run(said: Mapping[str, Any]) -> None:
    run = said.get("run", {})
    if not isinstance(run, dict):
        raise TypeError("run is no mapping")
    model = run.get("model")
    if model is not None and not isinstance(model, str):
        raise TypeError(f"run.model is {model!r:.60}")


def _require_scores(name: str, block: Any) -> None:
    if not isinstance(block, dict):
        raise TypeError(f"{name} is {block!r:.60}")
    n = block["n"]
    if not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= LARGEST:
        raise TypeError(f"n of {name} is {_shown(n)}")
    tasks = block.get("tasks", [])
    if not isinstance(tasks, list) or not all(isinstance(each, str) for each in tasks):
        raise TypeError(f"tasks of {name} is {tasks!r:.60}")
    for key, said in (*block["metrics"].items(), *block.get("macro", {}).items()):
        if not isinstance(said, dict):
            raise TypeError(f"{key} of {name} is {said!r:.60}")
        value = said["value"]
        if value is not None and not _is_value(key, value):
            raise TypeError(f"{key} of {name} is {_shown(value)}")


def _is_value(key: str, value: Any) -> bool:
    """Whether it is a number that a metric may have; 1e999 is read as infinity, 10**400 as it is."""
    metric = known_metrics().get(key)
    low, high = metric.range if metric else (0.0, 1.0)  # what published protocols print
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and max(low, -LARGEST) <= value <= min(high, LARGEST)
    )


def _shown(value: Any) -> str:
    # Python refuses to print whole numbers of thousands of digits.
    return "too large" if isinstance(value, int) and abs(value) > LARGEST else f"{value!r:.60}"
