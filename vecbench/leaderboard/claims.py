"""Whether the scores that a submission claims are those that its responses give."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from vecbench.errors import DataError
from vecbench.escaping import printable
from vecbench.scoring.scores import EARLIER_SCHEMA, SCHEMA

TOLERANCE = 1e-12
MOST_NAMED = 5
"""Differing scores that a refusal names; the others are counted."""
Place = tuple[str, ...]
"""The keys that lead to a number."""
Numbers = Mapping[Place, Any]
"""What a scores.json says: numbers, and that there is none. Texts (methods, reasons) are no claim."""


def numbers(said: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """The numbers of scores.json, but for what it says of the run, which is published from run.json."""
    if isinstance(said, dict):
        for key, each in said.items():
            if place or key != "run":
                yield from numbers(each, (*place, key))
    elif isinstance(said, list):
        for index, each in enumerate(said):
            yield from numbers(each, (*place, f"[{index}]"))
    elif not isinstance(said, str):
        yield place, said


def claimed_numbers(
    claimed: Any, protocol: str, without: Collection[str], path: Path, *, ends: bool
) -> Numbers:
    """What can be compared of a claim.

    Args:
        claimed: What scores.json says.
        protocol: That it must have been made with.
        without: Keys of metrics that another version of them computed.
        path: Of the submission, named in the error.
        ends: Whether intervals' ends are made as here. What is published are those of this version, so that
            nothing depends on a claim's.

    Raises:
        DataError: It is of another schema or protocol.
    """
    if not isinstance(claimed, dict):
        raise DataError(f"{path}: scores.json: not a JSON object")
    if claimed.get("schema") not in {SCHEMA, EARLIER_SCHEMA} or claimed.get("protocol") != protocol:
        raise DataError(f"{path}: scores.json: schema and protocol are not {SCHEMA} and {protocol}")
    left_out = {*without} if ends else {*without, "low", "high"}
    return {place: each for place, each in numbers(claimed) if left_out.isdisjoint(place)}


def require_scores(claimed: Numbers, recomputed: Numbers, published: Collection[str], path: Path) -> None:
    """Refuses a claim that differs from what the responses give, or leaves out what would be published.

    Args:
        claimed: Of scores.json.
        recomputed: What they are here.
        published: Keys of the metrics that an entry will have and the claim must.
        path: Of the submission, named in the error.

    Raises:
        DataError: The message names the first places.
    """
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
