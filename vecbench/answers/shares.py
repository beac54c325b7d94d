"""Shares of labels: as data writes votes, and as answers state them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real

from vecbench.answers.spellings import Spellings
from vecbench.answers.written import literal, shown
from vecbench.parsing.confidence import NUMERAL, numeral_value, with_plain_numerals
from vecbench.parsing.json_objects import KEYS
from vecbench.parsing.prediction import AnswerStatus

ROUNDING = 0.02
"""How far from 1 the sum of rounded shares may be; they are divided by it."""

MOST_OBJECTS = 64
"""Objects that are tried, from the end, and how long a label with its number is: bounds for hostile texts."""
LONGEST_PIECE = 100

_OBJECT = re.compile(r"\{[^{}]*\}")
_PIECES = re.compile(r"[\n;]|,(?![0-9])|(?<=[0-9%])\s+and\b")
_NUMBER = rf"(?P<number>[+-]?{NUMERAL})(?:\s?(?P<percent>%))?"
_PIECE = re.compile(rf"[\s*•-]*(?P<label>.*?[^\W\d_])[\s*_\"'`]*[:=(\s–-]\s*[*_\"'`]*{_NUMBER}[\s*_)\"'`.]*")
_VALUE = re.compile(rf"\s*{_NUMBER}\s*")

Stated = list[tuple[str, float | None]]
"""Names with what is stated of each; None for what is no number."""


class Shares(dict[str, float]):
    """The share of each label, not negative, with the sum 1, in the order of the labels; never changed."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __str__(self) -> str:
        return ", ".join(f"{label} {share:.2g}" for label, share in self.items() if share > 0)


def shares_of_votes(written: object, labels: Sequence[str], spellings: Spellings) -> Shares:
    """What raters said, as data writes it: votes, which are whole numbers, or shares.

    Args:
        written: An object of labels and numbers, in which labels that nobody chose may be missing; a list of
            numbers in the order of the labels; a list with the label of every vote; or the text of any.
        labels: The closed list.
        spellings: Of the labels.

    Raises:
        ValueError: It is none of these; a label that is not among the candidates, or twice; a number that is
            negative or not finite; no vote at all; shares whose sum is not 1.
    """
    found = literal(written) if isinstance(written, str) else written
    if isinstance(found, Mapping):
        return Shares(_normalised(_by_label(found.items(), spellings), labels))
    if not isinstance(found, list | tuple) or not found:
        raise ValueError(f"{shown(written)} is neither an object of votes nor a list")
    if all(isinstance(each, str) for each in found):
        votes: Counter[str] = Counter()
        for vote in found:
            votes[_label(vote, spellings)] += 1
        return Shares(_normalised(votes, labels))
    if len(found) != len(labels):
        raise ValueError(f"{len(found)} numbers of votes, and the task has {len(labels)} labels")
    return Shares(_normalised(_by_label(zip(labels, found, strict=True), spellings), labels))


def _by_label(pairs: Iterable[tuple[object, object]], spellings: Spellings) -> dict[str, float]:
    votes: dict[str, float] = {}
    for name, written in pairs:
        label = _label(name, spellings)
        if label in votes:
            raise ValueError(f"the votes for {label!r} are given twice")
        votes[label] = _number(label, written)
    return votes


def _label(name: object, spellings: Spellings) -> str:
    found = spellings.of(name) if isinstance(name, str) else None
    if found is None:
        raise ValueError(f"{shown(name)} has votes and is not among the candidates")
    return found.label


def _number(label: str, written: object) -> float:
    number = written
    if written is None:
        raise ValueError(f"nothing says how many votes {label!r} has: a column is missing")
    if isinstance(written, str):
        found = _VALUE.fullmatch(written)
        number = numeral_value(found["number"]) if found and not found["percent"] else math.nan
    if not isinstance(number, Real) or isinstance(number, bool) or not math.isfinite(number):
        raise ValueError(f"the votes for {label!r} are {shown(written)}, no number")
    if number < 0:
        raise ValueError(f"the votes for {label!r} are negative: {shown(written)}")
    return float(number)


def _normalised(votes: Mapping[str, float], labels: Sequence[str]) -> dict[str, float]:
    total = math.fsum(votes.values())
    if total == 0:
        raise ValueError("nobody voted: all votes are 0")
    if abs(total - 1) > ROUNDING and not all(each.is_integer() for each in map(float, votes.values())):
        raise ValueError(f"the shares add up to {total:g}, not to 1; votes are whole numbers")
    return {label: votes.get(label, 0) / total for label in labels}


def stated_shares(
    text: str, labels: Sequence[str], spellings: Spellings
) -> tuple[Shares | None, AnswerStatus] | None:
    """The shares that an answer states, as a JSON object or label by label; None if it states none.

    Returns:
        Shares of 1 or of 100, with whichever sum they have, divided by it, with "alias" if any label is one,
        else "ok". Or None with "out_of_range" (a number that is negative or none, another sum),
        "not_a_candidate" (another label has a share) or "ambiguous" (a label has two).
    """
    found = _in_object(text, spellings) or _in_pieces(text)
    if not found:
        return None
    shares: dict[str, float] = {}
    is_alias = False
    for name, number in found:
        if number is None or not 0 <= number < math.inf:
            return None, "out_of_range"
        known = spellings.of(name)
        if known is None:
            if number > 0:
                return None, "not_a_candidate"
            continue
        if known.label in shares:
            return None, "ambiguous"
        shares[known.label] = number
        is_alias |= known.is_alias
    total = math.fsum(shares.values())
    if min(abs(total - 1), abs(total / 100 - 1)) > ROUNDING:
        return None, "out_of_range"
    return Shares({label: shares.get(label, 0.0) / total for label in labels}), "alias" if is_alias else "ok"


def _in_object(text: str, spellings: Spellings) -> Stated:
    """What the last object says of labels, without its confidence; nothing if it names none."""
    for found in reversed(_OBJECT.findall(text)[-MOST_OBJECTS:]):
        try:
            written = literal(found)
        except ValueError:
            continue
        if isinstance(written, Mapping) and any(map(spellings.of, written)):
            return [
                (name, _stated(value))
                for name, value in written.items()
                if spellings.of(name) or KEYS.get(name.strip().lower()) != "confidence"
            ]
    return []


def _in_pieces(text: str) -> Stated:
    """What lines, or parts of one, say: "joy: 0.6, fear: 40%"; nothing if a part says something else."""
    plain = with_plain_numerals(text) or ""
    stated: Stated = []
    for piece in _PIECES.split(plain):
        if not piece.strip(" *_.`\"'{}"):
            continue
        found = _PIECE.fullmatch(piece.strip()) if len(piece.strip()) <= LONGEST_PIECE else None
        if found is None:
            return []
        stated.append((found["label"], _value(found)))
    return stated if len(stated) > 1 else []


def _stated(value: object) -> float | None:
    if isinstance(value, str):
        found = _VALUE.fullmatch(value)
        return None if found is None else _value(found)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _value(found: re.Match[str]) -> float:
    return numeral_value(found["number"])
