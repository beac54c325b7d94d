import pytest

from vecbench.metrics import mean_interval, wilson_interval


def with_interval(successes, n):
    return (successes / n, *wilson_interval(successes, n))


def test_one_proportion_keeps_its_interval():
    assert mean_interval([with_interval(3, 20)]) == pytest.approx(wilson_interval(3, 20))


def test_a_difference_of_two_proportions_has_newcombes_interval():
    """Newcombe (1998), table II, method 10: 56/70 − 48/80 lies in [0.0524, 0.3339]."""
    low, high = mean_interval([with_interval(56, 70), with_interval(80 - 48, 80)])
    assert (2 * low - 1, 2 * high - 1) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_perfect_proportions_are_still_uncertain():
    low, high = mean_interval([with_interval(20, 20), with_interval(30, 30)])
    assert 0.9 < low < 0.95
    assert high == 1


def test_there_is_no_mean_of_nothing():
    with pytest.raises(ValueError, match="no proportions"):
        mean_interval([])
