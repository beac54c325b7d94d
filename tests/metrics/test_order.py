"""Metrics say whether they depend on the order of confidences alone, and on confidences at all."""

import numpy as np
import pytest

from vecbench.metrics import Cells
from vecbench.metrics.catalogue import CONFIDENCE_METRICS, JUDGED_METRICS
from vecbench.metrics.consistency import null_eces
from vecbench.metrics.observations import Observations
from vecbench.metrics.totals import Totals


def totals(confidence, right):
    rows = Observations(np.arange(right.size), right, confidence, np.ones(right.size, dtype=bool))
    return Totals.of(rows, null_eces(Cells.of_rows(confidence, right), (10, 0), 50, 0))


@pytest.fixture(scope="module")
def rows():
    stream = np.random.default_rng(0)
    confidence = stream.choice([0.2, 0.35, 0.5, 0.75, 0.9, 1.0], 400)
    return confidence, stream.random(400) < confidence**2


@pytest.mark.parametrize("metric", CONFIDENCE_METRICS, ids=lambda each: each.key)
def test_what_is_of_the_order_alone_does_not_change_with_the_scale(rows, metric):
    confidence, right = rows
    if metric.is_of_one_run:
        assert not metric.is_of_order
        return
    before, after = (float(metric.value(totals(said, right))) for said in (confidence, 0.98 * confidence**4))
    assert metric.is_of_order == (before == pytest.approx(after, abs=1e-12))


@pytest.mark.parametrize("metric", JUDGED_METRICS, ids=lambda each: each.key)
def test_what_is_of_outcomes_alone_does_not_change_with_the_confidences(rows, metric):
    confidence, right = rows
    values = [float(metric.value(totals(said, right))) for said in (confidence, 1 - confidence)]
    if not metric.is_of_confidences:
        assert values[0] == values[1]
    else:
        assert metric.key != "accuracy"
