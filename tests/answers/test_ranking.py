import json
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecbench.answers import AnswerSpecification, Ranking, kind_of
from vecbench.metrics.rankings import ranking_score
from vecbench.parsing.prediction import Prediction, Reading
from vecbench.parsing.strict import read

GOLDEN = Path(__file__).parents[1] / "golden" / "eemo_ranking"
LABELS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
KIND = Ranking(LABELS, {"Joyful": "joy", "Shock": "surprise", "Neutrality": "neutral"})
THREE = ("joy", "fear", "anger")


def answer(text, kind=KIND):
    return kind.read(text, LABELS)


def bare(text, kind=KIND, finish_reason=None):
    found = read(text, LABELS, kind, finish_reason)
    return found.answer, found.answer_status


# Task files


def test_a_task_file_gives_labels_and_how_many_of_them_are_ranked():
    assert kind_of(AnswerSpecification("ranking", LABELS)) == Ranking(LABELS, {}, 3)
    assert kind_of(AnswerSpecification("ranking", LABELS, options={"top": 2})).top == 2


@pytest.mark.parametrize("top", [1, 7, 8, "3", 2.5, True, None])
def test_how_many_are_ranked_is_a_number_below_that_of_the_labels(top):
    with pytest.raises(ValueError, match="'top'"):
        kind_of(AnswerSpecification("ranking", LABELS, options={"top": top}))


def test_what_else_a_task_file_says_is_refused():
    with pytest.raises(ValueError, match="knows no 'range'"):
        kind_of(AnswerSpecification("ranking", LABELS, options={"range": [1, 9]}))
    with pytest.raises(ValueError, match="at least three labels"):
        kind_of(AnswerSpecification("ranking", ("joy", "fear")))


def test_a_row_may_bring_its_own_labels():
    assert Ranking().candidates({"candidates": ["joy", "fear"]}) == ("joy", "fear")
    assert KIND.candidates({}) == LABELS
    with pytest.raises(ValueError, match="not a list of texts"):
        KIND.candidates({"candidates": "joy, fear"})


# Targets and stored answers


@pytest.mark.parametrize(
    "written",
    [
        ["joy", "fear", "anger"],
        ["Joy", "Fear", "Anger"],
        ["Joyful", "fear", "anger"],
        "['joy', 'fear', 'anger']",
        '["joy", "fear", "anger"]',
        [["joy", 33], ["fear", 28], ["anger", 28]],
        "[('Joy', 33), ('Fear', 28), ('Anger', 22)]",
    ],
)
def test_a_target_is_a_list_of_labels_or_pairs_or_its_text(written):
    assert KIND.target(written, LABELS) == THREE


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (["joy", "fear"], "not a list of 3 labels"),
        (["joy", "fear", "anger", "sadness"], "not a list of 3 labels"),
        ({"joy": 3, "fear": 2, "anger": 1}, "not a list of 3 labels"),
        ("joy, fear, anger", "neither an object nor a list"),
        ("[joy, fear, anger]", "neither JSON nor a literal"),
        (["joy", "fear", "calm"], "'calm' is not among the candidates"),
        (["joy", "fear", 3], "3 is not among the candidates"),
        (["joy", "Joyful", "fear"], "has a label twice"),
        ([["joy", 1], ["fear", 2], ["anger", 3]], "do not fall"),
        ([["joy", 3], "fear", ["anger", "1"]], "do not fall"),
        (None, "not a list of 3 labels"),
    ],
)
def test_a_target_that_is_none_is_refused(written, message):
    with pytest.raises(ValueError, match=message):
        KIND.target(written, LABELS)


def test_stored_answers_are_lists_of_different_labels():
    assert KIND.load(json.loads(json.dumps(KIND.dump(THREE)))) == THREE
    for stored in ("joy", [], ["joy", "joy"], ["joy", 1], None):
        with pytest.raises(ValueError, match="no list of different labels"):
            KIND.load(stored)


def test_prompts_see_the_labels_and_how_many_are_asked_for():
    assert KIND.prompt_variables(LABELS) == {"labels": list(LABELS), "top": 3}


def test_an_answer_is_right_if_its_strongest_label_is():
    assert KIND.is_right(("joy", "anger"), THREE)
    assert not KIND.is_right(("fear", "joy", "anger"), THREE)
    assert not KIND.is_right(None, THREE)


# Answers


@pytest.mark.parametrize(
    "text",
    [
        *("Joy, Fear, Anger", "[Joy, Fear, Anger]", "['joy', 'fear', 'anger']", '["joy", "fear", "anger"]'),
        *(
            "Joy; Fear; Anger.",
            "Joy > Fear > Anger",
            "Joy → Fear → Anger",
            "joy/fear/anger",
            "joy fear anger",
        ),
        *(
            "Joy and Fear and Anger",
            "joy, fear, and anger",
            "Joy, followed by fear and then anger",
            "Joy. Fear. Anger.",
        ),
        *(
            "1. Joy\n2. Fear\n3. Anger",
            "1) Joy 2) Fear 3) Anger",
            "- Joy\n- Fear\n- Anger",
            "Joy\nFear\nAnger",
        ),
        *(
            "**1.** **Joy** – they smile\n**2.** Fear: the dark, empty sky\n**3.** Anger",
            "First: joy; second: fear; third: anger",
        ),
        *(
            "Emotion ranking: Joy, Fear, Anger",
            "Emotion ranking:\n1. Joy\n2. Fear\n3. Anger",
            "Strongest to weakest: Joy, Fear, Anger (score: high)",
        ),
        *(
            "The three main emotions are joy, fear, and anger.",
            "Based on the image, the emotions are joy, fear and anger",
        ),
        *("joy: 0.5, fear: 0,3, anger: 0.2 in all", "joy (40 of 100), fear (30 of 100), anger (20 of 100)"),
        *("Joy, Fear, Anger. The image shows a dark, gloomy sky.", "The sky is dark.\n\n[Joy, Fear, Anger]"),
        *("joy, fear, joy, anger", '[{"emotion": "joy"}, {"emotion": "fear"}, {"emotion": "anger"}]'),
    ],
)
def test_a_list_is_read_in_its_order_each_label_once(text):
    assert answer(text)[0] == THREE
    if "in all" not in text:
        assert bare(text) == (THREE, "ok")


def test_an_alias_is_a_label():
    assert answer("Joyful, Shock, Fear") == (("joy", "surprise", "fear"), "alias")
    assert answer("Joyful, joy, fear") == (("joy", "fear"), "alias")
    assert answer("Joyful, Fear", Ranking(LABELS)) == (None, "not_a_candidate")


def test_fewer_labels_than_asked_for_are_a_shorter_ranking():
    assert answer("Joy, Fear") == (("joy", "fear"), "ok")
    assert answer("joy, joy, fear") == (("joy", "fear"), "ok")
    assert bare("The main emotion is joy") == (("joy",), "ok")


@pytest.mark.parametrize(
    "text",
    [
        ", ".join(LABELS),
        "joy, fear, anger, sadness",
        "1. joy\n2. fear\n3. anger\n4. sadness",
        "joy or fear",
        "joy = fear > anger",
        "joy < fear < anger",
        "not joy, fear",
        "1. Joy and fear\n2. Anger",
        "joy, fear\n\nfear, joy",
        "~~joy~~, fear",
    ],
)
def test_too_many_labels_several_in_one_place_and_denied_ones_are_ambiguous(text):
    assert answer(text) == (None, "ambiguous")


@pytest.mark.parametrize(
    "text", ["Calm, Joy, Anger", "joyless, fear", "1. Calm\n2. Joy\n3. Fear", "I feel nothing."]
)
def test_something_else_among_the_labels_is_no_ranking(text):
    assert answer(text) == (None, "not_a_candidate")


@pytest.mark.parametrize(
    "text",
    [
        "I feel nothing.",
        "It makes me feel joy because of its light.",
        "",
        "Joy. The sky is dark.",
        "Fearless joy",
    ],
)
def test_a_response_that_mentions_labels_is_no_list(text):
    assert bare(text) == (None, "no_answer")


def test_nothing_is_no_answer():
    assert answer("") == (None, "no_answer")
    assert answer("...") == (None, "no_answer")


def test_labels_that_hold_separators_are_whole():
    labels = ("love and joy", "doubt/confusion", "fear")
    assert Ranking().read("Doubt/Confusion, love and joy, fear", labels)[0] == (
        "doubt/confusion",
        "love and joy",
        "fear",
    )


def test_a_list_that_is_cut_off_is_none():
    assert bare("joy, fear", finish_reason="length") == (None, "truncated")
    assert bare("<answer>joy, fear</answer> because", finish_reason="length") == (("joy", "fear"), "ok")


def test_rows_without_an_answer_or_a_target_score_nothing():
    def row(answer, target):
        reading = Reading(answer, "ok" if answer else "no_answer", None, "missing")
        return Prediction("k", "t", "s", 0, target, LABELS, reading, kind="ranking")

    columns = KIND.columns([row(THREE, THREE), row(None, THREE), row(THREE, "a fault of the data")])
    assert columns["ranking_score"].tolist() == [1, 0, 0]
    assert columns["place: fear"].tolist() == [2, 2, 0]


def test_reading_takes_linear_time():
    size = 100_000
    for piece in (
        "joy",
        "joy ",
        "joy, ",
        "joy\n",
        "1. joy\n",
        "joy. ",
        "and ",
        "are ",
        "(",
        "the first ",
        "not joy, ",
    ):
        text = (piece * size)[:size]
        start = perf_counter()
        read(text, LABELS, KIND, "length")
        assert perf_counter() - start < 10


PIECES = st.sampled_from(
    [*LABELS, ", ", "; ", " > ", "\n", "1. ", "2) ", "- ", "and ", "not ", "(", ")", "are ", ". ", "\ue000"]
)


@given(
    st.one_of(st.text(), st.lists(PIECES).map("".join)),
    st.one_of(st.just(LABELS), st.lists(st.text(max_size=8), max_size=5, unique=True).map(tuple)),
    st.integers(2, 4),
)
def test_an_answer_is_always_of_distinct_labels(text, labels, top):
    kind = Ranking(labels, {"Joyful": "joy"}, top)
    for found, status in (kind.read(text, labels), kind.read_bare(text, labels)):
        assert (found is None) == (status not in ("ok", "alias"))
        if found is not None:
            assert kind.load(kind.dump(found)) == found
            assert len(found) <= top
            assert set(found) <= set(labels)
    kind.is_bare_answer(text, labels)
    kind.may_go_on(text, labels)


def golden_rows():
    responses = json.loads((GOLDEN / "responses.json").read_text())
    expected = json.loads((GOLDEN / "expected.json").read_text())["rows"]
    for name, row in responses.items():
        yield row["response"], row["gold"], row["said"], expected[name]


def test_golden_rankings_have_the_score_of_what_they_were_meant_to_say():
    """All but those of other or more labels, which are not read, and those whose answer is left open."""
    read_rows = 0
    for response, gold, meant, expected in golden_rows():
        last_of_several = response.count("<answer>") > 1
        said = ["joy", "fear", "anger"] if last_of_several else meant
        score = expected["score_by_rank" if last_of_several else "said_score_by_rank"]
        found, status = bare(response, Ranking(LABELS))
        if response.count("<answer>") > response.count("</answer>"):
            assert status == "truncated"
        elif not set(said) <= set(LABELS):
            assert status == "not_a_candidate", response
        elif len(set(said)) > 3:
            assert status == "ambiguous", response
        elif not said:
            assert status == "no_answer", response
        else:
            assert status == "ok", response
            assert found == tuple(dict.fromkeys(said))
            assert 100 * ranking_score(found, gold).total == pytest.approx(score, abs=1e-6)
            read_rows += 1
    assert read_rows == 158
