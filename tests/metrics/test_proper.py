import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from vecbench.metrics import (
    Cells,
    brier,
    brier_reliability,
    brier_resolution,
    brier_uncertainty,
    mce,
    mce_bin,
    nll,
    nll_infinite_terms,
    share_at_one,
)

ROWS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@given(ROWS)
def test_the_parts_of_the_brier_score_add_up(rows):
    confidence, correct = zip(*rows, strict=True)
    parts = [part(confidence, correct) for part in (brier_reliability, brier_resolution, brier_uncertainty)]
    assert parts[0] - parts[1] + parts[2] == pytest.approx(brier(confidence, correct), abs=1e-12)


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=1, max_size=60))
def test_nll_equals_scikit_learns_inside_the_clip(rows):
    confidence, correct = zip(*rows, strict=True)
    assert nll(confidence, correct) == pytest.approx(log_loss(correct, confidence, labels=[False, True]))


def test_infinite_terms_are_counted():
    cells = Cells.of_rows([1.0, 1.0, 0.0, 0.5], [0, 1, 1, 0])
    assert nll_infinite_terms(cells) == 2


def test_the_share_at_one_counts_exactly_one():
    assert share_at_one([1.0, 0.999999, 1.0, 0.0], [1, 1, 0, 0]) == 0.5
    assert np.isnan(share_at_one([], []))


def test_the_largest_gap_names_its_bin():
    confidence, correct = [0.05] * 9 + [0.95], [0] * 9 + [0]
    assert mce(confidence, correct) == pytest.approx(0.95)
    assert mce_bin(Cells.of_rows(confidence, correct)) == (0.9, 1.0, 1)
