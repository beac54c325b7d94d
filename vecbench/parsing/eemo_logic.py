"""The eemo-logic protocol: reads rankings and ratings exactly as EEmo-Logic's scripts do.

A ranking keeps its brackets and repeated names, a rating loses its first digit where no blank stands before
it. It is here to reproduce published numbers. Source: `thinking_consistancy.py` of
github.com/workerred/EEmo-Logic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vecbench.parsing.form import Form
from vecbench.parsing.prediction import Reading

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind

_OPENING, _CLOSING = "<answer>", "</answer>"


def read(
    response: str | None,
    candidates: Sequence[str],
    kind: AnswerKind,
    finish_reason: str | None = None,
    form: Form | None = None,
) -> Reading:
    """The ranking or the rating that the scripts read; of other kinds nothing. They know no confidence."""
    del candidates, finish_reason, form
    if response is None:
        return Reading(None, "error", None, "missing")
    said = last_answer(response)
    if said is None or kind.name not in {"ranking", "rating"}:
        return Reading(None, "no_answer", None, "missing")
    if kind.name == "ranking":
        return Reading(named_emotions(said), "ok", None, "missing")
    value = stated_number(said)
    if value is None:
        return Reading(None, "not_a_candidate", None, "missing")
    if math.isnan(value):
        return Reading(None, "out_of_range", None, "missing")
    return Reading(value, "ok", None, "missing")


def last_answer(response: str) -> str | None:
    """The content of the last answer on one line; None if there is none."""
    # As `<answer>(.*?)</answer>` there, without DOTALL: line by line, which takes linear time.
    found = None
    for line in response.split("\n"):
        place = line.find(_OPENING)
        while place >= 0 and (end := line.find(_CLOSING, place + len(_OPENING))) >= 0:
            found = line[place + len(_OPENING) : end]
            place = line.find(_OPENING, end)
    return found


def named_emotions(answer: str) -> tuple[str, ...]:
    """What stands between commas behind the last colon, without blanks and lower-cased, whatever it is."""
    return tuple(answer.rpartition(":")[2].replace(" ", "").lower().split(","))


def stated_number(answer: str) -> float | None:
    """What Python's `float` makes of the text behind the last colon without its first character.

    None where that is no number; nan and numbers outside the scale are numbers.
    """
    try:
        return float(answer.rpartition(":")[2][1:])
    except ValueError:
        return None
