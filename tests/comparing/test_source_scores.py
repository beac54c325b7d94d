"""Sources of confidence side by side: what each is scored, what they differ in, and when nothing is said."""

import json
from dataclasses import replace

import numpy as np
import pytest
from simulated_runs import CATALOGUE, repeated, simulated, stated, with_token

from vecbench.comparing.source_scores import with_sources
from vecbench.errors import UsageError
from vecbench.metrics import brier
from vecbench.metrics.regression import spearman
from vecbench.scoring import STRICT, protocol_named, score_responses

FEW = {"replicates": 200}


def scored(rows, *asked, protocol=STRICT, **options):
    complete = score_responses(rows, protocol, CATALOGUE)
    return with_sources(complete, asked or ["all"], CATALOGUE, **FEW | options)


def noisy(row):
    """A token confidence that has little to do with the stated one."""
    return (0.37 * int(row.sample_id[1:])) % 1


ROWS = with_token(simulated({"emoji_2": 120, "emoji_7": 80}, 0), noisy)


@pytest.fixture(scope="module")
def overall():
    return scored(ROWS).scores.overall.pooled.sources


def test_a_source_that_equals_the_stated_one_has_its_scores_to_the_last_bit():
    rows = with_token(simulated({"emoji_2": 200, "emoji_7": 100}, 1), stated)
    scores = score_responses(rows, STRICT, CATALOGUE).scores
    found = with_sources(score_responses(rows, STRICT, CATALOGUE), ["token"], CATALOGUE).scores
    levels = [(scores.tasks[name], found.tasks[name]) for name in scores.tasks]
    levels += [(scores.groups[name].pooled, found.groups[name].pooled) for name in scores.groups]
    for plain, with_source in (*levels, (scores.overall.pooled, found.overall.pooled)):
        token = with_source.sources.scores["token"].metrics
        assert len(token) > 5
        for key, score in token.items():
            assert json.dumps(score.as_json()) == json.dumps(plain.metrics[key].as_json()), key


def test_what_was_scored_before_stays_as_it_is():
    before = score_responses(ROWS, STRICT, CATALOGUE)
    said, now = before.scores.content(), scored(ROWS).scores.content()
    for block in (*now["tasks"].values(), *now["groups"].values(), now["overall"]):
        assert block.pop("sources")
    assert now == said


def test_every_scope_has_the_sources_and_says_of_what(overall):
    said = json.loads(scored(ROWS).scores.as_json())
    block = said["tasks"]["emoji_2"]["sources"]
    assert (block["rows"], block["in_common"], block["replicates"]) == ("answers", 120, 200)
    assert list(block["scores"]) == ["stated", "token"]
    assert {"coverage", "ece", "brier", "auroc", "aurc"} <= block["scores"]["token"]["metrics"].keys()
    assert [each["metric"] for each in block["differences"]] == ["ece", "brier", "auroc", "aurc"]
    assert {(each["first"], each["second"]) for each in block["differences"]} == {("stated", "token")}
    assert said["overall"]["sources"]["in_common"] == overall.in_common == 200


def test_a_difference_is_the_second_less_the_first_on_the_rows_that_have_both():
    rows = with_token(ROWS, lambda row: None if int(row.sample_id[1:]) % 4 == 0 else noisy(row))
    found = scored(rows).scores.tasks["emoji_2"].sources
    assert (found.in_common, found.scores["token"].metrics["coverage"].value) == (90, 0.75)
    both = [row for row in rows if row.task == "emoji_2" and row.token_confidence is not None]
    right = np.array(["<answer>positive" in row.response for row in both])
    token, said = (np.array([of(row) for row in both]) for of in (noisy, stated))
    change = next(each.change for each in found.differences if each.metric == "brier")
    assert change.value == pytest.approx(brier(token, right) - brier(said, right), abs=1e-12)
    assert change.n == 90
    assert change.low < change.value < change.high
    assert found.correlations[0].spearman.value == pytest.approx(spearman(said, token), abs=1e-12)


def test_p_values_are_adjusted_over_the_whole_table():
    scores = scored(ROWS).scores
    scopes = [
        *scores.tasks.values(),
        *(each.pooled for each in scores.groups.values()),
        scores.overall.pooled,
    ]
    tests = [each for scope in scopes for each in scope.sources.differences if each.p is not None]
    assert len(tests) > 8
    least = min(tests, key=lambda each: each.p)
    assert least.p_holm == pytest.approx(min(1.0, least.p * len(tests)))
    assert all(each.p_holm >= each.p for each in tests)


def test_sources_that_are_equal_differ_in_nothing():
    rows = with_token(simulated({"emoji_2": 120}, 0), stated)
    found = scored(rows).scores.tasks["emoji_2"].sources
    assert [each.change.value for each in found.differences] == [0.0] * 4
    assert all(each.p is None for each in found.differences)
    assert "0 samples differ" in found.differences[0].change.no_interval
    assert found.correlations[0].spearman.value == 1.0
    assert found.correlations[0].spearman.low is None


def test_what_is_no_probability_is_scored_by_its_order_alone():
    found = scored(
        ROWS, "stated", "token", "combined_rank", "combined_logistic"
    ).scores.overall.pooled.sources
    ranked = found.scores["combined_rank"].metrics
    assert {key for key, score in ranked.items() if score.value is None} == {
        "ece", "brier", "confidence_gap", "brier_skill", "joint_score",
    }  # fmt: skip
    assert "no probability" in ranked["ece"].why
    assert {"auroc", "aurc", "coverage"} <= {key for key, score in ranked.items() if score.value is not None}
    changes = {(each.second, each.metric): each for each in found.differences if each.first == "stated"}
    assert changes["combined_rank", "ece"].change.value is None
    assert changes["combined_rank", "auroc"].change.value is not None
    assert changes["combined_logistic", "ece"].change.value is not None


def test_one_source_alone_is_held_against_nothing():
    found = scored(ROWS, "token").scores.overall.pooled.sources
    assert (list(found.scores), found.differences, found.correlations) == (["token"], (), ())


def test_sources_that_no_row_has_both_of_are_scored_apart():
    rows = (
        with_token([replace(row, response="<answer>positive</answer>") for row in ROWS[:60]], noisy)
        + ROWS[60:]
    )
    rows = [replace(row, token_confidence=None) if place >= 60 else row for place, row in enumerate(rows)]
    found = scored(rows).scores.overall.pooled.sources
    assert (found.in_common, list(found.differences)) == (0, [])
    assert [each.metrics["coverage"].value for each in found.scores.values()] == [0.7, 0.3]


def test_agreement_is_held_against_the_others_sample_by_sample():
    rows = [
        row
        for repeat in range(3)
        for row in repeated(with_token(simulated({"emoji_2": 100}, repeat), noisy), repeat)
    ]
    complete = scored(rows, replicates=None)
    found = complete.scores.tasks["emoji_2"].sources
    assert (found.rows, list(found.scores)) == ("samples", ["stated", "token", "agreement"])
    assert {each.n for each in found.scores.values()} == {100}
    consistency = complete.consistency.tasks["emoji_2"].metrics
    for key, score in found.scores["agreement"].metrics.items():
        assert score == consistency[key]
    frame = complete.scores.to_frame()
    of_samples = frame[frame.subset == "most frequent answer"]
    assert set(of_samples.source) == {"stated", "token", "agreement"}
    assert not frame.duplicated(["scope", "name", "subset", "source", "metric"]).any()


def test_the_frame_names_the_source_of_each_score():
    frame = scored(ROWS).scores.to_frame()
    rows = frame[(frame.scope == "task") & (frame.name == "emoji_2") & (frame.metric == "ece")]
    assert rows.source.tolist() == ["stated", "token"]
    assert set(rows.subset) == {""}


def test_further_metrics_are_compared_where_they_are_asked_for():
    found = scored(ROWS, further=("smece", "nll")).scores.overall.pooled.sources
    assert {each.key for each in found.metrics} == {"ece", "brier", "auroc", "aurc", "smece", "nll"}
    assert "smece" in found.scores["token"].metrics
    change = next(each.change for each in found.differences if each.metric == "smece")
    assert change.no_interval.startswith("no interval: every replicate")


def test_a_published_protocol_knows_one_source():
    with pytest.raises(UsageError, match="emocaliber knows one source"):
        scored(simulated({"fi_2": 5}, 0), protocol=protocol_named("emocaliber"))


def test_rows_whose_confidences_are_not_scored_are_left_out():
    ratings = [
        replace(row, task="emoji_valence", kind="rating", candidates=(), target=5)
        for row in simulated({"emoji_2": 5}, 0)
    ]
    scores = scored([*ROWS, *ratings]).scores
    assert scores.tasks["emoji_valence"].sources is None
    assert scores.tasks["emoji_2"].sources.in_common == 120
    with pytest.raises(UsageError, match="no task has confidences that are scored"):
        scored(ratings)


def test_the_order_of_the_rows_makes_no_difference(overall):
    assert scored(ROWS[::-1]).scores.overall.pooled.sources.as_json()["scores"] == overall.as_json()["scores"]
