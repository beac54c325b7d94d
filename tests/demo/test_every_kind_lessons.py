"""What the second bundled model is taught: answers and confidences that follow from labels' probabilities."""

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tools.demo import checkpoint  # noqa: E402
from tools.demo.every_kind import (  # noqa: E402
    Known,
    Lesson,
    Prompts,
    Pupil,
    at_confidence,
    order_lesson,
    pair_lesson,
    rating_lesson,
    statement_lesson,
)
from tools.demo.labels import EMOTIONS  # noqa: E402
from vecbench.shipped import demo_model  # noqa: E402
from vecbench.tasks import load_catalogue  # noqa: E402


@pytest.fixture(scope="module")
def prompts():
    return Prompts(load_catalogue([]))


def known(joy, positive=0.5, rating=0.0):
    """A picture of which so much is known."""
    others = (1 - joy) / (len(EMOTIONS) - 1)
    emotions = np.array([joy if emotion == "joy" else others for emotion in EMOTIONS])
    shares = {"emoji_7": emotions, "emoji_2": np.array([positive, 1 - positive])}
    return Known(torch.zeros(3, 64, 64), {"emoji_7": "", "emoji_2": ""}, shares, rating)


@pytest.mark.parametrize("confidence", [0.2, 0.5, 0.9])
def test_probabilities_are_tempered_to_the_stated_confidence_and_keep_their_order(confidence):
    shares = np.array([0.7, 0.2, 0.1])
    tempered = at_confidence(shares, max(confidence, 0.34))
    assert tempered.sum() == pytest.approx(1)
    assert tempered.max() == pytest.approx(max(confidence, 0.34), abs=0.01)
    assert (np.diff(tempered) <= 0).all()


def test_a_statement_is_as_probable_as_bayes_says(prompts):
    """Joy at 0.5 among seven is stated when true in half of the cases, when false in one of six: 6 to 1."""
    lessons = [statement_lesson(prompts, known(0.5, 0.8), random.Random(seed)) for seed in range(60)]
    joyful = {lesson.answer for lesson in lessons if "evokes joy" in lesson.prompt}
    negative = {lesson.answer for lesson in lessons if "is negative" in lesson.prompt}
    assert joyful == {"<answer>correct</answer><confidence>0.85</confidence>"}
    assert negative == {"<answer>incorrect</answer><confidence>0.80</confidence>"}


def test_of_a_pair_the_likelier_picture_is_named(prompts):
    pair = [known(0.1, 0.2), known(0.6, 0.7)]
    lessons = [pair_lesson(prompts, pair, random.Random(seed)) for seed in range(60)]
    joyful = {lesson.answer for lesson in lessons if "evokes joy" in lesson.prompt}
    positive = {lesson.answer for lesson in lessons if "more positive" in lesson.prompt}
    # 0.6 x 0.9 against 0.1 x 0.4, and 0.7 x 0.8 against 0.2 x 0.3.
    assert joyful == {"<answer>B</answer><confidence>0.95</confidence>"}
    assert positive == {"<answer>B</answer><confidence>0.90</confidence>"}
    assert {len(lesson.pixels) for lesson in lessons} == {2}


def test_an_order_is_that_of_the_expected_ratings(prompts):
    four = [known(0.5, rating=rating) for rating in (-1.0, 3.0, 0.0, 2.9)]
    sure = order_lesson(prompts, four, 0.01, np.random.default_rng(0))
    unsure = order_lesson(prompts, four, 100.0, np.random.default_rng(0))
    assert sure.answer == "<answer>second, fourth, third</answer><confidence>0.95</confidence>"
    assert unsure.answer.startswith("<answer>second, fourth, third</answer><confidence>0.2")


def test_a_rating_is_rounded_onto_the_scale(prompts):
    answers = [rating_lesson(prompts, known(0.5, rating=rating)).answer for rating in (-1.6, 7.0, -9.0)]
    assert answers == ["<answer>-2</answer>", "<answer>5</answer>", "<answer>-5</answer>"]


def test_several_pictures_stand_before_one_prompt():
    pupil = Pupil(*checkpoint.load(demo_model()))
    pixels = tuple(torch.rand(3, 64, 64) for _ in range(3))
    batch = pupil.batch([Lesson("a", pixels[:1], "b"), Lesson("cd", pixels[1:], "efg")])
    image = pupil.tokenizer.convert_tokens_to_ids("<image>")
    assert (batch["input_ids"] == image).sum(dim=1).tolist() == [64, 128]
    assert len(batch["pixel_values"]) == 3
    answers = [row[row >= 0].tolist() for row in batch["labels"]]
    assert [pupil.tokenizer.decode(answer, skip_special_tokens=True) for answer in answers] == ["b", "efg"]
