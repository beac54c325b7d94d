"""Answers of either side that were not read: what is held against them says little of the models."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from vecbench.comparing.sides import Side
from vecbench.scoring.reading_health import MOST_UNREAD, ReadingHealth


def unread_notes(baseline: Side, candidate: Side) -> Iterator[str]:
    """A sentence on each side of which answers were not read."""
    for which, side in (("baseline", baseline), ("candidate", candidate)):
        counts = _unread(side).values()
        unread, n = sum(each for each, _ in counts), sum(each for _, each in counts)
        if unread and side.rows:
            yield f"Of the {which}, {ReadingHealth.of(side.rows, {}).answers.in_words('answers')}."
        elif unread:
            yield f"Of the {which}, {unread:,} of {n:,} answers are not read."


def mostly_unread(baseline: Side, candidate: Side, tasks: Collection[str]) -> str:
    """Which of some tasks a side has too few answers to that were read, in half a sentence; empty if none."""
    found = [
        f"{which}, {name}: {unread:,} of {n:,}"
        for which, side in (("baseline", baseline), ("candidate", candidate))
        for name, (unread, n) in _unread(side).items()
        if name in tasks and unread > MOST_UNREAD * n
    ]
    return (
        f"more than {100 * MOST_UNREAD:g} % of the answers are not read ({'; '.join(found)})" if found else ""
    )


def _unread(side: Side) -> Mapping[str, tuple[int, int]]:
    """Task → its answers that were not read, and its responses."""
    if side.scores is None:
        return ReadingHealth.of(side.rows, {}).tasks
    found = {}
    for name, block in side.scores["tasks"].items():
        counts = block.get("counts", {})
        n = block["n"] - _count(counts, "errors", 0)
        found[name] = max(0, n - _count(counts, "answered", n)), n
    return found


def _count(counts: object, name: str, otherwise: int) -> int:
    """A count of a scores.json, which another version or hand may have written."""
    said = counts.get(name) if isinstance(counts, dict) else None
    return said if isinstance(said, int) else otherwise
