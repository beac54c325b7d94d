"""The kind "rating": one number on a scale, such as a valence from 1 to 9, or one for each dimension."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, ClassVar, Self, TypeGuard

import numpy as np

from vecbench.answers.dimensions import DIMENSION, dimension_fault, part_of, read_dimensions
from vecbench.answers.kind import AnswerKind, AnswerSpecification, Read
from vecbench.answers.written import literal, shown
from vecbench.labels import normal_form
from vecbench.metrics.catalogue import JUDGED_RATING_METRICS, RATING_METRICS
from vecbench.metrics.definition import Metric
from vecbench.metrics.levels import WEIGHTS, level_rating
from vecbench.metrics.observations import Floats
from vecbench.metrics.regression import in_dimension, rating_columns
from vecbench.parsing.confidence import NUMERAL, THOUSANDS, hundredth, numeral_value, with_plain_numerals
from vecbench.parsing.prediction import Prediction

ENDLESS = 1e100
"""How far a range reaches that no file gives: squares of its numbers are numbers still."""

ROUNDING = 1e-9
"""How far beyond the tolerance an answer is right still: 5.4 − 5.1 is more than 0.3 to a computer."""

# Of a text with single blanks. Atomic: "5.4" in "5.4cm" is no 5.
_NUMBER = rf"(?>{NUMERAL})(?![.,]?\w)(?! ?-? ?point)"
_SIGNED = rf"(?<![\w.,])[+-]?{_NUMBER}"
_OUT_OF = r"(?: ?[/\u2044] ?| out of (?:a (?:possible|maximum|total) (?:of )?)?)"
_VALUE = rf"(?P<number>{_SIGNED})(?: ?(?P<percent>%|per ?cent\b)|{_OUT_OF}(?P<whole>{_NUMBER}))?"
_VALUES = re.compile(_VALUE)
# A scale is named where what it reaches from and to is: (1-9), on a scale from 1 to 9, 1 = low and 9 = high.
_SCALE = re.compile(
    r"[(\[]?(?:,? ?\b(?:on|in) (?:a|the) (?:scale|range) (?:(?:of|from|between) )?|\b(?:from|between) )?"
    rf"[(\[]?(?P<low>{_SIGNED}) ?(?:[-\u2013\u2014,;]|\.\.\.?|\bto\b|\band\b|\bthrough\b) ?"
    rf"(?P<high>[+-]?{_NUMBER})[)\]]{{0,2}}"
)
_LEGEND = re.compile(rf"(?P<end>{_SIGNED}) ?(?:=|\bmeans\b|\bbeing\b) ?(?=[^\W\d])")
_BOUND = re.compile(
    r"(?:[<>\u2264\u2265]|\b(?:(?:more|less|greater|lower|higher|smaller|larger|rather) than"
    r"|at (?:least|most)|above|below|over|under|not)) ?\Z"
)
_BOUND_REACH = 20  # characters in which one stands before a number
_LINE = re.compile(
    r"(?:[^\d\n]{0,100}?(?:[:=~\u2248]|\b(?:is|of|at|as|be|about|around|approximately|roughly)\b"
    r"|\b(?:rate|give|score|assign)\b[^\d\n]{0,60}?(?<!\w)))?"
    rf"[ *_\"'`(\[{{$]{{0,8}}{_VALUE}[ *_.\"'`)\]}}$!;,]{{0,8}}"
)
_ENDLESS = re.compile(r"[+-]?\b(?:inf|infinity)\b")


@dataclass(frozen=True)
class Rating(AnswerKind):
    """A number from `low` to `high`; right or wrong only where a tolerance says how near is near enough.

    With dimensions, such as valence and arousal, one answer is a tuple of numbers in their order, and of None
    for those that it does not rate; a target has them all. The candidates are then the dimensions.

    Attributes:
        low: The least rating.
        high: The largest.
        tolerance: How far from the target an answer may be to be right; None if none is right or wrong.
        dimensions: What one answer rates; empty for a single number.
        of_what: What a single number rates; ratings of different things are not pooled.
        asked: The ends of the scale that answers are given on, where that is another one.
        levels: Words for a high, a middle and a low rating; empty where no prompt asks for one.
        is_in_levels: Whether the prompt asks for one of them, and for no number.
    """

    name: ClassVar[str] = "rating"
    remedy: ClassVar[str] = "Ask for numbers, and tell the scale in the prompt."
    has_numbers: ClassVar[bool] = True

    low: float = -ENDLESS
    high: float = ENDLESS
    tolerance: float | None = None
    dimensions: tuple[str, ...] = ()
    of_what: str = ""
    asked: tuple[float, float] | None = None
    levels: tuple[str, ...] = ()
    is_in_levels: bool = False

    @property
    def pool(self) -> str:
        of_what = self.of_what or ", ".join(self.dimensions)
        return f"{self.name} of {of_what}" if of_what else self.name

    @property
    def _ends(self) -> tuple[float, float]:
        """Of the scale that answers are given on."""
        return self.asked or (self.low, self.high)

    @property
    def judges(self) -> bool:
        return self.tolerance is not None

    @property
    def metrics(self) -> Sequence[Metric]:
        """Those of confidences only where answers are right or wrong."""
        return JUDGED_RATING_METRICS if self.judges else RATING_METRICS

    @classmethod
    def of(cls, specification: AnswerSpecification) -> Self:
        specification.require_only("range", "tolerance", "dimensions", "of", "levels")
        if specification.labels or specification.aliases:
            raise ValueError("a rating has a range, and neither labels nor aliases")
        options = specification.options
        dimensions, of_what = options.get("dimensions", []), options.get("of", "")
        if "dimensions" in options and (fault := dimension_fault(dimensions)):
            raise ValueError(fault)
        if not isinstance(of_what, str) or (of_what and dimensions):
            raise ValueError("'of' is what a single number rates, such as valence")
        ends = options.get("range")
        if isinstance(ends, Mapping):
            raise ValueError("'range' is one for all dimensions: write a task for each that has its own")
        if not isinstance(ends, list | tuple) or len(ends) != 2 or not all(map(_is_finite, ends)):
            raise ValueError(f"'range' is two numbers, such as [1, 9], not {shown(ends)}")
        low, high = map(float, ends)
        if low >= high:
            raise ValueError(f"'range' begins with the lower number, unlike {shown(list(ends))}")
        tolerance = options.get("tolerance")
        made = cls(low, high, None, tuple(dimensions), of_what, levels=_levels(options, dimensions))
        if tolerance is None:
            return made
        if not _is_finite(tolerance) or not 0 <= tolerance < high - low:
            raise ValueError(f"'tolerance' is from 0 to less than the range is wide, not {shown(tolerance)}")
        return replace(made, tolerance=float(tolerance))

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        """The dimensions; of a task that nobody knows, those that the row's target names."""
        target = columns.get("target")
        if self.dimensions or not isinstance(target, Mapping):
            return self.dimensions
        if fault := dimension_fault(list(target)):
            raise ValueError(fault)
        return tuple(target)

    def target(self, written: object, candidates: Sequence[str]) -> float | tuple[float, ...]:
        """The number; of dimensions an object of numbers, or a list in their order, or the text of either."""
        if not candidates:
            return self._number(written)
        found = literal(written) if isinstance(written, str) else written
        if isinstance(found, list | tuple):
            if len(found) != len(candidates):
                raise ValueError(f"the target {shown(written)} has not {len(candidates)} numbers")
            found = dict(zip(candidates, found, strict=True))
        if not isinstance(found, Mapping):
            raise ValueError(f"the target {shown(written)} is no object of {', '.join(candidates)}")
        for each in candidates:
            if found.get(each) is None:
                raise ValueError(f"there is no target of {each}")
        return tuple(self._number(found[each], f" of {each}") for each in candidates)

    def _number(self, written: object, of_what: str = "") -> float:
        number = written
        if isinstance(written, str) and re.fullmatch(rf"[+-]?{NUMERAL}", written.strip()):
            number = numeral_value(written.strip())
        if not _is_finite(number):
            raise ValueError(f"the target{of_what} {shown(written)} is no number")
        if not self.low <= number <= self.high:
            raise ValueError(
                f"the target{of_what} {shown(written)} is outside the range [{self.low:g}, {self.high:g}]"
            )
        return float(number)

    def target_columns(self, columns: Mapping[str, Any]) -> Mapping[str, str]:
        """One for each dimension, called like it."""
        del columns
        return {name: name for name in self.dimensions}

    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        low, high = self._ends
        return {"low": low, "high": high, "range": [low, high], "dimensions": list(candidates)}

    def asked_on(self, ends: tuple[float, float] | None) -> Rating:
        return self if ends is None else replace(self, asked=ends)

    def in_levels(self) -> Rating:
        return replace(self, is_in_levels=True)

    def spelt_options(self, candidates: Sequence[str]) -> tuple[str, ...]:
        """The words of the levels, where the prompt asks for one."""
        del candidates
        return self.levels if self.is_in_levels else ()

    def answer_of(self, log_probabilities: Sequence[float]) -> float | None:
        """The expected level, see `level_rating`, on the task's range."""
        if not self.is_in_levels or len(log_probabilities) != len(self.levels):
            return None
        return self.low + float(level_rating(log_probabilities)) * (self.high - self.low)

    def read(self, text: str, candidates: Sequence[str]) -> Read:
        """The one number that a stated answer names.

        A line that is nothing but a number, with its name before it, is preferred to numbers in sentences.
        The scale's own ends, where the answer repeats them, are no numbers; nor are bounds ("more than 5").

        Returns:
            The number as it is written: with `%` only on a scale from 0 to 1, where it is divided by 100, or
            to 100; as a fraction only with the scale's end below it. Or None with "ambiguous" (different
            numbers), "out_of_range" (outside, or on another scale), "not_a_candidate", "no_answer". Of
            dimensions, what is read of each by itself; "partial" where that is not all of them.
        """
        if candidates:
            return read_dimensions(text, candidates, self._read_one, bare=False)
        plain = self._plain(text)
        if not normal_form(text):
            return None, "no_answer"
        if plain is None:
            return None, "not_a_candidate"
        found = self._lines(plain) or {
            self._value(each)
            for each in _VALUES.finditer(plain)
            if not _BOUND.search(plain, max(0, each.start() - _BOUND_REACH), each.start())
        }
        if not found:
            return None, "out_of_range" if _ENDLESS.search(plain) else "not_a_candidate"
        return self._only(found)

    def read_bare(self, text: str, candidates: Sequence[str]) -> Read:
        """The number of the lines that are nothing but one, with its name before it; of each dimension."""
        if candidates:
            return read_dimensions(text, candidates, self._read_one, bare=True)
        plain = self._plain(text)
        found = None if plain is None else self._lines(plain)
        return self._only(found) if found else (None, "no_answer")

    def is_bare_answer(self, text: str, candidates: Sequence[str]) -> bool:
        """Whether a text is a rating alone, and what stands behind it cannot be one too."""
        low, high = self._ends
        could_be_rating = (low < 1 and high > 0) or len(candidates) > 0
        plain = None if could_be_rating else self._plain(text)
        return plain is not None and _LINE.fullmatch(plain.strip()) is not None

    def may_go_on(self, text: str, candidates: Sequence[str]) -> bool:
        """Whether no line but the last names the rating: 5 could have become 5.4."""
        if candidates:
            return True
        before, _, _ = text.rstrip().rpartition("\n")
        return self.read_bare(before, candidates)[0] is None

    def dump(self, answer: float | tuple[float | None, ...]) -> float | list[float | None]:
        return list(answer) if isinstance(answer, tuple) else answer

    def load(self, stored: object) -> float | tuple[float, ...]:
        of_nobody = self.low == -ENDLESS  # which is no task's: how many numbers there are, rows say
        if isinstance(stored, list | tuple) and (len(stored) == len(self.dimensions) or of_nobody):
            if len(stored) > 1 and all(map(_is_finite, stored)):
                return tuple(map(float, stored))
        elif _is_finite(stored) and not self.dimensions:
            return float(stored)
        raise ValueError(f"{shown(stored)} is no rating")

    def is_right(self, answer: Any, target: Any) -> bool:
        """Whether an answer is within the tolerance of the target, in every dimension; False without one."""
        if answer is None or self.tolerance is None:
            return False
        pairs = zip(answer, target, strict=True) if isinstance(answer, tuple) else [(answer, target)]
        return all(
            said is not None and abs(said - true) <= self.tolerance + ROUNDING * (1 + abs(true))
            for said, true in pairs
        )

    def view(self, answer: Any, target: Any, candidates: Sequence[str]) -> Mapping[str, Any]:
        """A scale for each dimension; texts where nobody knows how far it reaches."""
        if self.low == -ENDLESS:
            return super().view(answer, target, candidates)
        names = candidates or (self.of_what or self.name,)
        true, said = (each if candidates else (each,) for each in (target, answer))
        return {
            "type": "scale",
            "dimensions": [
                {"name": name, "low": self.low, "high": self.high, "target": true_one, "answer": said_one}
                for name, true_one, said_one in zip(names, true, said or [None] * len(names), strict=True)
            ],
        }

    def columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        """Those of `rating_columns`; of dimensions each by itself, see `in_dimension`."""
        dimensions = dict.fromkeys(each for row in rows for each in row.candidates)
        if not dimensions:
            return rating_columns(
                _numbers(row.target for row in rows), _numbers(row.reading.answer for row in rows)
            )
        return {
            in_dimension(each, name): column
            for each in dimensions
            for name, column in Rating.columns(self, [part_of(row, each) for row in rows]).items()
        }

    def parts(self, rows: Sequence[Prediction]) -> Mapping[str, Mapping[str, Sequence[Prediction]]]:
        """The rows of each dimension, as rows of a single number."""
        dimensions = dict.fromkeys(each for row in rows for each in row.candidates)
        found = {each: [self._judged(part_of(row, each)) for row in rows] for each in dimensions}
        return {DIMENSION: found} if found else {}

    def _judged(self, row: Prediction) -> Prediction:
        return replace(row, judged=self.part.is_right(row.reading.answer, row.target))

    @property
    def part(self) -> Rating:
        return replace(self, dimensions=())

    def _read_one(self, text: str) -> Read:
        return self.read(text, ())

    def _plain(self, text: str) -> str | None:
        """The text with plain numerals and single blanks, without the scale's ends; None for superscripts."""
        numerals = with_plain_numerals(text)
        if numerals is None:
            return None
        plain = "\n".join(" ".join(line.split()) for line in numerals.splitlines())
        plain = _SCALE.sub(self._without_scale, plain)
        legend = {numeral_value(each["end"]) for each in _LEGEND.finditer(plain)}
        return _LEGEND.sub(self._without_end, plain) if legend >= {*self._ends} else plain

    def _without_scale(self, found: re.Match[str]) -> str:
        ends = numeral_value(found["low"]), numeral_value(found["high"])
        return " " if ends == self._ends else found[0]

    def _without_end(self, found: re.Match[str]) -> str:
        return " " if numeral_value(found["end"]) in self._ends else found[0]

    def _lines(self, plain: str) -> set[float | None]:
        """What the lines say that are nothing but a number with its name."""
        lines = (_LINE.fullmatch(each.strip()) for each in plain.split("\n"))
        return {self._value(each) for each in lines if each is not None}

    def _value(self, found: re.Match[str]) -> float | None:
        """A number on the scale; None if it is on another one."""
        number = found["number"]
        low, high = self._ends
        if found["whole"] is not None:
            return numeral_value(number) if numeral_value(found["whole"]) == high else None
        if found["percent"] is not None:
            return (
                hundredth(number)
                if (low, high) == (0, 1)
                else numeral_value(number)
                if (low, high) == (0, 100)
                else None
            )
        value = numeral_value(number)
        if THOUSANDS.fullmatch(number) and not low <= value <= high:
            return float(number.replace(",", ""))
        return value

    def _only(self, found: set[float | None]) -> Read:
        if len(found) > 1:
            return None, "ambiguous"
        value = next(iter(found))
        low, high = self._ends
        if value is None or not low <= value <= high:
            return None, "out_of_range"
        if self.asked is not None:
            value = self.low + (value - low) / (high - low) * (self.high - self.low)
        return value + 0.0, "ok"  # -0.0 is 0.0


def _levels(options: Mapping[str, Any], dimensions: Sequence[str]) -> tuple[str, ...]:
    words = options.get("levels")
    if words is None:
        return ()
    if not isinstance(words, list) or not all(isinstance(each, str) and each.strip() for each in words):
        raise ValueError(f"'levels' is a list of words, not {shown(words)}")
    if dimensions or len({*words}) != len(words) or len(words) != len(WEIGHTS):
        raise ValueError("'levels' are three words for a single number: of a high, a middle and a low one")
    return tuple(words)


def _is_finite(written: object) -> TypeGuard[float]:
    return isinstance(written, Real) and not isinstance(written, bool) and math.isfinite(written)


def _numbers(values: Iterable[object]) -> Floats:
    return np.array([value if _is_finite(value) else math.nan for value in values], dtype=np.float64)
