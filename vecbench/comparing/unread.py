"""Answers of either side that were not read: what is held against them says little of the models."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from vecbench.comparing.sides import Side
from vecbench.scoring.reading_health import TOO_MUCH, ReadingHealth, is_too_much
from vecbench.scoring.scores import unread_of

UnreadAnswers = Mapping[str, tuple[int, int]]
"""Task → its answers that were not read, and its responses."""


def unread_answers(side: Side) -> tuple[UnreadAnswers, str]:
    """Of each task, and of all in words; the words are empty if all were read."""
    if side.scores is None:
        health = ReadingHealth.of(side.rows, {})
        return health.tasks, health.answers.in_words("answers") if health.answers.unread else ""
    found = {}
    for name, block in side.scores["tasks"].items():
        counts = _counts(block.get("counts"))
        found[name] = unread_of(block["n"], counts), block["n"] - counts.get("errors", 0)
    unread, n = (sum(each[place] for each in found.values()) for place in (0, 1))
    return found, f"{unread:,} of {n:,} answers are not read" if unread else ""


def unread_notes(baseline: Side, candidate: Side) -> Iterator[str]:
    """A sentence on each side of which answers were not read."""
    for which, side in (("baseline", baseline), ("candidate", candidate)):
        if words := unread_answers(side)[1]:
            yield f"Of the {which}, {words}."


def mostly_unread(sides: Mapping[str, UnreadAnswers], tasks: Collection[str]) -> str:
    """Which of some tasks a side has too few answers to that were read, in half a sentence; empty if none."""
    found = [
        f"{which}, {name}: {unread:,} of {n:,}"
        for which, side in sides.items()
        for name, (unread, n) in side.items()
        if name in tasks and is_too_much(unread, n)
    ]
    return f"{TOO_MUCH} ({'; '.join(found)})" if found else ""


def _counts(said: object) -> Mapping[str, int]:
    """The counts of a scores.json, which another version or hand may have written."""
    return (
        {name: each for name, each in said.items() if isinstance(each, int)} if isinstance(said, dict) else {}
    )
