import numpy as np
import pytest

from vecbench.metrics import Cells
from vecbench.metrics.paired import FEW_A_PATTERN, PairedOutcomes, paired_bootstrap

ACCURACY = {"accuracy": lambda rows: rows.accuracy}


def simulated(n, distinct, seed=0):
    stream = np.random.default_rng(seed)
    sides = []
    for _ in range(2):
        confidence = stream.choice(np.linspace(0.2, 1, distinct), n)
        confidence[stream.random(n) < 0.1] = np.nan
        sides.append((confidence, stream.random(n) < 0.7))
    return sides


@pytest.fixture(params=[2, 400], ids=["few patterns", "many patterns"])
def sides(request):
    """As many distinct confidences as make either way of drawing the faster one."""
    both = simulated(600, request.param)
    few = PairedOutcomes.of_rows(*both).samples.size * FEW_A_PATTERN < 600
    assert few == (request.param == 2)
    return both


def test_each_side_keeps_its_rows(sides):
    for (confidence, right), outcomes in zip(sides, PairedOutcomes.of_rows(*sides).outcomes(), strict=True):
        stated = ~np.isnan(confidence)
        cells = Cells.of_rows(confidence[stated], right[stated])
        for mine, theirs in ((outcomes.cells.right, cells.right), (outcomes.cells.wrong, cells.wrong)):
            assert mine[mine > 0].tolist() == theirs[theirs > 0].tolist()
        assert int(outcomes.missing_right) == (~stated & right).sum()
        assert int(outcomes.missing_wrong) == (~stated & ~right).sum()


def test_both_sides_of_a_replicate_are_of_the_same_samples(sides):
    pairs = PairedOutcomes.of_rows(sides[0], sides[0])
    first, second = pairs.resample(200, np.random.default_rng(0))
    assert np.array_equal(first.cells.right, second.cells.right)
    assert first.cells.right.std() > 0
    assert np.all(first.cells.counts + first.missing_right + first.missing_wrong == 600)


def test_the_replicates_spread_as_the_paired_difference_does(sides):
    lost = np.sum(sides[0][1] & ~sides[1][1])
    gained = np.sum(~sides[0][1] & sides[1][1])
    drawn = paired_bootstrap({"rows": PairedOutcomes.of_rows(*sides)}, {}, ACCURACY, 4000)
    difference = drawn[1]["rows"]["accuracy"] - drawn[0]["rows"]["accuracy"]
    assert difference.mean() == pytest.approx((gained - lost) / 600, abs=0.002)
    error = np.sqrt((lost + gained - (gained - lost) ** 2 / 600) / 600**2)
    assert difference.std() == pytest.approx(error, rel=0.06)


def test_several_answers_to_a_sample_count_as_one_sample():
    """Answers that always agree with each other must not make a difference look better known."""
    first, second = simulated(300, 4)
    numbers = np.arange(300)
    twice = [tuple(np.tile(part, 3) for part in side) for side in (first, second)]
    alone = paired_bootstrap({"rows": PairedOutcomes.of_rows(first, second)}, {}, ACCURACY, 4000)
    repeated = PairedOutcomes.of_rows(*twice, np.tile(numbers, 3))
    together = paired_bootstrap({"rows": repeated}, {}, ACCURACY, 4000)
    spread = [
        np.std(drawn[1]["rows"]["accuracy"] - drawn[0]["rows"]["accuracy"]) for drawn in (alone, together)
    ]
    assert spread[1] == pytest.approx(spread[0], rel=0.06)


def test_a_pool_is_the_sum_of_its_strata():
    strata = {name: PairedOutcomes.of_rows(*simulated(100, 4, seed)) for seed, name in enumerate("ab")}
    for side in paired_bootstrap(strata, {"both": ["a", "b"]}, ACCURACY, 50):
        mean = (side["a"]["accuracy"] + side["b"]["accuracy"]) / 2
        assert side["both"]["accuracy"] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("baseline", "candidate"),
    [(([0.5], [True]), ([0.5, 0.6], [True, True])), (([1.5], [True]), ([0.5], [True]))],
)
def test_rows_that_cannot_be_paired_are_refused(baseline, candidate):
    with pytest.raises(ValueError, match="must"):
        PairedOutcomes.of_rows(baseline, candidate)
