import numpy as np
import pytest

from vecbench.metrics import Cells, f1_macro, f1_weighted
from vecbench.metrics.paired import (
    FEW_A_PATTERN,
    Answers,
    PairedRows,
    observed_sets,
    paired_bootstrap,
)

ACCURACY = {"accuracy": lambda sets: sets.outcomes.accuracy}
LABELS = ("a", "b", "c")


def simulated(n, distinct, seed=0):
    """Targets, and two models' answers."""
    stream = np.random.default_rng(seed)
    target = stream.integers(-1, 3, n)
    sides = []
    for _ in range(2):
        confidence = stream.choice(np.linspace(0.2, 1, distinct), n)
        confidence[stream.random(n) < 0.1] = np.nan
        label = np.where(stream.random(n) < 0.7, target, stream.integers(-1, 3, n))
        sides.append(Answers(confidence, (label == target) & (target >= 0), label))
    return target, sides


def paired(n, distinct, seed=0, **options):
    target, sides = simulated(n, distinct, seed)
    return PairedRows.of_rows(*sides, target, **options)


@pytest.fixture(params=[2, 400], ids=["few patterns", "many patterns"])
def distinct(request):
    """As many distinct confidences as make either way of drawing the faster one, of 6,000 samples."""
    by_pattern = paired(6000, request.param).samples.size * FEW_A_PATTERN < 6000
    assert by_pattern == (request.param == 2)
    return request.param


def test_each_side_keeps_its_rows(distinct):
    target, sides = simulated(6000, distinct)
    sets = observed_sets({"rows": PairedRows.of_rows(*sides, target)}, {})
    for place, side in enumerate(sides):
        stated = ~np.isnan(side.confidence)
        cells = Cells.of_rows(side.confidence[stated], side.right[stated])
        mine = sets.outcomes.cells
        assert mine.right[place, 0, 0].tolist() == cells.right.tolist()
        assert mine.wrong[place, 0, 0].tolist() == cells.wrong.tolist()
        assert int(sets.outcomes.missing_right[place, 0, 0]) == (~stated & side.right).sum()
        assert int(sets.outcomes.missing_wrong[place, 0, 0]) == (~stated & ~side.right).sum()


def test_the_label_counts_give_the_f1_of_the_rows(distinct):
    target, sides = simulated(6000, distinct)
    sets = observed_sets({"rows": PairedRows.of_rows(*sides, target)}, {})
    names = [*LABELS, None]  # −1 is the last one
    for place, side in enumerate(sides):
        rows = [names[each] for each in target], [names[each] for each in side.label], LABELS
        f1, support = sets.labels.f1[place, 0, 0], sets.labels.support[place, 0, 0]
        assert f1.mean() == pytest.approx(f1_macro(*rows))
        assert (f1 * support).sum() / support.sum() == pytest.approx(f1_weighted(*rows))


def test_both_sides_of_a_replicate_are_of_the_same_samples(distinct):
    target, sides = simulated(6000, distinct)
    rows = PairedRows.of_rows(sides[0], sides[0], target)
    counts = {
        "right": lambda sets: sets.outcomes.cells.right[..., 0],
        "stated": lambda sets: sets.outcomes.cells.counts,
        "silent": lambda sets: sets.outcomes.missing_right + sets.outcomes.missing_wrong,
        "hits": lambda sets: sets.labels.hits[..., 0],
    }
    drawn = paired_bootstrap({"rows": rows}, {}, counts, 200)
    assert np.all(drawn["stated"] + drawn["silent"] == 6000)
    for key in ("right", "hits"):
        assert np.array_equal(*drawn[key])
        assert drawn[key].std() > 0


def test_confidences_and_labels_are_those_of_the_same_samples(distinct):
    """Right answers are hits, replicate by replicate, however either is counted."""
    counts = {
        "right": lambda sets: sets.outcomes.cells.total_right + sets.outcomes.missing_right,
        "hits": lambda sets: sets.labels.hits.sum(axis=-1),
    }
    drawn = paired_bootstrap({"rows": paired(6000, distinct)}, {}, counts, 100)
    assert np.array_equal(drawn["right"], drawn["hits"])


def test_the_replicates_spread_as_the_paired_difference_does(distinct):
    target, sides = simulated(6000, distinct)
    lost = np.sum(sides[0].right & ~sides[1].right)
    gained = np.sum(~sides[0].right & sides[1].right)
    drawn = paired_bootstrap({"rows": PairedRows.of_rows(*sides, target)}, {}, ACCURACY, 4000)
    difference = drawn["accuracy"][1, 0] - drawn["accuracy"][0, 0]
    error = np.sqrt((lost + gained - (gained - lost) ** 2 / 6000) / 6000**2)
    assert difference.mean() == pytest.approx((gained - lost) / 6000, abs=4 * error / np.sqrt(4000))
    assert difference.std() == pytest.approx(error, rel=0.06)


def test_several_answers_to_a_sample_count_as_one_sample():
    """Answers that always agree with each other must not make a difference look better known."""
    target, sides = simulated(300, 4)
    thrice = [Answers(*(np.tile(part, 3) for part in vars(side).values())) for side in sides]
    alone = PairedRows.of_rows(*sides, target)
    repeated = PairedRows.of_rows(*thrice, np.tile(target, 3), np.tile(np.arange(300), 3))
    assert int(repeated.samples.sum()) == 300
    drawn = [paired_bootstrap({"rows": rows}, {}, ACCURACY, 4000)["accuracy"] for rows in (alone, repeated)]
    spread = [np.std(each[1] - each[0]) for each in drawn]
    assert spread[1] == pytest.approx(spread[0], rel=0.06)


def test_a_pool_is_the_sum_of_its_strata():
    grid = np.linspace(0.2, 1, 4)
    strata = {name: paired(100, 4, seed, confidence=grid, labels=3) for seed, name in enumerate("ab")}
    counts = ACCURACY | {"hits": lambda sets: sets.labels.hits[..., 0]}
    drawn = paired_bootstrap(strata, {"both": ["a", "b"]}, counts, 50)
    accuracy, hits = drawn["accuracy"], drawn["hits"]
    assert accuracy[:, 2] == pytest.approx((accuracy[:, 0] + accuracy[:, 1]) / 2)
    assert np.array_equal(hits[:, 2], hits[:, 0] + hits[:, 1])


def test_what_strata_share_is_drawn_once_for_all_of_them():
    """Two strata, alike but for 50 rows of one: the rest moves together, and both keep their rows."""
    grid = np.linspace(0.2, 1, 4)
    own = {"a": paired(50, 4, 0, confidence=grid, labels=3), "b": paired(0, 4, 0, confidence=grid, labels=3)}
    shared = paired(300, 4, 1, confidence=grid, labels=3, samples=np.arange(300))
    counts = {
        "rows": lambda sets: sets.outcomes.cells.counts / sets.outcomes.coverage,
        "right": lambda sets: sets.outcomes.cells.total_right + sets.outcomes.missing_right,
    }
    drawn = paired_bootstrap(own, {"both": ["a", "b"]}, counts, 500, joint=[{"a": shared, "b": shared}])
    assert drawn["rows"][:, 0] == pytest.approx(350)
    assert drawn["rows"][:, 1] == pytest.approx(300)
    a, b, both = np.moveaxis(drawn["right"], 1, 0)
    assert np.array_equal(both, a + b)
    assert np.corrcoef(a[0], b[0])[0, 1] == pytest.approx(np.sqrt(300 / 350), abs=0.05)
    alone = paired_bootstrap({"b": shared}, {}, counts, 500)["right"]
    assert b.std() == pytest.approx(alone.std(), rel=0.15)


@pytest.mark.parametrize(
    ("baseline", "candidate"),
    [(([0.5], [True]), ([0.5, 0.6], [True, True])), (([1.5], [True]), ([0.5], [True]))],
)
def test_rows_that_cannot_be_paired_are_refused(baseline, candidate):
    with pytest.raises(ValueError, match="must"):
        PairedRows.of_rows(Answers.of_rows(*baseline), Answers.of_rows(*candidate))
