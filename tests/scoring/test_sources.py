"""Which sources of confidence rows have, which can be asked for, and the rows with each of them."""

from dataclasses import replace

import pytest
from simulated_runs import CATALOGUE, repeated, response, simulated, stated, with_token

from vecbench.errors import UsageError
from vecbench.parsing import Prediction
from vecbench.scoring import STRICT
from vecbench.scoring.predictions import predictions
from vecbench.scoring.protocols import protocol_named
from vecbench.scoring.sources import SOURCES, chosen_sources, rows_by_source, sources_in


def read(rows):
    return predictions(rows, STRICT, CATALOGUE)


def confidences(rows: list[Prediction]):
    return [row.reading.confidence for row in rows]


ROWS = simulated({"emoji_2": 4}, 0)


def test_rows_tell_which_sources_they_have():
    assert sources_in(read(ROWS)) == ("stated",)
    assert sources_in(read(with_token(ROWS, stated))) == ("stated", "token")
    assert sources_in(read([*ROWS, *repeated(ROWS, 1)])) == ("stated", "agreement")
    assert sources_in(read([response("emoji_2", "s", "positive", None)])) == ()


def test_a_source_that_is_known_to_nobody_is_one_too():
    [row] = read(ROWS[:1])
    assert sources_in([replace(row, confidences={"probe": 0.5})]) == ("stated", "probe")
    assert chosen_sources(["probe"], [replace(row, confidences={"probe": 0.5})]) == ("probe",)


def test_a_protocol_that_reads_another_answer_has_no_probability_of_its_tokens():
    """EmoCaliber's takes a label that is a part of the answer, where the strict reader finds none."""
    asked = [
        response("emoji_2", "same", "positive", 0.9),
        response("emoji_2", "other", None, 0.9, response="<answer>positively</answer>"),
    ]
    asked = with_token(asked, lambda _: 0.25)
    by_protocol = {
        each.name: {row.sample_id: (row.reading.answer, dict(row.confidences)) for row in predictions(
            asked, each, CATALOGUE)}
        for each in (STRICT, protocol_named("emocaliber"))
    }  # fmt: skip
    assert by_protocol["strict"]["same"] == by_protocol["emocaliber"]["same"] == ("positive", {"token": 0.25})
    assert by_protocol["strict"]["other"] == (None, {})
    assert by_protocol["emocaliber"]["other"] == ("positive", {})


def test_all_stands_for_what_is_there_and_each_source_counts_once():
    rows = read(with_token(ROWS, stated))
    assert chosen_sources(["all"], rows) == ("stated", "token")
    asked = ["token", "all", "combined_rank", "token"]
    assert chosen_sources(asked, rows) == ("token", "stated", "combined_rank")


@pytest.mark.parametrize(
    ("asked", "said", "remedy"),
    [
        ("tokens", "unknown source 'tokens'", "token"),
        ("token", "--confidence token: no row has it", "token confidences"),
        ("options", "--confidence options: no row has it", "--score-options"),
        ("agreement", "there is one answer to each sample", "--repeats"),
        ("combined_rank", "it takes two other sources or more, and there is 0", "stated"),
    ],
)
def test_what_is_not_there_is_refused_with_what_brings_it(asked, said, remedy):
    with pytest.raises(UsageError, match=said) as fault:
        chosen_sources([asked], read(ROWS))
    assert remedy in fault.value.remedy


def test_nothing_can_be_asked_of_rows_without_any_confidence():
    with pytest.raises(UsageError, match="no row has a confidence of any source"):
        chosen_sources(["all"], read([response("emoji_2", "s", "positive", None)]))


def test_every_source_says_what_it_is():
    assert all(each.description and name == each.name for name, each in SOURCES.items())
    assert all(each.remedy for each in SOURCES.values() if each.combine is None)


def test_a_row_takes_the_confidence_of_the_source_and_keeps_its_answer():
    rows = read(with_token(ROWS, lambda row: None if row.sample_id == "s1" else 0.25))
    by_source = rows_by_source(rows, ("stated", "token"), {"emoji_2"})
    assert by_source["stated"] == rows
    assert confidences(by_source["token"]) == [0.25, None, 0.25, 0.25]
    assert by_source["token"][1].reading.confidence_status == "missing"
    assert [row.reading.answer for row in by_source["token"]] == [row.reading.answer for row in rows]


def of_one_sample(*answers):
    """Repeats of one sample: label, stated and token confidence."""
    rows = [
        response("emoji_2", "s", label, said, repeat=place) for place, (label, said, _) in enumerate(answers)
    ]
    given = iter([token for _, _, token in answers])
    return read(with_token(rows, lambda _: next(given)))


def test_with_agreement_a_row_is_a_sample_and_others_are_means_over_its_most_frequent_answer():
    rows = of_one_sample(("positive", 0.9, 0.8), ("negative", 0.1, 0.1), ("positive", None, 0.4))
    by_source = rows_by_source(rows, ("stated", "token", "agreement"), {"emoji_2"})
    assert {name: len(each) for name, each in by_source.items()} == dict.fromkeys(by_source, 1)
    found = {name: each[0].reading.confidence for name, each in by_source.items()}
    assert found == {"stated": 0.9, "token": pytest.approx(0.6), "agreement": pytest.approx(2 / 3)}
    assert {each[0].reading.answer for each in by_source.values()} == {"positive"}
    assert {each[0].correct for each in by_source.values()} == {True}


def test_a_sample_whose_most_frequent_answer_states_nothing_has_no_stated_confidence():
    rows = of_one_sample(("positive", None, None), ("negative", 0.9, 0.9), ("positive", None, None))
    by_source = rows_by_source(rows, ("stated", "token", "agreement"), {"emoji_2"})
    assert [each[0].reading.confidence for each in by_source.values()] == [None, None, pytest.approx(2 / 3)]


def test_a_sample_without_any_answer_has_no_confidence_of_any_source():
    rows = read([response("emoji_2", "s", None, 0.9), response("emoji_2", "s", None, 0.8, repeat=1)])
    assert [
        each[0].reading.confidence for each in rows_by_source(rows, ("stated", "agreement"), set()).values()
    ] == [None, None]


def test_what_is_combined_is_of_rows_that_have_every_part_and_are_right_or_wrong():
    rows = simulated({"emoji_2": 30, "emoji_7": 30}, 0)
    rows = read(with_token(rows, lambda row: None if row.sample_id == "s3" else stated(row)))
    combined = rows_by_source(rows, ("stated", "token", "combined_rank"), {"emoji_2"})["combined_rank"]
    missing = [(row.task, row.sample_id) for row in combined if row.reading.confidence is None]
    assert missing == [("emoji_2", "s3"), *(("emoji_7", f"s{place}") for place in range(30))]
