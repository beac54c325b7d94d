import numpy as np
import pytest

from vecbench.metrics import Cells, brier, confidence_gap, ece
from vecbench.metrics.calibration import bin_of
from vecbench.metrics.condensed import BINS, MOST_DISTINCT, condensed, is_condensed


def simulated(n, shape):
    stream = np.random.default_rng(n)
    confidence = {
        "evenly": stream.random(n),
        "nearly certain": 1 - 10 ** -(stream.random(n) * 8),
        "in one bin": 0.3 + stream.random(n) / 15,
    }[shape]
    return Cells.of_rows(confidence, stream.random(n) < confidence)


def test_what_two_decimals_can_tell_apart_is_left_as_it_is():
    cells = Cells.of_rows(np.arange(101) / 100, np.arange(101) % 2)
    assert condensed(cells) is cells
    assert not is_condensed(cells)


@pytest.mark.parametrize("n", [MOST_DISTINCT + 1, 50_000])
@pytest.mark.parametrize("shape", ["evenly", "nearly certain", "in one bin"])
def test_the_groups_are_few_and_keep_every_sum_over_a_bin(n, shape):
    cells = simulated(n, shape)
    few = condensed(cells)
    assert is_condensed(cells)
    assert 50 < few.confidence.size <= MOST_DISTINCT
    assert (np.diff(few.confidence) > 0).all()
    assert (few.n, few.right.sum()) == (cells.n, cells.right.sum())
    assert confidence_gap.of_cells(few) == pytest.approx(float(confidence_gap.of_cells(cells)), abs=1e-12)
    assert brier.of_cells(few) == pytest.approx(float(brier.of_cells(cells)), abs=1e-3)
    for bins in BINS:
        assert ece.of_cells(few, bins) == pytest.approx(float(ece.of_cells(cells, bins)), abs=1e-12)


def test_the_most_confident_rows_stay_apart():
    cells = simulated(2000, "evenly")
    few = condensed(cells)
    assert few.total[-1] <= 2
    assert few.total.max() < 2000 / 20


def test_rounding_moves_no_group_into_another_bin():
    """Equal shares of 0.3 and its successor have a mean that rounds below 0.3, if it is not held there."""
    edge = [0.3, np.nextafter(0.3, 1)]
    cells = Cells.of_rows(edge * 3, [0, 1, 1, 0, 1, 0]).merged(np.zeros(2, dtype=int))
    assert edge[0] <= cells.confidence[0] <= edge[1]
    assert bin_of(cells.confidence, 10).tolist() == [3]
