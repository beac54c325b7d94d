"""The demo's further questions: what is asked follows from labels and ratings by the written rule alone."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from tools.demo.labels import EMOTIONS, SENTIMENTS
from tools.demo.questions import PLACES, RANKED, Subject, questions

TASKS = ("emoji_7", "emoji_2")
DATA = Path(__file__).parents[2] / "tasks" / "demo" / "data"


@pytest.fixture(scope="module")
def rows():
    return [json.loads(line) for line in (DATA / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def subjects(rows):
    """The pictures without tone and gender, with the labels and ratings that the tables give them."""
    with (DATA / "samples.csv").open(encoding="utf-8", newline="") as file:
        labels = {(row["task"], row["id"]): row for row in csv.DictReader(file)}
    ratings = {row["id"]: row["target"] for row in rows if row["task"] == "emoji_valence"}
    found = {}
    for row in labels.values():
        name, emoji = row["id"], row["emoji"]
        if name in (f"noto-{emoji}", f"twemoji-{emoji}"):
            emotion, sentiment = (labels.get((task, name), {}).get("label") for task in TASKS)
            found[name] = Subject(name, row["image"], emotion, sentiment, ratings.get(name))
    return list(found.values())


def test_the_table_is_what_the_rule_makes_of_labels_and_ratings(rows, subjects):
    assert questions(subjects) == rows
    assert questions(subjects[::-1]) == rows


def test_the_sentiment_is_the_sign_of_the_rating(subjects):
    for subject in subjects:
        if subject.sentiment is not None:
            assert subject.sentiment == SENTIMENTS[subject.rating < 0]


def test_statements_are_true_in_half_of_the_cases(rows, subjects):
    by_image = {subject.image: subject for subject in subjects}
    counts = Counter()
    for row in (row for row in rows if row["task"] == "emoji_statements"):
        true = getattr(by_image[row["image"]], row["statement_class"])
        stated = row["statement"].rstrip(".").split()[-1]
        assert stated in (*EMOTIONS, *SENTIMENTS)
        assert row["target"] == ("correct" if stated == true else "incorrect")
        counts[row["statement_class"], row["target"]] += 1
    assert all(abs(counts[name, "correct"] - counts[name, "incorrect"]) <= 1 for name, _ in counts)
    assert len(counts) == 4


def test_a_pair_has_one_right_answer_and_neither_place_is_preferred(rows, subjects):
    by_image = {subject.image: subject for subject in subjects}
    pairs = [row for row in rows if row["task"] == "emoji_pairs"]
    for row in pairs:
        first, second = (by_image[image] for image in row["images"])
        assert first.artwork == second.artwork
        if row["question_type"] == "sentiment":
            right = first.rating > second.rating
        else:
            asked = row["question"].rstrip("?").split()[-1]
            assert [first.emotion, second.emotion].count(asked) == 1
            right = first.emotion == asked
        assert row["target"] == ("A" if right else "B")
    assert 0.4 < sum(row["target"] == "A" for row in pairs) / len(pairs) < 0.6


def test_an_order_is_that_of_the_ratings_and_no_two_are_alike(rows, subjects):
    by_image = {subject.image: subject for subject in subjects}
    for row in (row for row in rows if row["task"] == "emoji_order"):
        ratings = [by_image[image].rating for image in row["images"]]
        assert len({*ratings}) == len(PLACES)
        ranked = [ratings[PLACES.index(place)] for place in row["target"]]
        assert ranked == sorted(ratings, reverse=True)[:RANKED]


def test_pictures_that_nothing_stands_beside_are_left_out():
    alone = [
        Subject("noto-1", "1.png", "joy", "positive", 3),
        Subject("twemoji-2", "2.png", "fear", None, -1),
    ]
    assert [row["task"] for row in questions(alone)] == ["emoji_statements"] * 3 + ["emoji_valence"] * 2
