import numpy as np
import pytest

from vecbench.metrics import Cells, brier
from vecbench.metrics.joint import BRIER_SKILL, JOINT_SCORE, brier_skill, joint_score
from vecbench.metrics.totals import Totals


def totals(confidence, correct, missing_right=0, missing_wrong=0):
    missing = np.asarray(float(missing_right)), np.asarray(float(missing_wrong))
    return Totals(Cells.of_rows(confidence, correct), *missing)


@pytest.mark.parametrize(
    ("confidence", "right", "score"),
    [(1.0, True, 1), (1.0, False, -1), (0.0, True, 0), (0.0, False, 0), (0.7, True, 0.91)],
)
def test_a_row_scores_its_correctness_less_its_squared_error(confidence, right, score):
    assert joint_score(totals([confidence], [right])) == pytest.approx(score)


def test_a_missing_confidence_counts_at_its_worst_case():
    assert joint_score(totals([], [], missing_right=1)) == 0
    assert joint_score(totals([], [], missing_wrong=1)) == -1
    assert joint_score(totals([1.0, 1.0], [1, 1], 1, 1)) == pytest.approx(1 / 4)
    assert np.isnan(joint_score(totals([], [])))


@pytest.mark.parametrize("chance", [0.1, 0.45, 0.8])
def test_the_most_probable_answer_at_its_probability_is_best(chance):
    """Whatever is answered and stated, the expectation is largest for the honest pair."""
    stated = np.linspace(0, 1, 101)

    def expected(probability):
        return probability * (1 - (1 - stated) ** 2) - (1 - probability) * stated**2

    best = max(chance, 1 - chance)
    assert stated[np.argmax(expected(best))] == pytest.approx(best)
    assert expected(best).max() > expected(1 - best).max()
    assert expected(best).max() == pytest.approx(best**2)
    assert expected(best).max() > 0  # abstaining


def test_it_is_declared_over_all_rows_and_where_it_is_seen():
    assert (JOINT_SCORE.over, JOINT_SCORE.better, JOINT_SCORE.range) == ("all", "higher", (-1, 1))
    assert (JOINT_SCORE.shown, JOINT_SCORE.board) == ("always", "headline")


def test_skill_is_0_for_a_constant_confidence_at_the_accuracy_and_1_for_a_perfect_one():
    right = [True] * 3 + [False] * 7
    assert BRIER_SKILL.value(totals([0.3] * 10, right)) == pytest.approx(0)
    assert BRIER_SKILL.value(totals(np.array(right, float), right)) == 1
    assert BRIER_SKILL.value(totals([0.9] * 10, right)) == pytest.approx(1 - brier([0.9] * 10, right) / 0.21)
    assert np.isnan(brier_skill(Cells.of_rows([0.5], [True])))
