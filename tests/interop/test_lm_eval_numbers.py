"""What lm-eval makes of the functions that task files name: the numbers of `vecbench score`."""

import json
from pathlib import Path

import pytest

from vecbench.interop.lm_eval import brier, document, ece, process_results
from vecbench.interop.reading import open_responses
from vecbench.scoring import protocol_named, score_responses
from vecbench.tasks import load_catalogue

TESTS = Path(__file__).parents[1]
CATALOGUE = load_catalogue([TESTS / "every_kind"])
AGGREGATIONS = {
    "accuracy": lambda values: sum(values) / len(values),
    "coverage": lambda values: sum(values) / len(values),
    "brier": brier,
    "ece": ece,
}


def answers(task, **said):
    """Rows of a task with answers that are read and some that are not, with and without a confidence."""
    options = {"option": ("A", "B", "<answer>C</answer>", "neither"), "valence": ("7", "3.5", "1", "high")}
    rank = ("joy, love, fear", "fear", "joy > love > neutral", "all of them")
    for place in range(24):
        text = options.get(task, rank)[place % 4]
        stated = f"<answer>{text}</answer><confidence>0.{1 + place % 9}</confidence>"
        yield {"task": task, "id": f"q{place}", "response": text if place % 5 == 0 else stated} | said


WRITTEN = {
    "option": {"target": "B", "options": {"A": "Yes", "B": "No"}, "question_type": "Yes-or-No"},
    "rank": {"target": ["joy", "love", "fear"]},
    "valence": {"target": 4.5},
}


@pytest.mark.parametrize("task", ["mvei_statements", *WRITTEN])
def test_the_aggregated_numbers_are_those_of_scoring(tmp_path, task):
    if task == "mvei_statements":
        path = TESTS / "golden" / "mvei" / "responses.json"
    else:
        path = tmp_path / "answers.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in answers(task, **WRITTEN[task])))
    stored = [each for each in open_responses(path, CATALOGUE).responses if each.repeat == 0]
    chosen = CATALOGUE.tasks[task]
    found: dict[str, list] = {}
    for each in stored:
        form = chosen.form_of(None)
        doc = document(each, chosen.specification, form, each.sample_id, (each.image,), None, None)
        for metric, value in process_results(doc, [each.response or ""]).items():
            found.setdefault(metric, []).append(value)
    rows = score_responses(iter(stored), protocol_named("strict"), CATALOGUE).scores.tasks[task]
    assert found.keys() == ({"coverage"} if task == "valence" else AGGREGATIONS.keys())
    for metric, values in found.items():
        expected = rows.metrics[metric].value
        assert AGGREGATIONS[metric](values) == pytest.approx(expected, abs=1e-12, nan_ok=True), metric
