import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from vecbench.metrics import Cells
from vecbench.metrics.logistic import CALIBRATION_INTERCEPT, CALIBRATION_SLOPE
from vecbench.metrics.recalibration import logit
from vecbench.metrics.totals import Totals

VALUES = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.95])


def drawn(n, slope, intercept, seed=0):
    stream = np.random.default_rng(seed)
    confidence = stream.choice(VALUES, n)
    chance = 1 / (1 + np.exp(-(intercept + slope * logit(confidence))))
    return confidence, stream.random(n) < chance


def values(confidence, right):
    totals = Totals(Cells.of_rows(confidence, right))
    return float(CALIBRATION_INTERCEPT.value(totals)), float(CALIBRATION_SLOPE.value(totals))


def test_they_are_those_of_an_unpenalised_logistic_regression():
    confidence, right = drawn(700, 0.6, 0.3)
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(confidence)[:, None], right)
    assert values(confidence, right) == pytest.approx((model.intercept_[0], model.coef_[0, 0]), abs=1e-4)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.4, -0.2)])
def test_their_intervals_hold(slope, intercept):
    held = np.zeros(2)
    for seed in range(300):
        cells = Cells.of_rows(*drawn(400, slope, intercept, seed))
        metrics = ((CALIBRATION_INTERCEPT, intercept), (CALIBRATION_SLOPE, slope))
        for place, (metric, true) in enumerate(metrics):
            low, high = metric.ends(cells, 1.0, 0.95)
            held[place] += low <= true <= high
    assert held.min() / 300 > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.parametrize(
    ("confidence", "right"),
    [([], []), ([0.9] * 5, [1, 1, 0, 1, 1]), ([0.5, 0.6, 0.9], [1, 1, 1]), ([0.5, 0.6, 0.9], [0, 0, 1])],
    ids=["no rows", "one value", "all right", "separated"],
)
def test_a_regression_without_a_solution_has_no_slope(confidence, right):
    assert np.isnan(values(confidence, right)).all()
    assert CALIBRATION_SLOPE.ends(Cells.of_rows(confidence, right), 1.0, 0.95) is None
