import json
from pathlib import Path

import numpy as np
import pytest

from vecbench.metrics.levels import level_rating

GOLDEN = Path(__file__).parents[1] / "golden" / "eemo_assessment" / "expected.json"
CASES = json.loads(GOLDEN.read_text())["token_route"]


def test_it_is_the_published_route():
    assert CASES
    wanted = [each["value"] for each in CASES]
    assert level_rating([each["logits"] for each in CASES]) == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_log_probabilities_are_logits_and_a_word_may_be_impossible():
    probabilities = [each["probabilities"] for each in CASES]
    with np.errstate(divide="ignore"):
        logarithms = np.log(probabilities)
    assert level_rating(logarithms) == pytest.approx([each["value"] for each in CASES], abs=1e-12)
    assert level_rating([0.0, -np.inf, 0.0]) == 0.5
    assert level_rating([1000.0, 0.0, -1000.0]) == 1.0


@pytest.mark.parametrize("logits", [1.0, [1.0, 2.0], [[1.0, 2.0, 3.0, 4.0]], [np.nan, 0, 0], [np.inf, 0, 0]])
def test_what_is_no_three_logits_is_refused(logits):
    with pytest.raises(ValueError, match="logit"):
        level_rating(logits)
    with pytest.raises(ValueError, match="all three"):
        level_rating([-np.inf] * 3)
