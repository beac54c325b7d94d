"""The entry that a checked submission becomes, and its place in a leaderboard."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vecbench
from vecbench.answers import known_metrics
from vecbench.digests import sha256_of
from vecbench.errors import UsageError, nearest
from vecbench.leaderboard.archive import packed
from vecbench.leaderboard.columns import counts_right, published_metrics
from vecbench.leaderboard.entry import Entry, read_entries
from vecbench.leaderboard.look_alikes import look_alike
from vecbench.leaderboard.outcomes import TaskOutcomes
from vecbench.leaderboard.record import validated
from vecbench.leaderboard.submission import PROTOCOL
from vecbench.leaderboard.verification import Verified
from vecbench.scoring import GroupScores, RowScores, Score
from vecbench.store import remove, write_text
from vecbench.store.files import write_bytes

DIGITS = 6
"""Of the fractions in an entry: more would differ from one machine's linear algebra to the next."""
SUBMISSIONS = "submissions"
"""The folder of a leaderboard where what its entries were made of is kept, under the entries' names."""


def verified_entry(verified: Verified, metrics: Collection[str] | None = None) -> Entry:
    """The entry of a submission that has passed; every number in it was recomputed.

    Args:
        verified: The submission.
        metrics: Keys of those to look for; None for what a leaderboard or the tables of scores show.

    Raises:
        DataError: A text that would be published (model, revision) is not allowed.
    """
    if metrics is None:
        metrics = [each.key for each in published_metrics(task.answers for task in verified.tasks)]
    submission, manifest, scores = verified.submission, verified.manifest, verified.scores
    records = list(manifest.tasks.values())
    sampling = [record.sampling for record in records]
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
        "source": {"name": f"recomputed from {verified.responses} responses"},
        "protocol": PROTOCOL,
        "prompts": sorted({record.prompt for record in records}),
        "decoding": {
            "temperature": _shared([each.temperature for each in sampling]),
            "top_p": _shared([each.top_p for each in sampling]),
            "max_tokens": _shared([each.max_tokens for each in sampling]),
            "seed": _shared([record.seed for record in records]),
            "repeats": manifest.repeats,
        },
        "checked": dict.fromkeys(("sample_ids", "images"), verified.coverage.data)
        | dict.fromkeys(("prompts", "keys"), verified.coverage.prompts),
        "errors": verified.errors,
        "tasks": {name: _rows(rows, metrics) for name, rows in scores.tasks.items()},
        "groups": {
            name: _group(scores.groups[name], metrics)
            for name in verified.benchmark.members
            if name in scores.groups
        },
        "overall": _group(scores.overall, metrics),
        # Repeated answers are not independent samples, so nothing is compared sample by sample.
        "outcomes": _outcomes(verified) if manifest.repeats == 1 else {},
        "submission_sha256": submission.files["responses.jsonl"].sha256,
        "responses_sha256": verified.responses_sha256,
        "made_with": {
            "vecbench": vecbench.__version__,
            "metrics": {key: known_metrics()[key].version for key in metrics},
        },
        "notes": submission.notes,
    }
    return validated(Entry, values, "the entry")


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


def _shared(values: list[Any]) -> Any:
    return values[0] if values and all(value == values[0] for value in values) else None


def _group(group: GroupScores, metrics: Collection[str]) -> dict[str, Any]:
    return {"pooled": _rows(group.pooled, metrics), "macro": _values(group.macro, metrics)}


def _rows(rows: RowScores, metrics: Collection[str]) -> dict[str, Any]:
    return {"n": rows.n, "correct": _correct(rows), "metrics": _values(rows.metrics, metrics)}


def _correct(rows: RowScores) -> int | None:
    """The right rows; None where answers are neither right nor wrong, or of several kinds."""
    shares = (rows.metrics[each.key].value for each in rows.scored_by if counts_right(each))
    share = next(shares, None)
    return None if share is None else round(share * rows.n)


def _values(scores: Mapping[str, Score], metrics: Collection[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key in metrics:
        score = scores.get(key)
        if score is None or score.value is None:
            continue
        values[key] = {"value": round(score.value, DIGITS)}
        if score.low is None or score.high is None or not score.low <= score.value <= score.high:
            continue  # around another value than this one: resampling may move a metric of few rows
        values[key] |= {"low": round(score.low, DIGITS), "high": round(score.high, DIGITS)}
    return values


def _outcomes(verified: Verified) -> dict[str, TaskOutcomes]:
    """Those of the tasks whose answers are right or wrong."""
    judged = [name for name, rows in verified.scores.tasks.items() if _correct(rows) is not None]
    rows = {name: [row for row in verified.predictions if row.task == name] for name in judged}
    return {
        name: TaskOutcomes.of_rows(each, {other: rows[other] for other in rows if other != name})
        for name, each in rows.items()
    }
