"""A metric, declared once: tables, intervals, tests, gates, leaderboards and docs ask it and know no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, Values
from vecbench.metrics.observations import Mask, Observations
from vecbench.metrics.totals import Totals

Basis = Literal["confidence", "classes", "sums", "rows"]
"""What a metric is computed of, and so how its replicates are made.

confidence: the counts of right and wrong rows at each confidence, and without one. classes: the counts of
targets and answers by class. sums: sums over columns of numbers that the answer's kind makes. rows: the rows
themselves, with the times that each was drawn; fewer replicates are made of it.
"""

Over = Literal["all", "confident", "answered"]
"""Which rows a metric is of: all, those that state a confidence, those that have an answer."""

BIASED = "resampling adds to it as to ECE, and no interval was found that holds its level"
"""Why an error of confidences has no interval of its own."""

Interval = Literal["wilson", "percentile", "gaps", "own", "none"]
"""How a metric's own interval is made: of the share of rows that it counts, of its replicates, of the gaps of
its bins (`Gaps.interval`), by `Metric.ends`, or not at all, for which `Metric.why_no_interval` says why."""

BY_LABEL = "by_label"
"""The detail that has values of each label: name of a quantity → label → value, None where it has none."""

STATED_PER_LABEL = "rows_with_confidences"
"""The detail that says how many rows state a confidence per label, of a metric that is of these."""

Ends = tuple[float, float] | None

Bias = Literal["none", "steady", "fading", "gaps"]
"""What resampling does to a metric.

none: nothing, so percentiles do. steady: it adds as much as chance has added to the metric itself, whatever
that is, as to a mean of squares; reflecting the replicates takes both off. fading: the less, the larger the
metric is; the hull of percentiles and reflected ones is taken. gaps: nothing, as `Metric.held` makes them;
what chance has added to the metric itself, at most `Metric.excess`, is allowed for.
"""

Aspect = Literal["outcome", "answer", "certainty", "options"]
"""What of an answer a metric depends on: samples that do not differ in that say nothing of a change.

outcome: whether it is right, and its confidence. answer: the answer itself. certainty: whether it is stated
as certain, as less than that, or not at all. options: the scored options.
"""


def _tested(_: Sequence[Totals]) -> None:
    return None


def untested(why: str) -> Change:
    """The change of a metric that is never tested, with the reason."""
    return Change(refused=lambda _: why)


@dataclass(frozen=True)
class Change:
    """How the change of a metric between two models is tested.

    Attributes:
        bias: What resampling does to the metric.
        aspect: What of an answer it depends on.
        refused: Why the change between two sides has neither interval nor test; None if it has.
    """

    bias: Bias = "none"
    aspect: Aspect = "outcome"
    refused: Callable[[Sequence[Totals]], str | None] = _tested


def no_details(_: Totals) -> Mapping[str, Any]:
    """Nothing."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A quantity that is scored.

    Attributes:
        key: Its name in files, gates and Python.
        heading: Of its column, at most 8 characters.
        description: What it is, in a sentence.
        value: The metric of rows in one or many replicates; shape (...), nan where it is undefined.
        basis: What `value` looks at.
        over: Which rows it is of.
        better: Which values are better; None if neither is.
        range: The least and the largest value that it can have.
        unit: "share" is printed times 100, "number" as it is.
        interval: How its interval is made.
        why_no_interval: Why it has none, or none of some rows.
        bins: Of the consistency test that tells whether it may be 0, for a calibration error;
            `consistency.BY_VALUE` for the test by stated value; else None.
        place: (the rows, not resampled) → the bin of each distinct confidence, shape (k,), for a sum of the
            gaps of bins; else None.
        ends: (the rows, how much larger variances are than of independent rows, level) → (low, high); None
            where these rows have no interval.
        effect: (the rows) → how much larger the variances behind `place` or `ends` are than those of
            independent rows, which answers to one image are not; at least 1.
        change: How a change of it is tested.
        shown: "always": in the narrowest tables too. "wide": where there is room. "asked": in scores.json
            and CSV only.
        board: Whether a leaderboard has a column of it: "headline", the one by which boards rank, first of
            all; "main", shown beside those of other groups; "column"; None for not at all.
        counts: Of a share of all rows, which rows count: what gives it exact tests. None for anything else.
        details: What else is said beside the value.
        bounds: (value, or an end of its interval; the rows) → between what it could be if all rows had a
            confidence; None if unknown.
        undefined: Why it has no value where rows that it is of are there; empty for one of confidences that
            takes right and wrong answers.
        averaged: Whether a mean over tasks says something.
        is_of_one_run: Whether it tells how to read another metric of the same run: it is not compared.
        counts_stated: Whether it counts rows with a confidence, which is no matter where none is scored.
        held: (the rows, as one replicate) → the metric with what it takes from the rows themselves, such as
            the edges of bins, held fixed: what is computed of replicates. None where it takes nothing.
        excess: How far the value may lie above the truth by what noise adds to it; shape (...).
        fewest_of_each: Right and wrong rows that it takes for its variance to be known.
        takes_of_each: Right and wrong rows that its own interval takes.
        needs: The column without which rows have no such metric at all; empty if all have it.
        is_of_order: Whether it depends on the order of the confidences alone, and so says something of a
            score that is no probability too.
        version: Raised whenever the same rows get another value.
    """

    key: str
    heading: str
    description: str
    value: Callable[[Totals], Values]
    basis: Basis = "confidence"
    over: Over = "confident"
    better: Literal["higher", "lower"] | None = "higher"
    range: tuple[float, float] = (0.0, 1.0)
    unit: Literal["share", "number"] = "share"
    interval: Interval
    why_no_interval: str = ""
    bins: int | None = None
    place: Callable[[Cells], NDArray[np.intp]] | None = None
    ends: Callable[[Cells, float, float], Ends] | None = None
    effect: Callable[[Observations], float] | None = None
    change: Change = field(default_factory=Change)
    shown: Literal["always", "wide", "asked"] = "asked"
    board: Literal["headline", "main", "column"] | None = None
    counts: Callable[[Observations], Mask] | None = None
    details: Callable[[Totals], Mapping[str, Any]] = no_details
    bounds: Callable[[float, Totals], tuple[float, float]] | None = None
    undefined: str = ""
    averaged: bool = True
    is_of_one_run: bool = False
    counts_stated: bool = False
    held: Callable[[Totals], Callable[[Totals], Values]] | None = None
    excess: Callable[[Cells], Values] | None = None
    fewest_of_each: int = 0
    takes_of_each: int = 0
    needs: str = ""
    is_of_order: bool = False
    version: int = 1

    def __post_init__(self) -> None:
        if self.interval == "none" and not self.why_no_interval:
            raise ValueError(f"{self.key}: say why it has no interval")
        if self.interval == "wilson" and self.counts is None:
            raise ValueError(f"{self.key}: a Wilson interval is of counted rows")
        if self.interval == "gaps" and (self.place is None or self.effect is None):
            raise ValueError(f"{self.key}: an interval of gaps needs bins, and the effect of shared images")
        if self.interval == "own" and (self.ends is None or self.effect is None):
            raise ValueError(f"{self.key}: its own interval needs ends, and the effect of shared images")

    @property
    def is_of_confidences(self) -> bool:
        """Whether it may have another value of the same answers with other confidences."""
        is_of_outcomes = self.basis != "confidence" or self.counts is not None
        return self.over == "confident" or self.counts_stated or not is_of_outcomes

    def worst(self, value: float, rows: Totals) -> float:
        """What a value, or an end of its interval, is at worst if rows without a confidence had one."""
        if self.bounds is None or self.better is None or not rows.missing:
            return value
        return self.bounds(value, rows)[0 if self.better == "higher" else 1]

    @property
    def scale(self) -> float:
        """What its value is multiplied by where it is printed."""
        return 100.0 if self.unit == "share" else 1.0


def of_cells(metric: Callable[[Cells], Values]) -> Callable[[Totals], Values]:
    """A metric of the rows that have a confidence, as one of totals."""
    return lambda totals: metric(totals.cells)
