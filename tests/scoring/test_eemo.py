"""EmObserver's evaluator of EEmo-Bench's questions, to the last digit, on the rows that it was run on."""

import json
from pathlib import Path

import pytest

from vecbench.comparing import compare, open_side
from vecbench.interop.reading import open_responses
from vecbench.interop.scored import scored_source
from vecbench.parsing.emobserver import chosen_letter
from vecbench.scoring import protocol_named
from vecbench.tasks import load_catalogue

GOLDEN = Path(__file__).parents[1] / "golden" / "eemo_perception"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
CATALOGUE = load_catalogue()
PARTS = ("single", "pair")


def responses(folder, part):
    """The golden rows as plain JSONL; a sample without generations has failed."""
    lines = []
    for name, record in json.loads((GOLDEN / f"responses_{part}.json").read_text()).items():
        row = {"task": f"eemo_{part}", "id": name, "target": record["ground_truth"]}
        row |= {"options": record["options"], "prompt": record["prompt"], **(record["other_info"] or {})}
        lines.append(json.dumps(row | {"response": (record["generations"] or [None])[0]}) + "\n")
    path = folder / f"{part}.jsonl"
    path.write_text("".join(lines))
    return path


def scored(path, protocol="emobserver"):
    return scored_source(open_responses(path, CATALOGUE), protocol_named(protocol), CATALOGUE)


def exactly(value):
    return pytest.approx(value, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("part", PARTS)
def test_emobserver_is_its_evaluator(tmp_path, part):
    task = scored(responses(tmp_path, part)).scores.tasks[f"eemo_{part}"]
    wanted = EXPECTED[part]["metrics"]
    types = task.subsets["question_type"]
    assert types["Yes-or-No"].metrics["accuracy"].value == exactly(wanted[f"acc_{part}_yes_no"])
    assert types["What/How"].metrics["accuracy"].value == exactly(wanted[f"acc_{part}_what_how"])
    assert task.headline.value == exactly(wanted[f"acc_{part}_overall"])


@pytest.mark.parametrize("part", PARTS)
def test_each_row_is_read_as_the_evaluator_reads_it(tmp_path, part):
    for row in scored(responses(tmp_path, part)).rows:
        wanted = EXPECTED[part]["rows"][row.sample_id]
        assert (row.reading.answer, row.correct) == (wanted["choice"], wanted["correct"]), row.sample_id


def test_questions_of_no_type_are_in_no_score_and_are_counted(tmp_path):
    complete = scored(responses(tmp_path, "single"))
    task = complete.scores.tasks["eemo_single"]
    assert task.n == sum(each.n for each in task.subsets["question_type"].values())
    assert complete.scores.further["dropped"]["n"] == len(complete.rows) - task.n > 0
    assert any("question type is neither Yes-or-No nor What/How" in note for note in complete.scores.notes)


def test_there_is_no_number_over_single_images_and_pairs(tmp_path):
    both = tmp_path / "both.jsonl"
    both.write_text("".join(responses(tmp_path, part).read_text() for part in PARTS))
    scores = scored(both).scores
    for found in (scores.groups["eemo_perception"].pooled, scores.overall.pooled):
        assert found.metrics["accuracy"].value is None
        assert "no number over" in found.metrics["accuracy"].why


@pytest.mark.parametrize("protocol", ["strict", "emobserver"])
def test_runs_of_it_are_compared(tmp_path, protocol):
    sides = [open_side(responses(tmp_path, "pair"), protocol, CATALOGUE) for _ in range(2)]
    found = compare(*sides, CATALOGUE, replicates=200).differences.tasks["eemo_pair"]
    assert found.metrics["accuracy"].change == 0


OPTIONS = {"A": "Yes.", "B": "No."}


@pytest.mark.parametrize(
    ("response", "target", "options", "letter"),
    [
        # What the docs say of it: each of these is read wrongly.
        ("<answer>No</answer>", "B", OPTIONS, None),
        ("B: No.\n\nA cat sits there.", "B", OPTIONS, "A"),
        ("B:About the same.", "B", {"A": "Much higher.", "B": "About the same."}, "A"),
        ("<answer>Answer: C</answer>", "C", {"A": "Joy", "B": "Fear", "C": "Anger"}, "A"),
        ("<answer>A: Fear, rather than Joy</answer>", "B", {"A": "Fear", "B": "Joy"}, "B"),
        ("<answer>Yes. and No.</answer>", "A", OPTIONS, "A"),
        ("<answer>Yes. and No.</answer>", "B", OPTIONS, "B"),
        ("", "B", OPTIONS, None),
    ],
)
def test_the_evaluators_reading(response, target, options, letter):
    assert chosen_letter(response, target, None, options) == letter


@pytest.mark.parametrize(
    ("prompt", "letter"),
    [
        ("Which? {'A': 'Fear', 'B': 'Joy'}", "B"),
        ('Which? {"A": "Fear", "B": "Joy"}', "B"),
        ("Which? {'A': 'Fear', 'B': 'Joy'} Say <answer>{your answer}</answer>", None),
        ("Which? {'A': 'It's fear', 'B': 'Joy'}", None),
        ("{" * 100_000, None),
        ("", None),
    ],
)
def test_the_evaluator_finds_options_in_the_last_braces_of_the_prompt(prompt, letter):
    assert chosen_letter("<answer>joy</answer>", "B", prompt, {}) == letter
