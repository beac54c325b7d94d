import math
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecbench.answers import AnswerSpecification, Rating, kind_of
from vecbench.parsing.form import Form
from vecbench.parsing.prediction import Prediction, Reading
from vecbench.parsing.strict import read

NINE = Rating(1, 9)
UNIT = Rating(0, 1)
HUNDRED = Rating(0, 100)


def answer(text, kind=NINE):
    return kind.read(text, ())


def bare(text, kind=NINE, finish_reason=None):
    found = read(text, (), kind, finish_reason)
    return found.answer, found.answer_status


def specified(**options):
    return kind_of(AnswerSpecification("rating", options=options))


# Task files


def test_a_task_file_gives_the_range_and_perhaps_a_tolerance():
    assert specified(range=[1, 9]) == Rating(1, 9)
    assert specified(range=[0, 1], tolerance=0.1) == Rating(0, 1, 0.1)


@pytest.mark.parametrize(
    "written",
    [None, 9, "1-9", [1], [1, 2, 3], ["1", "9"], [True, 9], [math.nan, 9], [1, math.inf], [9, 1], [1, 1]],
)
def test_a_range_is_two_numbers_the_lower_one_first(written):
    with pytest.raises(ValueError, match="'range'"):
        specified(range=written)


@pytest.mark.parametrize("written", [-1, 8, "0.5", True, math.nan])
def test_a_tolerance_is_within_the_ranges_width(written):
    with pytest.raises(ValueError, match="'tolerance'"):
        specified(range=[1, 9], tolerance=written)


def test_what_else_a_task_file_says_is_refused():
    with pytest.raises(ValueError, match="knows no 'top'"):
        specified(range=[1, 9], top=3)
    with pytest.raises(ValueError, match="neither labels nor aliases"):
        kind_of(AnswerSpecification("rating", labels=("low", "high"), options={"range": [1, 9]}))


@pytest.mark.parametrize(
    "written", ["High", ["High", "Low"], ["High", "Low", "Low"], ["High", "", "Low"], [1, 2, 3], []]
)
def test_levels_are_three_different_words(written):
    with pytest.raises(ValueError, match="'levels'"):
        specified(range=[1, 9], levels=written)
    with pytest.raises(ValueError, match="single number"):
        specified(range=[1, 9], levels=["High", "Medium", "Low"], dimensions=["valence", "arousal"])


def test_levels_are_options_only_of_prompts_that_ask_for_one():
    kind = specified(range=[1, 9], levels=["High", "Medium", "Low"])
    assert kind.spelt_options(()) == ()
    assert kind.answer_of([-1.0, -1.0, -1.0]) is None
    asked = kind.asked_in(Form(levels=True))
    assert asked.spelt_options(()) == ("High", "Medium", "Low")
    assert asked.answer_of([-1.0, -1.0, -1.0]) == 5.0
    assert asked.answer_of([0.0, -9999.0, -9999.0]) == 9.0
    assert asked.answer_of([-1.0, -1.0]) is None
    assert NINE.asked_in(Form(levels=True)).spelt_options(()) == ()


def test_a_rating_is_judged_only_within_a_tolerance():
    assert not NINE.judges
    assert not NINE.is_right(5.0, 5.0)
    judged = Rating(1, 9, 0.3)
    assert judged.judges
    assert judged.is_right(5.4, 5.1)  # though the difference is 0.30000000000000071
    assert judged.is_right(4.8, 5.1)
    assert not judged.is_right(5.5, 5.1)
    assert not judged.is_right(None, 5.1)


def test_metrics_of_confidences_come_with_the_tolerance():
    keys = {metric.key for metric in NINE.metrics}
    assert {"mae", "rmse", "bias", "pearson", "spearman", "kendall", "ccc", "coverage"} == keys
    assert {"accuracy", "ece", "brier"} <= {metric.key for metric in Rating(1, 9, 0.5).metrics}


# Targets and stored answers


@pytest.mark.parametrize(
    ("written", "target"), [(5, 5.0), (5.25, 5.25), ("5.25", 5.25), (" 5,25 ", 5.25), (1, 1.0)]
)
def test_a_target_is_a_number_or_its_text(written, target):
    assert NINE.target(written, ()) == target


@pytest.mark.parametrize("written", [0.9, 9.1, "10", "high", "", None, True, math.nan, [5], "5/9", "nan"])
def test_a_target_that_is_none_or_outside_is_refused(written):
    with pytest.raises(ValueError, match="the target"):
        NINE.target(written, ())


def test_stored_answers_are_numbers():
    assert NINE.load(NINE.dump(5.4)) == 5.4
    for stored in ("5", None, True, math.nan, [5]):
        with pytest.raises(ValueError, match="no rating"):
            NINE.load(stored)


def test_prompts_see_the_range():
    assert NINE.prompt_variables(()) == {"low": 1, "high": 9, "range": [1, 9], "dimensions": []}


# Answers


@pytest.mark.parametrize(
    "text",
    [
        *(
            "5.4",
            "5,4",
            "５．４",
            "+5.4",
            " 5.4. ",
            "**5.4**",
            "{5.4}",
            "Valence: 5.4",
            "valence = 5.4",
            "~5.4",
        ),
        *("5.4/9", "5.4 / 9", "5.4 out of 9", "Valence: 5.4 out of 9.", "5.4 out of a possible 9"),
        *(
            "I would rate the valence at 5.4 out of 9.",
            "The valence is 5.4",
            "The level of valence is about 5.4.",
        ),
        *("5.4 (1-9)", "On a scale from 1 to 9: 5.4", "5.4 (on a scale of 1 to 9)", "1 = low, 9 = high: 5.4"),
        "5.4\n\nThe picture shows 3 dogs.",
    ],
)
def test_one_number_is_read_as_it_is_written(text):
    assert answer(text) == (5.4, "ok")
    assert bare(text) == (5.4, "ok")


@pytest.mark.parametrize(
    "text", ["It is 5.4 stars", "a 9-point scale: 5.4", "My answer would be 5.4 here", "5.4 5.4"]
)
def test_a_stated_answer_may_say_more_around_its_one_number(text):
    assert answer(text) == (5.4, "ok")
    assert bare(text) == (None, "no_answer")


@pytest.mark.parametrize(
    "text",
    ["5-6", "5 to 6", "between 5 and 6", "5 or 6", "Valence: 5.4, Arousal: 3", "5.4 of the 2", "5 ± 1"],
)
def test_different_numbers_are_ambiguous(text):
    assert answer(text) == (None, "ambiguous")


@pytest.mark.parametrize(
    "text",
    ["high", "five", "nan", "5.4cm", "1.2.3", "5.4²", "more than 5", "at least 5", "≥5", "not 5", "Image5"],
)
def test_words_and_bounds_are_no_rating(text):
    assert answer(text) == (None, "not_a_candidate")


@pytest.mark.parametrize(
    "text", ["0.9", "9.01", "-5", "−5", "54", "5400", "1e400", "inf", "5/10", "5 out of 5", "84%"]
)
def test_a_number_outside_the_range_or_of_another_scale_is_neither_clipped_nor_rescaled(text):
    assert answer(text) == (None, "out_of_range")


@pytest.mark.parametrize("text", ["", " ", "...", "**"])
def test_nothing_is_no_answer(text):
    assert answer(text) == (None, "no_answer")
    assert bare(text) == (None, "no_answer")


@pytest.mark.parametrize(
    ("text", "nine", "unit", "hundred"),
    [
        ("84%", None, 0.84, 84.0),
        ("84 percent", None, 0.84, 84.0),
        ("107%", None, None, None),
        ("0.84", None, 0.84, 0.84),
        ("0.21 out of 1", None, 0.21, None),
        ("5/9", 5.0, None, None),
        ("1", 1.0, 1.0, 1.0),
        ("-0", None, 0.0, 0.0),
        ("0.85 (85%)", None, 0.85, None),
    ],
)
def test_percentages_and_fractions_are_of_the_scale_that_they_name(text, nine, unit, hundred):
    assert [answer(text, kind)[0] for kind in (NINE, UNIT, HUNDRED)] == [nine, unit, hundred]


def test_commas_that_group_thousands_are_taken_so_only_where_a_decimal_is_out_of_range():
    assert answer("5,432") == (5.432, "ok")
    assert answer("5,432", Rating(1000, 9000)) == (5432.0, "ok")


def test_a_scale_that_is_named_is_no_number_but_another_one_is():
    assert answer("5 (1 to 9)") == (5.0, "ok")
    assert answer("5 (1 to 7)") == (None, "ambiguous")
    assert answer("1 = very unpleasant") == (1.0, "ok")


def test_prose_is_no_rating():
    assert bare("There are 2 people in the picture, who smile.") == (None, "no_answer")
    assert bare("1. The people smile.\n2. The sky is dark.") == (None, "no_answer")
    assert bare("Valence: 5\nArousal: 6") == (None, "ambiguous")


def test_a_confidence_beside_a_rating_is_one_only_where_it_can_be_no_rating():
    found = read("5.4 (0.9)", (), NINE)
    assert (found.answer, found.confidence) == (5.4, 0.9)
    found = read("0.8 (0.9)", (), UNIT)
    assert (found.answer, found.confidence) == (None, None)
    found = read("<answer>Score: 0.77, confidence: 0.9</answer>", (), UNIT)
    assert (found.answer, found.confidence) == (0.77, 0.9)


def test_of_a_number_that_is_cut_off_nobody_knows_how_it_would_have_gone_on():
    assert bare("Valence: 5", finish_reason="length") == (None, "truncated")
    assert bare("Answer: 5", finish_reason="length") == (None, "truncated")
    assert bare("Valence: 5\n\nThe picture", finish_reason="length") == (5.0, "ok")
    assert bare("<answer>5</answer> The picture", finish_reason="length") == (5.0, "ok")


def test_without_a_range_every_number_is_read():
    assert answer("1234.5", Rating()) == (1234.5, "ok")
    assert answer("1e400", Rating()) == (None, "out_of_range")


def test_rows_without_an_answer_or_a_target_have_zeros():
    def row(answer, target):
        reading = Reading(answer, "ok" if answer is not None else "no_answer", None, "missing")
        return Prediction("k", "t", "s", 0, target, (), reading, kind="rating")

    columns = NINE.columns([row(5.0, 4.0), row(None, 4.0), row(5.0, "a fault of the data")])
    assert columns["answered"].tolist() == [1, 0, 0]
    assert columns["error"].tolist() == [1, 0, 0]
    assert columns["target"].tolist() == [4, 0, 0]


def test_reading_takes_linear_time():
    size = 100_000
    for piece in ("1", "1 ", "1,", "1/", " ", "1 to 9 ", "5 out of a ", "1=", "is ", "-1", "1\n"):
        text = (piece * size)[:size]
        start = perf_counter()
        read(text, (), NINE, "length")
        assert perf_counter() - start < 10


PIECES = st.sampled_from(
    [*"0123456789.,/%-+ \n:=", "e9", "out of ", "is ", "from 1 to 9", "more than ", "inf", "٣", "²"]
)
KINDS = st.sampled_from([NINE, UNIT, HUNDRED, Rating(-1, 1, 0.5), Rating()])


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)), KINDS)
def test_an_answer_is_always_a_number_in_the_range(text, kind):
    for found, status in (kind.read(text, ()), kind.read_bare(text, ())):
        assert (found is None) == (status != "ok")
        assert found is None or kind.low <= kind.load(found) <= kind.high
    kind.is_bare_answer(text, ())
    kind.may_go_on(text, ())
