"""The kind "distribution": votes as data writes them, labels and shares as models state them."""

import json

import pytest

from vecbench.answers import AnswerSpecification, Distribution, kind_of
from vecbench.answers.shares import Shares
from vecbench.parsing import strict

LABELS = ("joy", "fear", "anger")
KIND = Distribution(LABELS, {"happiness": "joy", "angry": "anger"})
VOTES = {"joy": 6, "fear": 3, "anger": 1}


def read(response, **more):
    return strict.read(response, LABELS, KIND, **more)


@pytest.mark.parametrize(
    "written",
    [
        VOTES,
        {"Happiness": "6", "fear": 3.0, "anger": 1},
        [6, 3, 1],
        ["joy"] * 6 + ["fear"] * 3 + ["angry"],
        "{'joy': 6, 'fear': 3, 'anger': 1}",
        "[0.6, 0.3, 0.1]",
        {"joy": 0.6, "fear": 0.3, "anger": 0.1},
        {"joy": 60, "fear": 30, "anger": 10},
    ],
)
def test_a_target_is_votes_or_shares(written):
    target = KIND.target(written, LABELS)
    assert target == pytest.approx({"joy": 0.6, "fear": 0.3, "anger": 0.1})
    assert KIND.load(json.loads(json.dumps(KIND.dump(target)))) == target


def test_a_label_that_an_object_leaves_out_has_no_votes_and_rounded_shares_are_divided_by_their_sum():
    assert KIND.target({"joy": 3, "fear": 1}, LABELS) == {"joy": 0.75, "fear": 0.25, "anger": 0.0}
    thirds = KIND.target([0.33, 0.33, 0.33], LABELS)
    assert thirds == pytest.approx(dict.fromkeys(LABELS, 1 / 3))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({"joy": -1, "fear": 2}, "the votes for 'joy' are negative: -1"),
        ({"joy": 0, "fear": 0, "anger": 0}, "nobody voted: all votes are 0"),
        ([0.5, float("nan"), 0.5], "the votes for 'fear' are nan, no number"),
        ({"joy": "nan"}, "the votes for 'joy' are 'nan', no number"),
        ({"joy": "", "fear": 1}, "the votes for 'joy' are '', no number"),
        ({"joy": True, "fear": 1}, "the votes for 'joy' are True, no number"),
        ({"joy": 2, "love": 1}, "'love' has votes and is not among the candidates"),
        (["joy", "love"], "'love' has votes and is not among the candidates"),
        ({"joy": 1, "happiness": 1}, "the votes for 'joy' are given twice"),
        ([1, 2], "2 numbers of votes, and the task has 3 labels"),
        ({"joy": 0.5, "fear": 0.3}, "the shares add up to 0.8, not to 1; votes are whole numbers"),
        ({"joy": 2.5, "fear": 1}, "the shares add up to 3.5, not to 1; votes are whole numbers"),
        ("joy", "neither an object nor a list: 'joy'"),
        ([], "[] is neither an object of votes nor a list"),
    ],
)
def test_votes_that_are_none_are_refused_in_one_line(written, problem):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        KIND.target(written, LABELS)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("answer", "status", "found"),
    [
        ("joy", "ok", "joy"),
        ("Happiness.", "alias", "joy"),
        ("not joy, but fear", "ambiguous", None),
        ('{"joy": 0.6, "fear": 0.4}', "ok", [0.6, 0.4, 0]),
        ("{'joy': 0.6, 'fear': 0.4}", "ok", [0.6, 0.4, 0]),
        ('```json\n{"joy": "60%", "fear": "40%"}\n```', "ok", [0.6, 0.4, 0]),
        ('{"joy": 60, "fear": 30, "angry": 10}', "alias", [0.6, 0.3, 0.1]),
        ('{"joy": 1}', "ok", [1, 0, 0]),
        ("joy: 0.6\nfear: 0.3\nanger: 0.1", "ok", [0.6, 0.3, 0.1]),
        ("joy 60%, fear 30% and anger 10%", "ok", [0.6, 0.3, 0.1]),
        ("- **joy**: 60%\n- **fear**: 40%", "ok", [0.6, 0.4, 0]),
        ("joy = 0,6; fear = 0,4", "ok", [0.6, 0.4, 0]),
        ('{"joy": 0.33, "fear": 0.33, "anger": 0.33}', "ok", [1 / 3] * 3),
        ('{"joy": 0.6, "fear": 0.3}', "out_of_range", None),
        ('{"joy": 0.6, "fear": 40}', "out_of_range", None),
        ('{"joy": 1.2, "fear": -0.2}', "out_of_range", None),
        ('{"joy": NaN, "fear": 1}', "out_of_range", None),
        ('{"joy": "high", "fear": 1}', "out_of_range", None),
        ('{"joy": 0.6, "love": 0.4}', "not_a_candidate", None),
        ('{"joy": 0.6, "fear": 0.4, "love": 0}', "ok", [0.6, 0.4, 0]),
        ('{"joy": 0.6, "happiness": 0.4}', "ambiguous", None),
        ("{}", "no_answer", None),
    ],
)
def test_an_answer_is_one_label_or_shares(answer, status, found):
    reading = read(f"<answer>{answer}</answer><confidence>0.7</confidence>")
    assert reading.answer_status == status
    expected = dict(zip(LABELS, found, strict=True)) if isinstance(found, list) else found
    assert reading.answer == (pytest.approx(expected) if isinstance(found, list) else expected)
    assert reading.confidence == 0.7


@pytest.mark.parametrize(
    ("response", "confidence"),
    [
        ('{"joy": 0.6, "fear": 0.4}', None),
        ('I see both. {"joy": 0.6, "fear": 0.4, "confidence": 0.7}', 0.7),
        ('{"answer": {"joy": 0.6, "fear": 0.4}, "confidence": 0.7}', 0.7),
        ('{"shares": {"joy": 0.6, "fear": 0.4}, "confidence": 0.7}', 0.7),
        ('Such as {"joy": 1}.\n{"joy": 0.6, "fear": 0.4}', None),
        ("joy: 60%\nfear: 40%\nConfidence: 0.7", 0.7),
    ],
)
def test_shares_are_read_without_tags(response, confidence):
    reading = read(response)
    assert reading.answer == {"joy": 0.6, "fear": 0.4, "anger": 0.0}
    assert reading.confidence == confidence


def test_a_label_with_its_probability_is_a_label():
    reading = read("fear (0.9)")
    assert (reading.answer, reading.confidence) == ("fear", 0.9)


def test_an_object_that_is_cut_off_is_no_answer():
    assert read('<answer>{"joy": 0.6, "fear": 0.4', finish_reason="length").answer_status == "truncated"


def test_right_is_the_largest_share_and_any_of_those_tied_for_it():
    clear, tied = KIND.target(VOTES, LABELS), KIND.target([2, 2, 1], LABELS)
    assert KIND.is_right("joy", clear)
    assert not KIND.is_right("fear", clear)
    assert KIND.is_right("fear", tied)
    assert not KIND.is_right(None, clear)
    assert KIND.is_right(Shares(joy=0.5, fear=0.4, anger=0.1), clear)
    assert not KIND.is_right(Shares(joy=0.4, fear=0.4, anger=0.2), clear)  # it does not say which
    assert KIND.is_right(Shares(joy=0.4, fear=0.4, anger=0.2), tied)
    assert not KIND.is_right("joy", "joy")  # what stands for a target that is none


@pytest.mark.parametrize(
    ("labels", "options", "problem"),
    [
        (("joy",), {}, "a distribution task lists at least two labels"),
        (LABELS, {"columns": "votes"}, "'columns' is a text such as \"votes {label}\", not 'votes'"),
        (LABELS, {"top": 3}, "the answer kind distribution knows no 'top'"),
    ],
)
def test_what_a_task_says_wrong(labels, options, problem):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        kind_of(AnswerSpecification("distribution", labels, options=options))
    assert str(caught.value) == problem
