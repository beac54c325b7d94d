import numpy as np
import pytest

from vecbench.metrics import Cells, aurc, auroc, brier, calibration_p, ece, redraw
from vecbench.metrics.bootstrap import (
    BLOCK,
    bootstrap,
    of_strata,
    percentile_interval,
    rows_drawn,
)
from vecbench.metrics.condensed import MOST_DISTINCT
from vecbench.metrics.consistency import MOST_DRAWN, null_eces
from vecbench.metrics.totals import Totals

STATISTICS = {
    "ece": lambda rows: ece.of_cells(rows.cells),
    "brier": lambda rows: brier.of_cells(rows.cells),
    "auroc": lambda rows: auroc.of_cells(rows.cells),
    "aurc": lambda rows: aurc.of_cells(rows.cells),
    "accuracy": lambda rows: rows.accuracy,
    "coverage": lambda rows: rows.coverage,
}


def simulated(n, seed=0, missing=(0, 0)):
    stream = np.random.default_rng(seed)
    confidence = stream.choice([0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0], n)
    correct = stream.random(n) < confidence - 0.1
    right, wrong = (np.asarray(float(each)) for each in missing)
    return confidence, correct, Totals(Cells.of_rows(confidence, correct), right, wrong)


def all_distinct(n, seed=0):
    stream = np.random.default_rng(seed)
    confidence = 1 - 0.7 * stream.random(n) ** 1.5
    correct = stream.random(n) < confidence - 0.1
    return confidence, correct, Totals(Cells.of_rows(confidence, correct), np.asarray(3.0), np.asarray(4.0))


@pytest.mark.parametrize("rows", [simulated, all_distinct])
def test_it_is_the_bootstrap_of_the_rows(rows):
    """Quantiles of the count bootstrap equal those of drawing rows, within simulation error."""
    confidence, correct, outcomes = rows(300)
    drawn = bootstrap({"a": outcomes}, {}, STATISTICS, 4000)["a"]
    stream = np.random.default_rng(1)
    naive = {"ece": [], "brier": [], "auroc": [], "aurc": []}
    for _ in range(4000):
        rows = stream.integers(0, 300, 300)
        for name, metric in (("ece", ece), ("brier", brier), ("auroc", auroc), ("aurc", aurc)):
            naive[name].append(metric(confidence[rows], correct[rows]))
    for name, values in naive.items():
        for share in (0.025, 0.5, 0.975):
            spread = np.std(values)
            assert np.quantile(drawn[name], share) == pytest.approx(
                np.quantile(values, share), abs=0.12 * spread
            )


def test_the_draws_do_not_depend_on_the_machine(monkeypatch):
    _, _, outcomes = simulated(100)
    first = bootstrap({"a": outcomes}, {}, STATISTICS, BLOCK * 3 + 7, seed=5)["a"]["ece"]
    monkeypatch.setattr("vecbench.metrics.replication.WORKERS", 1)
    again = bootstrap({"a": outcomes}, {}, STATISTICS, BLOCK * 3 + 7, seed=5)["a"]["ece"]
    assert first.shape == (BLOCK * 3 + 7,)
    assert np.array_equal(first, again)
    assert not np.array_equal(
        first, bootstrap({"a": outcomes}, {}, STATISTICS, BLOCK * 3 + 7, seed=6)["a"]["ece"]
    )


def test_what_a_replicate_holds_is_bounded_however_many_confidences_are_distinct():
    held = []

    def distinct(rows):
        held.append(rows.cells.confidence.size)
        return rows.accuracy

    strata = {name: all_distinct(3000, seed)[2] for seed, name in enumerate("ab")}
    bootstrap(strata, {"both": ["a", "b"]}, {"accuracy": distinct}, 3)
    of_replicates = held[:3]
    assert max(of_replicates) <= 2 * MOST_DISTINCT


def test_condensed_replicates_lie_around_the_values_of_the_rows():
    strata = {"a": all_distinct(2000, 1)[2], "b": simulated(400)[2]}
    pools = {"both": ["a", "b"]}
    drawn = bootstrap(strata, pools, STATISTICS, 4000)
    for name, statistics in of_strata(strata, pools, STATISTICS).items():
        for key in ("brier", "auroc", "aurc", "accuracy"):
            values = drawn[name][key]
            assert values.mean() == pytest.approx(float(statistics[key]), abs=0.1 * values.std())


def test_rows_drawn_one_by_one_are_counted_by_cell():
    counts = np.array([1, 5, 2])
    drawn = rows_drawn(counts, 3001, np.random.default_rng(0))
    assert (drawn.sum(axis=1) == 8).all()
    assert drawn.mean(axis=0) == pytest.approx(counts, abs=0.1)
    assert drawn.var(axis=0) == pytest.approx(counts * (1 - counts / 8), rel=0.1)


def test_a_pool_keeps_the_size_of_its_strata():
    _, _, first = simulated(50, 1)
    _, _, second = simulated(200, 2)
    drawn = bootstrap({"a": first, "b": second}, {"both": ["a", "b"]}, STATISTICS, 200)
    expected = (50 * drawn["a"]["accuracy"] + 200 * drawn["b"]["accuracy"]) / 250
    assert drawn["both"]["accuracy"] == pytest.approx(expected)


def test_rows_without_a_confidence_count_for_accuracy_and_coverage():
    _, _, outcomes = simulated(100, missing=(10, 40))
    drawn = bootstrap({"a": outcomes}, {}, STATISTICS, 2000)["a"]
    assert drawn["coverage"].mean() == pytest.approx(100 / 150, abs=0.01)
    assert drawn["accuracy"].mean() == pytest.approx(float(outcomes.accuracy), abs=0.01)


def test_without_rows_everything_is_undefined():
    nothing = Totals(Cells.of_rows([], []), np.asarray(0.0), np.asarray(0.0))
    drawn = bootstrap({"a": nothing}, {}, STATISTICS, 10)["a"]
    assert all(np.isnan(values).all() for values in drawn.values())
    assert percentile_interval(drawn["ece"]) is None


def test_an_interval_of_few_defined_replicates_is_none():
    values = np.r_[np.full(10, np.nan), np.zeros(90)]
    assert percentile_interval(values) is None
    assert percentile_interval(np.arange(101.0)) == pytest.approx((2.5, 97.5))


def test_rows_that_were_not_seen_give_rows_that_are_all_right_a_spread():
    all_right = Totals(Cells.of_rows([0.9] * 20 + [0.8] * 10, [1] * 30))
    assert np.ptp(bootstrap({"a": all_right}, {}, STATISTICS, 500)["a"]["accuracy"]) == 0
    drawn = bootstrap({"a": all_right}, {}, STATISTICS, 20_000, unseen=True)["a"]["accuracy"]
    wrong = drawn < 1
    # Two rows more on average, half of them wrong: Poisson with mean 1.
    assert wrong.mean() == pytest.approx(1 - np.exp(-1), abs=0.01)
    assert drawn.min() >= 1 - 12 / 31


def test_they_are_at_confidences_that_were_stated_and_in_a_pool_only_once():
    rows = {name: Totals(Cells.of_rows([0.9] * 50, [1] * 50), np.asarray(50.0)) for name in "abc"}
    counts = {"rows": lambda each: each.cells.counts + each.missing, "stated": lambda each: each.cells.counts}
    drawn = bootstrap(rows, {"all": list("abc")}, counts, 8000, unseen=True)
    for name, n in (("a", 100), ("all", 300)):
        assert drawn[name]["rows"].mean() == pytest.approx(n + 2, abs=0.1)
        assert drawn[name]["stated"].mean() == pytest.approx((n + 2) / 2, abs=0.5)


def test_the_consistency_test_keeps_its_level_and_finds_miscalibration():
    stream = np.random.default_rng(3)
    confidence = stream.choice([0.5, 0.6, 0.7, 0.8, 0.9], 200)
    rejected = sum(
        calibration_p(confidence, stream.random(200) < confidence, replicates=500) < 0.05 for _ in range(300)
    )
    assert rejected <= 30
    assert calibration_p(confidence, np.zeros(200), replicates=500) == pytest.approx(1 / 501)


@pytest.mark.parametrize("bins", [10, 15])
def test_the_sums_of_bins_are_drawn_as_the_rows_would_be(bins):
    outcomes = all_distinct(500)[2]
    assert outcomes.cells.confidence.size > MOST_DRAWN
    drawn = null_eces(outcomes.cells, (10, 15), 4000)[bins]
    by_row = ece.of_cells(redraw(outcomes.cells, 4000, seed=1), bins)
    assert drawn.shape == (4000,)
    for share in (0.05, 0.5, 0.95):
        assert np.quantile(drawn, share) == pytest.approx(np.quantile(by_row, share), abs=0.12 * by_row.std())
