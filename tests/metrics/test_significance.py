import itertools

import numpy as np
import pytest
from scipy.stats import binomtest

from vecbench.metrics.significance import (
    PValues,
    agreeing,
    binomial_p,
    bootstrap_p,
    difference_interval,
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


@pytest.mark.parametrize("bias", ["none", "steady", "fading", "gaps"])
@pytest.mark.parametrize("count", [200, 999, 1000])
def test_the_p_value_and_the_interval_say_the_same(bias, count):
    stream = np.random.default_rng(0)
    noise = (0.3, 0.1) if bias == "gaps" else (0.0, 0.0)
    rejected = 0
    for estimate in np.r_[stream.normal(0, 2, 300), np.linspace(1.1, 2.2, 200), -np.linspace(1.1, 2.2, 200)]:
        replicates = estimate + 0.3 + stream.gamma(2, 0.7, count) - 1.4
        low, high = difference_interval(estimate, replicates, bias, noise=noise)
        p = bootstrap_p(estimate, replicates, bias, noise).two_sided
        assert (p < 0.05) == (not low <= 0 <= high)
        rejected += p < 0.05
    assert 40 < rejected < 650


def test_noise_in_one_value_speaks_against_its_being_higher():
    """What chance may have added to the first value makes a fall less sure, and a rise no less."""
    replicates = np.random.default_rng(0).normal(-1.0, 0.4, 999)
    plain, noisy = (bootstrap_p(-1.0, replicates, "gaps", noise) for noise in ((0, 0), (0.5, 0)))
    assert noisy.fall > 5 * plain.fall
    assert noisy.rise == plain.rise
    low, high = difference_interval(-1.0, replicates, "gaps")
    assert difference_interval(-1.0, replicates, "gaps", noise=(0.5, 0)) == pytest.approx((low, high + 0.5))
    assert difference_interval(-1.0, replicates, "gaps", noise=(0, 0.5)) == pytest.approx((low - 0.5, high))


def test_an_interval_of_another_origin_is_made_to_agree_with_the_test():
    assert agreeing((0.01, 0.3), PValues(0.99, 0.04), 0.01) == (0.0, 0.3)
    assert agreeing((-0.3, -0.01), PValues(0.04, 0.99), 0.01) == (-0.3, 0.0)
    assert agreeing((-0.01, 0.3), PValues(0.99, 0.01), 0.01) == (0.005, 0.3)
    assert agreeing((-0.3, 0.01), PValues(0.01, 0.99), 0.01) == (-0.3, -0.005)
    assert agreeing((0.02, 0.3), PValues(0.99, 0.01), 0.01) == (0.02, 0.3)


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
