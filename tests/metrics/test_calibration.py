import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from vecbench.metrics import Cells, auroc, brier, confidence_gap, ece, ece_null
from vecbench.metrics.calibration import bin_of

ROWS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)
METRICS = (ece, brier, confidence_gap, auroc)


def unzipped(rows):
    return [confidence for confidence, _ in rows], [correct for _, correct in rows]


@pytest.mark.parametrize("bins", [5, 10, 15, 20, 100])
def test_an_edge_belongs_to_the_bin_that_it_opens(bins):
    edges = np.array([k / bins for k in range(bins)])
    assert bin_of(edges, bins).tolist() == list(range(bins))


def test_one_lies_in_the_last_bin():
    assert bin_of(np.array([1.0]), 10).tolist() == [9]


def test_a_confidence_of_one_counts_in_the_ece():
    assert ece([1.0] * 50, [1] * 30 + [0] * 20) == pytest.approx(0.4)


def test_three_tenths_is_not_binned_with_two_tenths():
    # With the edges of linspace both rows share a bin and their errors cancel.
    assert ece([0.3, 0.29], [1, 0]) == pytest.approx((0.7 + 0.29) / 2)


@given(ROWS, st.randoms())
def test_the_order_of_rows_makes_no_difference_to_the_last_bit(rows, random):
    shuffled = rows.copy()
    random.shuffle(shuffled)
    for metric in METRICS:
        first, second = metric(*unzipped(rows)), metric(*unzipped(shuffled))
        assert np.array_equal(first, second, equal_nan=True)


@given(ROWS)
def test_ece_lies_between_the_gap_and_one(rows):
    value = ece(*unzipped(rows))
    assert abs(confidence_gap(*unzipped(rows))) - 1e-12 <= value <= 1 + 1e-12


@given(ROWS)
def test_doubling_the_data_changes_nothing(rows):
    for metric in METRICS:
        assert metric(*unzipped(rows * 2)) == pytest.approx(metric(*unzipped(rows)), abs=1e-12, nan_ok=True)


@given(ROWS)
def test_brier_equals_scikit_learns(rows):
    confidence, correct = unzipped(rows)
    assert brier(confidence, correct) == pytest.approx(
        brier_score_loss(correct, confidence, pos_label=True), abs=1e-12
    )


@given(ROWS.filter(lambda rows: len({correct for _, correct in rows}) == 2))
def test_auroc_equals_scikit_learns_and_mirrors_when_correctness_does(rows):
    confidence, correct = unzipped(rows)
    value = auroc(confidence, correct)
    assert value == pytest.approx(roc_auc_score(correct, confidence), abs=1e-12)
    assert value + auroc(confidence, [not each for each in correct]) == pytest.approx(1)


def test_without_rows_every_metric_is_undefined():
    for metric in (*METRICS, ece_null):
        assert np.isnan(metric([], []))


def test_auroc_of_one_class_is_undefined():
    assert np.isnan(auroc([0.5, 0.9], [True, True]))


@pytest.mark.parametrize(
    ("confidence", "correct"),
    [([1.1], [1]), ([-0.1], [0]), ([float("nan")], [1]), ([0.5], [2]), ([0.5, 0.6], [1]), ([[0.5]], [[1]])],
)
def test_impossible_rows_are_refused(confidence, correct):
    with pytest.raises(ValueError, match="must"):
        ece(confidence, correct)


def test_at_least_one_bin_is_needed():
    with pytest.raises(ValueError, match="bin"):
        ece([0.5], [1], bins=0)


def test_the_null_is_what_calibrated_models_score_on_average():
    stream = np.random.default_rng(5)
    confidence = stream.choice([0.55, 0.65, 0.75, 0.85, 0.95], 200)
    scored = [ece(confidence, stream.random(200) < confidence) for _ in range(1000)]
    assert ece_null(confidence, np.zeros(200)) == pytest.approx(np.mean(scored), rel=0.03)


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_splitting_the_rows_and_pooling_them_again_changes_nothing(parts):
    pooled = Cells.pooled([Cells.of_rows(*unzipped(part)) for part in parts])
    whole = Cells.of_rows(*unzipped([row for part in parts for row in part]))
    for metric in METRICS:
        assert np.array_equal(metric.of_cells(pooled), metric.of_cells(whole), equal_nan=True)


def test_cells_add_up_to_the_rows():
    cells = Cells.of_rows([0.5, 0.7, 0.5], [True, False, False])
    assert cells.confidence.tolist() == [0.5, 0.7]
    assert cells.right.tolist() == [1, 0]
    assert cells.wrong.tolist() == [1, 1]
    assert cells.n == 3
