"""Whether a submission is what it says: everything that can be recomputed is recomputed."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vecbench
from vecbench.digests import sha256_of
from vecbench.errors import DataError
from vecbench.escaping import printable
from vecbench.leaderboard.archive import MIB, read_members
from vecbench.leaderboard.entry import METRICS, MOST
from vecbench.leaderboard.run_settings import require_settings
from vecbench.leaderboard.samples import Coverage, check_samples, responses_digest
from vecbench.leaderboard.submission import PROTOCOL, Submission, benchmark_tasks
from vecbench.leaderboard.validation import validated
from vecbench.parsing import Prediction
from vecbench.scoring import STRICT, Scores, complete_scores, predictions
from vecbench.store import Manifest, StoredResponse, stored_response
from vecbench.store.responses import RESPONSE_KEYS
from vecbench.strict_json import parse_json
from vecbench.tasks import Catalogue, Group, Task

TOLERANCE = 1e-12
_ABSENT = object()
MOST_NAMED = 5
"""Differing scores that a refusal names; the others are counted."""
MAX_RESPONSE = 256 * 1024
"""Characters of one response."""
MAX_LINE = 4 * MIB
"""Bytes of one line: room for a response whose every character is escaped as two halves of six bytes."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A submission that has passed.

    Attributes:
        submission: Its submission.json.
        manifest: Its run.json.
        benchmark: What it is of.
        predictions: What its responses say.
        scores: Recomputed.
        coverage: What of the samples could be checked.
        errors: Samples without a response.
        responses_sha256: See `responses_digest`.
        claimed: How many of the recomputed numbers its scores.json claims, and of how many.
        files: The submission itself: a name of `MEMBERS` → content.
    """

    submission: Submission
    manifest: Manifest
    benchmark: Group
    predictions: tuple[Prediction, ...]
    scores: Scores
    coverage: Coverage
    errors: int
    responses_sha256: str
    claimed: tuple[int, int]
    files: Mapping[str, bytes]


def verify(path: Path, catalogue: Catalogue, data: str | None = None) -> Verified:
    """Checks a submission that nobody vouches for.

    Args:
        path: An archive or a folder.
        catalogue: The tasks as this version has them.
        data: The benchmark's data, as `open_data` takes it, to check sample ids, targets, images and keys
            against; None for the data that comes with the tasks, if they bring any.

    Raises:
        DataError: It is refused; the message names the file and the reason.
    """
    return verify_files(read_members(path), path, catalogue, data)


def verify_files(
    files: Mapping[str, bytes], path: Path, catalogue: Catalogue, data: str | None = None
) -> Verified:
    """The same for files that are in memory.

    Args:
        files: A name of `MEMBERS` → content.
        path: Named in the errors.
        catalogue: As in `verify`.
        data: As in `verify`.

    Raises:
        DataError: As in `verify`.
    """
    where = f"{path}: submission.json"
    submission = validated(Submission, parse_json(files["submission.json"], where), where)
    _require_hashes(submission, files, path)
    where = f"{path}: run.json"
    manifest = validated(Manifest, parse_json(files["run.json"], where), where)
    benchmark = {group.id: group for group in catalogue.benchmarks()}.get(submission.benchmark)
    if benchmark is None:
        raise DataError(f"{path}: unknown benchmark {submission.benchmark!r}")
    tasks = benchmark_tasks(benchmark, catalogue)
    _require_tasks(manifest, tasks, path)
    require_settings(manifest, f"{path}: run.json")
    most = manifest.repeats * sum(each.samples for each in manifest.tasks.values())
    responses = list(_responses(files["responses.jsonl"], most, f"{path}: responses.jsonl"))
    coverage = check_samples(responses, manifest, tasks, data, str(path))
    rows = predictions(responses, STRICT, catalogue)
    scores = complete_scores(rows, PROTOCOL, catalogue).scores
    claimed = parse_json(files["scores.json"], f"{path}: scores.json")
    if submission.vecbench != vecbench.__version__:
        claimed = _without_intervals(claimed)
    recomputed = scores.content()
    _require_scores(claimed, recomputed, path)
    errors = sum(each.error is not None for each in responses)
    numbers = _count_claimed(claimed, recomputed), _count_claimed(recomputed, recomputed)
    digest = responses_digest(responses)
    return Verified(
        submission, manifest, benchmark, tuple(rows), scores, coverage, errors, digest, numbers, files
    )


def _require_hashes(submission: Submission, files: Mapping[str, bytes], path: Path) -> None:
    named = set(submission.files) ^ (set(files) - {"submission.json"})
    if named:
        raise DataError(
            f"{path}: submission.json: files and archive differ: {', '.join(sorted(named))!r:.200}"
        )
    for name, said in submission.files.items():
        if said.size != len(files[name]):
            raise DataError(f"{path}: {name} has {len(files[name])} bytes, submission.json says {said.size}")
        found = hashlib.sha256(files[name]).hexdigest()
        if said.sha256 != found:
            raise DataError(
                f"{path}: {name} was changed: its sha256 is {found[:12]}…, "
                f"submission.json says {said.sha256[:12]}…"
            )


def _require_tasks(manifest: Manifest, tasks: list[Task], path: Path) -> None:
    where = f"{path}: run.json"
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
            if unknown := values.keys() - RESPONSE_KEYS:
                raise ValueError(f"unknown key {min(unknown)!r:.60}")
        except (TypeError, ValueError) as fault:
            raise DataError(f"{place}: not a stored response ({fault})") from None
        if each.response is not None and len(each.response) > MAX_RESPONSE:
            raise DataError(f"{place}: a response of {len(each.response)} characters")
        if (each.response is None) == (each.error is None):
            raise DataError(f"{place}: needs either a response or an error")
        yield each


def _require_scores(claimed: Any, recomputed: Mapping[str, Any], path: Path) -> None:
    if not isinstance(claimed, dict):
        raise DataError(f"{path}: scores.json: not a JSON object")
    if claimed.get("schema") != recomputed["schema"] or claimed.get("protocol") != PROTOCOL:
        raise DataError(
            f"{path}: scores.json: schema and protocol are not {recomputed['schema']} and {PROTOCOL}"
        )
    # What the scores say of the run is no score; what is published of it comes from run.json.
    numbers = {key: value for key, value in claimed.items() if key not in {"schema", "protocol", "run"}}
    for said, places in (
        ("differs from what the responses give:", list(_differences(numbers, recomputed, ""))),
        ("does not claim", list(_unclaimed(claimed, recomputed, ""))),
    ):
        if places:
            named = "; ".join(places[:MOST_NAMED])
            more = f"; and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
            raise DataError(f"{path}: scores.json {said} {named}{more}")


def _without_intervals(claimed: Any) -> Any:
    """The claim without the ends of intervals: another version may have made them by another method.

    What is published are this version's, so that nothing depends on them.
    """
    if isinstance(claimed, dict):
        ends = {"low", "high"} if "value" in claimed else set()
        return {key: _without_intervals(each) for key, each in claimed.items() if key not in ends}
    return claimed


def _unclaimed(claimed: Any, recomputed: Mapping[str, Any], where: str) -> Iterator[str]:
    """The places of the numbers that an entry would publish and the claim leaves out."""
    for key, value in recomputed.items():
        place = f"{where}.{key}" if where else key
        holder = where.rpartition(".")[2]
        if holder in {"metrics", "macro"} and key not in METRICS:
            continue
        said = claimed.get(key, _ABSENT) if isinstance(claimed, dict) else _ABSENT
        if isinstance(value, dict) and key not in {"counts", "run", "intervals"}:
            yield from _unclaimed(said, value, place)
        elif key in {"n", "value"} and said is _ABSENT:
            yield place


def _count_claimed(claimed: Any, recomputed: Any) -> int:
    """The recomputed numbers, or that there is none, which the claim has; text is no claim."""
    if isinstance(recomputed, dict):
        return sum(
            _count_claimed(claimed[key], value)
            for key, value in recomputed.items()
            if key != "run" and key in claimed
        )
    if isinstance(recomputed, list):
        return sum(_count_claimed(*pair) for pair in zip(claimed, recomputed, strict=True))
    return int(not isinstance(recomputed, str))


def _differences(claimed: Any, recomputed: Any, where: str) -> Iterator[str]:
    """The places where a number, or whether there is one, differs; text (methods, reasons) is no claim."""
    if isinstance(claimed, dict) and isinstance(recomputed, dict):
        for key, value in claimed.items():
            place = printable(f"{where}.{key}" if where else key)
            if key in recomputed:
                yield from _differences(value, recomputed[key], place)
            else:
                yield f"{place:.120} is claimed and not to be had"
    elif isinstance(claimed, list) and isinstance(recomputed, list) and len(claimed) == len(recomputed):
        for index, (ours, theirs) in enumerate(zip(recomputed, claimed, strict=True)):
            yield from _differences(theirs, ours, f"{where}[{index}]")
    elif isinstance(claimed, str) and isinstance(recomputed, str):
        return
    elif not _same(claimed, recomputed):
        yield f"{where:.120} is {_shown(claimed)}, recomputed {_shown(recomputed)}"


def _same(claimed: Any, recomputed: Any) -> bool:
    numbers = all(
        isinstance(each, int | float) and not isinstance(each, bool) for each in (claimed, recomputed)
    )
    if numbers:
        return math.isclose(claimed, recomputed, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(claimed is recomputed)


def _shown(value: Any) -> str:
    return f"{value!r:.40}" if isinstance(value, int | float | str | None) else type(value).__name__
