"""EEmo-Bench's leaderboards: lists of questions with the answers of one model or of several."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from eemo_miniature import lists

from vecbench.comparing import compare, open_side
from vecbench.errors import UsageError
from vecbench.interop.reading import open_responses
from vecbench.interop.scored import scored_source
from vecbench.scoring import protocol_named
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
MODELS = {"right": lambda row: row["correct_answer"], "org/first": lambda _: "A: …"}


def board(folder, models=("right", "org/first"), part="pair"):
    """A leaderboard's file of the miniature; the open questions have five scores of a judge, as there."""
    rows = json.loads((lists(folder) / f"EEmo-Bench({part}).json").read_text())
    for row in rows:
        for model in models:
            is_open = row["question_type"] == "Open_ended"
            row[f"response({model})"] = "A long text." if is_open else MODELS[model](row)
            row[f"eval_result({model})"] = ["2"] * 5 if is_open else 1
            row.update({} if is_open else {f"if_invalid({model})": 0})
    path = folder / f"EEmo-Bench(all-{part}).json"
    path.write_text(json.dumps(rows, indent=4))
    return path


def scored(path):
    source = open_responses(Path(path), CATALOGUE)
    return scored_source(source, protocol_named("strict"), CATALOGUE), source


def test_each_model_of_a_file_is_a_run_of_its_own(tmp_path):
    path = board(tmp_path)
    right, source = scored(f"{path}#right")
    assert right.scores.tasks["eemo_pair"].metrics["accuracy"].value == 1.0
    assert source.default_output == tmp_path / "EEmo-Bench(all-pair)-right-scores"
    assert source.faults == []
    assert "the answers of right are read" in source.notes
    assert "left out: 2 rows of the type Open_ended" in source.notes
    first, source = scored(f"{path}#org/first")
    assert first.scores.tasks["eemo_pair"].headline.value == 0.5
    assert source.default_output == tmp_path / "EEmo-Bench(all-pair)-org-first-scores"
    subsets = first.scores.tasks["eemo_pair"].subsets
    assert [*subsets] == ["question_type", "perceptual_dimension", "question_concern"]


def test_a_file_of_one_model_needs_no_name(tmp_path):
    path = board(tmp_path, ["right"], "single")
    complete, source = scored(path)
    assert complete.scores.tasks["eemo_single"].metrics["accuracy"].value == 1.0
    assert source.default_output == tmp_path / "EEmo-Bench(all-single)-scores"


@pytest.mark.parametrize(
    ("behind", "said", "remedy"),
    [
        ("", "holds the answers of 2 models: right, org/first", "#right"),
        ("#rihgt", "holds no answers of 'rihgt'; it has right, org/first", "Did you mean right?"),
    ],
)
def test_of_several_models_one_has_to_be_named(tmp_path, behind, said, remedy):
    path = board(tmp_path)
    with pytest.raises(UsageError, match=said) as refused:
        open_responses(Path(f"{path}{behind}"), CATALOGUE)
    assert remedy in refused.value.remedy


def test_two_models_of_a_file_are_scored_and_compared(tmp_path):
    path = board(tmp_path)
    command = [
        sys.executable,
        "-m",
        "vecbench",
        "score",
        f"{path}#right",
        f"{path}#org/first",
        "--no-figures",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "EEmo-Bench(all-pair)-org-first-scores" / "scores.json").is_file()
    sides = [open_side(Path(f"{path}#{model}"), "strict", CATALOGUE) for model in MODELS]
    found = compare(*sides, CATALOGUE, replicates=200).differences.tasks["eemo_pair"]
    assert found.metrics["accuracy"].change == -0.5


def test_item_220_is_excluded_with_its_reason(tmp_path):
    path = board(tmp_path, ["right"])
    rows = json.loads(path.read_text())
    rows[1]["id"] = 220
    path.write_text(json.dumps(rows))
    complete, _ = scored(path)
    task = complete.scores.tasks["eemo_pair"]
    assert task.n == 7
    assert task.excluded.n == 1
    assert "neither image" in task.excluded.because


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"options": "{'A': 'It's', 'B': 'No'}"}, "'options': neither JSON nor a literal of Python"),
        ({"question_type": "Maybe"}, "question_type is 'Maybe', neither Yes-or-No nor What/How"),
        ({"correct_answer": None}, "no target"),
        ({"response(right)": ...}, "no response, and no error either"),
    ],
)
def test_a_row_that_cannot_be_scored_is_one_line(tmp_path, change, said):
    path = board(tmp_path, ["right"])
    rows = json.loads(path.read_text())
    rows[1] = {key: value for key, value in (rows[1] | change).items() if value is not ...}
    path.write_text(json.dumps(rows, indent=4))
    complete, source = scored(path)
    [fault] = source.faults
    assert said in fault.problem
    assert fault.effect == "not scored"
    assert path.read_text().splitlines()[fault.line - 1] == "    {"
    assert complete.scores.tasks["eemo_pair"].n == 7


def test_empty_and_equal_options_are_read_by_letter(tmp_path):
    path = board(tmp_path, ["right"])
    rows = json.loads(path.read_text())
    rows[1] |= {
        "options": "{'A': 'Both', 'B': '', 'C': 'One'}",
        "correct_answer": "B",
        "response(right)": "B",
    }
    rows[4] |= {"options": "{'A': 'Joy', 'B': 'One', 'C': 'Joy'}", "correct_answer": "A"}
    rows[4]["response(right)"] = "Joy"
    path.write_text(json.dumps(rows))
    complete, source = scored(path)
    assert source.faults == []
    found = {row.sample_id: row for row in complete.rows}
    assert (found["1"].reading.answer, found["1"].correct) == ("B", True)
    assert (found["4"].reading.answer_status, found["4"].correct) == ("ambiguous", False)


def test_a_file_that_is_torn_off_keeps_what_is_whole(tmp_path):
    path = board(tmp_path, ["right"])
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    complete, source = scored(path)
    [fault] = source.faults
    assert "torn off" in fault.problem
    assert 0 < complete.scores.tasks["eemo_pair"].n < 8


def test_a_list_without_answers_is_none(tmp_path):
    said = r"holds no responses that vecbench can read: its rows have no .response\(., so it is data"
    with pytest.raises(UsageError, match=said):
        open_responses(lists(tmp_path) / "EEmo-Bench(pair).json", CATALOGUE)
