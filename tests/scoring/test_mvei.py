"""MVEI's two published scorers, to the last digit, on the rows that they were run on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from vecbench.comparing import compare, open_side
from vecbench.interop.reading import open_responses
from vecbench.interop.scored import scored_source
from vecbench.scoring import protocol_named, score_responses
from vecbench.tasks import load_catalogue

GOLDEN = Path(__file__).parents[1] / "golden" / "mvei"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
CATALOGUE = load_catalogue()
RATIOS = ("accuracy", "positive_ratio", "give_up_ratio")


def scored(protocol):
    source = open_responses(GOLDEN / "responses.json", CATALOGUE)
    return scored_source(source, protocol_named(protocol), CATALOGUE)


def exactly(value):
    return pytest.approx(value, rel=1e-12, abs=1e-12)


def test_mvei_is_its_script():
    task = scored("mvei").scores.tasks["mvei_statements"]
    wanted = EXPECTED["mvei"]
    blocks = {"overall": task, **task.subsets["statement_class"]}
    assert blocks.keys() == wanted.keys()
    for name, rows in blocks.items():
        assert rows.n == wanted[name]["total"]
        for key in RATIOS:
            assert rows.metrics[key].value == exactly(wanted[name][key])


def test_emobserver_is_its_evaluator():
    task = scored("emobserver").scores.tasks["mvei_statements"]
    wanted = EXPECTED["emobserver"]
    assert task.metrics["accuracy"].value == exactly(wanted["acc_total"])
    for key in RATIOS[1:]:
        assert task.metrics[key].value == exactly(wanted[key])
    for name, rows in task.subsets["statement_class"].items():
        assert rows.metrics["accuracy"].value == exactly(wanted[f"acc_{name.replace(' ', '_')}"])


def test_each_row_is_read_as_the_programs_read_it():
    choices = {"A": "correct", "B": "incorrect", "C": None}
    for protocol, wanted in (
        ("emobserver", lambda row: choices[row["choice"]]),
        ("mvei", lambda row: row["cal_metrics"]),
    ):
        for row in scored(protocol).rows:
            if row.repeat == 0:
                expected = wanted(EXPECTED["rows"][row.sample_id])
                assert (row.reading.answer or "abstain") == (expected or "abstain"), row.sample_id


def test_strict_reads_what_was_meant_or_nothing():
    """Both programs read half of these rows otherwise. Where a row answers twice, its last word counts."""
    records = json.loads((GOLDEN / "responses.json").read_text())
    rows = [row for row in scored("strict").rows if row.repeat == 0 and row.reading.answer is not None]
    assert len(rows) > 200
    wrong = [records[row.sample_id] for row in rows if row.reading.answer != records[row.sample_id]["meant"]]
    once = [text for each in wrong if "\nWait. <answer>" not in (text := each["generations"][0])]
    assert once == [
        "\n\nA child laughs; that is correct for joy."
    ]  # a sentence of its own, for all one knows


def test_strict_has_ratios_with_intervals_and_abstention_as_a_status_of_its_own():
    task = scored("strict").scores.tasks["mvei_statements"]
    assert task.counts["abstained"] > 10
    for key in RATIOS:
        score = task.metrics[key]
        assert score.low < score.value < score.high
    given_up = task.n - task.counts["answered"]
    assert task.metrics["give_up_ratio"].value == exactly(given_up / task.n)


def test_the_protocol_of_statements_scores_nothing_else():
    source = open_responses(GOLDEN / "responses.json", CATALOGUE)
    rows = [replace(row, task="fi_2", kind="label") for row in source.responses]
    complete = score_responses(rows, protocol_named("mvei"), CATALOGUE)
    assert complete.scores.tasks == {}
    assert {row.dropped for row in complete.rows} == {"its answer is no verdict on a statement"}
    [note] = complete.scores.notes
    assert note.startswith("Rows dropped")


@pytest.mark.parametrize("protocol", ["strict", "mvei", "emobserver"])
def test_runs_of_it_are_compared(protocol):
    sides = [open_side(GOLDEN / "responses.json", protocol, CATALOGUE) for _ in range(2)]
    found = compare(*sides, CATALOGUE, replicates=200).differences.tasks["mvei_statements"]
    assert found.metrics["accuracy"].change == 0
