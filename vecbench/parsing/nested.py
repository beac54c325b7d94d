"""A confidence in two parts: in what was seen, and in what was made of it.

VL-Calibration's models (arXiv:2604.09529) state `<vision_confidence>` and `<reasoning_confidence>` within
`<confidence>`; the harmonic mean of both is the confidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vecbench.parsing.confidence import doubtful_scale, read_confidence
from vecbench.parsing.form import Scale
from vecbench.parsing.lines import REASONING_CONFIDENCE, VISION_CONFIDENCE, last_line
from vecbench.parsing.prediction import ConfidenceStatus, Doubt
from vecbench.parsing.statements import Stated, json_confidence
from vecbench.parsing.visible import elements, without_elements

PARTS = ("vision", "reasoning")
"""The sources of confidence that the parts are."""

_HINT = re.compile(r"[nNgG][_ ](?i:confidence)")  # as both names end
_LINES = {"vision": VISION_CONFIDENCE, "reasoning": REASONING_CONFIDENCE}


class Sureness(NamedTuple):
    """What was read of a stated confidence.

    Attributes:
        value: In [0, 1]; None if there is none.
        status: How it came about.
        doubt: What speaks against the scale that it was read on; None if nothing.
        parts: Of those that were read: the source and its value in [0, 1].
    """

    value: float | None
    status: ConfidenceStatus
    doubt: Doubt | None
    parts: Sequence[tuple[str, float]] = ()


def stated_parts(text: str) -> Mapping[str, Stated]:
    """The parts of a confidence that a text states: in tags, else in JSON, else on lines.

    In tags a part that comes again begins another statement, and the last statement counts.
    """
    if not _HINT.search(text):
        return {}
    tagged = [(*place, part) for part in PARTS for place in elements(text, f"{part}_confidence")]
    found: dict[str, Stated] = {}
    for begin, end, part in sorted(tagged):
        found = {} if part in found else found
        found[part] = Stated(text[begin:end], complete=True, place=(begin, end))
    if found:
        return found
    keyed = {part: json_confidence(text, f"{part} confidence") for part in PARTS}
    if any(keyed.values()):
        return {part: stated for part, stated in keyed.items() if stated is not None}
    lines = {part: last_line(text, field) for part, field in _LINES.items()}
    return {
        part: Stated(line.text, complete=line.end < len(text), place=line.place)
        for part, line in lines.items()
        if line is not None
    }


def is_of_parts(confidence: str) -> bool:
    """Whether the text of a confidence is empty, or has parts and beside them no number."""
    others = confidence
    for part in PARTS:
        others = without_elements(others, f"{part}_confidence")
    return not confidence.strip() or (others != confidence and not any(map(str.isnumeric, others)))


def read_plain(stated: str | None, scale: Scale | None) -> Sureness:
    """What a confidence is that is one number."""
    value, status = read_confidence(stated, scale or "unit")
    return Sureness(value, status, doubtful_scale(stated, scale))


def read_parts(stated: Mapping[str, str], scale: Scale | None) -> Sureness:
    """The harmonic mean of both parts, each on the scale; 0 if one is 0, None if one of them is not read."""
    read = {part: read_plain(stated.get(part), scale) for part in PARTS}
    parts = tuple((part, each.value) for part, each in read.items() if each.value is not None)
    doubts = [each.doubt for each in read.values() if each.doubt not in (None, "one")]
    doubt = next(iter(doubts), next((each.doubt for each in read.values() if each.doubt), None))
    unread = [each.status for each in read.values() if each.value is None]
    if unread:
        return Sureness(None, "missing" if "missing" in unread else unread[0], doubt, parts)
    (_, vision), (_, reasoning) = parts
    statuses = {each.status for each in read.values()}
    status = statuses.pop() if len(statuses) == 1 else "ok"
    return Sureness(harmonic_mean(vision, reasoning), status, doubt, parts)


def harmonic_mean(first: float, second: float) -> float:
    """Of two numbers in [0, 1]; 0 if one is 0."""
    return first if first == second else 2 * first * second / (first + second)
