"""`vecbench tasks`, as a process sees it."""

import json
import re
import shlex
import subprocess
import sys

import pytest
from fakes import make_data

from vecbench.cli.app import app
from vecbench.errors import VecbenchError
from vecbench.shipped import demo_model
from vecbench.tasks import load_catalogue

SHORT = """\
task: mine_2
metadata:
  version: 1.0
  vecbench:
    labels: [joy, fear]
    subsets: [question_type]
    headline: {mean_of: [Yes-or-No, What/How]}
    exclude: {ids: [7, s1], because: the image is broken}
"""


def vecbench(*arguments, cwd):
    command = [sys.executable, "-m", "vecbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=cwd)


def init(folder, *arguments):
    done = vecbench("tasks", "init", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Runs init where nothing else is: the error and its remedy. In this process, since a new one is slow."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(VecbenchError) as caught:
            app(["tasks", "init", *map(str, arguments)], standalone_mode=False)
        assert caught.value.exit_status == 2
        return caught.value.message, caught.value.remedy

    return run


@pytest.mark.parametrize("more", [[], ["--short"]])
def test_what_init_writes_runs_with_the_command_that_it_prints(tmp_path, more):
    make_data(tmp_path / "my data", ["joy", "fear", "joy"], task="mine_2")
    said = init(tmp_path, "mine_2", "--labels", "joy,fear", "--data", "my data", "-o", "t/mine.yaml", *more)
    first, command = said.splitlines()
    assert first == f"t/mine.yaml is a task for vecbench{'' if more else ' and lm-eval'}. It runs with:"
    command = shlex.split(command.replace("MODEL", str(demo_model())))
    done = vecbench(*command[1:], "-o", "run", cwd=tmp_path)
    assert done.returncode in {0, 4}, done.stderr  # the model was made for other labels
    assert json.loads((tmp_path / "run" / "scores.json").read_text())["tasks"]["mine_2"]["n"] == 3


def test_without_data_the_printed_command_asks_for_it(tmp_path):
    said = init(tmp_path, "mine_2", "--labels", "joy,fear")
    assert said.endswith("--tasks mine_2 --include-path mine_2.yaml --data DATA\n")
    assert (tmp_path / "mine_2.yaml").exists()


def test_a_run_goes_on_after_its_task_was_completed(tmp_path):
    make_data(tmp_path / "data", ["joy", "fear"], task="mine_2")
    init(tmp_path, "mine_2", "--labels", "joy,fear", "--data", "data", "--short")
    run = ["run", "-m", demo_model(), "-t", "mine_2", "--include-path", "mine_2.yaml", "-o", "run"]
    assert "2 responses generated" in vecbench(*run, cwd=tmp_path).stdout
    responses = (tmp_path / "run" / "responses.jsonl").read_bytes()
    assert vecbench("tasks", "complete", "mine_2.yaml", cwd=tmp_path).stdout == (
        "mine_2.yaml: now in full, for lm-eval too\n"
    )
    assert vecbench(*run, cwd=tmp_path).returncode in {0, 4}
    assert (tmp_path / "run" / "responses.jsonl").read_bytes() == responses
    assert vecbench("tasks", "complete", "mine_2.yaml", cwd=tmp_path).stdout == (
        "mine_2.yaml is in full already\n"
    )


def test_labels_are_proposed_from_the_data(tmp_path):
    data = make_data(tmp_path / "data", ["Joy", "joy", "joy", "fear"], task="mine-2")
    for path in (data, data / "samples.csv"):
        said = init(tmp_path, "mine_2", "--data", path, "-o", f"{path.name}.yaml", "--short")
        assert said.startswith(
            f"2 labels found in {data / 'samples.csv'}, with their rows: fear (1), joy (3).\n"
        )
        assert "    labels: [fear, joy]\n" in (tmp_path / f"{path.name}.yaml").read_text()


def test_only_the_rows_of_the_task_propose_labels(tmp_path, refused):
    data = make_data(tmp_path / "data", ["joy", "fear"], task="other")
    assert refused("mine_2", "--data", data) == (
        f"{data / 'samples.csv'} has no row of mine_2 to take labels from",
        "Its rows name other.",
    )


@pytest.mark.parametrize(("count", "proposed"), [(50, True), (51, False)])
def test_at_most_fifty_labels_are_proposed(tmp_path, refused, count, proposed):
    data = make_data(tmp_path / "data", [f"l{number}" for number in range(count)], task="mine")
    arguments = ["mine", "--data", data]
    if proposed:
        assert "50 labels found" in init(tmp_path, *arguments)
    else:
        problem, remedy = refused(*arguments)
        assert "51 different labels, too many to propose" in problem
        assert "--labels a,b,c" in remedy


@pytest.mark.parametrize(
    ("arguments", "problem", "remedy"),
    [
        (["mine"], "--labels: a label task lists at least two labels", "Such as: --labels joy,fear"),
        (["mine", "--labels", "joy,"], "--labels: empty", "Such as"),
        (["mine", "--labels", "a,b", "--kind", "labl"], "--kind: unknown answer kind 'labl'", "Did you mean"),
        (["mine", "--labels", "a,b", "--top", "3"], "--kind: the answer kind label knows no 'top'", ""),
        (["mine", "--labels", "a,b", "--range", "1,9"], "--kind: the answer kind label knows no 'range'", ""),
        (["mine", "--labels", "a,b", "--noun", ""], "--noun: empty", ""),
        (["mine", "--labels", "a,b", "--data", "x"], "--data: there is no folder or table", "Leave it out"),
        (["fi_8", "--labels", "a,b"], "there is a shipped task or group fi_8", "another name"),
        (["vecbench", "--labels", "a,b"], "there is a shipped task or group vecbench", "another name"),
        (["my task", "--labels", "a,b"], "'my task' is no name of a task", "such as my_task"),
    ],
)
def test_a_wrong_draft_is_refused_in_a_line_and_nothing_is_written(
    tmp_path, refused, arguments, problem, remedy
):
    found = refused(*arguments)
    assert found[0].startswith(problem)
    assert remedy in found[1]
    assert list(tmp_path.iterdir()) == []


def test_init_never_writes_over_a_file(tmp_path, refused):
    (tmp_path / "mine.yaml").write_text("precious")
    problem, remedy = refused("mine", "--labels", "a,b")
    assert (problem, remedy) == ("mine.yaml is there already", "Choose another file with -o.")
    assert (tmp_path / "mine.yaml").read_text() == "precious"


def test_check_says_which_prompts_ask_for_what_nothing_reads(tmp_path):
    prompts = """\
    prompts:
      standard: "One of {{ labels }}, as <mood>LABEL</mood>, and your confidence from 0 to 100."
      direct: "One of {{ labels }}."
"""
    (tmp_path / "mine_2.yaml").write_text(SHORT + prompts)
    done = vecbench("tasks", "check", "mine_2.yaml", cwd=tmp_path)
    assert done.returncode == 0
    _, mood, fields, scale, remedy, silent, _ = done.stdout.splitlines()
    assert mood == "mine_2.yaml: prompt profile standard: asks for <mood>, and no answer is read of these"
    assert "`fields: {answer: NAME}`" in fields
    assert scale.startswith("mine_2.yaml: prompt profile standard: asks for a confidence up to 100")
    assert "`scale: percent`" in remedy
    assert silent == "the prompt profile direct asks for no confidence: mine_2"


def test_check_says_which_files_lm_eval_cannot_read_and_what_to_do(tmp_path):
    (tmp_path / "mine_2.yaml").write_text(SHORT)
    done = vecbench("tasks", "check", "mine_2.yaml", cwd=tmp_path)
    counts, note = done.stdout.splitlines()
    known = load_catalogue()
    there = f"{len(known.tasks) + 1} tasks and {len(known.groups)} groups, no faults"
    assert (done.returncode, counts) == (0, there)
    assert "mine_2.yaml: a short form, for vecbench alone; lm-eval needs the full one" in note
    command = note.rpartition(": vecbench ")[2]
    assert vecbench(*command.split(), cwd=tmp_path).returncode == 0
    again = vecbench("tasks", "check", "--include-path", "mine_2.yaml", cwd=tmp_path)
    assert again.stdout == counts + "\n"


def test_list_and_show_say_how_a_task_is_scored(tmp_path):
    (tmp_path / "mine_2.yaml").write_text(SHORT)
    (tmp_path / "mine.yaml").write_text(
        "group: mine\ntask: [mine_2]\nmetadata: {version: 1.0, vecbench: {headline: macro}}\n"
    )
    listed = vecbench("tasks", "list", "--include-path", ".", cwd=tmp_path).stdout
    assert re.search(r"^  mine_2 +mine_2 +label +2 +--data", listed, re.MULTILINE)
    notes = (
        "mine_2: subsets: question_type; headline: mean of Yes-or-No and What/How; "
        "excluded: 2 samples (7, s1): the image is broken",
        "mine: headline: mean of its tasks",
    )
    assert {*notes} <= {*listed.splitlines()}
    assert max(len(line) for line in listed.splitlines() if ": " not in line) <= 80
    shown = vecbench("tasks", "show", "mine_2", "--include-path", ".", cwd=tmp_path).stdout
    said = dict(re.findall(r"^  (.+?): +(.*)$", shown, re.MULTILINE))
    assert (
        said.items()
        >= {
            "kind": "label",
            "group": "none",
            "subsets": "question_type",
            "headline": "mean of Yes-or-No and What/How",
            "excluded": "2 samples (7, s1): the image is broken",
            "scale": "a confidence is from 0 to 1",
        }.items()
    )
    assert said["prompt (standard)"].startswith("Which emotion might this image evoke? Choose exactly one")


def test_show_says_what_a_shipped_task_has_not():
    shown = vecbench("tasks", "show", "emoji_2", cwd=".").stdout
    for line in ("subsets: +none", "headline: +all rows, pooled", "excluded: +none", "kind: +label"):
        assert re.search(rf"^  {line}$", shown, re.MULTILINE)


def test_a_prompt_that_needs_a_row_is_shown_as_its_template(tmp_path):
    (tmp_path / "mine_2.yaml").write_text(SHORT + '    prompts: {standard: "{{ question }} {{ labels }}"}\n')
    shown = vecbench("tasks", "show", "mine_2", "--include-path", "mine_2.yaml", cwd=tmp_path).stdout
    assert "prompt (standard):  {{ question }} {{ labels }}" in shown


def test_a_table_whose_columns_are_called_otherwise_gives_labels_too(tmp_path, refused):
    (tmp_path / "t.csv").write_text("file,emotion\na.jpg,joy\nb.jpg,fear\n")
    assert "--columns image=file" in refused("mine_2", "--data", "t.csv")[0]
    said = init(tmp_path, "mine_2", "--data", "t.csv", "--columns", "image=file,label=emotion")
    assert "fear (1), joy (1)" in said
    assert said.rstrip().endswith("--columns image=file,label=emotion")


def test_the_folders_of_classes_are_the_labels(tmp_path):
    for name in ("joy", "fear"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.jpg").write_bytes(b"")
    assert "2 labels found in photos, with their rows: fear (1), joy (1)." in init(
        tmp_path, "mine_2", "--data", "photos"
    )
    assert "labels: [fear, joy]" in (tmp_path / "mine_2.yaml").read_text()
