"""A strict reading says where it was read, when it is asked for that, and only what it knows."""

from dataclasses import replace

import pytest

from vecbench.answers import Choice, Label
from vecbench.parsing import strict
from vecbench.parsing.form import Form

LABELS = Label(("joy", "fear", "anger"))
PLACES = Form(places=True)
OWN_NAMES = replace(PLACES, answer=("emotion",), confidence=("certainty",))


def marked(response, kind=LABELS, candidates=LABELS.labels, form=PLACES):
    reading = strict.read(response, candidates, kind, None, form)
    return {what: response[begin:end] for begin, end, what in reading.places}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            "<think>joy, or fear?</think>\n<answer>fear</answer>\n<confidence>0.9</confidence>",
            {"reasoning": "<think>joy, or fear?</think>", "answer": "fear", "confidence": "0.9"},
        ),
        (
            "the prompt opened it, joy</think> fear",
            {"reasoning": "the prompt opened it, joy</think>", "answer": "fear"},
        ),
        (
            '{"why": "fear of fear", "answer": "fear", "confidence": 0.85}',
            {"answer": "fear", "confidence": "0.85"},
        ),
        ('<answer>{"answer": "fear", "confidence": 1}</answer>', {"answer": "fear", "confidence": "1"}),
        ("Joy at first.\nAnswer: fear\nConfidence: 80%", {"answer": "fear", "confidence": "80%"}),
        (r"fear: \boxed{fear} and confidence \boxed{0.7}", {"answer": "fear", "confidence": "0.7"}),
        ("fear (0.9)", {"answer": "fear", "confidence": "0.9"}),
        ("fear (confidence: 0.9)", {"answer": "fear", "confidence": "0.9"}),
        (
            "A grey sky. So the emotion is fear. I am 80% confident.",
            {"answer": "So the emotion is fear.", "confidence": "80%"},
        ),
        ("<answer>sorrow</answer>", {"answer": "sorrow"}),
        ("I cannot tell.", {}),
        ("<answer>fear", {}),
        ("<answer>fear</answer><|im_end|>", {"answer": "fear"}),
    ],
)
def test_what_was_read_is_marked_where_it_stands(response, expected):
    assert marked(response) == expected


def test_fields_that_a_prompt_renames_are_found_in_the_response_as_it_is():
    response = "<think>a certainty</think><emotion>fear</emotion>\nCertainty: 0.4"
    found = {"reasoning": "<think>a certainty</think>", "answer": "fear", "confidence": "0.4"}
    assert marked(response, form=OWN_NAMES) == found


def test_of_equal_texts_the_one_that_was_read_is_marked():
    response = "<think><answer>fear</answer></think><answer>fear</answer>"
    reading = strict.read(response, LABELS.labels, LABELS, None, PLACES)
    [place] = [each for each in reading.places if each[2] == "answer"]
    assert place[:2] == (response.rindex("fear"), response.rindex("fear") + 4)


def test_of_an_option_that_prose_names_the_sentence_is_marked_that_says_it_alone():
    options = Choice(("red", "blue", "green"))
    response = "Nothing here is warm or alive. Cold light falls in.\nThe answer is B."
    assert marked(response, options, options.options) == {"answer": "The answer is B."}


def test_nobody_who_does_not_ask_is_told():
    assert strict.read("<answer>fear</answer>", LABELS.labels, LABELS).places == ()


@pytest.mark.parametrize("response", ["", "\ud800<answer>fear\udfff</answer>", "{" * 2000, "fear\n" * 5000])
def test_whatever_a_response_is_places_lie_within_it(response):
    for begin, end, _ in strict.read(response, LABELS.labels, LABELS, None, PLACES).places:
        assert 0 <= begin < end <= len(response)
