import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss

from vecbench.metrics.multilabel import set_columns
from vecbench.metrics.scored_options import (
    BINS,
    CLASSWISE_ECE,
    OPTIONS_ACCURACY,
    OPTIONS_BRIER,
    OPTIONS_MAP,
    OPTIONS_NLL,
    SCORED,
    classwise_ece,
    option_columns,
    share_columns,
)
from vecbench.metrics.totals import Totals, WeightedRows

NAMES = ("joy", "fear", "awe")


def simulated(n=200, seed=0):
    stream = np.random.default_rng(seed)
    shares = stream.dirichlet([0.6, 1.0, 0.4], size=n)
    target = np.array([stream.choice(3, p=each) for each in shares])
    return shares, target


def totals_of(shares, target, scored=None):
    logarithms = np.log(shares)
    if scored is not None:
        logarithms[~scored] = np.nan
    return Totals.of_columns(option_columns(logarithms, NAMES, target))


def by_definition(shares, target, bins):
    """Kull et al. (2019), equation 3: mean over classes of Σ |B|/n · |share that is k − mean share of k|."""
    found = []
    for k in range(shares.shape[1]):
        place = np.minimum((shares[:, k] * bins).astype(int), bins - 1)
        gaps = [
            (place == b).mean() * abs((target[place == b] == k).mean() - shares[place == b, k].mean())
            for b in set(place)
        ]
        found.append(sum(gaps))
    return np.mean(found)


@pytest.mark.parametrize(("seed", "n"), [(0, 1), (1, 2), (2, 17), (3, 400)])
def test_they_are_what_their_definitions_say(seed, n):
    shares, target = simulated(n, seed)
    totals = totals_of(shares, target)
    assert float(OPTIONS_NLL.value(totals)) == pytest.approx(log_loss(target, shares, labels=[0, 1, 2]))
    brier = np.mean(((np.eye(3)[target] - shares) ** 2).sum(axis=1))
    assert float(OPTIONS_BRIER.value(totals)) == pytest.approx(brier)
    assert float(OPTIONS_ACCURACY.value(totals)) == pytest.approx((shares.argmax(axis=1) == target).mean())
    wanted = by_definition(shares, target, BINS)
    assert float(CLASSWISE_ECE.value(totals)) == pytest.approx(wanted)
    assert classwise_ece(shares, target) == pytest.approx(wanted)


def test_shares_that_are_frequencies_have_no_class_wise_error_and_turned_ones_have():
    shares, target = simulated(20_000)
    assert classwise_ece(shares, target) < 0.01
    assert classwise_ece(shares[:, ::-1], target) > 0.15


def test_each_class_is_told():
    shares = np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0]])
    with np.errstate(divide="ignore"):
        totals = totals_of(shares, np.array([0, 1]))
    by_label = CLASSWISE_ECE.details(totals)["by_label"]["classwise_ece"]
    assert by_label == pytest.approx({"joy": 0.4, "fear": 0.4, "awe": 0.0})
    assert CLASSWISE_ECE.details(totals)["rows_with_options"] == 2


def test_rows_whose_options_are_not_scored_count_in_none():
    shares, target = simulated(50)
    scored = np.arange(50) % 3 > 0
    some, all_of_them = totals_of(shares, target, scored), totals_of(shares[scored], target[scored])
    for metric in (OPTIONS_ACCURACY, OPTIONS_BRIER, OPTIONS_NLL, CLASSWISE_ECE):
        assert float(metric.value(some)) == pytest.approx(float(metric.value(all_of_them)))
    assert option_columns(np.full((4, 3), np.nan), NAMES, np.zeros(4, dtype=np.intp)) == {}


def test_tied_options_are_right_to_their_part_and_an_impossible_target_costs_a_bound():
    with np.errstate(divide="ignore"):
        totals = totals_of(np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]), np.array([1, 0]))
    assert float(OPTIONS_ACCURACY.value(totals)) == 0.25
    assert float(OPTIONS_NLL.value(totals)) == pytest.approx((np.log(2) + 9999) / 2)


def test_drawn_twice_counts_twice():
    shares, target = simulated(30)
    columns = totals_of(shares, target).weighted.columns
    weights = np.random.default_rng(1).integers(0, 3, size=(4, 30)).astype(float)
    found = CLASSWISE_ECE.value(Totals(weighted=WeightedRows(columns, weights)))
    for value, times in zip(found, weights.astype(int), strict=True):
        assert value == pytest.approx(classwise_ece(shares.repeat(times, 0), target.repeat(times)))


def test_the_mean_average_precision_is_scikit_learns():
    stream = np.random.default_rng(2)
    shares, target = stream.dirichlet([1, 1, 1], size=40).round(2), stream.random((40, 3)) < 0.4
    shares = np.maximum(shares, 0.001) / np.maximum(shares, 0.001).sum(axis=1, keepdims=True)
    scored = np.arange(40) != 7
    logarithms = np.where(scored[:, None], np.log(shares), np.nan)
    columns = set_columns(target, target, NAMES, np.full(40, 3.0)) | share_columns(logarithms, NAMES)
    totals = Totals.of_columns(columns)
    wanted = [
        average_precision_score(target[scored, k], columns[f"options: share of {name}"][scored])
        for k, name in enumerate(NAMES)
    ]
    assert float(OPTIONS_MAP.value(totals)) == pytest.approx(np.mean(wanted))
    by_label = OPTIONS_MAP.details(totals)["by_label"]["average_precision_of_options"]
    assert [*by_label.values()] == pytest.approx(wanted)


def test_all_need_the_column_that_says_which_rows_are_scored():
    for metric in (OPTIONS_ACCURACY, OPTIONS_BRIER, OPTIONS_NLL, CLASSWISE_ECE, OPTIONS_MAP):
        assert metric.needs == SCORED
