"""The entry that a checked submission becomes, and its place in a leaderboard."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vecbench.errors import UsageError
from vecbench.leaderboard.consistency import require_consistent
from vecbench.leaderboard.entry import METRICS, Entry, read_entries
from vecbench.leaderboard.outcomes import TaskOutcomes
from vecbench.leaderboard.strict_json import validated
from vecbench.leaderboard.submission import PROTOCOL
from vecbench.leaderboard.verification import Verified
from vecbench.scoring import GroupScores, RowScores, Score
from vecbench.store import write_text

DIGITS = 6
"""Of the fractions in an entry: more would differ from one machine's linear algebra to the next."""


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
        "notes": submission.notes,
    }
    entry = validated(Entry, values, "the entry")
    groups = {name: scores.groups[name].tasks for name in entry.groups}
    require_consistent(entry, groups, "the entry")
    return entry


def entry_name(entry: Entry) -> str:
    """A file name for an entry, without its ending: the model's, and what sets this submission apart."""
    slug = re.sub(r"[^a-z0-9]+", "-", entry.model.name.lower()).strip("-")[:60] or "model"
    key = hashlib.sha256(entry.as_json().encode()).hexdigest()
    return f"{slug}-{(entry.submission_sha256 or key)[:8]}"


def publish(entry: Entry, folder: Path) -> tuple[Path, bool]:
    """Writes an entry into a leaderboard.

    Args:
        entry: A verified one.
        folder: Of the leaderboard; made if need be.

    Returns:
        Its file, and whether that replaced an earlier entry of the same model and responses.

    Raises:
        UsageError: The leaderboard is of another benchmark, or has these responses under another name.
        DataError: One of its entries is none.
        RunError: The file cannot be written.
    """
    name, others = entry_name(entry), read_entries(folder)
    for other, said in others.items():
        if said.benchmark != entry.benchmark:
            raise UsageError(f"{folder} is the leaderboard of {said.benchmark}, not of {entry.benchmark}")
        if said.submission_sha256 == entry.submission_sha256 and other != name:
            raise UsageError(
                f"{folder} has these responses already, as {said.model.name} ({other}.json)",
                "Remove that entry first if this one is to take its place.",
            )
    path = folder / "entries" / f"{name}.json"
    write_text(path, entry.as_json())
    return path, name in others


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
    return {
        name: TaskOutcomes.of_rows([row for row in verified.predictions if row.task == name])
        for name in verified.scores.tasks
    }
