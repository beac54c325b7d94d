import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vecbench.metrics import confidence_gap, smece
from vecbench.metrics.smooth import _error_at


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_it_lies_between_the_gap_and_one(rows):
    confidence, correct = zip(*rows, strict=True)
    value = smece(confidence, correct)
    assert abs(confidence_gap(confidence, correct)) - 1e-9 <= value <= 1 + 1e-9


@pytest.mark.parametrize("width", [0.003, 0.02, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("distinct", [1, 3, 40])
def test_the_closed_form_equals_a_fine_quadrature(width, distinct):
    stream = np.random.default_rng(distinct)
    confidence = np.sort(stream.random(distinct))
    surplus = stream.normal(size=distinct) / distinct
    points = np.linspace(0, 1, 400_001)
    smoothed = np.zeros_like(points)
    for turn in range(-6, 7):
        for sign in (1, -1):
            for centre, weight in zip(2 * turn + sign * confidence, surplus, strict=True):
                smoothed += weight * np.exp(-(((points - centre) / width) ** 2) / 2)
    smoothed /= width * np.sqrt(2 * np.pi)
    assert _error_at(confidence, surplus, width) == pytest.approx(
        np.trapezoid(np.abs(smoothed), points), abs=1e-8
    )


@pytest.mark.parametrize("slope", [0.9, 1.0])
def test_looking_at_near_kernels_only_changes_nothing(slope, monkeypatch):
    stream = np.random.default_rng(0)
    confidence = stream.random(3000)
    correct = stream.random(3000) < slope * confidence
    near = smece(confidence, correct)
    monkeypatch.setattr("vecbench.metrics.smooth.FEW_CENTRES", 10**9)
    assert near == pytest.approx(smece(confidence, correct), rel=1e-9)


def test_a_grid_of_very_many_confidences_changes_less_than_a_ten_thousandth(monkeypatch):
    stream = np.random.default_rng(1)
    confidence = stream.random(20_000)
    correct = stream.random(20_000) < confidence
    on_a_grid = smece(confidence, correct)
    monkeypatch.setattr("vecbench.metrics.smooth.STEPS", 10**9)
    assert on_a_grid == pytest.approx(smece(confidence, correct), rel=1e-4)


def test_a_constant_error_is_itself():
    assert smece([0.9] * 10, [1] * 6 + [0] * 4) == pytest.approx(0.3)


def test_perfect_calibration_at_the_ends_is_zero():
    assert smece([0.0, 1.0], [0, 1]) == pytest.approx(0, abs=1e-9)
    assert np.isnan(smece([], []))
