import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from vecbench.metrics import Cells, brier, brier_uncertainty
from vecbench.metrics.isotonic import consistency_band, discrimination, miscalibration, recalibrated


def drawn(n=800, seed=0):
    stream = np.random.default_rng(seed)
    confidence = stream.random(n)
    return confidence, stream.random(n) < confidence**2


def test_the_parts_add_up_to_the_brier_score():
    confidence, right = drawn()
    cells = Cells.of_rows(confidence, right)
    parts = miscalibration(cells) - discrimination(cells) + brier_uncertainty(confidence, right)
    assert parts == pytest.approx(brier(confidence, right))


def test_miscalibration_is_what_isotonic_regression_takes_off():
    confidence, right = drawn(seed=1)
    mapped = IsotonicRegression().fit_transform(confidence, right.astype(float))
    expected = brier(confidence, right) - np.mean((mapped - right) ** 2)
    assert miscalibration(Cells.of_rows(confidence, right)) == pytest.approx(expected)


def test_of_many_values_it_tells_a_calibrated_model_from_one_that_is_not():
    """The reliability by distinct value is the whole Brier score for both."""
    stream = np.random.default_rng(2)
    confidence = stream.random(1000)
    calibrated, off = (
        miscalibration(Cells.of_rows(confidence, stream.random(1000) < chance))
        for chance in (confidence, confidence**3)
    )
    assert calibrated < 0.02
    assert off > 0.05


def test_without_rows_there_is_none():
    assert np.isnan(miscalibration(Cells.of_rows([], [])))
    assert np.isnan(discrimination(Cells.of_rows([], [])))


def test_the_map_is_that_of_isotonic_regression():
    confidence, right = drawn(seed=3)
    cells = Cells.of_rows(np.round(confidence, 2), right)
    rows = IsotonicRegression().fit(np.round(confidence, 2), right.astype(float))
    assert recalibrated(cells) == pytest.approx(rows.predict(cells.confidence))


def test_adjacent_violators_are_pooled_by_their_rows():
    """By hand: 0.4 has 1 of 1, 0.6 has 1 of 3, together 2 of 4; Brier = MCB − DSC + UNC."""
    cells = Cells.of_rows([0.2, 0.2, 0.4, 0.6, 0.6, 0.6, 0.9], [0, 0, 1, 1, 0, 0, 1])
    assert recalibrated(cells).tolist() == pytest.approx([0, 0.5, 0.5, 1])
    assert brier.of_cells(cells) == pytest.approx(1.33 / 7)
    assert miscalibration(cells) == pytest.approx((1.33 - 1) / 7)
    assert discrimination(cells) == pytest.approx(12 / 49 - 1 / 7)


def test_the_band_holds_the_maps_of_calibrated_models_as_often_as_it_says():
    inside = []
    for seed in range(60):
        stream = np.random.default_rng(seed)
        confidence = stream.choice([0.2, 0.4, 0.6, 0.8], 300)
        cells = Cells.of_rows(confidence, stream.random(300) < confidence)
        low, high = consistency_band(cells, replicates=300)
        mapped = recalibrated(cells)
        inside += [(low <= mapped) & (mapped <= high)]
    assert 0.92 <= np.mean(inside) <= 0.98


def test_the_band_is_where_a_calibrated_map_lies_and_narrows_with_the_rows():
    few, many = (
        Cells(np.array([0.3, 0.7]), np.array([3.0, 7]) * n, np.array([7.0, 3]) * n) for n in (2, 200)
    )
    for cells in (few, many):
        low, high = consistency_band(cells)
        assert (low < cells.confidence).all()
        assert (cells.confidence < high).all()
    low, high = consistency_band(many)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.21 / 2000), rel=0.1)


def test_where_there_is_no_chance_the_band_has_no_width():
    low, high = consistency_band(Cells.of_rows([0.0, 1.0, 1.0], [False, True, False]))
    assert low.tolist() == high.tolist() == [0, 1]
