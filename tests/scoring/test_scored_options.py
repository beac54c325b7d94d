"""Scored options from responses to scores: a source of confidence, metrics, levels as ratings."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from vecbench.comparing.row_differences import row_differences
from vecbench.frames import prediction_frame
from vecbench.scoring import STRICT, prediction_lines, predictions, score
from vecbench.store import StoredResponse
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
GOLDEN = Path(__file__).parents[1] / "golden" / "eemo_assessment" / "expected.json"
TOKEN_ROUTE = json.loads(GOLDEN.read_text())["token_route"]
OF_OPTIONS = {"options_accuracy", "options_brier", "options_nll", "classwise_ece"}


def response(number, target, said, options=(), *, task="emoji_2", candidates=None, **more):
    known = CATALOGUE.tasks[task]
    candidates = known.labels if candidates is None else candidates
    text = f"<answer>{said}</answer><confidence>0.75</confidence>"
    return StoredResponse(
        f"k{number}", task, f"s{number}", 0, target, tuple(candidates), "a.png", None, "11", text, "stop",
        None, 3, 2, known.answers.name, option_log_probabilities=tuple(options), **more,
    )  # fmt: skip


def read(*rows):
    return predictions(rows, STRICT, CATALOGUE)


def log(*values):
    return tuple(map(math.log, values))


def test_the_share_of_the_answer_among_the_options_is_a_confidence_beside_the_stated_one():
    [row] = read(response(0, "positive", "negative", log(0.06, 0.02)))
    assert (row.reading.answer, row.reading.confidence) == ("negative", 0.75)
    assert row.confidences == pytest.approx({"options": 0.25})
    assert row.options.shares == pytest.approx({"positive": 0.75, "negative": 0.25})


def test_without_an_answer_or_scored_options_there_is_no_such_confidence():
    unread, plain = read(response(0, "positive", "hm", log(0.06, 0.02)), response(1, "positive", "negative"))
    assert unread.confidences == plain.confidences == {}
    assert unread.options.shares == pytest.approx({"positive": 0.75, "negative": 0.25})
    assert plain.options is None


def test_scores_of_other_options_than_the_kinds_are_passed_over():
    [row] = read(response(0, 5.0, "5", log(0.5, 0.3, 0.2), task="eemo_valence", candidates=()))
    assert (row.options, row.reading.answer) == (None, 5.0)


def test_of_a_choice_the_letter_and_of_a_set_no_single_option_is_the_answer():
    letter, labels = read(
        response(0, "B", "B", log(0.2, 0.6), task="eemo_single", candidates=("yes", "no")),
        response(1, ["Anger"], "Anger", log(*[0.01] * 26), task="emotic_categories"),
    )
    assert letter.confidences == pytest.approx({"options": 0.75})
    assert set(letter.options.names) == {"A", "B"}
    assert labels.confidences == {}
    assert len(labels.options.names) == 26


def rows_of(options=None, task="emoji_2", n=40):
    truth = ["positive", "negative"] * (n // 2)
    return [
        response(number, target, "positive" if number % 3 else target, options or (), task=task)
        for number, target in enumerate(truth)
    ]


def test_metrics_of_options_are_there_only_where_options_were_scored():
    plain = score(read(*rows_of()), "strict", CATALOGUE, replicates=200)
    scored = score(read(*rows_of(log(0.6, 0.2))), "strict", CATALOGUE, replicates=200)
    there, further = (each.tasks["emoji_2"].metrics for each in (plain, scored))
    assert further.keys() - there.keys() == OF_OPTIONS
    assert {key: further[key] for key in there} == dict(there)
    assert plain.as_json() == score(read(*rows_of()), "strict", CATALOGUE, replicates=200).as_json()
    nll = further["options_nll"]
    assert nll.value == pytest.approx(-(math.log(0.75) + math.log(0.25)) / 2)
    assert nll.low < nll.value < nll.high
    assert further["classwise_ece"].no_interval
    assert further["classwise_ece"].value == pytest.approx(0.25)


def test_a_pool_has_them_only_if_all_of_its_tasks_do():
    scored, plain = rows_of(log(0.6, 0.2)), rows_of(task="fi_2")
    scores = score(read(*scored, *plain), "strict", CATALOGUE, replicates=200)
    assert scores.tasks["emoji_2"].metrics.keys() >= OF_OPTIONS
    assert not scores.tasks["fi_2"].metrics.keys() & OF_OPTIONS
    assert not scores.overall.pooled.metrics.keys() & OF_OPTIONS
    assert not scores.overall.macro.keys() & OF_OPTIONS


def differences(old, new):
    pairs = [*zip(read(*old), read(*new), strict=True)]
    return row_differences(pairs, "strict", CATALOGUE, replicates=200).tasks["emoji_2"].metrics


def test_two_models_are_compared_in_them_where_both_have_them():
    old = rows_of(log(0.6, 0.2), n=80)
    new = [
        replace(each, option_log_probabilities=log(0.6, 0.2 + 0.005 * place))
        for place, each in enumerate(old)
    ]
    found = differences(old, new)
    assert found["options_brier"].samples_changed == 79
    assert found["options_brier"].low < found["options_brier"].change < found["options_brier"].high
    assert found["accuracy"].samples_changed == 0
    for one, other in ((old, rows_of(n=80)), (rows_of(n=80), new)):
        assert not differences(one, other).keys() & OF_OPTIONS


def levels(logits, said="I see"):
    return [
        response(number, 5.0, said, each, task="eemo_valence", candidates=(), profile="published")
        for number, each in enumerate(logits)
    ]


def test_levels_make_the_rating_of_eemo_bench_whatever_was_written():
    # Logits less their maximum are logarithms up to a constant, which a softmax does not see.
    logits = [[each - max(case["logits"]) for each in case["logits"]] for case in TOKEN_ROUTE]
    wanted = [1 + 8 * case["value"] for case in TOKEN_ROUTE]
    for said in ("I see", "2.5"):
        rows = read(*levels(logits, said))
        assert [row.reading.answer for row in rows] == pytest.approx(wanted, rel=1e-12)
    assert {row.reading.answer_status for row in rows} == {"ok"}
    assert set(rows[0].options.names) == {"Positive", "Neutral", "Negative"}
    scores = score(rows, "strict", CATALOGUE, replicates=200).tasks["eemo_valence"]
    errors = [abs(each - 5) for each in wanted]
    assert scores.metrics["mae"].value == pytest.approx(sum(errors) / len(errors))


def test_without_scored_levels_their_prompt_has_no_answer():
    [row] = read(*levels([()], "Positive"))
    assert row.reading.answer is None


def test_shares_are_in_predictions_where_there_are_some():
    rows = read(response(0, "positive", "negative", log(0.06, 0.02)), response(1, "positive", "negative"))
    with_options, without = map(json.loads, prediction_lines(rows))
    assert with_options["options"] == pytest.approx({"positive": 0.75, "negative": 0.25})
    assert "options" not in without
    frame = prediction_frame(rows, {"emoji_2"})
    assert frame["options"][0] == pytest.approx({"positive": 0.75, "negative": 0.25})
    assert frame["options"][1] is None
    assert "options" not in prediction_frame(rows[1:], {"emoji_2"})
