import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, pearsonr, spearmanr

from vecbench.metrics.regression import (
    BIAS,
    CCC,
    KENDALL,
    MAE,
    PEARSON,
    RMSE,
    SPEARMAN,
    bias,
    ccc,
    kendall,
    mae,
    pearson,
    rating_columns,
    rmse,
    spearman,
)
from vecbench.metrics.totals import Totals, WeightedRows

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "regression" / "expected.json").read_text())[
    "rows"
]
KEYS = {"plcc": pearson, "srcc": spearman, "krcc_b": kendall, "ccc": ccc, "mae": mae, "rmse": rmse}
METRICS = (MAE, RMSE, BIAS, PEARSON, SPEARMAN, KENDALL, CCC)
RATING = st.integers(1, 9)
PAIRS = st.lists(st.tuples(RATING, RATING), min_size=2, max_size=30)


@pytest.mark.parametrize("row", GOLDEN)
@pytest.mark.parametrize("key", KEYS)
def test_metrics_equal_their_golden_values(row, key):
    value, golden = KEYS[key](row["target"], row["prediction"]), row["values"][key]
    if golden is None:
        assert math.isnan(value)
    else:
        assert value == pytest.approx(golden, abs=1e-9)


@given(PAIRS)
def test_correlations_equal_scipys_with_ties(pairs):
    target, answer = np.array(pairs, float).T
    if np.ptp(target) == 0 or np.ptp(answer) == 0:
        assert all(math.isnan(metric(target, answer)) for metric in (pearson, spearman, kendall, ccc))
        return
    assert pearson(target, answer) == pytest.approx(pearsonr(target, answer).statistic, abs=1e-9)
    assert spearman(target, answer) == pytest.approx(spearmanr(target, answer).statistic, abs=1e-9)
    assert kendall(target, answer) == pytest.approx(kendalltau(target, answer).statistic, abs=1e-9)


def drawn(pairs, weights):
    target, answer = np.array(pairs, float).T
    columns = rating_columns(target, answer)
    sums = {name: weights @ column for name, column in columns.items()} | {"rows": weights.sum(axis=-1)}
    return Totals(sums=sums, weighted=WeightedRows(columns, weights))


@given(PAIRS, st.randoms())
def test_replicates_have_the_values_of_the_rows_that_were_drawn(pairs, random):
    weights = np.array([[random.randrange(4) for _ in pairs] for _ in range(3)], float)
    values = {metric.key: metric.value(drawn(pairs, weights)) for metric in METRICS}
    for place, drawn_once in enumerate(weights.astype(int)):
        target, answer = np.repeat(np.array(pairs, float), drawn_once, axis=0).T
        for metric, function in zip(METRICS, (mae, rmse, bias, pearson, spearman, kendall, ccc), strict=True):
            assert values[metric.key].shape == (3,)
            expected = function(target, answer) if target.size else math.nan
            assert values[metric.key][place] == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_rows_without_an_answer_do_not_count():
    target, answer = [1, 2, 3, 4, 9], [2, 2, 5, 4, math.nan]
    for function in (mae, rmse, bias, pearson, spearman, kendall, ccc):
        assert function(target, answer) == pytest.approx(function(target[:4], answer[:4]), abs=1e-12)


def test_errors_have_their_sign_and_direction():
    assert bias([1, 2], [3, 2]) == 1
    assert bias([3, 2], [1, 2]) == -1
    assert mae([1, 2], [3, 2]) == 1
    assert rmse([1, 2], [3, 2]) == pytest.approx(math.sqrt(2))
    assert [metric.better for metric in METRICS] == ["lower", "lower", None, *["higher"] * 4]


def test_agreement_is_less_than_correlation_where_the_scale_is_shifted():
    target, answer = [1, 2, 3], [3, 4, 5]
    assert pearson(target, answer) == pytest.approx(1)
    assert ccc(target, answer) == pytest.approx(2 * (2 / 3) / (2 / 3 + 2 / 3 + 4))


@pytest.mark.parametrize("constant", [0.0, 5.0, 0.1, 1e6 / 3])
def test_correlations_with_a_constant_are_undefined(constant):
    target = np.linspace(1, 9, 7)
    for function in (pearson, spearman, kendall, ccc):
        assert math.isnan(function(target, np.full(7, constant)))
        assert math.isnan(function(np.full(7, constant), target))


def test_without_rows_nothing_is_defined():
    for function in (mae, rmse, bias, pearson, spearman, kendall, ccc):
        assert math.isnan(function([], []))
        assert math.isnan(function([1.0], [math.nan]))


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        mae([1, 2], [1])
    with pytest.raises(ValueError, match="one length"):
        pearson([[1, 2]], [[1, 2]])


def test_rank_correlations_need_the_rows():
    with pytest.raises(ValueError, match="the rows themselves"):
        SPEARMAN.value(Totals())
