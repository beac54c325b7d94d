"""The label of a text in prose is what its last sentence about labels states, or there is none."""

import gzip
import json
import re
from pathlib import Path

import pytest

from vecbench.answers import Choice, Label
from vecbench.parsing.form import Form
from vecbench.parsing.prediction import ANSWER_STATUSES
from vecbench.parsing.strict import read

MIKELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
KIND = Label(MIKELS, {"sad": "sadness", "excited": "excitement"})
REAL = Path(__file__).parents[3] / "shared" / "real"


def reading(text, finish_reason="stop", candidates=MIKELS, kind=KIND):
    found = read(text, candidates, kind, finish_reason)
    return found.answer, found.answer_status


@pytest.mark.parametrize(
    "text",
    [
        "The answer is fear.",
        "I would say: fear",
        "This image most likely evokes **fear**.",
        "This image might evoke fear",
        "The people seem to enjoy it, which suggests excitement. But overall, the image evokes fear.",
        "It could be awe or sadness. The red light decides: it is fear! The room is empty.",
        "Is it awe? No. It is fear.",
        "The emotion is fear. There is no light in the corridor.",
        "The light is low, i.e. the emotion is fear.",
        "- The corridor is dark.\n- The emotion is fear.\n",
        "1. Awe: the height.\n2. Sadness: the rain.\n\nOf these, fear is missing, so I choose fear.",
        "It evokes fear.\nConfidence: 0.8",
        "1. **Awe**: the height.\n2. **Fear**: the fall.\n\n**Fear**",
        "One man greets another and some people laugh; it evokes fear.",
        "It is nothing less than fear.",
        "There is no doubt that it evokes fear.",
        "情绪是 fear。走廊很暗。",
    ],
)
def test_the_last_sentence_that_names_one_label_states_it(text):
    assert reading(text) == ("fear", "sentence")


@pytest.mark.parametrize(
    "text",
    [
        "The image evokes fear and awe.",
        "It could be amusement, anger, awe, contentment, disgust, excitement, fear or sadness.",
        "The answer is not fear.",
        "I would rule out fear.",
        "It is anything but fear.",
        "Could it be fear?",
        "If it were darker, I would say fear.",
        "I cannot tell whether it evokes fear.",
        "It is more like awe than fear.",
        "It is calmer than fear.",
        "fear vs. awe",
        "The answer is fear. It also evokes awe.",
        "It evokes fear. A close second is awe.",
        "It evokes fear. Another possibility is awe.",
        "The emotion is ~~fear~~.",
        "The answer is fear. Wait, that is wrong.",
        "The answer is fear. No.",
        "This image most likely evokes sadness. The dark tones suggest fear.",
        "The primary emotion here is fear. The grey sky adds a little sadness to it.",
        "Sadness: 0.1\nFear: 0.7\nAwe: 0.2",
        "1. Fear: the dark.\n2. Awe: the height.",
        "- fear\n- awe",
        "fear\nawe",
        "It evokes fear. Or awe.",
        "Some viewers might feel fear.",
        "Answer 1: fear\nAnswer 2: awe",
        "| label | share |\n| fear | 0.7 |\n| awe | 0.3 |",
        "amusement - 5%\nfear - 70%\nsadness - 25%",
        '{"runner_up": {"answer": "awe"}} and nothing else',
        "The scene is fearless and awesome.",
        "I cannot say.",
        "",
    ],
)
def test_what_states_no_label_is_left_alone(text):
    assert reading(text) == (None, "no_answer")


def test_an_alias_states_its_label():
    assert reading("The dog looks sad.") == ("sadness", "sentence")


def test_fields_come_before_sentences():
    assert reading("It evokes fear. Answer: awe") == ("awe", "sentence")  # a field begins its line
    assert reading("It evokes fear.\nAnswer: awe") == ("awe", "ok")
    assert reading("It evokes fear. <answer>joyless</answer>") == (None, "not_a_candidate")
    assert reading("It evokes fear. <answer></answer>") == (None, "no_answer")


def test_a_text_that_breaks_off_states_nothing():
    for text in ("The answer is fear. The corr", "The answer is fear"):
        assert reading(text, "length") == (None, "truncated")
    assert reading("The answer is fear. <answer>") == (None, "truncated")
    assert reading("The answer is fear. <think>Or is it") == (None, "no_answer")


@pytest.mark.parametrize("candidates", [("yes", "no"), ("1", "2", "3"), ("a", "b"), ("joy", "other")])
def test_labels_that_are_words_of_any_sentence_are_not_looked_for(candidates):
    text = "There is no joy in the other 2 of a kind."
    assert reading(text, candidates=candidates, kind=Label(candidates)) == (None, "no_answer")


def test_sentences_can_be_left_unread():
    found = read("The answer is fear.", MIKELS, KIND, "stop", Form(sentences=False))
    assert (found.answer, found.answer_status) == (None, "no_answer")


def test_the_status_is_one_of_those_that_are_counted():
    assert "sentence" in ANSWER_STATUSES


def test_published_verdicts_on_answers_in_prose_are_reproduced():
    """Answers to questions whose options are emotions, read as labels: their letters are taken off."""
    folder = REAL / "eemo-bench"
    if not folder.is_dir():
        pytest.skip(f"the published answers, which may not be copied, are not at {folder}")
    with gzip.open(folder / "items.jsonl.gz", "rt") as lines:
        items = {each["id"]: each for each in map(json.loads, lines)}
    agree = []
    with gzip.open(folder / "answers.jsonl.gz", "rt") as lines:
        for each in map(json.loads, lines):
            item = items[each["id"]]
            options = [text.strip(" .").lower() for text in Choice().candidates(item)]
            if not set(options) <= {"anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"}:
                continue
            text = re.sub(r"(?<![A-Za-z])[A-D][:.)]\s*", "", each["response"])
            answer, status = reading(text, None, options, Label(tuple(options)))
            if status == "sentence":
                right = answer == options["ABCD".index(item["correct_answer"])]
                agree.append(right == (each["verdict"] == 1))
    assert len(agree) >= 100
    assert sum(agree) / len(agree) >= 0.985


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("The answer is fear. Confidence: 0.8", 0.8),
        ("The answer is fear (confidence: 0.8).", 0.8),
        ("I would say fear with a confidence of **80%**.", 0.8),
        ("The image evokes fear. I am 80% confident.", 0.8),
        ("The answer is fear. My confidence is 0.85.", 0.85),
        ("The answer is fear. Confidence: 85", None),
        ("The answer is fear. Confidence is about 0.8", None),
        ("The answer is fear with 0.7-0.9 confidence.", None),
        ("The answer is fear, with 70 to 90% confidence.", None),
        ("I am 80% confident that people feel fear. Confidence: 0.3", None),
        ("The answer is fear. It is 80% dark.", None),
    ],
)
def test_beside_a_sentence_a_confidence_may_be_one_too(text, confidence):
    labels = ("awe", "fear", "joy")
    found = read(text, labels, Label(labels), "stop")
    assert (found.answer, found.answer_status, found.confidence) == ("fear", "sentence", confidence)
