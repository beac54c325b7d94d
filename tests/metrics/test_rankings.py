import json
import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecbench.metrics.rankings import (
    BEST_CONSTANT,
    HIT,
    ORDER,
    RANKING_SCORE,
    hit_weights,
    ranking_columns,
    ranking_score,
)
from vecbench.metrics.totals import Totals, WeightedRows

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "eemo_ranking" / "expected.json").read_text())
LABELS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
RANKINGS = st.permutations(LABELS).map(lambda labels: tuple(labels[:3]))


@pytest.mark.parametrize("row", GOLDEN["grid"])
def test_scores_equal_their_golden_values(row):
    assert ranking_score(row["pred"], row["gold"]).total == pytest.approx(
        row["score_by_rank"] / 100, abs=1e-8
    )


@pytest.mark.parametrize(
    ("answer", "hit", "order"),
    [
        (("fear", "disgust", "neutral"), 0.5, 0.5),
        (("neutral", "disgust", "fear"), 0.5, 0.0),
        (("fear", "surprise", "neutral"), 0.35, 1 / 3),
        (("neutral", "surprise", "fear"), 0.35, 0.0),
        (("surprise", "fear", "disgust"), 0.40, 1 / 3),
        (("fear", "disgust"), 0.40, 1 / 3),
        (("fear", "surprise", "sadness"), 0.25, 0.0),
        (("fear",), 0.25, 0.0),
        (("joy", "anger", "surprise"), 0.0, 0.0),
        ((), 0.0, 0.0),
        (("disgust", "fear", "neutral"), 0.5, 1 / 3),
    ],
)
def test_hits_and_order_are_counted_apart(answer, hit, order):
    score = ranking_score(answer, ("fear", "disgust", "neutral"))
    assert score.hit == pytest.approx(hit)
    assert score.order == pytest.approx(order)
    assert score.total == pytest.approx(hit + order)


@given(RANKINGS, RANKINGS)
def test_scores_lie_between_nothing_and_the_target_itself(answer, target):
    assert 0 <= ranking_score(answer, target).total <= 1 + 1e-12
    assert (ranking_score(answer, target).total == pytest.approx(1)) == (answer == target)


@pytest.mark.parametrize("top", [2, 3, 4, 7])
def test_hits_are_worth_a_half_together_and_the_stronger_the_more(top):
    weights = hit_weights(top)
    assert sum(weights) == pytest.approx(0.5)
    assert list(weights) == sorted(weights, reverse=True)
    assert len(set(weights)) == top


@pytest.mark.parametrize(
    ("answer", "target"), [(("joy", "joy"), LABELS[:3]), (("joy",), ("joy", "joy")), ((), ("joy",))]
)
def test_what_is_no_ranking_is_refused(answer, target):
    with pytest.raises(ValueError, match="distinct labels"):
        ranking_score(answer, target)


def totals_of(answers, targets, weights=None):
    columns = ranking_columns(answers, targets, LABELS)
    weights = np.ones(len(targets)) if weights is None else weights
    sums = {name: weights @ column for name, column in columns.items()} | {"rows": weights.sum(axis=-1)}
    return Totals(sums=sums, weighted=WeightedRows(columns, weights))


def test_a_row_without_an_answer_scores_nothing():
    totals = totals_of([LABELS[:3], None], [LABELS[:3], LABELS[:3]])
    assert RANKING_SCORE.value(totals) == pytest.approx(0.5)
    assert HIT.value(totals) == pytest.approx(0.25)
    assert ORDER.value(totals) == pytest.approx(0.25)


@given(st.lists(RANKINGS, min_size=1, max_size=6))
def test_the_best_constant_answer_is_the_best_of_all(targets):
    totals = totals_of([None] * len(targets), targets)
    every = [
        sum(ranking_score(answer, target).total for target in targets) / len(targets)
        for answer in permutations(LABELS, 3)
    ]
    assert BEST_CONSTANT.value(totals) == pytest.approx(max(every))
    details = BEST_CONSTANT.details(totals)
    assert details["search"] == "every ranking"
    means = [ranking_score(details["answer"], target).total for target in targets]
    assert sum(means) / len(means) == pytest.approx(max(every))


def test_the_best_constant_answer_looks_at_targets_only_and_at_how_often_each_was_drawn():
    targets = [("joy", "fear", "anger"), ("sadness", "neutral", "disgust")]
    weights = np.array([[1.0, 0.0], [3.0, 0.0], [3.0, 1.0], [0.0, 0.0]])
    totals = totals_of([None, ("joy", "fear", "anger")], targets, weights)
    assert BEST_CONSTANT.details(totals)["answer"] == ["joy", "fear", "anger"]
    assert BEST_CONSTANT.value(totals).tolist() == pytest.approx([1, 1, 0.75, math.nan], nan_ok=True)


def test_of_many_labels_a_good_constant_answer_is_built_and_said_to_be_so():
    labels = [f"label {number}" for number in range(40)]
    targets = [("label 7", "label 3", "label 9")] * 3 + [("label 1", "label 2", "label 3")]
    columns = ranking_columns([None] * 4, targets, labels)
    totals = Totals.of_columns(columns)
    assert BEST_CONSTANT.details(totals) == {
        "answer": ["label 7", "label 3", "label 9"],
        "search": "greedy: a better one may exist",
    }
    assert BEST_CONSTANT.value(totals) == pytest.approx((3 + 0.1) / 4)


def test_without_rows_nothing_is_defined():
    totals = totals_of([], [])
    assert math.isnan(RANKING_SCORE.value(totals))
    assert math.isnan(BEST_CONSTANT.value(totals))
    with pytest.raises(ValueError, match="the rows themselves"):
        BEST_CONSTANT.value(Totals())
