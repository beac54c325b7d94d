"""Answers about shares of raters in anyone's file: `target` or `votes`, as an object or a list."""

import json

import pytest

from vecbench.answers import AnswerSpecification, kind_of
from vecbench.errors import UsageError
from vecbench.interop.lm_eval import results_of
from vecbench.interop.reading import open_responses
from vecbench.interop.scored import scored_source
from vecbench.parsing.form import ANY_FORM
from vecbench.public import score
from vecbench.scoring import protocol_named
from vecbench.tasks import load_catalogue

TASK = """task: moods
metadata:
  version: 1.0
  vecbench:
    labels: [joy, fear, anger]
    answer: {kind: distribution}
"""


def scored(folder, *rows, protocol="strict"):
    (folder / "moods.yaml").write_text(TASK)
    lines = [{"task": "moods", "id": str(n), **row} for n, row in enumerate(rows)]
    (folder / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return score(folder / "answers.jsonl", protocol=protocol, include_path=folder)


@pytest.mark.parametrize("column", ["target", "votes"])
@pytest.mark.parametrize("votes", [{"joy": 3, "fear": 1}, [3, 1, 0], ["joy", "joy", "fear", "joy"]])
def test_a_file_of_answers_brings_its_votes(tmp_path, column, votes):
    said = "<answer>fear</answer><confidence>0.35</confidence>"
    [rows] = scored(tmp_path, {"response": said, column: votes}).tasks.values()
    values = {key: each.value for key, each in rows.metrics.items()}
    assert values["expected_hit"] == 0.25
    assert values["expected_hit_ceiling"] == 0.75
    assert values["accuracy"] == 0
    assert values["share_brier"] == pytest.approx(0.01)
    assert values["js"] is None


def test_a_refusal_with_confidence_0_has_no_expected_hit(tmp_path):
    refused = {"response": "I cannot tell.<confidence>0</confidence>", "votes": {"joy": 1}}
    with pytest.warns(UserWarning, match="1 of 2 answers are not read"):
        scores = scored(tmp_path, refused, {"response": "joy", "votes": {"joy": 1}})
    [rows] = scores.tasks.values()
    assert rows.metrics["expected_hit"].value == 0.5
    assert rows.metrics["share_brier"].why == "no answer with a confidence was read"


def test_lm_eval_gets_no_calibration_that_is_held_against_right_and_wrong():
    kind = kind_of(AnswerSpecification("distribution", ("joy", "fear")))
    said = "<answer>joy</answer><confidence>0.9</confidence>"
    found = results_of(said, ("joy", "fear"), {"joy": 0.6, "fear": 0.4}, kind, ANY_FORM)
    assert found == {"accuracy": 1.0, "coverage": 1.0}


def test_confidences_in_shares_of_raters_are_not_recalibrated(tmp_path):
    (tmp_path / "moods.yaml").write_text(TASK)
    said = "<answer>{}</answer><confidence>0.7</confidence>"
    line = {"task": "moods", "target": {"joy": 2, "fear": 1}}
    rows = [line | {"id": str(n), "response": said.format(("joy", "fear")[n % 2])} for n in range(10)]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    catalogue = load_catalogue([tmp_path])
    source = open_responses(tmp_path / "answers.jsonl", catalogue)
    found = scored_source(source, protocol_named("strict"), catalogue, recalibrate="platt").recalibration
    assert (found.tasks, found.overall) == ({}, None)


def test_a_protocol_of_labels_refuses_other_answers(tmp_path):
    with pytest.raises(UsageError, match="reads labels, and moods has answers of the kind 'distribution'"):
        scored(tmp_path, {"response": "joy", "votes": {"joy": 1}}, protocol="emocaliber")
