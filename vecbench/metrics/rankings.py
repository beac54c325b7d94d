"""How good rankings of the strongest labels are, as EEmo-Bench scores them.

A score has two parts: which of the target's labels are named at all, the more for the stronger ones, and
whether those that are named stand in the target's order. Source: `thinking_consistancy.py` of
github.com/workerred/EEmo-Logic, which compares the order of names by alphabet; here it is that of ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations, permutations
from math import perm
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Values, share
from vecbench.metrics.definition import Change, Metric, untested
from vecbench.metrics.observations import Floats
from vecbench.metrics.totals import Totals, WeightedRows

HITS = (0.25, 0.15, 0.10)
"""For naming the target's first, second and third label."""

PLACE = "place: "
"""What the columns are called that hold a label's place in each target, 0 where it has none."""

MOST_TRIED = 1000
"""Rankings up to which each is tried for the best constant one; beyond, it is built greedily."""


class RankingScore(NamedTuple):
    """A ranking's score in its two parts, each in [0, 0.5].

    Attributes:
        hit: For the target's labels that are named.
        order: For their order.
    """

    hit: float
    order: float

    @property
    def total(self) -> float:
        """Their sum, in [0, 1]."""
        return self.hit + self.order


def hit_weights(top: int) -> tuple[float, ...]:
    """What naming each of the target's labels is worth; they add up to 0.5.

    Those of EEmo-Bench for the first three; of another number nothing is published, and they fall evenly.
    """
    if top == len(HITS):
        return HITS
    return tuple((top - place) / (top * (top + 1)) for place in range(top))


def ranking_score(answer: Sequence[str], target: Sequence[str]) -> RankingScore:
    """The score of one ranking.

    hit is 0.25, 0.15 and 0.10 for the target's first, second and third label anywhere in the answer. order is
    (τ + 1) / 4 of the k labels common to both, τ being Kendall's of their ranks, times k over the length of
    the target; 0 where k is 1 or 0.

    Args:
        answer: Distinct labels, the strongest first; empty for none.
        target: Likewise, two or more.

    Raises:
        ValueError: Either names a label twice, or the target has fewer than two.
    """
    if len(target) < 2 or len(set(target)) < len(target) or len(set(answer)) < len(answer):
        raise ValueError("a ranking has distinct labels, and a target two or more")
    return _score(tuple(target.index(label) for label in answer if label in target), len(target))


@lru_cache(maxsize=65536)
def _score(places: tuple[int, ...], top: int) -> RankingScore:
    """That of an answer whose labels have these places in the target, in the order of the answer."""
    hit = sum(hit_weights(top)[place] for place in places)
    k = len(places)
    if k < 2:
        return RankingScore(hit, 0.0)
    pairs = list(combinations(places, 2))
    tau = sum(1 if first < second else -1 for first, second in pairs) / len(pairs)
    return RankingScore(hit, (tau + 1) / 4 * k / top)


def ranking_columns(
    answers: Sequence[Sequence[str] | None], targets: Sequence[Sequence[str]], labels: Sequence[str]
) -> Mapping[str, Floats]:
    """The numbers of rows that ranking metrics are made of; a row without an answer has 0 points.

    Args:
        answers: Distinct labels, the strongest first; None where there is none; length n.
        targets: Likewise, two labels or more; length n.
        labels: All that can be named.

    Returns:
        hit, order and ranking_score, in [0, 1]; and for every label its place in the targets, from 1, and 0
        where it has none; each of shape (n,).
    """
    scores = [ranking_score(answer or (), target) for answer, target in zip(answers, targets, strict=True)]
    places = {
        PLACE + label: np.array(
            [target.index(label) + 1 if label in target else 0 for target in targets], float
        )
        for label in labels
    }
    return {
        "hit": np.array([each.hit for each in scores], float),
        "order": np.array([each.order for each in scores], float),
        "ranking_score": np.array([each.total for each in scores], float),
        **places,
    }


class _Constant(NamedTuple):
    labels: tuple[str, ...]
    score: Values
    is_exhaustive: bool


def _best_constant(totals: Totals) -> _Constant:
    """The ranking that scores best as the answer to every row; where rows were resampled, of all together."""
    if totals.weighted is None:
        raise ValueError("the best constant ranking takes the rows themselves")
    rows = totals.weighted
    labels = [name for name in rows.columns if name.startswith(PLACE)]
    places = np.stack([rows.columns[name] for name in labels], axis=-1).astype(np.intp) if labels else None
    if places is None or not places.size or not places.max():
        return _Constant((), np.full(rows.weights.shape[:-1], np.nan), True)
    targets, which = np.unique(places, axis=0, return_inverse=True)
    top = int(places.max())
    counts = _counted(rows, which.reshape(-1), len(targets))
    shares = share(counts, counts.sum(axis=-1, keepdims=True))
    of_all = counts.reshape(-1, len(targets)).sum(axis=0)

    def score(ranking: Sequence[int]) -> Floats:
        return np.array([_score(_found(target[list(ranking)]), top).total for target in targets])

    is_exhaustive = perm(len(labels), top) <= MOST_TRIED
    best: tuple[int, ...] = ()
    if is_exhaustive:
        best = max(permutations(range(len(labels)), top), key=lambda ranking: float(of_all @ score(ranking)))
    else:
        while len(best) < top:
            further = [(*best, label) for label in range(len(labels)) if label not in best]
            best = max(further, key=lambda ranking: float(of_all @ score(ranking)))
    names = tuple(labels[each].removeprefix(PLACE) for each in best)
    return _Constant(names, np.asarray(shares @ score(best)), is_exhaustive)


def _found(places: NDArray[np.intp]) -> tuple[int, ...]:
    return tuple(int(place) - 1 for place in places if place)


def _counted(rows: WeightedRows, which: NDArray[np.intp], kinds: int) -> Floats:
    """How often each kind of target was drawn; shape (..., kinds)."""
    counted: Floats = rows.weights @ np.equal.outer(which, np.arange(kinds)).astype(np.float64)
    return counted


def _constant_value(totals: Totals) -> Values:
    return totals.once(_best_constant).score


def _constant_details(totals: Totals) -> Mapping[str, Any]:
    best = totals.once(_best_constant)
    search = "every ranking" if best.is_exhaustive else "greedy: a better one may exist"
    return {"answer": list(best.labels), "search": search}


RANKING_SCORE = Metric(
    key="ranking_score",
    heading="Ranking",
    description="EEmo-Bench's score of rankings, by rank: hits and their order; 0 without an answer.",
    value=lambda totals: totals.mean("ranking_score"),
    interval="percentile",
    basis="sums",
    over="all",
    change=Change(aspect="answer"),
    shown="always",
    board="main",
)
HIT = Metric(
    key="hit",
    heading="Hit",
    description="The part of the ranking score for naming the target's labels, at most a half.",
    value=lambda totals: totals.mean("hit"),
    interval="percentile",
    basis="sums",
    over="all",
    range=(0.0, 0.5),
    change=Change(aspect="answer"),
    shown="wide",
    board="column",
)
ORDER = Metric(
    key="order",
    heading="Order",
    description="The part of the ranking score for the order of the labels that are named, at most a half.",
    value=lambda totals: totals.mean("order"),
    interval="percentile",
    basis="sums",
    over="all",
    range=(0.0, 0.5),
    change=Change(aspect="answer"),
    shown="wide",
    board="column",
)
BEST_CONSTANT = Metric(
    key="best_constant",
    heading="Constant",
    description="The ranking score of the best single answer to all rows, which looks at no image.",
    value=_constant_value,
    basis="rows",
    over="all",
    better=None,
    interval="none",
    why_no_interval="it is of the targets, whatever is answered",
    change=untested("it is of the targets, whatever is answered"),
    shown="always",
    details=_constant_details,
)
