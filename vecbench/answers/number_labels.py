"""Labels that are numbers on a scale, such as 0.0, 0.1 … 1.0: read as numbers are, and no others are any."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache

from vecbench.answers.kind import Read
from vecbench.answers.rating import Rating
from vecbench.answers.written import shown
from vecbench.parsing.confidence import NUMERAL, numeral_value

_NUMBER = re.compile(rf"[+-]?{NUMERAL}")


class NumberLabels:
    """Labels by their numbers.

    `.3`, `0.30` and `0,3` are the label 0.3; on a scale from 0 to 1 so is `30%`, as a rating would be. Of
    tenths, `0.35` is none: nothing is rounded.
    """

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values
        self._rating = Rating(min(values.values()), max(values.values()))

    def label(self, written: str) -> str:
        """The label of a number as a text; a ValueError where there is none."""
        number = numeral_value(written.strip()) if _NUMBER.fullmatch(written.strip()) else math.nan
        if (found := self._of(number)) is None:
            raise ValueError(f"the target {shown(written)} is not among the candidates")
        return found

    def read(self, text: str) -> Read:
        """The label of the number that a stated answer names."""
        return self._labelled(self._rating.read(text, ()))

    def read_bare(self, text: str) -> Read:
        """Likewise of a whole response."""
        return self._labelled(self._rating.read_bare(text, ()))

    def is_bare_answer(self, text: str) -> bool:
        """As of a rating: a number behind another one may be either, where both could be confidences."""
        return self._rating.is_bare_answer(text, ())

    def may_go_on(self, text: str) -> bool:
        """As of a rating: 0.1 could have become 0.15."""
        return self._rating.may_go_on(text, ())

    def _labelled(self, found: Read) -> Read:
        number, status = found
        if number is None:
            return found
        label = self._of(number)
        return (label, status) if label is not None else (None, "not_a_candidate")

    def _of(self, number: float) -> str | None:
        return next((label for label, each in self._values.items() if math.isclose(each, number)), None)


@lru_cache(maxsize=64)
def number_labels(candidates: tuple[str, ...]) -> NumberLabels | None:
    """The candidates as numbers; None unless all are different ones."""
    if len(candidates) < 2 or not all(_NUMBER.fullmatch(each) for each in candidates):
        return None
    values = {each: numeral_value(each) for each in candidates}
    return NumberLabels(values) if len(set(values.values())) == len(candidates) else None


@lru_cache(maxsize=64)
def positions(candidates: tuple[str, ...]) -> Mapping[object, float]:
    """Where each label is on its scale: at its number, where all are numbers, else at its place, from 0."""
    if number_labels(candidates) is not None:
        return {each: numeral_value(each) for each in candidates}
    return {each: float(place) for place, each in enumerate(candidates)}
