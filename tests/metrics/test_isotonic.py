import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from vecbench.metrics import Cells, brier, brier_uncertainty
from vecbench.metrics.isotonic import discrimination, miscalibration


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
