"""Which model of a table leads in a column, and whether the second is told apart from its neighbours.

Whoever reads bold and underlined in a table takes them for first and second. The first is a fact of the
printed values. That another is second is a claim about two pairs, the best and the second, the second and the
next, and both have to be more than chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vecbench.answers import known_metrics
from vecbench.comparing.comparison import compare
from vecbench.comparing.differences import SIGNIFICANT, Differences
from vecbench.comparing.models import Block, ComparedModel
from vecbench.comparing.pairs import KINDS
from vecbench.metrics.significance import holm
from vecbench.report.columns import Column
from vecbench.tasks import Catalogue

Lead = Literal["best", "second"]

Pair = tuple[int, int]
"""The numbers of two models, the lower one first."""

FEWEST_REPLICATES = 100
"""Where nothing is read from them."""

REPLICATES = 2_000
"""Of the paired bootstrap of two models, at least."""

REPLICATES_A_TEST = 50
"""More than the 40 with which the least p value that there can be is, times the number of tests, 0.05."""


@dataclass(frozen=True)
class Place:
    """A column of a block."""

    block: Block
    column: Column


@dataclass(frozen=True)
class Leads:
    """What is marked in a table.

    Attributes:
        each: Column → number of the model → what it is there.
        tests: How many there were.
    """

    each: Mapping[Place, Mapping[int, Lead]]
    tests: int


@dataclass(frozen=True)
class _Order:
    """The models that have a value in a column, the best first, those that print the same together."""

    ranks: Sequence[Sequence[int]]

    @property
    def pairs(self) -> Iterator[Pair]:
        """Those that must differ for the second to be marked; none where it is not one model."""
        first, second, third, *_ = (*self.ranks, (), (), ())
        if len(first) == len(second) == 1:
            for each in (first, third[:1]):
                yield from ((min(second[0], other), max(second[0], other)) for other in each)


def leads_of(
    models: Sequence[ComparedModel], ranked: Mapping[Place, Sequence[int]], catalogue: Catalogue
) -> Leads:
    """The best in each column, and the second where it differs significantly from the best and from the next.

    Pairs are compared as `compare` does, and all tests of the table are one family (Holm). Which pairs are
    tested follows from the values, and neighbours among them differ less than any two models would by chance:
    that makes the tests stricter, never laxer.

    Args:
        models: Of the table.
        ranked: Column → the models that may lead there: those that have a value, on the same samples.
        catalogue: Brings the tasks.
    """
    orders = {place: _order(place, models, who) for place, who in ranked.items() if len(who) > 1}
    wanted: dict[tuple[Pair, Block], list[Column]] = {}
    for place, order in orders.items():
        for pair in order.pairs:
            wanted.setdefault((pair, place.block), []).append(place.column)
    replicates = max(REPLICATES, REPLICATES_A_TEST * sum(map(len, wanted.values())))
    found = {
        (pair, Place(block, column)): p
        for (pair, block), columns in wanted.items()
        for column, p in _tested([models[each] for each in pair], block, columns, catalogue, replicates)
    }
    adjusted = holm(found)
    each: dict[Place, dict[int, Lead]] = {}
    for place, order in orders.items():
        each[place] = dict.fromkeys(order.ranks[0], "best")
        pairs = [(pair, place) for pair in order.pairs]
        if pairs and all(adjusted.get(pair, 1.0) < SIGNIFICANT for pair in pairs):
            each[place][order.ranks[1][0]] = "second"
    return Leads(each, len(found))


def _order(place: Place, models: Sequence[ComparedModel], who: Sequence[int]) -> _Order:
    values = {number: _value(place, models[number]) for number in who}
    sign = -1 if known_metrics()[place.column.key].better == "higher" else 1
    ranks: dict[str, list[int]] = {}
    for number in sorted(who, key=lambda each: sign * values[each]):
        ranks.setdefault(place.column.printed(values[number]), []).append(number)
    return _Order([*ranks.values()])


def _value(place: Place, model: ComparedModel) -> float:
    rows = place.block.rows(model.scores)
    value = rows.metrics[place.column.key].value if rows else None
    if value is None:
        raise ValueError("only models with a value are ranked")
    return value


def _tested(
    models: Sequence[ComparedModel],
    block: Block,
    columns: Sequence[Column],
    catalogue: Catalogue,
    replicates: int,
) -> Iterator[tuple[Column, float]]:
    """The p value of each column of a block that has a test of the two models."""
    first, second = (model.side_of(block.tasks(model.scores)) for model in models)
    repeated = len({row.repeat for row in first.rows}) > 1
    exact = {each.key for each in columns if known_metrics()[each.key].counts is not None and not repeated}
    for keys in (exact, {each.key for each in columns} - exact):
        if not keys:
            continue
        # What is counted has an exact test, which is none of the replicates' business.
        count = FEWEST_REPLICATES if keys == exact else replicates
        comparison = compare(first, second, catalogue, allow=KINDS, metrics=keys, replicates=count)
        name, all_of = block.name, comparison.differences
        found: Differences | None = all_of.overall
        if name is not None:
            found = (all_of.tasks if block.is_task else all_of.groups).get(name)
        for column in columns:
            difference = found.metrics.get(column.key) if found and column.key in keys else None
            if difference is not None and difference.p is not None:
                yield column, difference.p.two_sided
