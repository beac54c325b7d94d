import itertools

import numpy as np
import pytest
from scipy.stats import binomtest

from vecbench.metrics.bootstrap import reflected_interval
from vecbench.metrics.significance import (
    binomial_p,
    bootstrap_p,
    difference_interval,
    error_difference_interval,
    error_difference_p,
    holm,
    mcnemar_p,
    sign_flip_p,
)


@pytest.mark.parametrize(("lost", "gained"), [(0, 0), (5, 0), (3, 9), (40, 41), (900, 800)])
def test_mcnemar_is_the_binomial_test_of_the_changed_samples(lost, gained):
    p = mcnemar_p(lost, gained)
    if lost + gained:
        assert p.fall == pytest.approx(binomtest(lost, lost + gained, 0.5, "greater").pvalue)
        assert p.rise == pytest.approx(binomtest(gained, lost + gained, 0.5, "greater").pvalue)
        assert p.two_sided == pytest.approx(binomtest(lost, lost + gained, 0.5).pvalue)
    else:
        assert p.two_sided == 1


@pytest.mark.parametrize(
    "changes", [[], [0, 0], [1, -1, 1], [2], [-3, 1, 1, -2], [2, 2, -1, 3, 0, -1, -2, 2]]
)
def test_the_sign_flip_test_counts_every_choice_of_signs(changes):
    sums = [np.dot(signs, changes) for signs in itertools.product((-1, 1), repeat=len(changes))]
    p = sign_flip_p(changes)
    assert p.fall == pytest.approx(np.mean(np.array(sums) <= sum(changes)))
    assert p.rise == pytest.approx(np.mean(np.array(sums) >= sum(changes)))


@pytest.mark.parametrize(("right", "n", "share"), [(0, 10, 0.2), (10, 10, 0.9), (95, 100, 0.98)])
def test_a_share_is_tested_against_a_bound(right, n, share):
    p = binomial_p(right, n, share)
    assert p.fall == pytest.approx(binomtest(right, n, share, "less").pvalue)
    assert p.rise == pytest.approx(binomtest(right, n, share, "greater").pvalue)


@pytest.mark.parametrize("bias", ["none", "steady", "fading"])
def test_the_p_value_and_the_interval_say_the_same(bias):
    stream = np.random.default_rng(0)
    for estimate in stream.normal(0, 2, 200):
        replicates = estimate + 0.3 + stream.gamma(2, 0.7, 999) - 1.4
        low, high = difference_interval(estimate, replicates, bias)
        p = bootstrap_p(estimate, replicates, bias).two_sided
        if abs(p - 0.05) > 0.004:  # the quantile interpolates between replicates
            assert (p < 0.05) == (not low <= 0 <= high)


def test_of_a_biased_metric_the_less_favourable_interval_counts():
    replicates = np.random.default_rng(0).normal(1.5, 0.5, 999)
    assert difference_interval(1.0, replicates) == pytest.approx((0.5, 2.5), abs=0.1)
    assert difference_interval(1.0, replicates, "fading") == pytest.approx((-0.5, 2.5), abs=0.1)
    assert bootstrap_p(1.0, replicates).rise < 0.01
    assert bootstrap_p(1.0, replicates, "fading").rise == pytest.approx(0.16, abs=0.04)


def test_replicates_that_are_all_alike_show_no_change():
    p = bootstrap_p(0.0, np.zeros(100))
    assert (p.fall, p.rise, p.two_sided) == (1, 1, 1)


def test_too_many_undefined_replicates_leave_no_test():
    replicates = np.r_[np.full(10, np.nan), np.ones(90)]
    assert bootstrap_p(1.0, replicates) is None
    assert difference_interval(1.0, replicates) is None


def test_holm_multiplies_by_the_tests_that_are_left_and_keeps_the_order():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def errors_drawn(seed=0):
    """Replicates of two calibration errors."""
    return np.abs(np.random.default_rng(seed).normal([[0.03], [0.12]], 0.01, (2, 999)))


def test_errors_that_are_not_0_have_the_hull_for_an_interval():
    drawn = errors_drawn()
    hull = difference_interval(0.09, drawn[1] - drawn[0], "fading")
    assert error_difference_interval((0.03, 0.12), drawn) == pytest.approx(hull)
    assert error_difference_p((0.03, 0.12), drawn) == bootstrap_p(0.09, drawn[1] - drawn[0], "fading")


def test_an_error_that_may_be_0_widens_the_interval_to_the_other_ones_own():
    drawn = errors_drawn()
    own = reflected_interval(0.12, drawn[1], may_be_zero=False)
    low, high = error_difference_interval((0.03, 0.12), drawn, (0.4, 0.0))
    hull = difference_interval(0.09, drawn[1] - drawn[0], "fading")
    assert (low, high) == pytest.approx((hull[0], max(hull[1], own[1])))
    mirrored = error_difference_interval((0.12, 0.03), drawn[::-1], (0.0, 0.4))
    assert mirrored == pytest.approx((-high, -low))


@pytest.mark.parametrize("p", [0.001, 0.02, 0.03, 0.5])
def test_below_an_error_that_may_be_0_there_is_no_fall(p):
    """Whatever the replicates say: and the interval agrees."""
    drawn = errors_drawn()[::-1]
    tested = error_difference_p((0.12, 0.03), drawn, (p, 0.0))
    assert tested.fall == max(p, bootstrap_p(-0.09, drawn[1] - drawn[0], "fading").fall)
    high = error_difference_interval((0.12, 0.03), drawn, (p, 0.0))[1]
    assert (high < 0) == (tested.fall < 0.025)
