import numpy as np
import pytest

from vecbench.metrics.observations import Observations
from vecbench.metrics.options import CHANCE, LETTER_BIAS
from vecbench.metrics.totals import Totals


def observed(targets, answers, chance):
    n = len(targets)
    return Observations(
        image=np.arange(n),
        right=np.equal(targets, answers),
        confidence=np.full(n, np.nan),
        answered=np.array(answers) >= 0,
        classes=("A", "B", "C"),
        target=np.array(targets),
        answer=np.array(answers),
        columns={"chance": np.array(chance)},
    )


def test_chance_is_the_mean_over_rows_of_one_over_their_options():
    totals = Totals.of(observed([0, 1, 2, 0], [0, 0, 0, -1], [1 / 2, 1 / 2, 1 / 3, 1 / 4]))
    assert CHANCE.value(totals) == pytest.approx((1 / 2 + 1 / 2 + 1 / 3 + 1 / 4) / 4)


def test_the_bias_of_letters_is_how_far_their_shares_are_from_those_of_the_targets():
    always_a = Totals.of(observed([0, 1, 2, 0], [0, 0, 0, -1], [1 / 3] * 4))
    assert LETTER_BIAS.value(always_a) == pytest.approx(0.5)
    assert LETTER_BIAS.details(always_a) == {"answered": [3, 0, 0], "right": [2, 1, 1]}
    shuffled = Totals.of(observed([0, 1, 2], [1, 2, 0], [1 / 3] * 3))
    assert LETTER_BIAS.value(shuffled) == 0


def test_it_is_undefined_without_an_answer():
    assert np.isnan(LETTER_BIAS.value(Totals.of(observed([0, 1], [-1, -1], [0.5, 0.5]))))
    with pytest.raises(ValueError, match="counted by letter"):
        LETTER_BIAS.value(Totals())
