"""Every kind says what a page draws of an answer beside its target, as JSON."""

import json

import pytest
from kinds import Choice as PluggedIn

from vecbench.answers import AnswerSpecification, Choice, Distribution, Label, LabelSet, Ranking, Rating
from vecbench.answers.label_set import LabelTuple
from vecbench.answers.shares import Shares

LABELS = ("joy", "fear", "anger")
VOTED = Distribution.of(AnswerSpecification("distribution", LABELS))
VALENCE = Rating(1, 9, of_what="valence")
PLANE = Rating(1, 9, dimensions=("valence", "arousal"))


@pytest.mark.parametrize(
    ("kind", "candidates", "target", "answer", "expected"),
    [
        (
            Label(LABELS),
            LABELS,
            "joy",
            "fear",
            {"type": "label", "labels": [*LABELS], "target": "joy", "answer": "fear"},
        ),
        (
            Choice(),
            ("yes", "no"),
            "B",
            "A",
            {
                "type": "options",
                "target": ["B"],
                "answer": ["A"],
                "options": [{"letter": "A", "text": "yes"}, {"letter": "B", "text": "no"}],
            },
        ),
        (
            Ranking(LABELS),
            LABELS,
            ("joy", "fear"),
            ("fear",),
            {"type": "ranking", "target": ["joy", "fear"], "answer": ["fear"]},
        ),
        (
            LabelSet(LABELS),
            ("joy", "fear"),
            ("joy",),
            LabelTuple(("joy",), {"joy": 0.9}),
            {
                "type": "options",
                "target": ["joy"],
                "answer": ["joy"],
                "options": [{"letter": "", "text": "joy", "confidence": 0.9}, {"letter": "", "text": "fear"}],
            },
        ),
        (
            VALENCE,
            (),
            5.5,
            7.0,
            {
                "type": "scale",
                "dimensions": [{"name": "valence", "low": 1, "high": 9, "target": 5.5, "answer": 7.0}],
            },
        ),
        (
            PLANE,
            PLANE.dimensions,
            (5.0, 2.0),
            (4.0, None),
            {
                "type": "scale",
                "dimensions": [
                    {"name": "valence", "low": 1, "high": 9, "target": 5.0, "answer": 4.0},
                    {"name": "arousal", "low": 1, "high": 9, "target": 2.0, "answer": None},
                ],
            },
        ),
        (
            VOTED,
            ("joy", "fear"),
            Shares({"joy": 0.75, "fear": 0.25}),
            "fear",
            {
                "type": "shares",
                "labels": [
                    {"label": "joy", "target": 0.75, "answer": 0.0},
                    {"label": "fear", "target": 0.25, "answer": 1.0},
                ],
            },
        ),
        (PluggedIn(), ("yes", "no"), "A", "B", {"type": "text", "target": "A", "answer": "B"}),
    ],
)
def test_a_kind_draws_target_and_answer_its_own_way(kind, candidates, target, answer, expected):
    assert kind.view(answer, target, candidates) == expected
    json.dumps(expected, allow_nan=False)


@pytest.mark.parametrize(
    ("kind", "candidates", "target"),
    [
        (Label(LABELS), LABELS, "joy"),
        (Choice(), ("yes", "no"), "B"),
        (Ranking(LABELS), LABELS, ("joy", "fear")),
        (LabelSet(LABELS), LABELS, ("joy",)),
        (VALENCE, (), 5.5),
        (PLANE, PLANE.dimensions, (5.0, 2.0)),
        (VOTED, LABELS, Shares({"joy": 1.0})),
        (PluggedIn(), ("yes", "no"), "A"),
    ],
)
def test_without_an_answer_the_target_is_drawn_alone(kind, candidates, target):
    text = json.dumps(kind.view(None, target, candidates))
    assert '"answer": null' in text


def test_a_rating_on_a_scale_that_nobody_knows_is_a_text():
    assert Rating().view(7.0, 5.5, ()) == {"type": "text", "target": "5.5", "answer": "7"}
