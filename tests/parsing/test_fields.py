"""Answers and confidences are read under the names, letters and scales that a task's prompt gives them."""

import pytest

from vecbench.answers import Label
from vecbench.parsing.form import ANY_FORM, Form
from vecbench.parsing.strict import read

MIKELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
KIND = Label(MIKELS, {"sad": "sadness"})
OWN = Form(answer=("mood", "emotion_state"), confidence=("sureness", "certainty level"))
LETTERED = Form(lettered=True)


def reading(text, form=ANY_FORM, finish_reason="stop"):
    return read(text, MIKELS, KIND, finish_reason, form)


@pytest.mark.parametrize(
    "text",
    [
        "\\boxed{fear}\nConfidence: \\boxed{0.85}",
        "<answer>\\boxed{fear}</answer><confidence>\\boxed{0.85}</confidence>",
        "The answer is \\boxed{fear} with confidence \\boxed{0.85}",
        "\\boxed{fear}\n\\boxed{0.85}",
        "Answer and Confidence (0-100): fear, 85%",
        "Guess: fear\nProbability: 0.85",
        "Answer: fear\nProbability: 0.85",
        "Emotion: fear\nConfidence: 0.85",
        '{"emotion": "fear", "confidence": 0.85}',
        '{"answer": "fear", "confidence_score": 0.85}',
        "Label: fear\nCertainty: 0.85",
    ],
)
def test_names_that_prompts_are_known_to_give(text):
    found = reading(text)
    assert (found.answer, found.answer_status, found.confidence) == ("fear", "ok", 0.85)


@pytest.mark.parametrize(
    "text",
    [
        "<mood>fear</mood><sureness>0.85</sureness>",
        "&lt;mood&gt;fear&lt;/mood&gt;&lt;sureness&gt;0.85&lt;/sureness&gt;",
        "<Mood>\nfear\n</MOOD>\nSureness: 0.85",
        "<think>not <mood>awe</mood></think><mood>fear</mood><sureness>0.85</sureness>",
        '{"emotion_state": "fear", "certainty_level": 0.85}',
        "{'mood': 'fear', 'sureness': 0.85}",
        '{"answer": "because of the dark", "mood": "fear", "sureness": 0.85}',
        "Emotion state: fear\nCertainty level: 0.85",
        "1. **Mood**: fear\n2. **Sureness**: 0.85",
        "## Mood\nfear\n\n## Sureness\n0.85",
        "The mood is: fear\nMy sureness: 0.85",
        "Mood and sureness (0-100): fear, 85%",
        "Mood: fear (sureness: 0.85)",
        "Mood: \\boxed{fear}\nSureness: \\boxed{0.85}",
        "The mood is \\boxed{fear} with sureness \\boxed{0.85}",
        "Emotion: awe\nMood: fear\nProbability: 0.1\nSureness: 0.85",
    ],
)
def test_names_of_a_prompt_are_read_and_come_before_others(text):
    found = reading(text, OWN)
    assert (found.answer, found.answer_status, found.confidence) == ("fear", "ok", 0.85)
    assert reading(text) != found or "emotion" in text.lower() or "boxed" in text


def test_what_is_cut_off_under_a_name_is_truncated():
    assert reading("<mood>fea", OWN, "length").answer_status == "truncated"
    assert reading("Mood: fea", OWN, "length").answer_status == "truncated"


def test_a_name_elsewhere_is_no_field():
    assert reading("A mood of fear.", OWN).answer_status == "sentence"
    assert reading("Moody: fear", OWN).answer_status == "sentence"


@pytest.mark.parametrize(
    "text", ["(c) fear", "C: fear", "C. fear", "**C.** fear", "<answer>C. fear</answer>"]
)
def test_a_letter_before_a_label_says_nothing_where_nobody_lettered(text):
    assert (reading(text).answer, reading(text).answer_status) == ("fear", "ok")


def test_a_letter_alone_is_a_label_only_where_the_prompt_letters_them():
    for text in (
        "G",
        "(g)",
        "G.",
        "<answer>G</answer>",
        "Answer: G",
        "The answer is G.",
        "\\boxed{G}",
        "G. fear",
    ):
        assert reading(text, LETTERED).answer == "fear", text
    assert reading("G").answer_status == "no_answer"
    assert reading("<answer>G</answer>").answer_status == "not_a_candidate"


@pytest.mark.parametrize("text", ["C. fear", "<answer>C: fear</answer>", "C or G", "<answer>A, B</answer>"])
def test_letters_that_contradict_name_nothing(text):
    assert reading(text, LETTERED).answer_status == "ambiguous"


def test_labels_without_letters_are_read_in_a_lettered_prompt_too():
    assert reading("<answer>fear</answer>", LETTERED).answer == "fear"
    assert reading("H. sad", LETTERED).answer_status == "alias"
    assert reading("A dark corridor.", LETTERED).answer is None
    assert reading("It evokes fear.", LETTERED).answer_status == "sentence"


@pytest.mark.parametrize(
    ("stated", "scale", "value", "status"),
    [
        ("85", "percent", 0.85, "ok"),
        ("1", "percent", 0.01, "ok"),
        ("0.5", "percent", 0.005, "ok"),
        ("100", "percent", 1.0, "ok"),
        ("101", "percent", None, "out_of_range"),
        ("85%", "percent", 0.85, "percent"),
        ("85/100", "percent", 0.85, "fraction"),
        ("90.5", "percent", 0.905, "ok"),
        ("7", "ten", 0.7, "ok"),
        ("85", "ten", None, "out_of_range"),
        ("1", "unit", 1.0, "ok"),
        ("85", "unit", None, "out_of_range"),
        ("1", None, 1.0, "ok"),
        ("85", None, None, "out_of_range"),
    ],
)
def test_a_number_is_on_the_scale_that_is_declared(stated, scale, value, status):
    found = reading(f"Answer: fear\nConfidence: {stated}", Form(scale=scale))
    assert (found.confidence, found.confidence_status) == (value, status)


def test_a_line_may_repeat_the_scale_that_was_declared():
    text = "Answer: fear\nConfidence (0-100): 85"
    assert reading(text, Form(scale="percent")).confidence == 0.85
    assert reading(text).confidence is None


def test_delimiters_of_a_task_mark_reasoning():
    form = Form(reasoning=(("<ponder>", "</ponder>"), ("[[", "]]")))
    text = "<ponder>\nAnswer: awe\nIt evokes awe.\n</ponder>[[awe]]It evokes fear."
    assert (reading(text, form).answer, reading(text).answer) == ("fear", "awe")
    assert reading("<ponder>It evokes awe", form, "length").answer_status == "truncated"
