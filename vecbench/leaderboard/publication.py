"""The entry that a checked submission becomes, and its place in a leaderboard."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vecbench.digests import sha256_of
from vecbench.errors import DataError, UsageError, nearest
from vecbench.leaderboard.archive import packed
from vecbench.leaderboard.calibration import require_outcomes
from vecbench.leaderboard.consistency import require_consistent
from vecbench.leaderboard.entry import METRICS, Entry, read_entries
from vecbench.leaderboard.look_alikes import look_alike
from vecbench.leaderboard.outcomes import TaskOutcomes
from vecbench.leaderboard.submission import PROTOCOL
from vecbench.leaderboard.validation import validated
from vecbench.leaderboard.verification import Verified, verify
from vecbench.scoring import GroupScores, RowScores, Score
from vecbench.store import remove, write_text
from vecbench.store.files import write_bytes
from vecbench.tasks import Catalogue

DIGITS = 6
"""Of the fractions in an entry: more would differ from one machine's linear algebra to the next."""
SUBMISSIONS = "submissions"
"""The folder of a leaderboard where what its entries were made of is kept, under the entries' names."""
Recomputed = Literal["all", "without data", "more than said", "not kept"]
"""What came of recomputing an entry: all that it says was checked again; all but what takes the data, which
is not at hand; more than it says, since the data is; nothing, since no submission was kept."""


def verified_entry(verified: Verified) -> Entry:
    """The entry of a submission that has passed; every number in it was recomputed.

    Raises:
        DataError: A text that would be published (model, revision) is not allowed.
    """
    submission, manifest, scores = verified.submission, verified.manifest, verified.scores
    records = list(manifest.tasks.values())
    sampling = [record.sampling for record in records]
    correct: dict[str, int] = {}
    for row in verified.predictions:
        correct[row.task] = correct.get(row.task, 0) + row.correct
    values = {
        "benchmark": verified.benchmark.id,
        "kind": "verified",
        "model": {
            "name": submission.name,
            "link": submission.link,
            "id": manifest.model.name,
            "revision": manifest.model.revision,
        },
        "date": submission.date,
        "source": {"name": f"recomputed from {len(verified.predictions)} responses"},
        "protocol": PROTOCOL,
        "prompts": sorted({record.prompt for record in records}),
        "decoding": {
            "temperature": _shared([each.temperature for each in sampling]),
            "top_p": _shared([each.top_p for each in sampling]),
            "max_tokens": _shared([each.max_tokens for each in sampling]),
            "seed": _shared([record.seed for record in records]),
            "repeats": manifest.repeats,
        },
        "checked": {
            "sample_ids": verified.coverage.sample_ids,
            "images": verified.coverage.images,
            "prompts": verified.coverage.prompts,
            "keys": verified.coverage.keys,
        },
        "errors": verified.errors,
        "tasks": {name: _rows(rows, correct[name]) for name, rows in scores.tasks.items()},
        "groups": {
            name: _group(scores.groups[name], correct)
            for name in verified.benchmark.members
            if name in scores.groups
        },
        "overall": _group(scores.overall, correct),
        # Repeated answers are not independent samples, so nothing is compared sample by sample.
        "outcomes": _outcomes(verified) if manifest.repeats == 1 else {},
        "submission_sha256": submission.files["responses.jsonl"].sha256,
        "responses_sha256": verified.responses_sha256,
        "notes": submission.notes,
    }
    entry = validated(Entry, values, "the entry")
    groups = {name: scores.groups[name].tasks for name in entry.groups}
    require_consistent(entry, groups, "the entry")
    require_outcomes({entry.model.name: entry}, groups, "the entry")
    return entry


def entry_name(entry: Entry) -> str:
    """A file name for an entry, without its ending: the model's, and what sets this submission apart."""
    slug = re.sub(r"[^a-z0-9]+", "-", entry.model.name.lower()).strip("-")[:60] or "model"
    key = sha256_of(entry.as_json())
    return f"{slug}-{(entry.submission_sha256 or key)[:8]}"


@dataclass(frozen=True, slots=True)
class Published:
    """An entry's place in a leaderboard.

    Attributes:
        entry: Its file.
        submission: The archive that it can be recomputed from; None if it was not kept.
        replaced: Names of the entries whose place it takes.
        namesakes: Names of the other entries of a model of this name.
    """

    entry: Path
    submission: Path | None
    replaced: tuple[str, ...]
    namesakes: tuple[str, ...]


def publish(
    entry: Entry, folder: Path, files: Mapping[str, bytes] | None = None, *, instead_of: str | None = None
) -> Published:
    """Writes an entry into a leaderboard, and beside it what it was made of.

    Args:
        entry: A verified one.
        folder: Of the leaderboard; made if need be.
        files: Of the submission, to be kept in the leaderboard's folder `submissions`; packed anew, so that
            nothing else of a stranger's archive is kept. None to keep nothing.
        instead_of: The name of an entry that this one replaces, with its submission.

    Raises:
        UsageError: The leaderboard is of another benchmark, has these responses under another name, has a
            model whose name only looks like this one's, or lacks the entry to be replaced.
        DataError: One of its entries is none.
        RunError: A file cannot be written.
    """
    name, others = entry_name(entry), read_entries(folder)
    if instead_of is not None and instead_of not in others:
        raise UsageError(f"{folder} has no entry {instead_of!r}", nearest(instead_of, others))
    for other, said in others.items():
        if said.benchmark != entry.benchmark:
            raise UsageError(f"{folder} is the leaderboard of {said.benchmark}, not of {entry.benchmark}")
        if other in {name, instead_of}:
            continue
        if said.responses_digests & entry.responses_digests:
            raise UsageError(
                f"{folder} has these responses already, as {said.model.name} ({other}.json)",
                f"To put this entry in its place: --replace {other}",
            )
        if said.model.name != entry.model.name and look_alike(said.model.name, entry.model.name):
            raise UsageError(
                f"{folder} has a model whose name looks the same and is not: {other}.json; "
                f"{said.model.name!a} there, {entry.model.name!a} here",
                "Ask for another --model-name.",
            )
    path, archive = folder / "entries" / f"{name}.json", folder / SUBMISSIONS / f"{name}.zip"
    if files is not None:
        write_bytes(archive, packed(files))
    write_text(path, entry.as_json())
    replaced = tuple(other for other in others if other in {name, instead_of})
    if instead_of not in {None, name}:
        remove([folder / "entries" / f"{instead_of}.json", folder / SUBMISSIONS / f"{instead_of}.zip"])
    namesakes = tuple(
        other
        for other, said in others.items()
        if said.model.name == entry.model.name and other not in {name, instead_of}
    )
    return Published(path, None if files is None else archive, replaced, namesakes)


def reverify(folder: Path, catalogue: Catalogue, data: str | None = None) -> dict[str, Recomputed]:
    """Recomputes every verified entry of a leaderboard from the submission that was kept of it.

    Args:
        folder: Of the leaderboard.
        catalogue: The tasks as this version has them.
        data: As `verify` takes it. Without it, an entry that was checked against the data keeps saying so.

    Returns:
        Name of each verified entry → what was recomputed of it.

    Raises:
        DataError: An entry is not what its submission gives, or the submission is refused.
    """
    found: dict[str, Recomputed] = {}
    for name, entry in read_entries(folder).items():
        if entry.kind != "verified":
            continue
        path = folder / SUBMISSIONS / f"{name}.zip"
        if not os.path.lexists(path):
            found[name] = "not kept"
            continue
        again = verified_entry(verify(path, catalogue, data))
        found[name] = _recomputed(entry, again)
        if differing := _differing(entry, again.model_copy(update={"checked": entry.checked})):
            raise DataError(
                f"{folder}: the entry {name} is not what its submission gives: {differing} differs",
                f"To write it anew: vecbench leaderboard check {path} --write {folder}",
            )
    return found


def unread_files(folder: Path) -> list[Path]:
    """What lies in a leaderboard's `entries` and is no entry, or in its `submissions` and is of none.

    Files whose names begin with a dot are left out: systems and editors make them.
    """
    entries = {path.stem for path in (folder / "entries").glob("*.json")}
    others = [path for path in (folder / "entries").glob("*") if path.suffix != ".json"]
    kept = (folder / SUBMISSIONS).glob("*")
    others += [path for path in kept if path.suffix != ".zip" or path.stem not in entries]
    return sorted(path for path in others if not path.name.startswith("."))


def _recomputed(entry: Entry, again: Entry) -> Recomputed:
    before, now = (set(each.checked.missing) if each.checked else set() for each in (entry, again))
    if now - before:
        return "without data"
    return "more than said" if before - now else "all"


def _differing(entry: Entry, again: Entry) -> str:
    """The fields in which two entries differ."""
    first, second = (each.model_dump(by_alias=True) for each in (entry, again))
    return ", ".join(key for key in first if first[key] != second[key])


def _shared(values: list[Any]) -> Any:
    return values[0] if values and all(value == values[0] for value in values) else None


def _group(group: GroupScores, correct: Mapping[str, int]) -> dict[str, Any]:
    return {
        "pooled": _rows(group.pooled, sum(correct[name] for name in group.tasks)),
        "macro": _values(group.macro),
    }


def _rows(rows: RowScores, correct: int) -> dict[str, Any]:
    return {"n": rows.n, "correct": correct, "metrics": _values(rows.metrics)}


def _values(scores: Mapping[str, Score]) -> dict[str, Any]:
    values = {}
    for key in METRICS:
        score = scores.get(key)
        if score is None or score.value is None:
            continue
        values[key] = {"value": round(score.value, DIGITS)}
        if score.low is not None and score.high is not None:
            values[key] |= {"low": round(score.low, DIGITS), "high": round(score.high, DIGITS)}
    return values


def _outcomes(verified: Verified) -> dict[str, TaskOutcomes]:
    rows = {name: [row for row in verified.predictions if row.task == name] for name in verified.scores.tasks}
    return {
        name: TaskOutcomes.of_rows(each, {other: rows[other] for other in rows if other != name})
        for name, each in rows.items()
    }
