"""Answers and confidences in further forms that models write, and what is none."""

import pytest

from vecbench.answers import Label
from vecbench.parsing.form import Form
from vecbench.parsing.strict import read

LABELS = ("awe", "fear", "joy", "sadness")


def reading(text, labels=LABELS):
    found = read(text, labels, Label(labels), "stop")
    return found.answer, found.confidence


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{fear}, \boxed{90\%}",
        r"\boxed{fear} \boxed{\text{0.9}}",
        r"\boxed{fear} \boxed{\frac{9}{10}}",
        r"\boxed{fear} \boxed{Confidence: 0.9}",
        "Answer: fear, Probability: 90%",
        "Answer: fear; Certainty: 0.9",
        "Emotion: fear | Probability: 0.9",
        "The emotion is fear (confidence: 0.9).",
        "Fear. Confidence 0.9",
        '{"label": "fear", "score": 0.9}',
        '{"prediction": {"label": "fear", "confidence": 0.9}}',
        '[{"emotion": "fear", "confidence": 0.9}]',
        '{"result": {"emotion": "fear", "confidence": 0.9}}',
        '{"predicted_emotion": "fear", "confidence": 0.9}',
        "Emotion: fear\nSentiment: negative\nConfidence: 0.9",
        '{"sentiment": "negative", "emotion": "fear", "confidence": 0.9}',
        '{"category": "indoor", "label": "fear", "confidence": 0.9}',
    ],
)
def test_label_and_confidence_are_read(text):
    assert reading(text) == ("fear", 0.9)


def test_of_several_other_fields_the_one_with_a_label_counts():
    text = "Emotion: fear\nSentiment: negative"
    assert reading(text, ("positive", "negative"))[0] == "negative"
    assert reading("Emotion: fear\nLabel: joy")[0] != "fear"


@pytest.mark.parametrize(
    "text",
    [
        "I am unable to analyze this image for fear.",
        "The image could not be loaded. The answer is fear.",
        "No image was provided. Assume fear.",
        "Fear is incorrect.",
        "Fear would be the wrong answer.",
        "Nobody would feel fear.",
        "The image fails to evoke fear.",
        "fear: 0",
        "fear: false",
        "The probability of fear is 5%.",
        "I am only 10% confident that it is fear.",
        "Had the sky been darker, the answer would be fear.",
        "The sign in the image says FEAR.",
        "The emotion is happiness; fear plays only a minor role.",
        "The answer is fear. On reflection, it is happiness.",
        "Detta är inte fear.",
        "analysisThe emotion is fear.",
        "<scratchpad>The answer is fear.</scratchpad>",
        "[think]fear",
    ],
)
def test_what_is_no_answer(text):
    assert reading(text)[0] is None


def test_a_letter_beside_another_label_is_ambiguous():
    lettered = Form(lettered=True)
    for text, answer in (
        ("The image evokes awe (B).", None),
        ("awe (A)", "awe"),
        ("B", "fear"),
        ("B. fear", "fear"),
    ):
        assert read(text, LABELS, Label(LABELS), "stop", lettered).answer == answer
