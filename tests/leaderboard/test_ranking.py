"""Rank ranges: what is not significantly different shares a rank."""

import numpy as np
import pytest
from scipy.stats import binomtest

from vecbench.leaderboard.entry import Decoding, Entry
from vecbench.leaderboard.outcomes import TaskOutcomes
from vecbench.leaderboard.ranking import rank_ranges
from vecbench.parsing import Prediction
from vecbench.parsing.prediction import Reading


def outcomes(right):
    rows = [
        Prediction(
            "", "emoji_2", f"s{place:05}", 0, "positive", ("positive", "negative"),
            Reading("positive" if each else "negative", "ok", 0.5, "ok"),
        )
        for place, each in enumerate(right)
    ]  # fmt: skip
    return TaskOutcomes.of_rows(rows)


def entry(right=None, correct=None, n=None):
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
            "outcomes": {"emoji_2": outcomes(right)},
        }
    return Entry.model_validate(values)


def ranges(entries):
    return rank_ranges(entries, [each.tasks["emoji_2"] for each in entries], ["emoji_2"])


def test_outcomes_come_back_as_they_went_in():
    right = np.random.default_rng(0).random(1003) < 0.4
    stored = outcomes(right)
    assert (stored.bits() == right).all()
    assert stored.correct == right.sum()


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


def test_the_order_of_the_entries_makes_no_difference():
    generator = np.random.default_rng(2)
    models = [entry(generator.random(400) < skill) for skill in np.linspace(0.3, 0.8, 12)]
    forward, backward = ranges(models), ranges(models[::-1])
    assert forward == backward[::-1]
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
