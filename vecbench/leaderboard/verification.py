"""Whether a submission is what it says: everything that can be recomputed is recomputed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vecbench
from vecbench.answers import known_metrics
from vecbench.errors import DataError
from vecbench.escaping import printable
from vecbench.leaderboard.archive import read_members
from vecbench.leaderboard.columns import published_metrics
from vecbench.leaderboard.record import validated
from vecbench.leaderboard.samples import Coverage, responses_digest
from vecbench.leaderboard.submission import PROTOCOL, Submission
from vecbench.leaderboard.submitted_control import SubmittedControl, submitted_control
from vecbench.leaderboard.submitted_run import CONTROL_FILES, RUN_FILES, submitted_run
from vecbench.parsing import Prediction
from vecbench.scoring import Scores, complete_scores
from vecbench.scoring.aggregate import is_excluded
from vecbench.scoring.scores import EARLIER_SCHEMA, SCHEMA
from vecbench.store import Manifest
from vecbench.strict_json import parse_json
from vecbench.tasks import Catalogue, Group, Task

TOLERANCE = 1e-12
MOST_NAMED = 5
"""Differing scores that a refusal names; the others are counted."""
Place = tuple[str, ...]
"""The keys that lead to a number."""
Numbers = Mapping[Place, Any]
"""What a scores.json says: numbers, and that there is none. Texts (methods, reasons) are no claim."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A submission that has passed.

    Attributes:
        responses: How many there are.
        predictions: What those say that count in the scores.
        scores: Recomputed.
        errors: Samples without a response.
        claimed: How many of the recomputed numbers its scores.json claims, and of how many.
        other_versions: Keys of metrics that another version of them computed there: they were not compared.
        control: What its control says; None without one.
        files: The submission itself: a name of `MEMBERS` → content.
    """

    submission: Submission
    manifest: Manifest
    benchmark: Group
    tasks: tuple[Task, ...]
    responses: int
    predictions: tuple[Prediction, ...]
    scores: Scores
    coverage: Coverage
    errors: int
    responses_sha256: str
    claimed: tuple[int, int]
    other_versions: tuple[str, ...]
    control: SubmittedControl | None
    files: Mapping[str, bytes]


def verify(path: Path, catalogue: Catalogue, data: str | None = None) -> Verified:
    """Checks a submission that nobody vouches for: an archive or a folder.

    `data` is the benchmark's, as `open_data` takes it, to check sample ids, targets, images and keys against;
    None for what comes with the tasks, if they bring any.
    """
    return verify_files(read_members(path), path, catalogue, data)


def verify_files(
    files: Mapping[str, bytes], path: Path, catalogue: Catalogue, data: str | None = None
) -> Verified:
    """The same for files that are in memory; `path` is named in the errors."""
    where = f"{path}: submission.json"
    submission = validated(Submission, parse_json(files["submission.json"], where), where)
    _require_hashes(submission, files, path)
    benchmark = {group.id: group for group in catalogue.benchmarks()}.get(submission.benchmark)
    if benchmark is None:
        raise DataError(
            f"{path}: unknown benchmark {submission.benchmark!r}",
            "Of one's own: --write DIR of its leaderboard, or --include-path FOLDER with its files.",
        )
    tasks = catalogue.select(benchmark.id)
    run = submitted_run(files, RUN_FILES, path, tasks, catalogue, data)
    scores = complete_scores(run.rows, PROTOCOL, catalogue).scores
    said = parse_json(files["scores.json"], f"{path}: scores.json")
    versions = _metric_versions(submission, said, path)
    others = tuple(key for key, version in versions.items() if version != known_metrics()[key].version)
    recomputed = {place: each for place, each in _leaves(scores.content()) if not isinstance(each, str)}
    claimed = _claimed(said, submission, others, recomputed, path)
    published = {each.key for each in published_metrics(task.answers for task in tasks)}
    _require_scores(claimed, recomputed, published & (versions.keys() - {*others}), path)
    control = None
    if CONTROL_FILES.manifest in files:
        control = submitted_control(files, run, path, tasks, catalogue, data)
    return Verified(
        submission=submission,
        manifest=run.manifest,
        benchmark=benchmark,
        tasks=tuple(tasks),
        responses=len(run.responses),
        predictions=tuple(row for row in run.rows if not is_excluded(row, catalogue)),
        scores=scores,
        coverage=run.coverage,
        errors=sum(each.error is not None for each in run.responses),
        responses_sha256=responses_digest(run.responses),
        claimed=(len(claimed), len(recomputed)),
        other_versions=others,
        control=control,
        files=files,
    )


def _metric_versions(submission: Submission, scores: Any, path: Path) -> dict[str, int]:
    """The metrics that scores were made with → version: the first ones where a submission does not say it."""
    known = known_metrics()
    if unknown := submission.metrics.keys() - known.keys():
        raise DataError(
            f"{path}: submission.json: unknown metric {min(unknown)!r}",
            "If it is of a package for vecbench, install that here too.",
        )
    return submission.metrics or {key: 1 for place, _ in _leaves(scores) for key in place if key in known}


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


def _leaves(said: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """What scores.json says, but for what it says of the run, which is published from run.json."""
    if isinstance(said, dict):
        for key, each in said.items():
            if place or key != "run":
                yield from _leaves(each, (*place, key))
    elif isinstance(said, list):
        for index, each in enumerate(said):
            yield from _leaves(each, (*place, f"[{index}]"))
    else:
        yield place, said


def _claimed(
    claimed: Any, submission: Submission, without: Collection[str], recomputed: Numbers, path: Path
) -> Numbers:
    """What can be compared of a claim, but for metrics that another version of them computed.

    A text is a claim where a number should be.
    """
    if not isinstance(claimed, dict):
        raise DataError(f"{path}: scores.json: not a JSON object")
    if claimed.get("schema") not in {SCHEMA, EARLIER_SCHEMA} or claimed.get("protocol") != PROTOCOL:
        raise DataError(f"{path}: scores.json: schema and protocol are not {SCHEMA} and {PROTOCOL}")
    # Another version may make intervals otherwise; what is published are this one's, not those of a claim.
    is_of_this = submission.vecbench == vecbench.__version__ and bool(submission.metrics)
    left_out = {*without} | (set() if is_of_this else {"low", "high"})
    return {
        place: each
        for place, each in _leaves(claimed)
        if left_out.isdisjoint(place) and (place in recomputed or not isinstance(each, str))
    }


def _require_scores(claimed: Numbers, recomputed: Numbers, published: Collection[str], path: Path) -> None:
    """Refuses a claim that differs from what the responses give, or leaves out what would be published."""
    differing = [
        f"{_shown_place(place)} is {_shown(each)}, recomputed {_shown(recomputed[place])}"
        if place in recomputed
        else f"{_shown_place(place)} is claimed and not to be had"
        for place, each in claimed.items()
        if place not in recomputed or not _same(each, recomputed[place])
    ]
    missing = [
        _shown_place(place)
        for place in recomputed
        if place not in claimed and _is_published(place, published)
    ]
    for said, places in (("differs from what the responses give:", differing), ("does not claim", missing)):
        if places:
            more = f"; and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
            raise DataError(f"{path}: scores.json {said} {'; '.join(places[:MOST_NAMED])}{more}")


def _is_published(place: Place, metrics: Collection[str]) -> bool:
    """Whether a number is that of rows, or a metric's value, of a task, a group or of everything."""
    match place[1:] if place[0] == "overall" else place[2:]:
        case ("n",):
            return place[0] in {"tasks", "groups", "overall"}
        case (("metrics" | "macro"), key, "value"):
            return key in metrics
    return False


def _shown_place(place: Place) -> str:
    return printable(".".join(place), 120)


def _same(claimed: Any, recomputed: Any) -> bool:
    if all(type(each) in {int, float} for each in (claimed, recomputed)):
        return math.isclose(claimed, recomputed, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(claimed is recomputed)


def _shown(value: Any) -> str:
    return f"{value!r:.40}"
