import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecbench.metrics import augrc, aurc, e_aurc
from vecbench.metrics.discrimination import TABLE_SIZE, _harmonic

ROWS = st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=6)


def expected_over_orders(rows, risk):
    """The mean of a selective risk over every order that descends in confidence."""
    orders = [order for order in permutations(rows) if list(order) == sorted(order, key=lambda row: -row[0])]
    return np.mean([risk([not correct for _, correct in order]) for order in orders])


@given(ROWS)
def test_ties_stand_in_random_order(rows):
    confidence, correct = zip(*rows, strict=True)
    n = len(rows)
    running = np.cumsum
    assert aurc(confidence, correct) == pytest.approx(
        expected_over_orders(rows, lambda errors: np.mean(running(errors) / np.arange(1, n + 1)))
    )
    assert augrc(confidence, correct) == pytest.approx(
        expected_over_orders(rows, lambda errors: np.mean(running(errors) / n))
    )


def test_a_perfect_ranking_has_no_excess():
    assert e_aurc([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0]) == pytest.approx(0)


def test_one_confidence_for_all_costs_the_error_rate():
    assert aurc([0.5] * 10, [1] * 7 + [0] * 3) == pytest.approx(0.3)


@pytest.mark.parametrize("n", [0, 1, 10, TABLE_SIZE - 1, TABLE_SIZE, TABLE_SIZE + 5, 10**6])
def test_harmonic_numbers(n):
    assert _harmonic(np.array([float(n), 10.0**7]))[0] == pytest.approx(
        math.fsum(1 / each for each in range(1, n + 1)), rel=1e-14
    )
