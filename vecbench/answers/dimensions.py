"""Several ratings in one answer: where each dimension's own number is said, and rows of one dimension."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from vecbench.parsing.confidence import NUMERAL, with_plain_numerals
from vecbench.parsing.prediction import AnswerStatus, Prediction

DIMENSION = "dimension"
"""What scores of ratings of several dimensions are broken down by."""

ReadOne = Callable[[str], tuple[float | None, AnswerStatus]]
"""The rating in a text that is about one dimension."""

LONGEST_LIST = 400
"""Characters of a text that may be a list of numbers and nothing else."""

_REACH = 40  # characters before a name in which a number is looked for
_NOTHING = frozenset({"no_answer", "not_a_candidate"})
_LISTED = re.compile(rf"[+-]?{NUMERAL}%?(?:/{NUMERAL})?")
_HEAD = re.compile(r"\W*(?:[0-9]{1,2}[.)]\W*)?(?:(?:the|my|overall|final|emotional)\W+){0,3}", re.IGNORECASE)
_ENUMERATED = re.compile(r"\s*[0-9]{1,2}[.)]\s*")
_NUMBER = re.compile(r"(?<![\w.,])[+-]?[0-9]+(?:[.,][0-9]+)?")
_NUMBER_BEFORE = re.compile(
    r"[0-9][%\"'*_)\]]{0,3}\s+(?:(?:for|in|of|on)\s+)?(?:the\s+)?[\"'*_]{0,3}\Z", re.IGNORECASE
)
_END = re.compile(
    r"(?<=[.!?])\s+(?=[^\W\d_])|[\"'][^\"'\n]{1,60}[\"']\s*:|\bconfiden(?:t|ce)\b|\bcertainty\b"
    r"|[,;]\s*[^\W\d_][\w ]{0,40}[:=]",
    re.IGNORECASE,
)
"""Where something else begins: a sentence, a key of an object, a confidence, another field."""


def dimension_fault(names: object) -> str | None:
    """Why these are no dimensions; None if they are."""
    if not isinstance(names, list | tuple) or len(names) < 2:
        return "'dimensions' are two names or more, such as [valence, arousal]"
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"[^\W\d_][\w -]{0,39}", name):
            return f"{name!r:.60} is no name of a dimension, such as valence"
    if len({name.casefold() for name in names}) < len(names):
        return f"a dimension is there twice: {', '.join(names)}"
    return None


def read_dimensions(
    text: str, dimensions: Sequence[str], read_one: ReadOne, *, bare: bool
) -> tuple[tuple[float | None, ...] | None, AnswerStatus]:
    """The rating of each dimension, in their order, None where it is not said; None without any.

    They are said behind the dimensions' names, as tags, JSON keys, lines or in a sentence, or as a list of as
    many numbers and nothing else.

    Args:
        text: A stated answer, or a whole response.
        dimensions: Their names.
        read_one: Reads what is said of one.
        bare: Whether it is a whole response: of sentences then only those that name all dimensions count.
    """
    numbers = _numbers_in(text, len(dimensions))
    said: Mapping[str, Sequence[str | None]]
    if numbers:
        said = {name: [number] for name, number in zip(dimensions, numbers, strict=True)}
    else:
        said = _segments(text, tuple(dimensions), bare=bare)
    found = [_agreed(said.get(name, []), read_one) for name in dimensions]
    ratings = tuple(rating for rating, _ in found)
    if all(rating is None for rating in ratings):
        faults = [status for _, status in found if status not in _NOTHING]
        return None, faults[0] if faults else "no_answer" if bare else "not_a_candidate"
    return ratings, "partial" if None in ratings else "ok"


def part_of(row: Prediction, dimension: str) -> Prediction:
    """A row as one of a single dimension, not judged."""
    place = row.candidates.index(dimension) if dimension in row.candidates else -1
    whole, target = row.reading.answer, row.target
    is_target = place >= 0 and isinstance(target, tuple | list) and len(target) == len(row.candidates)
    answer = whole[place] if is_target and whole is not None else None
    status: AnswerStatus = row.reading.answer_status
    if status == "partial":
        status = "no_answer" if answer is None else "ok"
    reading = replace(row.reading, answer=answer, answer_status=status)
    return replace(
        row, target=target[place] if is_target else None, candidates=(), reading=reading, judged=False
    )


def _agreed(said: Sequence[str | None], read_one: ReadOne) -> tuple[float | None, AnswerStatus]:
    """What all places say that say something of a dimension; None is one that nobody understands."""
    readings = [(None, "ambiguous") if each is None else read_one(each) for each in said]
    telling = dict.fromkeys(each for each in readings if each[1] not in _NOTHING)
    if len(telling) > 1:
        return None, "ambiguous"
    return next(iter(telling), (None, "no_answer"))


def _numbers_in(text: str, count: int) -> list[str]:
    """So many numbers with nothing but commas, semicolons, blanks or line breaks between; else none."""
    plain = with_plain_numerals(text) if len(text) <= LONGEST_LIST else None
    body = (plain or "").strip(" \t\r\n[](){}*_`'\".")
    between = next(
        (each for each in (r"\s*;\s*", r",?\s*\n\s*", r",\s+", r"\s+") if re.search(each, body)), ","
    )
    parts = re.split(between, body)
    return parts if len(parts) == count and all(map(_LISTED.fullmatch, parts)) else []


def _segments(text: str, dimensions: tuple[str, ...], *, bare: bool) -> Mapping[str, list[str | None]]:
    """Dimension → what stands behind its name, wherever that is; None where numbers stand before names."""
    pattern, tag, by_name = _names(dimensions)
    found: dict[str, list[str | None]] = {}
    lines = tag.sub(lambda each: "\n" if each[1] else f"\n{each[2]}: ", text).split("\n")
    for number, line in enumerate(lines):
        places = list(pattern.finditer(line))
        named = [by_name[_plain(place[0])] for place in places]
        if not places or (bare and not _is_statement(line[: places[0].start()], named, dimensions)):
            continue
        ends = [*(place.start() for place in places[1:]), len(line)]
        parts = [line[place.end() : end] for place, end in zip(places, ends, strict=True)]
        is_reversed = _is_reversed(line[: places[0].start()], parts)
        for place, name, part in zip(places, named, parts, strict=True):
            cut = _END.split(part, maxsplit=1)[0]
            if place is places[-1] and not re.search(r"\w", part):
                below = next((each for each in lines[number + 1 : number + 3] if each.strip()), "")
                cut = below if not pattern.search(below) else cut
            found.setdefault(name, []).append(None if is_reversed else cut)
    return found


def _is_statement(head: str, named: Sequence[str], dimensions: Sequence[str]) -> bool:
    """Whether a line of a response begins with a dimension, or names them all."""
    return _HEAD.fullmatch(head[-_REACH:]) is not None or {*named} >= {*dimensions}


def _is_reversed(head: str, parts: Sequence[str]) -> bool:
    """Whether numbers stand before the names that they are of: "5.3 for valence, 4 for arousal"."""
    if _NUMBER_BEFORE.search(_ENUMERATED.sub("", head, count=1)[-_REACH:]):
        return True
    return any(
        len(_NUMBER.findall(part)) > 1 and _NUMBER_BEFORE.search(part[-_REACH:]) for part in parts[:-1]
    )


@lru_cache(maxsize=64)
def _names(dimensions: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str], Mapping[str, str]]:
    """Patterns of a dimension's name and of its tag, and the name as it is matched → the dimension."""
    by_name = {_plain(name): name for name in dimensions}
    either = "|".join(
        r"[\s_-]".join(map(re.escape, name.split())) for name in sorted(by_name, key=len, reverse=True)
    )
    name = re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])", re.IGNORECASE)
    return name, re.compile(rf"<\s?(/?)\s?({either})\s?>", re.IGNORECASE), by_name


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", " ", name).casefold()
