import numpy as np
import pytest

from vecbench.metrics import Cells
from vecbench.metrics.selective import COVERAGE_AT_90, coverage_at

VALUES = np.array([0.5, 0.7, 0.9, 1.0])


def cells(right, total):
    right, total = np.asarray(right, float), np.asarray(total, float)
    return Cells(VALUES, right, total - right)


def test_the_most_confident_rows_are_kept_while_they_are_right_often_enough():
    assert coverage_at(cells([5, 8, 9, 10], [10, 10, 10, 10])) == pytest.approx(3 / 4)  # 27 of 30
    assert coverage_at(cells([5, 7, 9, 10], [10, 10, 10, 10])) == pytest.approx(2 / 4)
    assert coverage_at(cells([10, 10, 10, 10], [10, 10, 10, 10])) == 1
    assert coverage_at(cells([0, 0, 0, 8], [10, 10, 10, 10])) == 0
    assert coverage_at(cells([5, 7, 9, 10], [10, 10, 10, 10]), 0.75) == 1
    assert np.isnan(coverage_at(Cells.of_rows([], [])))


def test_a_wrong_start_does_not_hide_rows_that_make_up_for_it():
    assert coverage_at(cells([10, 10, 100, 4], [10, 10, 100, 5])) == 1


@pytest.mark.parametrize("truth", [[0.5, 0.85, 0.95, 0.99], [0.6, 0.7, 0.8, 0.85], [0.95, 0.95, 0.95, 0.95]])
def test_its_interval_holds_whichever_threshold_chance_makes_look_good(truth):
    stream, share = np.random.default_rng(0), np.full(4, 0.25)
    right, rows = np.cumsum((share * truth)[::-1]), np.cumsum(share)
    true = rows[right >= 0.9 * rows - 1e-12].max(initial=0.0)
    held = 0
    for _ in range(300):
        total = stream.multinomial(400, share)
        low, high = COVERAGE_AT_90.ends(cells(stream.binomial(total, truth), total), 1.0, 0.95)
        held += low <= true <= high
    assert held / 300 > 0.93
