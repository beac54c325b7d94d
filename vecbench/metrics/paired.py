"""Several sides on the same samples: replicates of all at once, so that what they share cancels.

Sides are two models, or several confidences in the same answers. A sample that is hard for one model is hard
for the other one as a rule. Drawing samples, each with the answers of both, keeps that; drawing the two
models' rows apart would lose it, and with it most of the power.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.bootstrap import AT_ONCE, REPLICATES, SEED, rows_drawn
from vecbench.metrics.cells import Cells, Counts, Values
from vecbench.metrics.observations import Observations
from vecbench.metrics.replication import in_blocks
from vecbench.metrics.totals import ClassCounts, Totals, places_of

Sides = Sequence[Observations]
"""The rows of each side, at least one, in the same order."""

MOST_SAMPLES = 2**24
"""More samples in one stratum than this would not be counted exactly: sums of them are made in 32 bits."""

FEW_A_PATTERN = 8
"""With fewer samples a pattern, drawing them one by one is faster than drawing the patterns' counts."""

NUMBERS = 2**18
"""Counts that are computed with at once, likewise."""


@dataclass(frozen=True)
class PairedRows:
    """The rows of s sides on the same samples.

    What is drawn is a unit: a sample, with all its rows, since several answers to one sample are not
    independent; or, where there is one answer and so many samples that they repeat each other, a pattern
    of answers that several samples have.

    Attributes:
        confidence: Every confidence that may occur, ascending; shape (k,).
        labels: How many classes there are; theirs are the numbers below that.
        places: Each row's place, for every side: right at each confidence, wrong at each, right without
            one, wrong without one; below 2k + 2; shape (s, n).
        target: The number of each row's target, −1 where it is no label; shape (n,).
        label: The number of each row's label, −1 where it has none, for every side; shape (s, n).
        unit: Each row's unit; shape (n,).
        samples: Samples of each unit; shape (u,).
    """

    confidence: NDArray[np.float64]
    labels: int
    places: NDArray[np.int64]
    target: NDArray[np.int64]
    label: NDArray[np.int64]
    unit: NDArray[np.int64]
    samples: NDArray[np.int64]

    @classmethod
    def of_rows(
        cls,
        sides: Sides,
        confidence: NDArray[np.float64] | None = None,
        *,
        by_image: bool = False,
    ) -> PairedRows:
        """The rows of n samples' answers.

        Args:
            sides: In the same order, with the same classes.
            confidence: Every confidence that may occur, ascending; None for those that do. Strata of one
                bootstrap must have them, and the classes, in common.
            by_image: Whether images are drawn with all their rows; else every pair is of another one.

        Raises:
            ValueError: Shapes differ, a confidence is outside [0, 1], or there are too many samples.
        """
        first = sides[0]
        n = first.n
        if any(each.n != n or each.classes != first.classes for each in sides):
            raise ValueError("all sides must have as many rows, of the same classes")
        known = distinct_confidences(sides)
        if known.size and not (known[0] >= 0 and known[-1] <= 1):
            raise ValueError("every confidence must lie in [0, 1]")
        if n > MOST_SAMPLES:
            raise ValueError(f"at most {MOST_SAMPLES:,} pairs can be compared at once")
        grid = known if confidence is None else confidence
        none = np.full(n, -1)
        target = first.target if first.classes else none
        label = [side.answer if side.classes else none for side in sides]
        s = len(sides)
        rows = np.array([*(places_of(grid, side) for side in sides), target, *label]).reshape(1 + 2 * s, n)
        if by_image:
            _, unit = np.unique(first.image, return_inverse=True)
            sizes = np.ones(int(unit.max()) + 1 if n else 0, dtype=np.int64)
        else:
            rows, unit, sizes = _patterns(rows)
        return cls(grid, len(first.classes), rows[:s], rows[s], rows[s + 1 :], unit, sizes)

    @property
    def tallies(self) -> int:
        """Of each label: how often it is the target, and how often each side says it, and says it rightly."""
        return 1 + 2 * len(self.places)

    @property
    def cost(self) -> int:
        """What a replicate costs to draw: numbers that are drawn or added up."""
        drawn = self.samples.size if self._by_pattern else int(self.samples.sum())
        return drawn + self.unit.size

    @property
    def _by_pattern(self) -> bool:
        return bool(self.samples.size * FEW_A_PATTERN < self.samples.sum())

    def draw(self, replicates: int, stream: np.random.Generator) -> NDArray[np.int64]:
        """How often each unit is among as many samples drawn with replacement; shape (replicates, u)."""
        n = int(self.samples.sum())
        if self._by_pattern:
            return stream.multinomial(n, self.samples / n, size=replicates)
        kind = np.uint16 if n <= 2**16 else np.int64
        return rows_drawn(self.samples, replicates, stream, kind)

    def add_drawn(self, drawn: NDArray[np.int64], rows: Counts, tallies: Counts) -> None:
        """Adds the rows of drawn units, with the answers of every side.

        Args:
            drawn: How often each unit is drawn; shape (replicates, u).
            rows: Takes the rows by place; shape (s, replicates, 2k + 2).
            tallies: Takes the rows by label; shape (replicates, self.tallies, labels).
        """
        own, columns = self._columns
        for side, (order, ends) in enumerate(self._by_place):
            # One row is at one place, so running sums beat a product with a matrix of zeros.
            in_order = drawn if order is None else np.take(drawn, order, axis=1)
            through = np.cumsum(in_order, axis=1, out=None if order is None else in_order)
            up_to = np.take(through, np.maximum(ends - 1, 0), axis=1)
            up_to[:, ends == 0] = 0
            rows[side] += np.diff(up_to, axis=1)
        counted = drawn.astype(np.float32) @ columns
        tallies[..., own] += counted.reshape(len(drawn), self.tallies, own.size)

    def count(self, rows: Counts, tallies: Counts) -> None:
        """Adds the rows as they are, in the form of one replicate, see `add_drawn`."""
        own, columns = self._columns
        for side, each in enumerate(self.places):
            np.add.at(rows[side, 0], each, self.samples[self.unit])
        counted = self.samples.astype(np.float32) @ columns
        tallies[0][:, own] += counted.reshape(self.tallies, own.size)

    @cached_property
    def _by_place(self) -> list[tuple[NDArray[np.int64] | None, NDArray[np.intp]]]:
        """Of every side: the rows' units in the order of their places; where each place begins, and the end.

        No units where they are in that order.
        """
        every = np.arange(2 * self.confidence.size + 3)
        found = []
        for places in self.places:
            order = np.argsort(places, kind="stable")
            units = self.unit[order]
            is_ordered = np.array_equal(units, np.arange(self.samples.size))
            found.append((None if is_ordered else units, np.searchsorted(places[order], every)))
        return found

    @cached_property
    def _columns(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The labels that occur, and each unit's rows by tally and label; shape (u, tallies · labels)."""
        own = np.unique(np.concatenate([self.target, self.label.ravel()]))
        own = own[own >= 0]
        columns = np.zeros((self.samples.size, self.tallies, own.size), dtype=np.float32)
        said = [self.target, *self.label, *(np.where(each == self.target, each, -1) for each in self.label)]
        for tally, numbers in enumerate(said):
            there = numbers >= 0
            place = np.searchsorted(own, numbers[there])
            np.add.at(columns, (self.unit[there], tally, place), 1)
        return own, columns.reshape(self.samples.size, self.tallies * own.size)


PairedStatistic = Callable[[Totals], Values]
"""Of totals of shape (s, sets, replicates): side, stratum or pool, replicate; values of the same shape."""


Joint = Mapping[str, PairedRows]
"""Stratum → rows of it. A unit is the same images in all of them, so that they are drawn at once."""


def paired_bootstrap(
    strata: Mapping[str, PairedRows],
    pools: Mapping[Any, Sequence[str]],
    statistics: Mapping[str, PairedStatistic],
    candidates: NDArray[np.int64],
    replicates: int = REPLICATES,
    seed: int = SEED,
    joint: Sequence[Joint] = (),
) -> dict[str, Values]:
    """Replicates of statistics of several sides on the same samples, and of pools of them.

    Every stratum is resampled by itself, so a pool holds as many samples of each as the data does. What
    several strata share is resampled by itself too, once for all of them. The draws do not depend on the
    number of processors.

    Args:
        strata: Name → rows, at least one; with the same sides, confidences and labels.
        pools: Key, which is no stratum's name → the strata it holds, at least one.
        statistics: Key → what to compute.
        candidates: How many classes could have been answered, by side, stratum or pool; shape (s, sets).
        replicates: How many, at least 1.
        seed: Of the draws.
        joint: Further rows of the strata, of images that several of them share.

    Returns:
        Key → values of shape (s, sets, replicates): of every side, of the strata and then of the pools, in
        their order. One replicate is of the same samples everywhere.
    """

    def block(size: int, stream: np.random.Generator) -> dict[str, Values]:
        def draw(parts: Joint, rows: Mapping[str, Counts], tallies: Mapping[str, Counts]) -> None:
            drawn = next(iter(parts.values())).draw(size, stream)
            for name, part in parts.items():
                part.add_drawn(drawn, rows[name], tallies[name])

        totals = _totals(strata, joint, pools, candidates, size, draw)
        return {key: statistic(totals) for key, statistic in statistics.items()}

    blocks = in_blocks(block, replicates, _block_size(strata, pools), seed)
    return {key: np.concatenate([each[key] for each in blocks], axis=-1) for key in statistics}


def observed_totals(
    strata: Mapping[str, PairedRows],
    pools: Mapping[Any, Sequence[str]],
    candidates: NDArray[np.int64],
    joint: Sequence[Joint] = (),
) -> Totals:
    """The rows as they are, in the form of one replicate, of shape (s, sets, 1); see `paired_bootstrap`."""

    def count(parts: Joint, rows: Mapping[str, Counts], tallies: Mapping[str, Counts]) -> None:
        for name, part in parts.items():
            part.count(rows[name], tallies[name])

    return _totals(strata, joint, pools, candidates, 1, count)


def distinct_confidences(sides: Sequence[Observations]) -> NDArray[np.float64]:
    """Every confidence that any of them states, ascending."""
    stated = np.unique(np.concatenate([side.confidence for side in sides]))
    return np.asarray(stated[~np.isnan(stated)])


def _totals(
    strata: Mapping[str, PairedRows],
    joint: Sequence[Joint],
    pools: Mapping[Any, Sequence[str]],
    candidates: NDArray[np.int64],
    replicates: int,
    add: Callable[[Joint, Mapping[str, Counts], Mapping[str, Counts]], None],
) -> Totals:
    first = next(iter(strata.values()))
    k, sets = first.confidence.size, len(strata) + len(pools)
    s = len(first.places)
    rows = np.zeros((s, sets, replicates, 2 * k + 2))
    tallies = np.zeros((sets, replicates, first.tallies, first.labels))
    place = {name: number for number, name in enumerate(strata)}
    rows_of = {name: rows[:, number] for name, number in place.items()}
    tallies_of = {name: tallies[number] for name, number in place.items()}
    for together in (*({name: part} for name, part in strata.items()), *joint):
        if next(iter(together.values())).unit.size:
            add(together, rows_of, tallies_of)
    for number, parts in enumerate(pools.values(), start=len(strata)):
        for part in parts:
            rows[:, number] += rows[:, place[part]]
            tallies[number] += tallies[place[part]]
    cells = Cells(first.confidence, rows[..., :k], rows[..., k : 2 * k])
    columns = np.split(np.arange(first.tallies), [1, s + 1])
    support, predicted, hits = (
        np.moveaxis(tallies[..., each, :], 2, 0) for each in (columns[0].repeat(s), *columns[1:])
    )
    classes = ClassCounts(support, predicted, hits, candidates[..., None])
    return Totals(cells, rows[..., -2], rows[..., -1], classes)


def _block_size(strata: Mapping[str, PairedRows], pools: Mapping[Any, Sequence[str]]) -> int:
    """Replicates that are computed at once."""
    width = max(1, next(iter(strata.values())).confidence.size) * 2 * (len(strata) + len(pools))
    return max(8, min(AT_ONCE, NUMBERS // width))


def _patterns(
    rows: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """One row for each distinct column, its unit, and its number of samples; or the rows as they are."""
    n = rows.shape[1]
    order = np.lexsort(rows[::-1])  # by the first side's place first
    ordered = rows[:, order]
    new = np.r_[True, np.any(ordered[:, 1:] != ordered[:, :-1], axis=0)][:n]
    starts = np.flatnonzero(new)
    if starts.size * FEW_A_PATTERN >= n:
        return ordered, np.arange(n), np.ones(n, dtype=np.int64)
    return ordered[:, starts], np.arange(starts.size), np.diff(np.r_[starts, n])
