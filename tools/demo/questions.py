"""The demo's further questions: a statement, a choice between two pictures, an order of four, a rating.

Their targets follow from the labels and ratings of `tools.demo.labels` and from nothing else; what is drawn,
such as the other picture of a pair, is drawn by hash. The rule:

- Of each test emoji that Noto and Twemoji draw, the picture without skin tone and gender is asked about.
- *Statements*: in the order of their hashes, every second one of a class names the true label, the others
  another label of the task, drawn. Classes: emotion, sentiment.
- *Pairs*: the other picture is of the same artwork, and has another emotion (which of the two evokes the
  one's?) or another sentiment (which is more positive?). Which stands first is drawn.
- *Order*: three other pictures of the same artwork, whose emoji are rated differently from it and each
  other; the three highest of the four are to be named.
- *Valence*: the emoji's rating, from -5 to 5, 0 included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tools.demo.labels import EMOTIONS, SENTIMENTS

PLACES = ("first", "second", "third", "fourth")
"""What pictures are called by their order."""

RANKED = 3
"""So many of the pictures are ranked."""

LETTERS = ("A", "B")


@dataclass(frozen=True)
class Subject:
    """A picture that is asked about.

    Attributes:
        id: Artwork and emoji.
        image: The picture's path in the data folder.
        emotion: Its emotion, if it has one.
        sentiment: Its sentiment, if it has one.
        rating: Its rating from -5 to 5, if it has one.
    """

    id: str
    image: str
    emotion: str | None
    sentiment: str | None
    rating: int | None

    @property
    def artwork(self) -> str:
        return self.id.partition("-")[0]


def statement_of(label: str) -> str:
    """What is stated of a picture."""
    return f"This picture is {label}." if label in SENTIMENTS else f"This picture evokes {label}."


def question_of_pair(asked: str) -> str:
    """What is asked of two pictures: for an emotion, or for the more positive one."""
    return "Which picture is more positive?" if asked in SENTIMENTS else f"Which picture evokes {asked}?"


def questions(subjects: Sequence[Subject]) -> list[dict[str, Any]]:
    """The rows of all four tasks.

    Args:
        subjects: The pictures, in any order.

    Returns:
        Rows as `questions.jsonl` has them, by task and then by id.
    """
    ordered = sorted(subjects, key=lambda subject: subject.id)
    return [*_statements(ordered), *_pairs(ordered), *_orders(ordered), *_valences(ordered)]


def _statements(subjects: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    rows = []
    for name, labels in (("emotion", EMOTIONS), ("sentiment", SENTIMENTS)):
        having = [subject for subject in subjects if getattr(subject, name)]
        for place, subject in enumerate(sorted(having, key=lambda one: _drawn(name, one.id))):
            label, correct = getattr(subject, name), place % 2 == 0
            others = [other for other in labels if other != label]
            stated = label if correct else others[_drawn("other", name, subject.id) % len(others)]
            rows.append(
                {
                    "task": "emoji_statements",
                    "id": f"{subject.id}-{name}",
                    "image": subject.image,
                    "statement": statement_of(stated),
                    "statement_class": name,
                    "target": "correct" if correct else "incorrect",
                }
            )
    yield from sorted(rows, key=lambda row: row["id"])


def _pairs(subjects: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in ("emotion", "sentiment"):
        for subject in subjects:
            label = getattr(subject, name)
            others = [
                other for other in _beside(subject, subjects) if getattr(other, name) not in (None, label)
            ]
            if label is None or not others:
                continue
            other = others[_drawn("pair", name, subject.id) % len(others)]
            pair = [subject, other] if _drawn("place", name, subject.id) % 2 else [other, subject]
            wanted = subject if name == "emotion" or label == SENTIMENTS[0] else other
            rows.append(
                {
                    "task": "emoji_pairs",
                    "id": f"{subject.id}-{name}",
                    "images": [one.image for one in pair],
                    "question": question_of_pair(label),
                    "question_type": name,
                    "target": LETTERS[pair.index(wanted)],
                }
            )
    yield from sorted(rows, key=lambda row: row["id"])


def _orders(subjects: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    rated = {subject.id: subject.rating for subject in subjects if subject.rating is not None}
    for subject in subjects:
        if subject.id not in rated:
            continue
        shown = [subject]
        others = [other for other in _beside(subject, subjects) if other.id in rated]
        for other in sorted(others, key=lambda one: _drawn("order", subject.id, one.id)):
            if len(shown) < len(PLACES) and rated[other.id] not in {rated[one.id] for one in shown}:
                shown.append(other)
        if len(shown) < len(PLACES):
            continue
        shown.sort(key=lambda one: _drawn("places", subject.id, one.id))
        best = sorted(range(len(shown)), key=lambda place: -rated[shown[place].id])
        yield {
            "task": "emoji_order",
            "id": subject.id,
            "images": [one.image for one in shown],
            "target": [PLACES[place] for place in best[:RANKED]],
        }


def _valences(subjects: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    for subject in subjects:
        if subject.rating is not None:
            yield {
                "task": "emoji_valence",
                "id": subject.id,
                "image": subject.image,
                "target": subject.rating,
            }


def _beside(subject: Subject, subjects: Sequence[Subject]) -> list[Subject]:
    """The other pictures of its artwork."""
    return [one for one in subjects if one.artwork == subject.artwork and one.id != subject.id]


def _drawn(*words: str) -> int:
    return int(hashlib.sha256(" ".join(("vecbench demo question", *words)).encode()).hexdigest(), 16)
