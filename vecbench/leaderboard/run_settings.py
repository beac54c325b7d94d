"""Whether a submission's run.json says what a finished run of vecbench writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vecbench.errors import DataError
from vecbench.leaderboard.entry import MOST
from vecbench.store import Manifest
from vecbench.store.manifest import TaskRecord

HOTTEST = 100
"""What `--gen-kwargs` takes as a temperature at most."""
MOST_TOKENS = 2**31
"""Likewise of max_tokens."""
FIRST_YEAR = 2000


def require_settings(manifest: Manifest, where: str) -> None:
    """Refuses a manifest whose published settings no run could have had.

    Args:
        manifest: Of a submission.
        where: Named in the error.

    Raises:
        DataError: The run is not finished, or its times, repeats or generation settings are impossible.
    """
    if manifest.status not in {"complete", "incomplete"}:
        raise DataError(
            f"{where}: status is {manifest.status!r}, not that of a finished run",
            "Run it again with the same options: what is stored is not generated anew.",
        )
    started, finished = (
        _time(getattr(manifest, name), f"{where}: {name}") for name in ("started", "finished")
    )
    if finished < started:
        raise DataError(f"{where}: finished {manifest.finished}, before it started ({manifest.started})")
    if not 1 <= manifest.repeats <= MOST:
        raise DataError(f"{where}: repeats is {manifest.repeats}")
    for task, record in manifest.tasks.items():
        problem = _problem(record, manifest.repeats)
        if problem is not None:
            raise DataError(f"{where}: {task}: {problem}")


def _time(text: str | None, place: str) -> datetime:
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        time = None
    if time is None or time.utcoffset() != timedelta(0) or not FIRST_YEAR <= time.year < FIRST_YEAR + 100:
        shown = "missing" if text is None else f"{text!r:.60}"
        raise DataError(f"{place} is {shown}, not a time that a run writes, such as {_example()}")
    return time


def _example() -> str:
    return datetime(2026, 1, 31, 12, tzinfo=UTC).isoformat()


def _problem(record: TaskRecord, repeats: int) -> str | None:
    sampling = record.sampling
    if not 0 <= sampling.temperature <= HOTTEST:
        return f"temperature is {sampling.temperature:g}, not a number from 0 to {HOTTEST}"
    if not 0 < sampling.top_p <= 1:
        return f"top_p is {sampling.top_p:g}, not a number above 0, at most 1"
    if not 1 <= sampling.max_tokens <= MOST_TOKENS:
        return f"max_tokens is {sampling.max_tokens}, not a whole number above 0"
    if record.repeats not in {None, repeats}:
        return f"repeats is {record.repeats}, that of the run is {repeats}"
    if sampling.temperature == 0 and record.seed is not None:
        return f"seed is {record.seed}, and greedy decoding has none"
    if sampling.temperature > 0 and record.seed is None:
        return "seed is missing, and without one no answer is drawn"
    if sampling.temperature == 0 and repeats > 1:
        return f"repeats is {repeats}, and greedy decoding says the same each time"
    return None
