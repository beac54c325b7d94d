import numpy as np
import pytest

from vecbench.metrics import Cells, f1_macro, f1_weighted
from vecbench.metrics.observations import Observations
from vecbench.metrics.paired import FEW_A_PATTERN, PairedRows, observed_totals, paired_bootstrap

ACCURACY = {"accuracy": lambda totals: totals.accuracy}
CANDIDATES = np.full((2, 1), 3)
LABELS = ("a", "b", "c")


def simulated(n, distinct, seed=0):
    """Two models' rows."""
    stream = np.random.default_rng(seed)
    target = stream.integers(-1, 3, n)
    sides = []
    for _ in range(2):
        confidence = stream.choice(np.linspace(0.2, 1, distinct), n)
        confidence[stream.random(n) < 0.1] = np.nan
        label = np.where(stream.random(n) < 0.7, target, stream.integers(-1, 3, n))
        right = (label == target) & (target >= 0)
        sides.append(Observations(np.arange(n), right, confidence, label >= 0, LABELS, target, label))
    return tuple(sides)


def unlabelled(confidence, right):
    rows = np.asarray(right)
    return Observations(np.arange(rows.size), rows, np.asarray(confidence), rows)


def paired(n, distinct, seed=0, **options):
    return PairedRows.of_rows(simulated(n, distinct, seed), **options)


@pytest.fixture(params=[2, 400], ids=["few patterns", "many patterns"])
def distinct(request):
    """As many distinct confidences as make either way of drawing the faster one, of 6,000 samples."""
    by_pattern = paired(6000, request.param).samples.size * FEW_A_PATTERN < 6000
    assert by_pattern == (request.param == 2)
    return request.param


def test_each_side_keeps_its_rows(distinct):
    sides = simulated(6000, distinct)
    totals = observed_totals({"rows": PairedRows.of_rows(sides)}, {}, CANDIDATES)
    for place, side in enumerate(sides):
        stated = ~np.isnan(side.confidence)
        cells = Cells.of_rows(side.confidence[stated], side.right[stated])
        mine = totals.cells
        assert mine.right[place, 0, 0].tolist() == cells.right.tolist()
        assert mine.wrong[place, 0, 0].tolist() == cells.wrong.tolist()
        assert int(totals.missing_right[place, 0, 0]) == (~stated & side.right).sum()
        assert int(totals.missing_wrong[place, 0, 0]) == (~stated & ~side.right).sum()


def test_the_label_counts_give_the_f1_of_the_rows(distinct):
    sides = simulated(6000, distinct)
    totals = observed_totals({"rows": PairedRows.of_rows(sides)}, {}, CANDIDATES)
    names = [*LABELS, None]  # −1 is the last one
    for place, side in enumerate(sides):
        rows = [names[each] for each in side.target], [names[each] for each in side.answer], LABELS
        f1, support = totals.classes.f1[place, 0, 0], totals.classes.support[place, 0, 0]
        assert f1.mean() == pytest.approx(f1_macro(*rows))
        assert (f1 * support).sum() / support.sum() == pytest.approx(f1_weighted(*rows))


def test_both_sides_of_a_replicate_are_of_the_same_samples(distinct):
    sides = simulated(6000, distinct)
    rows = PairedRows.of_rows((sides[0], sides[0]))
    counts = {
        "right": lambda totals: totals.cells.right[..., 0],
        "stated": lambda totals: totals.cells.counts,
        "silent": lambda totals: totals.missing_right + totals.missing_wrong,
        "hits": lambda totals: totals.classes.hits[..., 0],
    }
    drawn = paired_bootstrap({"rows": rows}, {}, counts, CANDIDATES, 200)
    assert np.all(drawn["stated"] + drawn["silent"] == 6000)
    for key in ("right", "hits"):
        assert np.array_equal(*drawn[key])
        assert drawn[key].std() > 0


def test_confidences_and_labels_are_those_of_the_same_samples(distinct):
    """Right answers are hits, replicate by replicate, however either is counted."""
    counts = {
        "right": lambda totals: totals.cells.total_right + totals.missing_right,
        "hits": lambda totals: totals.classes.hits.sum(axis=-1),
    }
    drawn = paired_bootstrap({"rows": paired(6000, distinct)}, {}, counts, CANDIDATES, 100)
    assert np.array_equal(drawn["right"], drawn["hits"])


def test_the_replicates_spread_as_the_paired_difference_does(distinct):
    sides = simulated(6000, distinct)
    lost = np.sum(sides[0].right & ~sides[1].right)
    gained = np.sum(~sides[0].right & sides[1].right)
    drawn = paired_bootstrap({"rows": PairedRows.of_rows(sides)}, {}, ACCURACY, CANDIDATES, 4000)
    difference = drawn["accuracy"][1, 0] - drawn["accuracy"][0, 0]
    error = np.sqrt((lost + gained - (gained - lost) ** 2 / 6000) / 6000**2)
    assert difference.mean() == pytest.approx((gained - lost) / 6000, abs=4 * error / np.sqrt(4000))
    assert difference.std() == pytest.approx(error, rel=0.06)


def test_several_answers_to_a_sample_count_as_one_sample():
    """Answers that always agree with each other must not make a difference look better known."""
    sides = simulated(300, 4)
    thrice = tuple(side.taken(np.tile(np.arange(300), 3)) for side in sides)
    alone = PairedRows.of_rows(sides)
    repeated = PairedRows.of_rows(thrice, by_image=True)
    assert int(repeated.samples.sum()) == 300
    drawn = [
        paired_bootstrap({"rows": rows}, {}, ACCURACY, CANDIDATES, 4000)["accuracy"]
        for rows in (alone, repeated)
    ]
    spread = [np.std(each[1] - each[0]) for each in drawn]
    assert spread[1] == pytest.approx(spread[0], rel=0.06)


def test_a_pool_is_the_sum_of_its_strata():
    grid = np.linspace(0.2, 1, 4)
    strata = {name: paired(100, 4, seed, confidence=grid) for seed, name in enumerate("ab")}
    counts = ACCURACY | {"hits": lambda totals: totals.classes.hits[..., 0]}
    drawn = paired_bootstrap(strata, {"both": ["a", "b"]}, counts, np.full((2, 3), 3), 50)
    accuracy, hits = drawn["accuracy"], drawn["hits"]
    assert accuracy[:, 2] == pytest.approx((accuracy[:, 0] + accuracy[:, 1]) / 2)
    assert np.array_equal(hits[:, 2], hits[:, 0] + hits[:, 1])


def test_what_strata_share_is_drawn_once_for_all_of_them():
    """Two strata, alike but for 50 rows of one: the rest moves together, and both keep their rows."""
    grid = np.linspace(0.2, 1, 4)
    own = {"a": paired(50, 4, 0, confidence=grid), "b": paired(0, 4, 0, confidence=grid)}
    shared = paired(300, 4, 1, confidence=grid, by_image=True)
    counts = {
        "rows": lambda totals: totals.cells.counts / totals.coverage,
        "right": lambda totals: totals.cells.total_right + totals.missing_right,
    }
    drawn = paired_bootstrap(
        own, {"both": ["a", "b"]}, counts, np.full((2, 3), 3), 500, joint=[{"a": shared, "b": shared}]
    )
    assert drawn["rows"][:, 0] == pytest.approx(350)
    assert drawn["rows"][:, 1] == pytest.approx(300)
    a, b, both = np.moveaxis(drawn["right"], 1, 0)
    assert np.array_equal(both, a + b)
    assert np.corrcoef(a[0], b[0])[0, 1] == pytest.approx(np.sqrt(300 / 350), abs=0.05)
    alone = paired_bootstrap({"b": shared}, {}, counts, CANDIDATES, 500)["right"]
    assert b.std() == pytest.approx(alone.std(), rel=0.15)


@pytest.mark.parametrize(
    ("baseline", "candidate"),
    [(([0.5], [True]), ([0.5, 0.6], [True, True])), (([1.5], [True]), ([0.5], [True]))],
)
def test_rows_that_cannot_be_paired_are_refused(baseline, candidate):
    with pytest.raises(ValueError, match="must"):
        PairedRows.of_rows((unlabelled(*baseline), unlabelled(*candidate)))


def test_three_sides_are_drawn_together_and_each_keeps_its_rows():
    two = simulated(400, 5)
    sides = (*two, two[0])
    rows = PairedRows.of_rows(sides)
    counts = {"right": lambda totals: totals.cells.total_right + totals.missing_right}
    drawn = paired_bootstrap({"rows": rows}, {}, counts, np.full((3, 1), 3), 50)
    assert drawn["right"].shape == (3, 1, 50)
    assert np.array_equal(drawn["right"][0], drawn["right"][2])
    assert not np.array_equal(drawn["right"][0], drawn["right"][1])
    totals = observed_totals({"rows": rows}, {}, np.full((3, 1), 3))
    for place, side in enumerate(sides):
        hits = (side.target >= 0) & (side.target == side.answer)
        assert totals.classes.hits[place, 0, 0].sum() == hits.sum()
        assert totals.classes.predicted[place, 0, 0].sum() == (side.answer >= 0).sum()
        assert totals.classes.support[place, 0, 0].sum() == (side.target >= 0).sum()
