"""A run as a submission has it: its manifest and its responses, of which nothing is believed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vecbench.digests import sha256_of
from vecbench.errors import DataError
from vecbench.leaderboard.archive import MIB
from vecbench.leaderboard.entry import MOST
from vecbench.leaderboard.record import validated
from vecbench.leaderboard.samples import Coverage, check_samples
from vecbench.parsing import Prediction
from vecbench.run.sampling import RANGES
from vecbench.scoring import STRICT, predictions
from vecbench.store import Manifest, StoredResponse, TaskRecord, stored_response
from vecbench.store.control import REPLACED, SEEDED, Control
from vecbench.store.responses import KNOWN_KEYS
from vecbench.strict_json import parse_json
from vecbench.tasks import Catalogue, Task

MAX_RESPONSE = 256 * 1024
"""Characters of one response."""
MAX_LINE = 4 * MIB
"""Bytes of one line: room for a response whose every character is escaped as two halves of six bytes."""


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Which files of a submission are those of a run.

    Attributes:
        manifest: Name of its run.json.
        responses: Name of its responses.jsonl.
        is_control: Whether it has to be a control, or must be none.
    """

    manifest: str
    responses: str
    is_control: bool


RUN_FILES = RunFiles("run.json", "responses.jsonl", is_control=False)
CONTROL_FILES = RunFiles("control_run.json", "control_responses.jsonl", is_control=True)


@dataclass(frozen=True, slots=True)
class SubmittedRun:
    """A run that has passed.

    Attributes:
        rows: What its responses say, those that do not count in scores included.
        coverage: What of it could be checked.
    """

    manifest: Manifest
    responses: tuple[StoredResponse, ...]
    rows: tuple[Prediction, ...]
    coverage: Coverage


def submitted_run(
    files: Mapping[str, bytes],
    names: RunFiles,
    path: Path,
    tasks: Sequence[Task],
    catalogue: Catalogue,
    data: str | None,
) -> SubmittedRun:
    """Checks the run that some files of a submission are of.

    Args:
        files: The submission's.
        names: Which of them.
        path: Where the submission is; named in the errors.
        tasks: All of the benchmark.
        catalogue: Brings the tasks.
        data: See `check_samples`.

    Raises:
        DataError: Something in it cannot be, or contradicts tasks or data.
    """
    where = f"{path}: {names.manifest}"
    manifest = validated(Manifest, parse_json(files[names.manifest], where), where)
    _require_tasks(manifest, tasks, where)
    if names.is_control:
        _require_control(manifest, where)
    elif manifest.control is not None:
        raise DataError(
            f"{where}: a control ({manifest.control.title}), which does not show its samples' images",
            "Submit the run that it is the control of.",
        )
    _require_settings(manifest, where)
    most = manifest.repeats * sum(each.samples for each in manifest.tasks.values())
    responses = tuple(_responses(files[names.responses], most, f"{path}: {names.responses}"))
    of = f"{path}: {names.responses}" if names.is_control else str(path)
    coverage = check_samples(responses, manifest, tasks, data, of)
    asked = manifest.profiles()
    rows = predictions((replace(each, profile=asked.get(each.task)) for each in responses), STRICT, catalogue)
    return SubmittedRun(manifest, responses, tuple(rows), coverage)


def control_fault(control: Control | None) -> str | None:
    """Why a run is none that a submission may have as its control; None if it may."""
    if control is None:
        return "no control: its samples' images were shown"
    if control.is_corruption or control.name not in REPLACED:
        return f"the control {control.title:.60} leaves the image there: a board takes {', '.join(REPLACED)}"
    return None


def _require_control(manifest: Manifest, where: str) -> None:
    """Refuses what is no control that takes the image away, or draws by another seed than it says."""
    control = manifest.control
    if fault := control_fault(control):
        raise DataError(
            f"{where}: {fault}", "vecbench run --control blank, with the run's options, makes one."
        )
    assert control is not None
    seed = manifest.seed if control.name in SEEDED else None
    if control.seed != seed:
        raise DataError(f"{where}: the seed of its control is {control.seed}, that of such a run {seed}")


def _require_tasks(manifest: Manifest, tasks: Sequence[Task], where: str) -> None:
    for limit in (manifest.limit, *(each.limit for each in manifest.tasks.values())):
        if limit is not None:
            raise DataError(f"{where}: a run with --limit {limit} leaves samples out")
    odd = set(manifest.tasks) ^ {task.id for task in tasks}
    if odd:
        raise DataError(f"{where}: its tasks are not those of the benchmark: {', '.join(sorted(odd))!r:.200}")
    for task in tasks:
        said = manifest.tasks[task.id]
        if said.sha256 != task.sha256:
            raise DataError(
                f"{where}: {task.id} was run with another task file (sha256 {said.sha256[:12]!r}, here "
                f"{task.sha256[:12]!r})",
                f"This is version {task.version} of the task; the submission says {said.version!r:.20}.",
            )
        if said.prompt not in task.prompts:
            raise DataError(f"{where}: {task.id} has no prompt profile {said.prompt!r:.60}")
        if said.prompt_sha256 != sha256_of(task.prompts[said.prompt]):
            raise DataError(f"{where}: {task.id}: the prompt profile {said.prompt} had another text")
        low, high = task.expected_n or (1, MOST)
        if not low <= said.samples <= high:
            expected = str(low) if low == high else f"{low} to {high}"
            raise DataError(f"{where}: {task.id} has {said.samples} samples, {expected} are expected")


def _require_settings(manifest: Manifest, where: str) -> None:
    """Refuses a manifest whose published settings no run could have had."""
    if manifest.status not in {"complete", "incomplete"}:
        raise DataError(
            f"{where}: status is {manifest.status!r}, not that of a finished run",
            "Run it again with the same options: what is stored is not generated anew.",
        )
    if not 1 <= manifest.repeats <= MOST:
        raise DataError(f"{where}: repeats is {manifest.repeats}")
    for task, record in manifest.tasks.items():
        problem = _settings_problem(record, manifest.repeats)
        if problem is not None:
            raise DataError(f"{where}: {task}: {problem}")


def _settings_problem(record: TaskRecord, repeats: int) -> str | None:
    sampling = record.sampling
    for name, possible in RANGES.items():
        value = getattr(sampling, name)
        if not possible.holds(value) and not (name == "thinking_budget" and value is None):
            shown = f"{value:g}" if isinstance(value, float) else value
            return f"{name} is {shown}, not {possible.expected}"
    if record.repeats not in {None, repeats}:
        return f"repeats is {record.repeats}, that of the run is {repeats}"
    if sampling.temperature > 0:
        return "seed is missing, and without one no answer is drawn" if record.seed is None else None
    if record.seed is not None:
        return f"seed is {record.seed}, and greedy decoding has none"
    return f"repeats is {repeats}, and greedy decoding says the same each time" if repeats > 1 else None


def _responses(content: bytes, most: int, where: str) -> Iterator[StoredResponse]:
    """One after the other: what is refused must not have cost memory before."""
    lines = content.count(b"\n")
    if lines > most:
        raise DataError(f"{where}: {lines} lines, run.json says {most} samples × repeats in all")
    for number, line in enumerate(io.BytesIO(content), start=1):
        place = f"{where}, line {number}"
        if len(line) > MAX_LINE:
            raise DataError(f"{place}: longer than {MAX_LINE // MIB} MiB")
        values = parse_json(line, place)
        try:
            each = stored_response(values)
            if unknown := values.keys() - KNOWN_KEYS:
                raise ValueError(f"unknown key {min(unknown)!r:.60}")
        except (TypeError, ValueError) as fault:
            raise DataError(f"{place}: not a stored response ({fault})") from None
        if each.response is not None and len(each.response) > MAX_RESPONSE:
            raise DataError(f"{place}: a response of {len(each.response)} characters")
        yield each
