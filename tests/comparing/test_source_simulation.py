"""Intervals of what sources differ in hold the truth of a population where it is known."""

import numpy as np
import pytest

from vecbench.comparing.observed_pairs import ObservedPairs
from vecbench.comparing.source_differences import SourceRows
from vecbench.metrics import Cells
from vecbench.metrics.catalogue import JUDGED_METRICS
from vecbench.metrics.observations import Observations
from vecbench.metrics.totals import Totals
from vecbench.scoring.side_by_side import compared

RIGHT = np.array([0.2, 0.4, 0.6, 0.8, 0.95])
SOURCES = {"honest": RIGHT, "sure": np.array([0.95, 0.85, 0.9, 0.99, 1.0])}
METRICS = compared(JUDGED_METRICS)


def truth(metric):
    """Of as many rows that chance has no part in it."""
    first, second = (
        float(metric.value(Totals(Cells(np.sort(said), *(part[np.argsort(said)] for part in counts)))))
        for said in SOURCES.values()
        for counts in [(1e7 * RIGHT, 1e7 * (1 - RIGHT))]
    )
    return second - first


def drawn(seed, n=250):
    stream = np.random.default_rng(seed)
    kind = stream.integers(0, 5, n)
    right = stream.random(n) < RIGHT[kind]
    sides = tuple(Observations(np.arange(n), right, said[kind], right | True) for said in SOURCES.values())
    tasks = {"all": ObservedPairs(sides, (frozenset(), frozenset()))}
    return SourceRows(list(SOURCES), tasks, {"all": ["all"]}, {"all": METRICS})


@pytest.fixture(scope="module")
def differences():
    """Of a hundred data sets: key → changes."""
    every = [drawn(seed).differences(300, seed)[0]["all"] for seed in range(100)]
    return {metric.key: [each[place].change for each in every] for place, metric in enumerate(METRICS)}


@pytest.mark.parametrize("metric", METRICS, ids=lambda each: each.key)
def test_intervals_hold_the_true_difference(differences, metric):
    true = truth(metric)
    changes = differences[metric.key]
    assert abs(true) > 0.02
    assert all(change.low is not None for change in changes)
    assert np.mean([change.low <= true <= change.high for change in changes]) >= 0.9
    # An interval that held everything would say nothing.
    assert np.mean([change.low <= 0 <= change.high for change in changes]) < 0.5
