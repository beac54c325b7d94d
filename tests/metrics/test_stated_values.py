import numpy as np
import pytest
from scipy.stats import chisquare

from vecbench.metrics import Cells, calibration_p, ece
from vecbench.metrics.consistency import BY_VALUE, CALIBRATION_P, null_eces
from vecbench.metrics.stated_values import RMSCE, VALUE_ECE, misfit, rms_calibration_error, value_ece
from vecbench.metrics.totals import Totals

VALUES = np.array([0.5, 0.7, 0.9, 0.95])


def cells(right, total, values=VALUES):
    right, total = np.asarray(right, float), np.asarray(total, float)
    return Cells(np.asarray(values, float), right, total - right)


def test_what_cancels_in_a_bin_does_not_cancel_by_value():
    """.9 always right beside .95 right 85 % of the time: one bin, whose gap is 0."""
    rows = cells([500, 425], [500, 500], [0.9, 0.95])
    assert ece.of_cells(rows) == pytest.approx(0)
    assert value_ece(rows) == pytest.approx(0.1)
    assert rms_calibration_error(rows) == pytest.approx(0.1, abs=0.001)
    assert calibration_p(np.repeat([0.9, 0.95], 500), np.r_[np.ones(925), np.zeros(75)]) < 0.001


def test_a_wrong_answer_at_1_is_a_contradiction_and_a_right_one_is_none():
    confidence = np.repeat([0.8, 1.0], [900, 100])
    right = np.r_[np.ones(720), np.zeros(180), np.zeros(1), np.ones(99)]
    assert calibration_p(confidence, right, replicates=999) == pytest.approx(1 / 1000)
    right[900] = 1
    assert calibration_p(confidence, right, replicates=999) > 0.5
    assert calibration_p([0.0] * 20, [0] * 19 + [1], replicates=999) == pytest.approx(1 / 1000)


def test_misfit_is_the_root_of_pearsons_chi_squared():
    rows = cells([40, 75, 85, 99], [100, 100, 100, 100])
    expected = sum(
        chisquare([right, 100 - right], [100 * value, 100 * (1 - value)]).statistic
        for right, value in zip(rows.right, VALUES, strict=True)
    )
    assert misfit(rows) ** 2 == pytest.approx(expected)


def test_the_test_keeps_its_level_by_value():
    stream = np.random.default_rng(0)
    confidence = stream.choice([0.3, 0.9, 0.95, 1.0], 150)
    rejected = sum(
        calibration_p(confidence, stream.random(150) < confidence, replicates=400) < 0.05 for _ in range(400)
    )
    assert 5 <= rejected <= 36


@pytest.mark.parametrize(("count", "by_value"), [(25, True), (26, False)])
def test_values_are_judged_one_by_one_up_to_25_of_them(count, by_value):
    values = np.linspace(0.2, 0.9, count)
    rows = cells(np.full(count, 10), np.full(count, 20), values)
    assert np.isnan(value_ece(rows)) != by_value
    null = null_eces(rows, (10, BY_VALUE), 50)
    assert (BY_VALUE in null) == by_value
    totals = Totals(rows, null=null)
    assert CALIBRATION_P.details(totals)["of"] == ("each stated confidence" if by_value else "ten bins")
    assert not np.isnan(rms_calibration_error(rows))


def test_the_squared_error_has_no_bias_from_few_rows():
    stream = np.random.default_rng(1)
    truth = VALUES - [0, 0.1, 0.2, 0.05]
    squares = []
    for _ in range(3000):
        total = np.full(4, 12)
        squares.append(RMSCE.details(Totals(cells(stream.binomial(total, truth), total)))["squared"])
    assert np.mean(squares) == pytest.approx(np.mean((VALUES - truth) ** 2), abs=4 * np.std(squares) / 55)


@pytest.mark.parametrize("off", [0.0, 0.03, 0.15])
def test_the_interval_of_the_rms_error_holds(off):
    stream = np.random.default_rng(2)
    truth = VALUES - off * np.array([1, 0, 1, 1])
    true = np.sqrt(np.mean((VALUES - truth) ** 2))
    held = 0
    for _ in range(300):
        total = stream.multinomial(400, np.full(4, 0.25))
        low, high = RMSCE.ends(cells(stream.binomial(total, truth), total), 1.0, 0.95)
        held += low <= true + 1e-9 and true <= high
    assert held / 300 > 0.93 - 3 * np.sqrt(0.93 * 0.07 / 300)


def test_bins_of_too_few_rows_have_no_interval():
    assert RMSCE.ends(cells([5, 5, 5, 5], [9, 9, 9, 9]), 1.0, 0.95) is None
    assert np.isnan(rms_calibration_error(cells([1, 0], [1, 1], [0.5, 0.9])))
    assert np.isnan(rms_calibration_error(Cells.of_rows([], [])))


def test_metrics_by_value_say_why_they_are_missing():
    assert "25" in VALUE_ECE.undefined
    assert "10 rows" in RMSCE.why_no_interval


@pytest.mark.parametrize("right", [[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.1, 0.9]])
def test_values_that_are_always_right_or_wrong_or_calibrated_to_the_row_have_ends(right):
    total = np.full(2, 50.0)
    cells = Cells(np.array([0.1, 0.9]), total * right, total * (1 - np.array(right)))
    low, high = RMSCE.ends(cells, 1.0, 0.95)
    assert 0 <= low <= float(RMSCE.value(Totals(cells))) <= high + 1e-12
