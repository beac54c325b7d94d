"""Rank ranges: what is not significantly different shares a rank."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from vecbench.answers import Label, known_metrics
from vecbench.leaderboard.answers import ConfidenceTable, alike, models_at_once
from vecbench.leaderboard.columns import board_columns
from vecbench.leaderboard.entry import Decoding, Entry, RowMetrics
from vecbench.leaderboard.outcomes import NO_CONFIDENCE, UNITS, TaskOutcomes, images_of
from vecbench.leaderboard.ranking import rank_ranges
from vecbench.leaderboard.value import Value
from vecbench.metrics import auroc, brier, ece
from vecbench.metrics.condensed import MOST_DISTINCT
from vecbench.metrics.observations import Observations
from vecbench.metrics.paired import PairedRows, observed_totals, paired_bootstrap
from vecbench.metrics.totals import Totals
from vecbench.parsing import Prediction
from vecbench.parsing.prediction import Reading

COLUMNS = board_columns([Label()])
ACCURACY, MACRO_ACCURACY = ("accuracy", "pooled"), ("accuracy", "macro")
ECE, BRIER, AUROC = ("ece", "pooled"), ("brier", "pooled"), ("auroc", "pooled")
JOINT, SKILL = ("joint_score", "pooled"), ("brier_skill", "pooled")


def predicted(right, stated):
    return [
        Prediction(
            "", "emoji_2", f"s{place:05}", 0, "positive", ("positive", "negative"),
            Reading("positive" if each else "negative", "ok", confidence, "ok"),
        )
        for place, (each, confidence) in enumerate(zip(right, stated, strict=True))
    ]  # fmt: skip


def outcomes(right, stated):
    return TaskOutcomes.of_rows(predicted(right, stated))


def entry(right=None, correct=None, n=None, stated=None):
    if right is not None:
        correct, n = int(np.sum(right)), len(right)
    values = {
        "benchmark": "demo",
        "kind": "reported" if right is None else "verified",
        "model": {"name": "A"},
        "source": {"name": "a test"},
        "tasks": {"emoji_2": {"n": n, "correct": correct, "metrics": {"accuracy": {"value": correct / n}}}},
    }
    if right is not None:
        values |= {
            "checked": {"sample_ids": True, "images": True, "prompts": True, "keys": True},
            "submission_sha256": "0" * 64,
            "outcomes": {"emoji_2": outcomes(right, [0.5] * n if stated is None else stated)},
        }
    return Entry.model_validate(values)


def ranges(entries, measure=ACCURACY):
    return rank_ranges(entries, [each.tasks["emoji_2"] for each in entries], ["emoji_2"], COLUMNS)[measure]


def test_samples_are_told_by_their_images_where_formats_name_them_differently():
    rows = predicted([True, False, False], [0.9, 0.8, None])
    hashes = [f"{number:064x}" for number in (7, 3, 5)]
    here = [replace(row, image_sha256=image) for row, image in zip(rows, hashes, strict=True)]
    there = [replace(row, sample_id=f"images/{9 - place}.png") for place, row in enumerate(here)]
    assert TaskOutcomes.of_rows(there) == TaskOutcomes.of_rows(here)
    assert TaskOutcomes.of_rows(here).bits.tolist() == [False, False, True]
    twice = [replace(row, image_sha256=hashes[0]) for row in here]
    assert TaskOutcomes.of_rows(twice) == TaskOutcomes.of_rows(rows)


def test_outcomes_come_back_as_they_went_in():
    generator = np.random.default_rng(0)
    right = generator.random(1003) < 0.4
    stated = [None if each < 0.1 else each for each in generator.random(1003).round(4).tolist()]
    stored = outcomes(right, [*stated[:-2], 0.0, 1.0])
    assert (stored.bits == right).all()
    assert stored.correct == right.sum()
    codes = [None if each == NO_CONFIDENCE else each / UNITS for each in stored.codes.tolist()]
    assert codes == [*stated[:-2], 0.0, 1.0]


def about(images, task, right):
    rows = predicted(right, [0.5] * len(right))
    return [
        replace(row, task=task, image_sha256=f"{image:064x}") for row, image in zip(rows, images, strict=True)
    ]


def test_outcomes_tell_which_images_tasks_share():
    rows = {
        "one": about([5, 1, 9, 3], "one", [True] * 4),
        "two": about([3, 4, 9], "two", [True] * 3),
        "three": about([4, 8, 9], "three", [True] * 3),
        "four": about([6], "four", [True]),
    }
    stored = {task: TaskOutcomes.of_rows(each, rows) for task, each in rows.items()}
    stored = {task: each.model_copy(update={"shared": {k: v for k, v in each.shared.items() if k != task}})
              for task, each in stored.items()}  # fmt: skip
    assert stored["four"].shared == {}
    numbers = images_of(stored).tolist()
    images = [1, 3, 5, 9, 3, 4, 9, 4, 8, 9, 6]
    assert [numbers.index(number) for number in numbers] == [images.index(image) for image in images]
    assert images_of({"two": stored["two"]}).tolist() == [0, 1, 2]


def sharing_entry(first, second, images):
    """An entry of two tasks, of which the second asks about given images of those that the first has."""
    rows = {
        "emoji_2": about(range(len(first)), "emoji_2", first),
        "emoji_7": about(images, "emoji_7", second),
    }
    both = {
        task: TaskOutcomes.of_rows(each, {other: rows[other] for other in rows if other != task})
        for task, each in rows.items()
    }
    correct, n = int(np.sum(first) + np.sum(second)), len(first) + len(second)
    return entry(first).model_copy(
        update={
            "outcomes": both,
            "tasks": {
                "both": RowMetrics(n=n, correct=correct, metrics={"accuracy": Value(value=correct / n)})
            },
        }
    )


@pytest.mark.parametrize(("images", "distinct"), [(range(1000), False), (range(1000, 2000), True)])
def test_the_same_images_in_two_tasks_are_no_further_samples(images, distinct):
    # 14 samples won and 6 lost may be chance; the same again says no more, as many others would.
    worse, better = np.arange(1000) < 500, (np.arange(1000) < 514) & (np.arange(1000) >= 6)
    assert binomtest(6, 20).pvalue > 0.05 > binomtest(12, 40).pvalue
    entries = [sharing_entry(each, each, images) for each in (worse, better)]
    rows = [each.tasks["both"] for each in entries]
    found = rank_ranges(entries, rows, ["emoji_2", "emoji_7"], COLUMNS)
    expected = [(2, 2), (1, 1)] if distinct else [(1, 2), (1, 2)]
    assert found[ACCURACY] == expected


def test_the_same_answers_in_two_tasks_vary_as_they_do_in_one():
    generator = np.random.default_rng(5)
    entries = [sharing_entry(each, each, range(400)) for each in generator.random((2, 400)) < 0.7]
    one, both = (alike(entries, tasks)[0] for tasks in (["emoji_2"], ["emoji_2", "emoji_7"]))
    assert both.shares_images
    assert not one.shares_images
    brier = [known_metrics()["brier"]]
    for made in (lambda found: next(found.estimates(brier, 0)), lambda found: found.pooled_share,
                 lambda found: found.macro_share()):  # fmt: skip
        np.testing.assert_allclose(made(both).covariance, made(one).covariance, rtol=1e-5)


@pytest.mark.parametrize(("gained", "distinct"), [(5, False), (6, True)])
def test_on_the_same_samples_the_test_is_paired(gained, distinct):
    # 6 discordant samples, all won by one model: p = 2/64 < 5 %; with 5 it is 2/32. Unpaired, neither counts.
    worse = np.arange(1000) < 500
    better = np.arange(1000) < 500 + gained
    assert (binomtest(gained, gained).pvalue <= 0.05) == distinct
    expected = [(2, 2), (1, 1)] if distinct else [(1, 2), (1, 2)]
    assert ranges([entry(worse), entry(better)]) == expected


def test_counts_alone_are_compared_as_independent_shares():
    close = [entry(correct=500, n=1000), entry(correct=506, n=1000)]
    assert ranges(close) == [(1, 2), (1, 2)]
    apart = [entry(correct=500, n=1000), entry(correct=600, n=1000)]
    assert ranges(apart) == [(2, 2), (1, 1)]


def test_many_equal_models_share_all_ranks():
    # 4,950 pairs, of which 5 % would differ without a correction.
    generator = np.random.default_rng(1)
    right = generator.random((100, 500)) < 0.5
    assert set(ranges([entry(each) for each in right])) == {(1, 100)}


def calibrated(generator, n, drop=0.0, spread=0.25):
    """Confidences in tenths around 0.6, and answers that are right as often as they say, less `drop`."""
    stated = np.clip(generator.normal(0.6, spread, n), 0, 1).round(1)
    return stated, generator.random(n) < stated - drop


def model(generator, n, **options):
    stated, right = calibrated(generator, n, **options)
    return entry(right, stated=stated.tolist())


@pytest.mark.parametrize("measure", [JOINT, BRIER, ECE, AUROC, SKILL])
def test_models_alike_share_all_ranks_in_every_measure(measure):
    generator = np.random.default_rng(3)
    assert set(ranges([model(generator, 1000) for _ in range(40)], measure)) == {(1, 40)}


@pytest.mark.parametrize(
    ("measure", "worse"),
    [
        (JOINT, {"drop": 0.15}),
        (BRIER, {"drop": 0.15}),
        (ECE, {"drop": 0.15}),
        (AUROC, {"spread": 0.05}),
        (SKILL, {"spread": 0.05}),
    ],
)
def test_a_model_that_is_worse_ranks_behind(measure, worse):
    generator = np.random.default_rng(4)
    models = [model(generator, 3000), model(generator, 3000, **worse), model(generator, 3000)]
    assert ranges(models, measure) == [(1, 2), (3, 3), (1, 2)]


@pytest.mark.parametrize(("metric", "function"), [("brier", brier), ("ece", ece), ("auroc", auroc)])
def test_variances_are_those_of_the_paired_bootstrap(metric, function):
    generator = np.random.default_rng(5)
    # Far from calibrated: where a bin's gap may be 0, its absolute value varies less than the gap.
    stated, right = calibrated(generator, 2000, drop=0.3)
    second = np.where(generator.random(2000) < 0.3, 0.9, stated), right ^ (generator.random(2000) < 0.1)
    second[0][:40] = np.nan
    sides = [
        Observations(np.arange(2000), bits, values, np.ones(2000, dtype=bool))
        for values, bits in ((stated, right), second)
    ]
    pair, candidates = {"rows": PairedRows.of_rows(tuple(sides))}, np.zeros((2, 1))
    declared = known_metrics()[metric]

    def at_worst(totals):
        values, by_place = function.of_cells(totals.cells), totals.by_place
        for place in np.ndindex(values.shape):
            alone = Totals.of_counts(totals.cells.confidence, by_place[place])
            values[place] = declared.worst(values[place], alone)
        return values

    statistics = {metric: at_worst}
    expected = np.cov(paired_bootstrap(pair, {}, statistics, candidates, 4000)[metric][:, 0])
    entries = [
        entry(bits, stated=[None if np.isnan(each) else each for each in values.tolist()])
        for values, bits in ((stated, right), second)
    ]
    [answers] = alike(entries, ["emoji_2"])
    [found] = answers.estimates([declared], 0.95)
    values = statistics[metric](observed_totals(pair, {}, candidates))[:, 0, 0]
    assert found.value == pytest.approx(values, abs=1e-12)
    # 4,000 replicates know a variance to about 2 %.
    assert found.covariance == pytest.approx(expected, rel=0.1)


def test_what_is_hidden_counts_at_its_worst_case():
    generator = np.random.default_rng(10)
    stated, right = calibrated(generator, 3000)
    hidden = np.flatnonzero(~right)[:150]  # 5 % of the rows, all of them wrong
    said = [None if place in set(hidden.tolist()) else each for place, each in enumerate(stated.tolist())]
    models = [entry(right, stated=said), entry(right, stated=stated.tolist())]
    for measure in (JOINT, BRIER, AUROC, SKILL):
        assert ranges(models, measure) == [(2, 2), (1, 1)], measure
    assert ranges(models, ECE)[1][0] == 1
    [answers] = alike(models, ["emoji_2"])
    for key, of_all in (
        ("brier", brier),
        ("brier_skill", lambda *rows: 1 - brier(*rows) / (right.mean() * (1 - right.mean()))),
    ):
        [found] = answers.estimates([known_metrics()[key]], 0.95)
        worst = np.where(np.isin(np.arange(3000), hidden), 1.0, stated)
        assert found.value == pytest.approx([of_all(worst, right), of_all(stated, right)], abs=1e-12)


def test_a_coarse_model_is_not_ahead_for_having_less_noise_in_its_ece():
    # Both are calibrated: the true ECE is 0. Noise in ten bins adds up to more than in one.
    generator = np.random.default_rng(7)
    fine = [model(generator, 400) for _ in range(5)]
    coarse = [entry(generator.random(400) < 0.6, stated=[0.6] * 400) for _ in range(5)]
    assert set(ranges([*fine, *coarse], ECE)) == {(1, 10)}


@pytest.mark.parametrize(("errors", "expected"), [(1, [(1, 2), (1, 2)]), (4, [(2, 2), (1, 1)])])
def test_an_ece_that_noise_may_have_made_is_no_worse(errors, expected):
    # Ten bins, each off by so many standard errors: one is what noise does, though the sum varies less.
    stated = np.repeat(np.arange(0.05, 1, 0.1), 200)
    spread = np.sqrt(200 * stated[::200] * (1 - stated[::200]))
    counts = np.clip((200 * stated[::200] + errors * spread).round(), 0, 200).astype(int)
    right = np.concatenate([np.arange(200) < count for count in counts])
    coarse = entry(np.arange(2000) % 2 == 0, stated=[0.5] * 2000)
    assert ranges([entry(right, stated=stated.round(2).tolist()), coarse], ECE) == expected


def test_of_few_right_or_wrong_answers_no_auroc_is_known():
    generator = np.random.default_rng(6)
    stated = generator.random(400).round(2).tolist()
    few, enough = (entry(np.arange(400) >= count, stated=stated) for count in (29, 30))
    assert ranges([few, enough, model(generator, 400)], AUROC)[0] is None
    assert ranges([few, enough, model(generator, 400)], AUROC)[1] is not None


def test_of_very_many_confidences_neighbours_are_merged():
    generator = np.random.default_rng(6)
    codes = generator.integers(0, 10_001, (2, 4000)).astype("<u2")
    right = generator.random((2, 4000)) < 0.5
    assert models_at_once(codes) == 1
    brier = [known_metrics()["brier"]]
    [(value, _, by_place)] = ConfidenceTable(right[:1], codes[:1]).influences(brier, 0)
    assert by_place.shape[1] <= 2 * MOST_DISTINCT + 2
    assert value == pytest.approx(np.mean((codes[0] / UNITS - right[0]) ** 2), abs=1e-12)


def test_who_states_a_confidence_for_chosen_rows_only_has_no_rank_in_them():
    generator = np.random.default_rng(8)
    stated, right = calibrated(generator, 1000)
    few = [None if place < 51 else each for place, each in enumerate(stated.tolist())]
    models = [entry(right, stated=few), entry(right, stated=stated.tolist()), model(generator, 1000)]
    assert ranges(models, BRIER)[0] is None
    assert ranges(models, BRIER)[1] is not None
    assert ranges(models, ACCURACY)[0] is not None


def test_few_samples_that_differ_are_enough_for_the_exact_test_only():
    stated = [0.9] * 1000
    worse, better = np.arange(1000) < 500, np.arange(1000) < 549
    models = [entry(worse, stated=stated), entry(better, stated=stated)]
    assert ranges(models, ACCURACY) == [(2, 2), (1, 1)]
    assert ranges(models, BRIER) == [(1, 2), (1, 2)]
    better = np.arange(1000) < 550
    assert ranges([models[0], entry(better, stated=stated)], BRIER) == [(2, 2), (1, 1)]


def test_macro_accuracy_of_one_task_has_the_ranks_of_its_accuracy():
    generator = np.random.default_rng(9)
    models = [entry(generator.random(400) < skill) for skill in (0.3, 0.4, 0.5, 0.6)]
    assert ranges(models, MACRO_ACCURACY) == ranges(models, ACCURACY)
    reported = [entry(correct=400, n=1000), entry(correct=600, n=1000)]
    assert ranges(reported, MACRO_ACCURACY) == [None, None]


def test_the_order_of_the_entries_makes_no_difference():
    generator = np.random.default_rng(2)
    models = [
        entry(generator.random(400) < skill, stated=generator.choice([0.5, 0.7, 0.9], 400).tolist())
        for skill in np.linspace(0.3, 0.8, 12)
    ]
    for measure in (each.measure for each in COLUMNS if each.test is not None):
        assert ranges(models, measure) == ranges(models[::-1], measure)[::-1]
    forward = ranges(models)
    assert forward[-1][0] == 1
    assert forward[0][1] == 12
    assert all(best <= worst for best, worst in forward)


def test_without_counts_or_company_there_is_no_rank():
    alone = entry(correct=500, n=1000)
    unknown = Entry.model_validate(
        {
            "benchmark": "demo",
            "kind": "reported",
            "model": {"name": "A"},
            "source": {"name": "a test"},
            "tasks": {"emoji_2": {"metrics": {"accuracy": {"value": 0.7}}}},
        }
    )
    assert ranges([alone, unknown]) == [None, None]


def test_repeats_are_not_taken_for_independent_rows():
    repeated = entry(correct=6000, n=10000).model_copy(update={"decoding": Decoding(repeats=10)})
    assert ranges([entry(correct=500, n=1000), entry(correct=505, n=1000), repeated])[2] is None


def test_two_perfect_models_are_equal():
    assert ranges([entry(correct=10, n=10), entry(correct=20, n=20)]) == [(1, 2), (1, 2)]
