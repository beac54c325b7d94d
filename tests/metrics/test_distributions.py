"""Shares against shares, and confidences against shares: values of SciPy, and small cases by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from vecbench.metrics import distributions
from vecbench.metrics.catalogue import DISTRIBUTION_METRICS
from vecbench.metrics.distributions import FLOOR, distribution_columns, expected_hit, kl
from vecbench.metrics.totals import Totals

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "distribution" / "expected.json").read_text())[
    "rows"
]
KEYS = {
    "expected_hit": "expected_hit",
    "soft_brier": "brier_soft",
    "js": "js_divergence_base2",
    "chebyshev": "chebyshev",
    "cosine": "cosine_similarity",
    "intersection": "intersection",
    "kl": "kl",
    "clark": "clark",
    "canberra": "canberra",
}
BY_KEY = {metric.key: metric for metric in DISTRIBUTION_METRICS}
NAN = np.nan


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: row["name"])
@pytest.mark.parametrize("key", KEYS)
def test_measures_equal_their_golden_values(row, key):
    value = getattr(distributions, key)(row["target"], row["prediction"])
    assert float(value) == pytest.approx(float(row["values"][KEYS[key]]), abs=1e-9)


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: row["name"])
def test_kl_with_its_floor_is_that_of_published_code(row):
    value = kl(row["target"], row["prediction"], FLOOR)
    assert float(value) == pytest.approx(row["values"]["kl_ldl_1e-14"], abs=1e-9)


def of_rows(targets, answers, states_shares=None, confidence=None):
    """Key → value of rows, as they are scored."""
    n = len(targets)
    columns = distribution_columns(
        np.array(targets, float),
        np.array(answers, float),
        np.array(states_shares or [0] * n, float),
        np.array(confidence or [NAN] * n, float),
    )
    totals = Totals.of_columns(columns)
    return {key: float(metric.value(totals)) for key, metric in BY_KEY.items() if metric.basis == "sums"}


TARGETS = [[0.6, 0.4, 0.0], [0.5, 0.5, 0.0], [0.2, 0.2, 0.6]]


def test_the_columns_of_stated_shares_have_the_means_of_the_measures():
    targets, answers = ([row[side] for row in GOLDEN] for side in ("target", "prediction"))
    width = max(map(len, targets))
    padded = [[each + [0.0] * (width - len(each)) for each in rows] for rows in (targets, answers)]
    found = of_rows(*padded, states_shares=[1] * len(GOLDEN))
    for key, golden in (KEYS | {"kl": "kl_ldl_1e-14"}).items():
        assert found[key] == pytest.approx(np.mean([row["values"][golden] for row in GOLDEN]), abs=1e-9)


def test_the_expected_hit_is_below_its_ceiling_and_counts_no_answer_as_0():
    found = of_rows(TARGETS, [[1, 0, 0], [0, 1, 0], [0, 0, 0]])
    assert found["expected_hit"] == pytest.approx((0.6 + 0.5) / 3)
    assert found["expected_hit_ceiling"] == pytest.approx((0.6 + 0.5 + 0.6) / 3)
    assert found["rater_agreement"] == pytest.approx((0.52 + 0.5 + 0.44) / 3)


def test_what_no_one_has_voted_on_has_no_ceiling():
    found = of_rows([*TARGETS, [0, 0, 0]], [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]])
    assert found["expected_hit"] == pytest.approx((0.6 + 0.5) / 4)
    assert found["expected_hit_ceiling"] == pytest.approx((0.6 + 0.5 + 0.6) / 3)
    assert found["rater_agreement"] == pytest.approx((0.52 + 0.5 + 0.44) / 3)


def test_of_shares_that_are_tied_the_expected_hit_is_their_mean():
    assert expected_hit([0.6, 0.4, 0.0], [0.4, 0.4, 0.2]) == pytest.approx(0.5)


def test_confidences_are_held_against_the_share_and_not_against_right_and_wrong():
    found = of_rows(TARGETS, [[1, 0, 0], [0, 1, 0], [1, 0, 0]], confidence=[0.6, 0.7, NAN])
    assert found["share_brier"] == pytest.approx((0 + 0.2**2) / 2)
    assert found["share_gap"] == pytest.approx(0.1)
    assert found["share_ece"] == pytest.approx(0.1)


def test_gaps_of_either_sign_cancel_within_a_bin_of_the_ece_alone():
    answers = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]  # with shares of 0.6, 0.5 and 0.6
    found = of_rows(TARGETS, answers, confidence=[0.52, 0.58, 0.7])
    assert found["share_ece"] == pytest.approx((abs(-0.08 + 0.08) + 0.1) / 3)
    assert found["share_brier"] == pytest.approx((0.08**2 + 0.08**2 + 0.1**2) / 3)
    apart = of_rows(TARGETS, answers, confidence=[0.3, 0.6, 1.0])  # 0.3 and 0.6 begin bins, 1 ends the last
    assert apart["share_ece"] == pytest.approx((0.3 + 0.1 + 0.4) / 3)


def test_labels_have_no_divergence_and_shares_are_averaged_over_those_that_state_some():
    found = of_rows(TARGETS[:2], [[1, 0, 0], [0.5, 0.5, 0]], states_shares=[0, 1])
    assert found["js"] == 0
    assert found["intersection"] == 1
    assert np.isnan(of_rows(TARGETS[:1], [[1, 0, 0]])["js"])


def test_terms_that_only_the_floor_keeps_finite_are_counted():
    columns = distribution_columns(
        np.array(TARGETS),
        np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0, 0, 0]]),
        np.array([1.0, 1, 0]),
        np.full(3, NAN),
    )
    assert BY_KEY["kl"].details(Totals.of_columns(columns)) == {"n_shares": 2, "floor": 1e-14, "infinite": 1}


def test_targets_with_a_tie_for_their_largest_share_are_counted():
    columns = distribution_columns(np.array(TARGETS), np.eye(3), np.zeros(3), np.full(3, NAN))
    assert BY_KEY["expected_hit_ceiling"].details(Totals.of_columns(columns)) == {"tied_targets": 1}
