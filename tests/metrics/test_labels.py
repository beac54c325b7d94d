import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from vecbench.metrics import accuracy, f1_macro, f1_weighted, wilson_interval

CANDIDATES = ["anger", "fear", "joy"]
PAIRS = st.lists(
    st.tuples(st.sampled_from(CANDIDATES), st.sampled_from([*CANDIDATES, None])), min_size=1, max_size=40
)


@given(PAIRS)
def test_f1_equals_scikit_learns_over_the_candidates(pairs):
    targets = [target for target, _ in pairs]
    labels = [label for _, label in pairs]
    spelt = [label or "no label" for label in labels]
    for ours, average in ((f1_macro, "macro"), (f1_weighted, "weighted")):
        theirs = f1_score(targets, spelt, labels=CANDIDATES, average=average, zero_division=0)
        assert ours(targets, labels, CANDIDATES) == pytest.approx(theirs, abs=1e-12)


def test_a_row_without_a_label_is_a_miss_and_no_class():
    assert accuracy(["joy", "fear"], ["joy", None]) == 0.5
    assert f1_macro(["joy", "fear"], ["joy", None], ["joy", "fear"]) == 0.5


def test_a_row_without_a_target_costs_the_label_that_was_predicted():
    assert f1_weighted(["joy", None], ["joy", "joy"], ["joy", "fear"]) == pytest.approx(2 / 3)


def test_labels_outside_the_candidates_are_refused():
    with pytest.raises(ValueError, match="'awe' is not among the candidates"):
        f1_macro(["joy"], ["awe"], ["joy", "fear"])


def test_without_rows_nothing_is_defined():
    assert math.isnan(accuracy([], []))
    assert math.isnan(f1_macro([], [], ["joy"]))
    assert math.isnan(f1_weighted([], [], ["joy"]))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_interval_holds_the_share_and_stays_inside_zero_and_one(counts):
    successes, n = counts
    low, high = wilson_interval(successes, n)
    assert 0 <= low <= successes / n <= high <= 1


@pytest.mark.parametrize(
    ("successes", "n", "level"), [(-1, 5, 0.95), (6, 5, 0.95), (0, 0, 0.95), (1, 2, 1.0)]
)
def test_an_impossible_interval_is_refused(successes, n, level):
    with pytest.raises(ValueError, match="no interval"):
        wilson_interval(successes, n, level)
