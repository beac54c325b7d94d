"""The labelling rule, the variants' base emoji, and the split."""

import json

import pytest

from tools.demo.labels import (
    EMOTION_KEYWORDS,
    Annotation,
    base_emoji,
    emotion_label,
    normalise,
    read_annotations,
    read_polarities,
    sentiment_label,
    skin_tones,
)
from tools.demo.selection import EVALUATED_VARIANTS, select, variants

FACES, PEOPLE, FOOD = 0, 1, 4


@pytest.mark.parametrize(
    ("variant", "base"),
    [
        ("1F600", "1f600"),
        ("2764-FE0F", "2764"),
        ("1F64D-1F3FB-200D-2642-FE0F", "1f64d"),
        ("2764-FE0F-200D-1F525", "2764-200d-1f525"),
        ("1F469-1F3FB-200D-2764-FE0F-200D-1F48B-200D-1F468-1F3FB", "1f48f"),
        ("1F469-200D-2764-FE0F-200D-1F469", "1f491"),
        ("1F9D1-1F3FF-200D-2764-FE0F-200D-1F9D1-1F3FE", "1f491"),
        ("1F385-1F3FD", "1f9d1-200d-1f384"),
        ("1F936", "1f9d1-200d-1f384"),
        ("1F468-200D-1F692", "1f9d1-200d-1f692"),
        ("1F469", "1f469"),
        ("2640-FE0F", ""),
    ],
)
def test_base_emoji(variant, base):
    assert base_emoji(variant) == base


def test_variation_selectors_are_dropped():
    assert normalise("2639-FE0F") == "2639"


def test_skin_tones_are_found_in_order():
    assert skin_tones("1F9D1-1F3FF-200D-2764-FE0F-200D-1F9D1-1F3FB") == ("1f3ff", "1f3fb")
    assert skin_tones("1F600") == ()


@pytest.mark.parametrize(
    ("keywords", "group", "label"),
    [
        (["cry", "crying", "face", "sad", "tear", "unhappy"], FACES, "sadness"),
        (["afraid", "anxious", "face", "fear", "scared"], FACES, "fear"),
        (["celebration", "gesture", "hand", "hooray"], PEOPLE, "excitement"),
        # Two votes each: ambiguous.
        (["scared", "scary", "surprise", "wow"], FACES, None),
        # No vote.
        (["face", "nerd"], FACES, None),
        # "mad" alone does not make an angry salt shaker, nor would saying it twice.
        (["condiment", "mad", "shaker"], FOOD, None),
        (["mad", "mad"], FOOD, None),
        (["mad", "upset"], FOOD, "anger"),
    ],
)
def test_emotion_label(keywords, group, label):
    assert emotion_label(keywords, group) == label


@pytest.mark.parametrize(
    ("polarity", "label"),
    [(5, "positive"), (1, "positive"), (0, None), (None, None), (-1, "negative"), (-5, "negative")],
)
def test_sentiment_label(polarity, label):
    assert sentiment_label(polarity) == label


def test_no_keyword_votes_twice():
    words = [word for group in EMOTION_KEYWORDS.values() for word in group]
    assert len(words) == len(set(words))


def test_annotations_are_those_of_base_emoji():
    entries = [
        {"hexcode": "2639", "tags": ["sad"], "group": 0},
        {"hexcode": "1F64D-200D-2642-FE0F", "tags": ["upset"], "group": 1},
        {"hexcode": "1F1E6", "tags": ["letter"]},
    ]
    assert read_annotations(json.dumps(entries).encode()) == {"2639": Annotation("2639", ("sad",), 0)}


def test_polarities_are_read_out_of_the_module():
    source = "  {\n    name: 'x',\n    emoji: '☹️',\n    polarity: -2\n  },\n  {emoji: '💯', polarity: 3}"
    assert read_polarities(source.encode()) == {"2639": -2, "1f4af": 3}


def annotations(count):
    happy = {f"a{place:x}": Annotation(f"a{place:x}", ("happy",), FACES) for place in range(count)}
    sad = {f"b{place:x}": Annotation(f"b{place:x}", ("sad",), FACES) for place in range(count)}
    return happy | sad | {"c1": Annotation("c1", ("fork",), FOOD)}


def test_the_split_is_stratified_and_repeatable():
    known = annotations(25)
    emoji = select(known, {}, list(known))
    assert emoji == select(dict(reversed(known.items())), {}, set(known))
    for label in ("joy", "sadness"):
        splits = [one.split for one in emoji.values() if one.emotion == label]
        assert (splits.count("test"), splits.count("validation"), splits.count("train")) == (10, 3, 12)
    assert emoji["c1"].split is None


def test_an_emoji_that_an_artwork_lacks_is_left_out():
    assert set(select(annotations(2), {}, ["a0", "b1"])) == {"a0", "b1"}


def test_an_emoji_with_one_label_of_two_is_in_one_split():
    emoji = select({"c1": Annotation("c1", ("fork",), FOOD)}, {"c1": 2}, ["c1"])
    assert emoji["c1"].sentiment == "positive"
    assert emoji["c1"].emotion is None
    assert emoji["c1"].split is not None


def test_variants_are_few_in_testing_and_all_in_training():
    known = annotations(5)
    emoji = select(known, {}, list(known))
    tones = ("1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff")
    names = [*known, *(f"{base}-{tone}" for base in known for tone in tones), "a0-1f3fb-1f3ff"]
    chosen = variants(names, emoji)
    for code_points, one in emoji.items():
        expected = {"train": 6, "validation": EVALUATED_VARIANTS, "test": EVALUATED_VARIANTS, None: 1}
        assert len(chosen[code_points]) == expected[one.split]
        assert code_points in chosen[code_points]
