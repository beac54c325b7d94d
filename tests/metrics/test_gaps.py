import numpy as np
import pytest

from vecbench.metrics import Cells, ece
from vecbench.metrics.calibration import ECE, bin_of
from vecbench.metrics.gaps import NOISE_ALLOWED, Gaps, excess, gap_effect, paired_excess, signs_held
from vecbench.metrics.observations import Observations
from vecbench.metrics.totals import Totals

TENTHS = (np.arange(10) + 0.5) / 10


def ten(cells):
    return bin_of(cells.confidence, 10)


def drawn(truth, n, stream):
    """Rows that state the middles of ten bins, equally often."""
    total = stream.multinomial(n, np.full(10, 0.1))
    right = stream.binomial(total, truth)
    there = total > 0
    return Cells(TENTHS[there], right[there].astype(float), (total - right)[there].astype(float))


def one_off(by):
    truth = TENTHS.copy()
    truth[5] -= by
    return truth


@pytest.mark.parametrize(
    "truth",
    [TENTHS, one_off(0.2), one_off(0.1), np.clip(TENTHS - 0.05, 0, 1), TENTHS + 0.05 * (-1) ** np.arange(10)],
    ids=["calibrated", "one bin 20 points off", "one bin 10 points off", "all 5 points off", "± 5 points"],
)
@pytest.mark.parametrize("n", [100, 1000])
def test_intervals_hold_whatever_the_arrangement_of_gaps(truth, n):
    """Of 400 data sets: 93 % less three standard errors; a reflected interval holds 61 % of some."""
    stream = np.random.default_rng(n)
    true = np.abs(TENTHS - truth).mean()
    held = 0
    for _ in range(400):
        cells = drawn(truth, n, stream)
        low, high = Gaps.of(cells, ten(cells)).interval()
        held += low <= true + 1e-12 and true <= high + 1e-12
    assert held / 400 > 0.93 - 3 * np.sqrt(0.93 * 0.07 / 400)


def test_an_interval_is_no_longer_than_it_has_to_be():
    """All gaps known: that of a normal mean, within a tenth."""
    cells = Cells(np.array([0.9]), np.array([4000.0]), np.array([4000.0]))
    low, high = Gaps.of(cells, ten(cells)).interval()
    margin = 1.96 * 0.5 / np.sqrt(8000)
    assert (low, high) == pytest.approx((0.4 - margin, 0.4 + margin), abs=0.1 * margin)


@pytest.mark.parametrize("n", [15, 100])
def test_rows_that_are_all_alike_have_an_interval_within_what_is_possible(n):
    cells = Cells(np.array([0.95]), np.array([float(n)]), np.array([0.0]))
    low, high = Gaps.of(cells, ten(cells)).interval()
    assert low < 0.05 <= high
    assert high == pytest.approx(0.05) if n == 100 else high <= 0.95  # of 15, some may have been lucky


def test_the_interval_holds_the_estimate_and_shrinks_with_n():
    stream = np.random.default_rng(1)
    widths = []
    for n in (50, 500, 5000):
        cells = drawn(one_off(0.2), n, stream)
        gaps = Gaps.of(cells, ten(cells))
        assert gaps.error == pytest.approx(float(ece.of_cells(cells)))
        low, high = gaps.interval()
        assert 0 <= low <= gaps.error <= high <= 1
        widths.append(high - low)
    assert widths[0] > 2 * widths[1] > 4 * widths[2]
    assert np.diff(gaps.interval(0.99)) > np.diff(gaps.interval(0.95))


def test_the_same_rows_again_say_no_more_than_once():
    cells = drawn(one_off(0.2), 60, np.random.default_rng(3))
    thrice = Cells(cells.confidence, 3 * cells.right, 3 * cells.wrong)
    once, again = Gaps.of(cells, ten(cells)), Gaps.of(thrice, ten(thrice), effect=3.0)
    assert again.interval() == pytest.approx(once.interval())
    assert again.most_noise == pytest.approx(once.most_noise)
    assert excess(ten)(cells) == pytest.approx(NOISE_ALLOWED * once.most_noise)


def test_rows_that_depend_on_each_other_have_a_longer_interval():
    cells = Cells(np.array([0.65, 0.95]), np.array([200.0, 100.0]), np.array([200.0, 300.0]))
    alone, together = (np.diff(Gaps.of(cells, ten(cells), effect).interval())[0] for effect in (1.0, 2.0))
    assert together == pytest.approx(alone * np.sqrt(2), rel=0.15)


def test_the_mean_of_tasks_has_the_mean_error_and_less_noise_than_each():
    stream = np.random.default_rng(3)
    each = [Gaps.of(cells, ten(cells)) for cells in (drawn(one_off(0.3), 400, stream) for _ in range(4))]
    mean = Gaps.mean(each)
    assert mean.error == pytest.approx(np.mean([gaps.error for gaps in each]))
    shorter = np.diff(mean.interval())[0] / np.mean([np.diff(gaps.interval()) for gaps in each])
    assert 0.4 < shorter < 0.8
    assert Gaps.mean([each[0]]).interval() == pytest.approx(each[0].interval())


def test_held_signs_give_the_error_itself_and_replicates_around_it():
    stream = np.random.default_rng(4)
    cells = drawn(TENTHS, 1000, stream)
    one = Totals(Cells(cells.confidence, cells.right[None], cells.wrong[None]))
    value = signs_held(ten)(one)
    assert value(one)[0] == pytest.approx(float(ece.of_cells(cells)))
    rows = np.concatenate([cells.right, cells.wrong]) / cells.n
    counts = stream.multinomial(cells.n, rows, 4000).astype(float)
    many = Totals(Cells(cells.confidence, counts[:, :10], counts[:, 10:]))
    replicates = value(many)
    assert replicates.mean() == pytest.approx(float(ece.of_cells(cells)), abs=4 * replicates.std() / 63)
    assert ece.of_cells(many.cells).mean() > replicates.mean() + replicates.std() / 3


def test_noise_is_allowed_for_where_gaps_may_be_0_and_not_where_they_are_known():
    calibrated, far = drawn(TENTHS, 1000, np.random.default_rng(5)), Cells(*np.array([[0.9], [400], [600.0]]))
    of_noise = excess(ten)
    assert 0.015 < of_noise(calibrated) < 0.04
    assert of_noise(far) == 0
    nothing = Cells.of_rows([], [])
    assert of_noise(nothing) == 0


def test_between_equal_sides_no_noise_is_allowed_for():
    stream = np.random.default_rng(6)
    one, other = drawn(TENTHS, 1000, stream), drawn(TENTHS, 1000, stream)
    assert paired_excess(ten, (one, one), 0.0) == (0, 0)
    assert min(paired_excess(ten, (one, other), 0.01)) > 0.01


def test_answers_to_one_image_that_are_alike_have_an_effect_and_others_have_none():
    confidence = np.repeat([0.6, 0.8], 100)
    right = np.tile(np.repeat([True, False], 50), 2)
    alike = Observations(np.tile(np.arange(100), 2), right, confidence, np.ones(200, dtype=bool))
    assert gap_effect(alike, ten) > 1.5
    apart = Observations(np.arange(200), right, confidence, np.ones(200, dtype=bool))
    assert gap_effect(apart, ten) == 1


def test_ece_is_declared_with_all_of_it():
    assert ECE.interval == "gaps"
    assert ECE.change.bias == "gaps"
    assert ECE.held is not None
    assert ECE.excess is not None
