"""A number of an entry, with its interval."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from vecbench.leaderboard.record import Record

DIGITS = 6
"""Of the fractions in an entry: more would differ from one machine's linear algebra to the next."""
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Value(Record):
    """A metric, as a fraction; the ends of its 95 % interval where there is one: low ≤ value ≤ high."""

    value: Finite
    low: Finite | None = None
    high: Finite | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval needs low and high")
        if self.low is None or self.high is None:
            return self
        # All three are rounded.
        if not self.low - 1e-6 <= self.value <= self.high + 1e-6 or self.low > self.high:
            raise ValueError(f"{self.value} is not between low {self.low} and high {self.high}")
        return self
