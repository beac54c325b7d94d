"""`--task` and `--columns`, as a process sees them, and what happens where no row can be used."""

import json
import subprocess
import sys

import pandas as pd
import pytest

import vecbench
from vecbench.errors import DataError, UsageError

TEXT = "<answer>{}</answer><confidence>0.{}</confidence>"
ROWS = [
    {"id": str(number), "target": target, "response": TEXT.format(said, number)}
    for number, (target, said) in enumerate([("awe", "awe"), ("anger", "anger"), ("fear", "awe")], start=5)
]
OTHERWISE = {"response": "out put", "target": "gold", "id": "name"}


def command(*arguments):
    program = [sys.executable, "-m", "vecbench", *map(str, arguments)]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=300)


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def otherwise(rows=ROWS):
    return [{theirs: row[ours] for ours, theirs in OTHERWISE.items()} for row in rows]


def accuracy(folder):
    return json.loads((folder / "scores.json").read_text())["tasks"]["fi_8"]["metrics"]["accuracy"]["value"]


def test_rows_that_name_no_task_are_of_the_one_that_is_named(tmp_path):
    path = jsonl(tmp_path / "answers.jsonl", ROWS)
    done = command("score", path, "--task", "FI-8", "--no-figures")
    assert done.returncode == 0, done.stderr
    assert accuracy(tmp_path / "answers-scores") == pytest.approx(2 / 3)


def test_where_no_row_can_be_used_nothing_is_written_over(tmp_path):
    path = jsonl(tmp_path / "answers.jsonl", ROWS)
    before = tmp_path / "answers-scores"
    assert command("score", path, "--task", "fi_8", "--no-figures").returncode == 0
    kept = {each.name: each.read_bytes() for each in before.iterdir()}
    done = command("score", path, "--no-figures")
    assert done.returncode == 2
    assert "no row can be used: 3 not scored, such as" in done.stderr
    assert "line 1: no task is named" in done.stderr
    assert "--task TASK" in done.stderr
    assert {each.name: each.read_bytes() for each in before.iterdir()} == kept


def test_a_path_without_a_row_that_can_be_used_leaves_no_folder(tmp_path):
    path = jsonl(tmp_path / "answers.jsonl", ROWS)
    assert command("score", path, "--no-figures", "--export", "lm-eval").returncode == 2
    assert list(tmp_path.iterdir()) == [path]


def test_columns_are_read_under_other_names(tmp_path):
    path = jsonl(tmp_path / "answers.jsonl", otherwise())
    said = ",".join(f"{ours}={theirs}" for ours, theirs in OTHERWISE.items())
    done = command("score", path, "--task", "fi_8", "--columns", said, "--no-figures")
    assert done.returncode == 0, done.stderr
    assert accuracy(tmp_path / "answers-scores") == pytest.approx(2 / 3)
    told = (tmp_path / "answers-scores" / "predictions.jsonl").read_text().splitlines()
    assert [json.loads(line)["sample_id"] for line in told] == ["5", "6", "7"]


def test_both_sides_of_a_comparison_are_read_alike(tmp_path):
    better = [row | {"response": TEXT.format(row["target"], 9)} for row in ROWS]
    paths = [jsonl(tmp_path / "a.jsonl", otherwise()), jsonl(tmp_path / "b.jsonl", otherwise(better))]
    said = "response=out put, target=gold, id=name"
    done = command("compare", *paths, "--task", "fi_8", "--columns", said, "--format", "json")
    assert done.returncode == 0, done.stderr
    refused = command("compare", *paths, "--columns", said)
    assert (refused.returncode, "no row can be used" in refused.stderr) == (2, True)


def test_in_python_files_and_frames_are_named_alike(tmp_path):
    path = jsonl(tmp_path / "answers.jsonl", otherwise())
    frame = pd.DataFrame(otherwise())
    of_file = vecbench.score(path, task="fi_8", columns=OTHERWISE).to_frame()
    pd.testing.assert_frame_equal(vecbench.score(frame, task="fi_8", columns=OTHERWISE).to_frame(), of_file)
    assert of_file.n.max() == 3
    same = vecbench.compare(path, frame, task="fi_8", columns=OTHERWISE)
    assert same.to_frame().change.dropna().abs().max() == 0


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"task": "fi_9"}, "there is no task 'fi_9'"),
        ({"task": "id_ver"}, "there is no task 'id_ver'"),
        ({"columns": {"respond": "response"}}, "'respond' is no field of a response"),
        ({"columns": {"response": "responses"}}, "has no column 'responses' to take 'response' from"),
        ({"columns": {"response": ""}}, "the column of 'response' is ''"),
    ],
)
@pytest.mark.parametrize("kind", ["file", "frame"])
def test_what_there_is_not_is_said_with_the_nearest(tmp_path, options, problem, kind):
    source = jsonl(tmp_path / "answers.jsonl", ROWS) if kind == "file" else pd.DataFrame(ROWS)
    with pytest.raises(UsageError, match=problem) as refused:
        vecbench.score(source, **options)
    assert refused.value.remedy


@pytest.mark.parametrize("text", ["response", "response=a,response=b"])
def test_columns_that_are_no_pairs_are_refused(tmp_path, text):
    done = command("score", jsonl(tmp_path / "answers.jsonl", ROWS), "--columns", text)
    assert done.returncode == 2
    assert "--columns" in done.stderr


def test_rows_that_name_another_task_are_not_renamed(tmp_path):
    path = jsonl(tmp_path / "answers.jsonl", [*ROWS, ROWS[0] | {"task": "emoset_8"}])
    with pytest.raises(UsageError, match="line 4: it names the task 'emoset_8', and --task says fi_8"):
        vecbench.score(path, task="fi_8")


def test_a_name_that_no_task_has_is_overruled(tmp_path):
    path = jsonl(tmp_path / "answers.jsonl", [row | {"task": "classification"} for row in ROWS])
    with pytest.raises(DataError, match="unknown task 'classification'"):
        vecbench.score(path)
    assert vecbench.score(path, task="fi_8").to_frame().n.max() == 3
