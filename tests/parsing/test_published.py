"""The published matchers, against what the original scripts make of tests/golden."""

import json
from pathlib import Path

import pytest

from vecbench.parsing import emobserver, emocaliber

GOLDEN = Path(__file__).parents[1] / "golden"


def share_right(rows):
    return sum(right for right in rows) / len(rows)


def test_emocaliber_reads_every_golden_row_as_the_script_does():
    rows = [json.loads(line) for line in (GOLDEN / "emocaliber" / "responses.jsonl").read_text().splitlines()]
    expected = json.loads((GOLDEN / "emocaliber" / "expected.json").read_text())
    for task, values in expected["tasks"].items():
        right = [
            emocaliber.read(row["response"], row["candidates"]).answer == row["ground_truth"]
            for row in rows
            if row["task"] == task
        ]
        assert (sum(right), len(right)) == (values["correct_samples"], values["total_samples"])
    overall = [
        emocaliber.matched_anywhere(row["response"], row["candidates"]) == row["ground_truth"] for row in rows
    ]
    assert share_right(overall) == pytest.approx(expected["overall"]["accuracy"], abs=1e-12)
    confident = [emocaliber.read(row["response"], row["candidates"]).confidence for row in rows]
    valid = sum(group["valid_samples"] for group in expected["groups"].values())
    assert sum(confidence is not None for confidence in confident) == valid


def test_emobserver_reads_every_golden_row_as_the_evaluator_does():
    records = json.loads((GOLDEN / "emobserver" / "results.json").read_text()).values()
    expected = json.loads((GOLDEN / "emobserver" / "expected.json").read_text())
    right = {}
    for record in records:
        candidates = record["other_info"]["candidates"]
        label = emobserver.read(record["generations"][0], candidates).answer
        task = record["other_info"]["task"].replace("UnbaisedEmo", "UnbiasedEmo")  # both are in the file
        right.setdefault(task, []).append(label == record["ground_truth"])
    assert len(right) == 9
    for task, rows in right.items():
        assert share_right(rows) == pytest.approx(expected[f"{task}_acc"], abs=1e-12)
