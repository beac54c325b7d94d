import numpy as np
import pytest

from vecbench.metrics import ece
from vecbench.metrics.recalibration import FOLDS, METHODS, cross_fitted, fold_of


def overconfident(n=3000, seed=0):
    stream = np.random.default_rng(seed)
    confidence = stream.choice([0.6, 0.7, 0.8, 0.9, 0.95, 1.0], n)
    return confidence, stream.random(n) < confidence - 0.25, [f"image {number}" for number in range(n)]


@pytest.mark.parametrize("method", METHODS)
def test_a_map_removes_most_of_a_monotone_error(method):
    confidence, correct, images = overconfident()
    after = cross_fitted(confidence, correct, images, method)
    assert ((after >= 0) & (after <= 1)).all()
    assert ece(after, correct) < 0.5 * ece(confidence, correct)


@pytest.mark.parametrize("method", METHODS)
def test_the_map_of_a_fold_never_saw_it(method):
    confidence, correct, images = overconfident(400)
    after = cross_fitted(confidence, correct, images, method)
    inside = np.array([fold_of(image) for image in images]) == 2
    changed = correct.copy()
    changed[inside] = ~changed[inside]
    assert cross_fitted(confidence, changed, images, method)[inside] == pytest.approx(after[inside])


def test_one_image_lies_in_one_fold():
    confidence, correct, _ = overconfident(100)
    after = cross_fitted(confidence, correct, ["the same"] * 100, "isotonic")
    assert np.array_equal(after, confidence)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_fitted_where_all_are_right(method):
    confidence = np.array([0.5, 0.9, 1.0])
    assert np.array_equal(cross_fitted(confidence, np.ones(3, bool), ["a", "b", "c"], method), confidence)


def test_noise_gains_nothing():
    """A map fitted to the rows that it is judged on would seem to help; cross-fitted it does not."""
    stream = np.random.default_rng(1)
    confidence = stream.random(300)
    correct = stream.random(300) < confidence
    after = cross_fitted(confidence, correct, [str(number) for number in range(300)], "isotonic")
    assert np.mean((after - correct) ** 2) > np.mean((confidence - correct) ** 2)


def test_folds_are_filled_evenly():
    counts = np.bincount([fold_of(f"image {number}") for number in range(5000)], minlength=FOLDS)
    assert counts.min() > 900
