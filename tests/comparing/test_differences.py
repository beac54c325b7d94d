import json
import random
from dataclasses import replace

import pytest
from scipy.stats import binomtest
from simulated_runs import CATALOGUE, response, simulated, write_run

from vecbench.comparing import compare, json_document, open_side
from vecbench.comparing.tables import legend
from vecbench.scoring import STRICT, predictions, score

TASKS = {"emoji_2": 150, "emoji_7": 120, "fluent_7": 80}


@pytest.fixture(scope="module")
def runs():
    return simulated(TASKS, seed=0), simulated(TASKS, seed=1, right=0.6)


@pytest.fixture(scope="module")
def comparison(runs, tmp_path_factory):
    return compared(tmp_path_factory.mktemp("runs"), *runs)


def compared(folder, baseline, candidate, **options):
    paths = [write_run(folder / name, rows) for name, rows in (("a", baseline), ("b", candidate))]
    sides = [open_side(path, "strict", CATALOGUE) for path in paths]
    return compare(*sides, CATALOGUE, **{"replicates": 1000} | options)


def test_the_values_are_those_of_scoring(runs, comparison):
    first, second = (
        score(predictions(rows, STRICT, CATALOGUE), "strict", CATALOGUE, replicates=100) for rows in runs
    )
    blocks = [
        (comparison.differences.tasks["emoji_2"], first.tasks["emoji_2"], second.tasks["emoji_2"]),
        (
            comparison.differences.groups["demo_id_ver"],
            first.groups["demo_id_ver"].pooled,
            second.groups["demo_id_ver"].pooled,
        ),
        (comparison.differences.overall, first.overall.pooled, second.overall.pooled),
    ]
    for found, old, new in blocks:
        assert found.metrics.keys() == old.metrics.keys() - {"ece_null", "calibration_p"}
        for key, each in found.metrics.items():
            assert (each.baseline, each.candidate) == (old.metrics[key].value, new.metrics[key].value)


def test_every_change_lies_in_its_interval_and_has_a_p_value_or_says_why_not(comparison):
    differences = comparison.differences
    blocks = [*differences.tasks.values(), *differences.groups.values(), differences.overall]
    every = [block.metrics for block in blocks] + [block.macro for block in blocks if len(block.tasks) > 1]
    for metrics in every:
        assert {"accuracy", "f1_macro", "ece", "brier", "auroc"} <= metrics.keys()
        for key, each in metrics.items():
            if key == "smece" or each.why is not None:
                assert each.p is None
                assert each.why
            else:
                assert each.low <= each.change <= each.high
                assert 0 < each.p.two_sided <= 1


def test_a_macro_change_is_the_mean_of_the_tasks_changes(comparison):
    tasks = comparison.differences.tasks.values()
    for key, each in comparison.differences.overall.macro.items():
        assert each.change == pytest.approx(sum(task.metrics[key].change for task in tasks) / len(tasks))
    said = json.loads(json_document(comparison))["overall"]["macro"]["f1_macro"]
    assert said["low"] < said["change"] < said["high"]


def test_a_metric_without_an_interval_says_why_in_the_document(comparison):
    said = json.loads(json_document(comparison))["overall"]["metrics"]
    for key, each in said.items():
        assert ("low" in each) != ("why" in each), key


def test_accuracy_is_tested_by_mcnemar(runs, comparison):
    p_values = {}
    for task in TASKS:
        pairs = [
            (old.correct, new.correct)
            for old, new in zip(*(predictions(rows, STRICT, CATALOGUE) for rows in runs), strict=True)
            if old.task == task
        ]
        lost, gained = pairs.count((True, False)), pairs.count((False, True))
        p_values[task] = binomtest(lost, lost + gained, 0.5).pvalue
    tasks = comparison.differences.tasks
    assert {name: tasks[name].metrics["accuracy"].p.two_sided for name in TASKS} == pytest.approx(p_values)


def test_the_flips_are_the_rows_that_changed_the_most_confident_first(runs, comparison):
    old, new = (
        {(row.task, row.sample_id): row for row in predictions(rows, STRICT, CATALOGUE)} for rows in runs
    )
    lost = {key for key in old if old[key].correct and not new[key].correct}
    gained = {key for key in old if new[key].correct and not old[key].correct}
    assert {(flip.task, flip.sample_id) for flip in comparison.flips.lost} == lost
    assert {(flip.task, flip.sample_id) for flip in comparison.flips.gained} == gained
    stated = [flip.candidate.confidence for flip in comparison.flips.lost]
    assert stated == sorted(stated, reverse=True)


def test_flips_without_a_confidence_come_last(tmp_path):
    right = [response("emoji_2", sample, "positive", 0.9) for sample in "ab"]
    wrong = [response("emoji_2", "a", "negative", None), response("emoji_2", "b", "negative", 0.1)]
    flips = compared(tmp_path, right, wrong).flips
    assert [flip.sample_id for flip in flips.lost] == ["b", "a"]


def test_neither_order_nor_processors_change_the_document(runs, comparison, tmp_path, monkeypatch):
    monkeypatch.setattr("vecbench.metrics.replication.WORKERS", 1)
    shuffled = [random.Random(0).sample(rows, len(rows)) for rows in runs]
    again = json.loads(json_document(compared(tmp_path, *shuffled)))
    wanted = json.loads(json_document(comparison))
    for key in ("tasks", "groups", "overall", "flips", "intervals"):
        assert again[key] == wanted[key]


def test_what_is_undefined_is_null_with_a_reason(tmp_path):
    rows = [response("emoji_2", f"s{number}", "positive", 0.8) for number in range(9)]
    said = json.loads(json_document(compared(tmp_path, rows, rows)))["overall"]["metrics"]["auroc"]
    assert said["change"] is None
    assert "right" in said["why"]


def test_few_samples_that_differ_have_neither_star_nor_interval(tmp_path):
    before, now = (
        [response("emoji_2", f"s{number}", "positive", stated) for number in range(3)]
        for stated in (0.9, 0.8)
    )
    comparison = compared(tmp_path, before, now)
    brier = comparison.differences.overall.metrics["brier"]
    assert brier.change == pytest.approx(0.03)
    assert (brier.p, brier.low, brier.significant) == (None, None, False)
    said = json.loads(json_document(comparison))["overall"]
    assert said["samples_changed"] == 3
    assert "3 samples differ" in said["metrics"]["brier"]["why"]
    assert "No interval where fewer than 50 samples differ" in legend(comparison)


def test_a_comparison_with_enough_samples_has_no_word_of_them(comparison):
    assert "fewer than" not in legend(comparison)


def test_models_that_state_no_confidence_are_compared_by_what_is_there(tmp_path):
    rows = [response("emoji_2", f"s{number}", "positive", None) for number in range(9)]
    metrics = compared(tmp_path, rows, rows).differences.overall.metrics
    assert metrics["accuracy"].change == 0
    assert metrics["brier"].change is None


def stating(stated, n=60, task="emoji_2"):
    """Answers of which every other one is right."""
    labels = CATALOGUE.tasks[task].labels
    return [response(task, f"s{place}", labels[place % 2], stated[place % len(stated)]) for place in range(n)]


@pytest.mark.parametrize(
    ("metric", "baseline", "candidate", "why"),
    [
        ("nll", (0.5, 0.7), (0.4, 1.0), "30 answers state 0 or 1"),
        ("mce", (0.3, 0.6), (0.5, 0.7, 0.8, 0.7, 0.7), "a bin of 12 rows"),
        ("smece", (0.5,), (0.7,), "kernel width"),
        ("brier_resolution", (0.5,), tuple(0.6 + 0.01 * each for each in range(30)), "2.0 rows at each"),
        ("share_at_one", (0.5, 0.7), (0.6, 0.8), "0 samples differ"),
        ("f1_macro", (0.5, 0.7), (0.6, 0.8), "0 samples differ"),
    ],
)
def test_what_resampling_cannot_know_has_no_interval_and_the_rest_has(
    tmp_path, metric, baseline, candidate, why
):
    metrics = compared(tmp_path, stating(baseline), stating(candidate)).differences.overall.metrics
    assert why in metrics[metric].why
    assert (metrics[metric].low, metrics[metric].p) == (None, None)
    assert metrics["brier"].p is not None


def test_a_bound_that_resampling_cannot_know_is_not_tested(tmp_path):
    found = compared(tmp_path, stating((0.5, 0.7)), stating((0.5, 1.0))).differences.overall
    assert found.bound_p("nll", 0.1) is None
    assert found.bound_p("brier", 0.1) is not None


def test_a_small_task_with_few_samples_that_differ_does_not_decide_a_macro_mean(tmp_path):
    """All 8 samples of the one task got worse, and 60 of 400 of the other: pooled enough, macro not."""
    sides = []
    for stated in (0.9, 0.8):
        large = stating((stated,), 60) + [
            response("emoji_2", f"same{place}", "positive", 0.7) for place in range(340)
        ]
        sides.append(large + stating((stated,), 8, "emoji_7"))
    overall = compared(tmp_path, *sides).differences.overall
    assert overall.metrics["brier"].p is not None
    # (60/400 + 8/8)² / (60/400² + 8/8²)
    assert overall.macro["brier"].samples_changed == pytest.approx(1.3225 / 0.125375)
    assert overall.macro["brier"].p is None
    assert "too few" in overall.macro["brier"].why


def test_the_same_answers_again_are_no_further_evidence_of_miscalibration(tmp_path):
    """Three times the same answers make an ECE look three times as certain to who takes them for others."""
    once = [
        simulated({"emoji_2": 150}, seed=seed, confidence=lambda chance: chance + 0.06) for seed in (0, 1)
    ]
    thrice = [[replace(row, repeat=each) for row in rows for each in range(3)] for rows in once]
    found, wanted = (
        compared(tmp_path / name, *sides, replicates=10_000).differences.overall
        for name, sides in (("thrice", thrice), ("once", once))
    )
    assert found.alone.excess["ece"] == pytest.approx(wanted.alone.excess["ece"])
    for bound in (0.01, 0.05):
        assert found.bound_p("ece", bound).rise == pytest.approx(wanted.bound_p("ece", bound).rise, abs=0.03)
    old, new = found.metrics["ece"], wanted.metrics["ece"]
    assert (old.low, old.high) == pytest.approx((new.low, new.high), abs=0.01)
