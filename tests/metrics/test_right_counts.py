import numpy as np
import pytest
from scipy.stats import binom

from vecbench.metrics import Cells
from vecbench.metrics.right_counts import MOST_TERMS, RightCounts


def rows(confidence):
    return Cells.of_rows(confidence, np.zeros(len(confidence)))


def chance_of(found, number):
    place = number - found.lowest
    return found.chance[place] if 0 <= place < found.chance.size else 0.0


@pytest.mark.parametrize(("n", "confidence"), [(1, 0.5), (20, 0.3), (400, 0.95), (100_000, 0.999)])
def test_of_one_confidence_it_is_the_binomial_distribution(n, confidence):
    found = RightCounts.of_cells(rows([confidence] * n))
    numbers = np.arange(found.lowest, found.lowest + found.chance.size)
    assert found.chance == pytest.approx(binom.pmf(numbers, n, confidence), abs=1e-12)
    for share in (0.025, 0.5, 0.975):
        assert found.quantile(share) == binom.ppf(share, n, confidence)


def test_of_several_it_is_that_of_their_sum():
    confidence = np.random.default_rng(0).random(60)
    expected = np.array([1.0])
    for each in confidence:
        expected = np.convolve(expected, [1 - each, each])
    found = RightCounts.of_cells(rows(confidence))
    assert [chance_of(found, number) for number in range(61)] == pytest.approx(expected, abs=1e-13)


def test_what_is_certain_has_no_spread():
    found = RightCounts.of_cells(rows([0.0] * 5 + [1.0] * 7))
    assert chance_of(found, 7) == pytest.approx(1)
    assert found.quantile(0.025) == found.quantile(0.975) == 7


def test_very_many_confidences_have_the_mean_and_the_spread_of_their_sum():
    confidence = 0.9 + np.random.default_rng(1).random(50 * MOST_TERMS) / 10
    found = RightCounts.of_cells(rows(confidence))
    numbers = found.lowest + np.arange(found.chance.size)
    mean = found.chance @ numbers
    assert mean == pytest.approx(confidence.sum(), abs=1e-6)
    variance = (confidence * (1 - confidence)).sum()
    assert found.chance @ (numbers - mean) ** 2 == pytest.approx(variance, rel=1e-5)
    assert found.chance.size < 2000


def test_draws_follow_the_distribution():
    found = RightCounts.of_cells(rows([0.2, 0.5, 0.9]))
    drawn = found.draw(20_000, np.random.default_rng(2))
    for number in range(4):
        assert np.mean(drawn == number) == pytest.approx(chance_of(found, number), abs=0.015)
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.03
