"""Several confidences made one: an order that is their mean rank, a chance that is fitted on other images."""

import numpy as np
import pytest

from vecbench.metrics import auroc, brier
from vecbench.metrics.combination import cross_fitted_logistic, mean_of_ranks


def test_ranks_are_averaged_over_sources_and_ties_share_theirs():
    confidences = np.array([[0.1, 0.9], [0.5, 0.9], [0.5, 0.2], [0.9, 0.1]])
    # Ranks 1, 2½, 2½, 4 and 3½, 3½, 2, 1, of four.
    assert mean_of_ranks(confidences).tolist() == [2.25 / 4, 3 / 4, 2.25 / 4, 2.5 / 4]


def test_a_mean_rank_lies_above_0_and_at_most_at_1_and_knows_no_scale():
    confidences = np.random.default_rng(0).random((50, 3))
    ranks = mean_of_ranks(confidences)
    assert 0 < ranks.min() <= ranks.max() <= 1
    assert mean_of_ranks(confidences**3).tolist() == ranks.tolist()


@pytest.fixture
def two_halves():
    """Rows that are right by two hidden causes, of which each source knows one."""
    stream = np.random.default_rng(1)
    causes = stream.normal(size=(4000, 2))
    right = stream.random(4000) < 1 / (1 + np.exp(-1.5 * causes.sum(axis=1)))
    return 1 / (1 + np.exp(-causes)), right, [f"image {row}" for row in range(4000)]


def test_sources_that_know_different_things_are_better_together(two_halves):
    confidences, right, images = two_halves
    both = cross_fitted_logistic(confidences, right, images)
    for source in confidences.T:
        assert auroc(both, right) > auroc(source, right) + 0.05
        assert brier(both, right) < brier(source, right)


def test_a_second_source_that_says_the_same_adds_nothing(two_halves):
    confidences, right, images = two_halves
    twice = np.stack([confidences[:, 0]] * 2, axis=1)
    both = cross_fitted_logistic(twice, right, images)
    assert auroc(both, right) == pytest.approx(auroc(confidences[:, 0], right), abs=0.005)


def test_no_row_is_fitted_on_its_own_image():
    """What says of each image whether it is right, and of others nothing, cannot help."""
    stream = np.random.default_rng(2)
    right = stream.random(400) < 0.5
    images = [f"image {row // 2}" for row in range(400)]
    noise = stream.random((400, 2))
    changed = right.copy()
    changed[images.index("image 7") : images.index("image 7") + 2] ^= True
    before, after = (cross_fitted_logistic(noise, each, images) for each in (right, changed))
    assert before[14:16].tolist() == after[14:16].tolist()
    assert before.tolist() != after.tolist()


def test_without_right_and_wrong_rows_in_other_folds_there_is_no_chance():
    confidences = np.full((10, 2), 0.5)
    found = cross_fitted_logistic(confidences, np.ones(10, dtype=bool), [str(row) for row in range(10)])
    assert np.isnan(found).all()


def test_perfectly_separated_rows_are_fitted_without_a_warning():
    right = np.arange(100) >= 50
    confidences = np.stack([np.where(right, 0.99, 0.01)] * 2, axis=1)
    found = cross_fitted_logistic(confidences, right, [str(row) for row in range(100)])
    assert found[right].min() > 0.95
    assert found[~right].max() < 0.05
