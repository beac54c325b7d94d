"""Ratings of several dimensions in one answer."""

import json

import pytest

from vecbench.answers import AnswerSpecification, Rating, kind_of
from vecbench.parsing import Prediction, Reading
from vecbench.parsing.strict import read

VAD = ("valence", "arousal", "dominance")
THREE = (5.3, 4.1, 6.0)


def kind(**options):
    return kind_of(AnswerSpecification("rating", options={"range": [1, 9], "dimensions": [*VAD]} | options))


KIND = kind()


def bare(text, finish_reason="stop"):
    found = read(text, VAD, KIND, finish_reason)
    return found.answer, found.answer_status


# Task files


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimensions": "valence"}, "two names or more"),
        ({"dimensions": ["valence"]}, "two names or more"),
        ({"dimensions": []}, "two names or more"),
        ({"dimensions": ["valence", 3]}, "3 is no name of a dimension"),
        ({"dimensions": ["valence", "a: b"]}, "'a: b' is no name of a dimension"),
        ({"dimensions": ["valence", "Valence"]}, "there twice"),
        ({"range": {"valence": [1, 9], "arousal": [0, 1]}}, "'range' is one for all dimensions"),
        ({"of": "feeling"}, "'of' is what a single number rates"),
        ({"dimensions": None}, "two names or more"),
    ],
)
def test_what_a_task_file_may_not_say(options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options)


def test_the_dimensions_are_what_a_sample_is_asked_with():
    assert KIND.candidates({"target": 3}) == VAD
    assert KIND.prompt_variables(VAD)["dimensions"] == [*VAD]
    assert KIND.target_columns({}) == {name: name for name in VAD}


def test_ratings_of_different_things_are_told_apart():
    one = {"range": [1, 9]}
    pools = [kind_of(AnswerSpecification("rating", options=one | more)).pool for more in ({}, {"of": "joy"})]
    assert [*pools, KIND.pool] == ["rating", "rating of joy", "rating of valence, arousal, dominance"]


# Targets


@pytest.mark.parametrize(
    "written",
    [
        {"valence": 5.3, "arousal": 4.1, "dominance": 6},
        {"dominance": "6", "arousal": "4.1", "valence": "5.3", "remark": "x"},
        '{"valence": 5.3, "arousal": 4.1, "dominance": 6}',
        [5.3, 4.1, 6],
        "[5.3, 4.1, 6]",
    ],
)
def test_a_target_is_an_object_or_a_list_in_the_order_of_the_dimensions(written):
    target = KIND.target(written, VAD)
    assert target == THREE
    assert KIND.load(json.loads(json.dumps(KIND.dump(target)))) == THREE


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"valence": 5, "arousal": 4}, "there is no target of dominance"),
        ({"valence": 5, "arousal": 4, "dominance": None}, "there is no target of dominance"),
        ({"valence": 5, "arousal": 4, "dominance": float("nan")}, "target of dominance nan is no number"),
        ({"valence": 5, "arousal": "nan", "dominance": 5}, "target of arousal 'nan' is no number"),
        (
            {"valence": 0.5, "arousal": 4, "dominance": 5},
            "target of valence 0.5 is outside the range",
        ),
        ([5, 4], "has not 3 numbers"),
        (5, "is no object of valence, arousal, dominance"),
        ("high", "neither an object nor a list"),
    ],
)
def test_a_target_that_is_none_is_refused(written, message):
    with pytest.raises(ValueError, match=message):
        KIND.target(written, VAD)


def test_stored_targets_have_a_number_for_each_dimension():
    for stored in ([5, 4], [5, 4, "6"], 5, [], {"valence": 5}):
        with pytest.raises(ValueError, match="no rating"):
            KIND.load(stored)


def test_a_target_of_a_task_that_nobody_knows_names_its_dimensions():
    nobodys = Rating()
    assert nobodys.candidates({"target": {"joy": 1, "awe": 2}}) == ("joy", "awe")
    assert nobodys.target({"joy": 1, "awe": 2}, ("joy", "awe")) == (1, 2)
    with pytest.raises(ValueError, match="two names or more"):
        nobodys.candidates({"target": {"joy": 1}})


# Answers


@pytest.mark.parametrize(
    "text",
    [
        "<answer>valence: 5.3, arousal: 4.1, dominance: 6</answer>",
        "<think>Valence 2.</think><answer>valence: 5.3\narousal: 4.1\ndominance: 6</answer>",
        "<valence>5.3</valence><arousal>4.1</arousal><dominance>6</dominance>",
        "<answer><valence>\n5.3\n</valence>\n<arousal>4.1</arousal>\n<dominance>6</dominance></answer>",
        '{"valence": 5.3, "arousal": 4.1, "dominance": 6, "confidence": 0.8}',
        '```json\n{\n "Valence": 5.3,\n "Arousal": "4.1",\n "Dominance": 6\n}\n```',
        '{"answer": {"valence": 5.3, "arousal": 4.1, "dominance": 6}, "confidence": 0.8}',
        "<answer>{'valence': 5.3, 'arousal': 4.1, 'dominance': 6}</answer>",
        "Valence: 5.3\nArousal: 4.1\nDominance: 6",
        "1. Valence: 5.3\n2. Arousal: 4.1\n3. Dominance: 6",
        "**Valence:** 5.3/9\n**Arousal:** 4.1/9\n**Dominance:** 6/9\n\nThe image has 2 people.",
        "- Valence (1-9): 5.3\n- Arousal (1-9): 4.1\n- Dominance (1-9): 6",
        "Valence (1 = bad, 9 = good): 5.3\nArousal (1 = calm, 9 = wild): 4.1\nDominance: 6",
        "### Valence\n5.3\n### Arousal\n4.1\n### Dominance\n6",
        "| Dimension | Rating |\n|---|---|\n| Valence | 5.3 |\n| Arousal | 4.1 |\n| Dominance | 6 |",
        "I would say valence 5.3, arousal 4.1, dominance 6. There are 2 people.",
        "Its valence is 5.3 on a 1-9 scale, its arousal 4.1, and its dominance 6.",
        "valence 5.3 arousal 4.1 dominance 6",
        "dominance=6; arousal=4.1; valence=5.3",
        "Answer: valence 5.3, arousal 4.1, dominance 6\nConfidence: 0.7",
        r"\boxed{5.3, 4.1, 6}",
        "<answer>5.3, 4.1, 6</answer>",
        "<answer>[5.3, 4.1, 6]</answer><confidence>0.7</confidence>",
        "5,3; 4,1; 6",
        "5.3 4.1 6",
        "5.3\n4.1\n6",
    ],
)
def test_each_dimension_is_read_where_it_is_said(text):
    assert bare(text) == (THREE, "ok")


@pytest.mark.parametrize(
    ("text", "ratings"),
    [
        ("<answer>valence: 5.3, arousal: high, dominance: 6</answer>", (5.3, None, 6)),
        ("<answer>valence: 5.3, dominance: 6</answer>", (5.3, None, 6)),
        ("<answer>valence: 5.3, mood: 3, dominance: 6</answer>", (5.3, None, 6)),
        ("<answer>valence: 5.3, arousal: 12, dominance: 6</answer>", (5.3, None, 6)),
        ("<answer>valence: 5 or 6, arousal: 4, dominance: 6</answer>", (None, 4, 6)),
        ("<answer>valence: above 5, arousal: 4, dominance: 6</answer>", (None, 4, 6)),
        ("<answer>valence: -5.3, arousal: 4, dominance: 6</answer>", (None, 4, 6)),
        ("Valence: 5\nArousal: 4\nDominance: 6\nFinal valence: 7", (None, 4, 6)),
        ("<valence>5</valence><arousal></arousal><dominance>6</dominance>", (5, None, 6)),
    ],
)
def test_a_dimension_that_is_not_read_is_missing_for_itself_alone(text, ratings):
    assert bare(text) == (ratings, "partial")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("<answer>5.3, 4.1</answer>", "not_a_candidate"),
        ("<answer>5.3, 4.1, 6, 7</answer>", "not_a_candidate"),
        ("<answer>V: 5.3, A: 4.1, D: 6</answer>", "not_a_candidate"),
        ("<answer>valence: 12, arousal: 0, dominance: 99</answer>", "out_of_range"),
        ("<answer>5.3 for valence, 4.1 for arousal, 6 for dominance</answer>", "ambiguous"),
        ("<answer>Valence of 5.3, 4.1 arousal and 6 dominance</answer>", "ambiguous"),
        ("The valence is low. Arousal is high. Dominance medium.", "no_answer"),
        ("A bright scene, so I expect a valence of 7.", "no_answer"),
        ("I cannot tell.", "no_answer"),
        ("", "no_answer"),
    ],
)
def test_what_rates_nothing_is_no_answer(text, status):
    assert bare(text) == (None, status)


def test_an_answer_that_is_cut_off_is_none():
    assert bare("<answer>valence: 5, arousal: 4, dominance: 6", "length") == (None, "truncated")


def test_a_confidence_beside_is_one_and_no_rating():
    found = read("Valence: 5.3\nArousal: 4.1\nDominance: 6\nConfidence: 0.7", VAD, KIND, "stop")
    assert (found.answer, found.confidence) == (THREE, 0.7)


@pytest.mark.parametrize("text", ["valence: 5, " * 20_000, "1" * 200_000 + " valence", "<valence>" * 20_000])
def test_long_answers_are_read_in_linear_time(text):
    """A search that went back for every name would not come to an end here."""
    found = read(f"<answer>{text}</answer>", VAD, KIND, "stop")
    assert found.answer in {None, (5, None, None)}


# Rows


def row(answer, target=THREE, status="ok"):
    reading = Reading(answer, status, None, "missing")
    return Prediction("k", "vad", "1", 0, target, VAD, reading, kind="rating")


def test_an_answer_is_right_within_the_tolerance_in_every_dimension():
    judging = kind(tolerance=0.5)
    assert judging.is_right((5, 4.1, 6.5), THREE)
    assert not judging.is_right((5, 4.1, 6.6), THREE)
    assert not judging.is_right((5, None, 6), THREE)
    assert not judging.is_right(None, THREE)
    assert not KIND.is_right(THREE, THREE)


def test_the_parts_of_rows_are_rows_of_single_ratings():
    judging = kind(tolerance=0.5)
    parts = judging.parts([row((5, None, 9), status="partial"), row(None, status="ambiguous")])
    assert parts.keys() == {"dimension"}
    assert [*parts["dimension"]] == [*VAD]
    assert judging.part == Rating(1, 9, 0.5)
    found = {
        name: [(each.target, each.reading.answer, each.reading.answer_status, each.correct) for each in rows]
        for name, rows in parts["dimension"].items()
    }
    assert found == {
        "valence": [(5.3, 5, "ok", True), (5.3, None, "ambiguous", False)],
        "arousal": [(4.1, None, "no_answer", False), (4.1, None, "ambiguous", False)],
        "dominance": [(6.0, 9, "ok", False), (6.0, None, "ambiguous", False)],
    }
    assert (
        Rating(1, 9).parts([Prediction("k", "t", "1", 0, 5.0, (), Reading(5.0, "ok", None, "missing"))]) == {}
    )


# Other scales


def test_a_prompt_may_ask_on_another_scale():
    nine = Rating(1, 9)
    asked = nine.asked_on((0, 1))
    assert [asked.read(text, ())[0] for text in ("0", "0.5", "1", "62%", "Valence: 0.6220")] == pytest.approx(
        [1, 5, 9, 5.96, 5.976]
    )
    assert asked.read("5", ()) == (None, "out_of_range")
    assert asked.prompt_variables(())["range"] == [0, 1]
    assert nine.asked_on(None) == nine
    assert KIND.asked_on((0, 1)).read("valence 0, arousal 0.5, dominance 1", VAD) == ((1, 5, 9), "ok")
