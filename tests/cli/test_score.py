"""`vecbench score` on what others generated, as a process sees it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import ANSWER, ScriptedEngine, Watcher, make_data, make_plan

from vecbench.engines import Sampling
from vecbench.models import Model
from vecbench.run import RunPlan, TaskRun, run
from vecbench.samples import open_data
from vecbench.store import RunDirectory
from vecbench.tasks import load_catalogue


def score(*arguments):
    command = [sys.executable, "-m", "vecbench", "score", *map(str, arguments), "--no-figures"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def row(number, **changes):
    said = {"task": "FI-2", "id": number, "label": "positive", "response": "<answer>positive</answer>"}
    return json.dumps(said | changes) + "\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run with a failed sample, an unreadable confidence and an answer that was never finished."""
    folder = tmp_path_factory.mktemp("finished")
    data = make_data(folder / "data", ["joy", "fear", "joy", "anger", "love"])
    answers = iter([ANSWER, None, ANSWER.replace("0.75", "high"), "<answer>jo", ANSWER])
    directory = RunDirectory(folder / "run")
    run(make_plan(data), lambda: ScriptedEngine(lambda _: next(answers)), directory, Watcher())
    return directory


def test_what_is_recognised_is_said_and_scored(tmp_path):
    (tmp_path / "answers.jsonl").write_text(row(1) + row(2, label="negative"))
    done = score(tmp_path / "answers.jsonl")
    assert done.returncode == 0, done.stderr
    assert "recognised: plain JSONL, answers.jsonl, 2 rows" in done.stderr
    assert "fi_2 2 of 1000" in done.stderr
    scores = json.loads((tmp_path / "answers-scores" / "scores.json").read_text())
    assert scores["overall"]["metrics"]["accuracy"]["value"] == 0.5
    assert scores["run"]["responses"] == {"format": "plain JSONL", "files": ["answers.jsonl"], "faults": {}}
    assert not (tmp_path / "answers-scores" / "faults.jsonl").exists()


def test_options_say_how_answers_and_confidences_are_read(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text(
        row(1, response="The answer is positive.\nConfidence: 85")
        + row(2, response="Answer: positive\nConfidence: 1")
    )
    done = score(path)
    assert "1 of 2 stated confidences are above 1; is the scale 0 to 100?" in " ".join(done.stdout.split())
    assert "1 answer is taken from a sentence" in done.stdout
    done = score(path, "--no-sentences", "--confidence-scale", "100")
    assert done.returncode == 4, done.stderr  # one of two answers is a sentence
    said = json.loads((tmp_path / "answers-scores" / "scores.json").read_text())
    assert said["protocol"] == "strict+no-sentences+scale-100"
    assert (said["overall"]["counts"]["answered"], said["overall"]["counts"]["confident"]) == (1, 2)
    refused = score(path, "--no-sentences", "--protocol", "emocaliber")
    assert refused.returncode == 2
    assert "the protocol emocaliber reads as its program does" in refused.stderr


def test_faults_are_printed_counted_stored_and_end_with_status_4(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text(row(1) + "".join(row(number, task="mood") for number in range(20)) + row(1) + '{"tas')
    done = score(path)
    assert done.returncode == 4
    assert "incomplete: faults in what was read: 21 not scored, 1 given again" in done.stderr
    assert (
        f"{path}, line 2: unknown task 'mood', and the row brings no candidates (not scored)" in done.stderr
    )
    assert "… and 12 more: see" in done.stderr
    lines = (tmp_path / "answers-scores" / "faults.jsonl").read_text().splitlines()
    stored = [json.loads(line) for line in lines]
    assert [fault["line"] for fault in stored] == list(range(2, 24))
    scores = json.loads((tmp_path / "answers-scores" / "scores.json").read_text())
    assert scores["run"]["responses"]["faults"] == {"not scored": 21, "given again": 1}
    assert "Faults: 21 not scored" in (tmp_path / "answers-scores" / "summary.md").read_text()
    path.write_text(row(1))
    assert score(path).returncode == 0
    assert not (tmp_path / "answers-scores" / "faults.jsonl").exists()


def test_a_row_that_contradicts_the_task_file_is_status_2(tmp_path):
    (tmp_path / "answers.jsonl").write_text(row(1, candidates=["positive", "negative", "mixed"]))
    done = score(tmp_path / "answers.jsonl")
    assert done.returncode == 2
    assert "answers.jsonl, line 1: its candidates are not those of fi_2" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_sample_makes_the_scores_incomplete_until_it_is_answered(tmp_path):
    path = tmp_path / "answers.jsonl"
    failed = [row(2, response=None), row(3, response=None, error="out of memory")]
    path.write_text(row(1) + "".join(failed))
    done = score(path)
    assert done.returncode == 4
    assert "incomplete: 2 samples have no response" in done.stderr
    path.write_text(row(1) + "".join(failed) + row(2) + row(3))
    done = score(path)
    assert done.returncode == 0, done.stderr
    assert "no response" not in done.stderr


def test_a_run_exported_to_others_formats_scores_as_the_run(finished, tmp_path):
    names = ("lm-eval", "emocaliber", "inspect")
    done = score(finished.path, "-o", tmp_path, *(f"--export={name}" for name in names))
    assert done.returncode == 4, done.stderr
    said = json.loads((tmp_path / "scores.json").read_text())
    assert said["overall"]["counts"]["errors"] == 1
    for name in names:
        done = score(tmp_path / name, "-o", tmp_path / "again")
        assert done.returncode == 4, done.stderr
        again = json.loads((tmp_path / "again" / "scores.json").read_text())
        assert [again[key] for key in ("tasks", "groups", "overall")] == [
            said[key] for key in ("tasks", "groups", "overall")
        ]


def test_a_torn_line_of_a_run_is_told(finished, tmp_path):
    (tmp_path / "run.json").write_bytes(finished.manifest.read_bytes())
    (tmp_path / "responses.jsonl").write_bytes(finished.responses.read_bytes()[:-20])
    done = score(tmp_path)
    assert done.returncode == 4
    assert "responses.jsonl, line 5: the line is torn off" in done.stderr
    assert "recognised" not in done.stderr


def interrupted_after(finished, folder, lines):
    """A copy of the finished run as it was after some of its responses."""
    folder.mkdir()
    manifest = json.loads(finished.manifest.read_text()) | {"status": "interrupted"}
    (folder / "run.json").write_text(json.dumps(manifest))
    stored = finished.responses.read_text().splitlines(keepends=True)
    (folder / "responses.jsonl").write_text("".join(stored[:lines]))
    return folder


@pytest.mark.parametrize("format_", ["table", "markdown", "latex"])
def test_a_run_that_was_interrupted_is_scored_as_incomplete(finished, tmp_path, format_):
    path = interrupted_after(finished, tmp_path / "run", 1)
    done = score(path, "--format", format_)
    assert done.returncode == 4
    assert "incomplete: 4 of 5 responses are not there (run.json: interrupted)" in done.stderr
    note = "Incomplete: 1 of 5 responses are there; Emoji-7 has 1 of 5."
    assert note in done.stdout
    assert note in (path / "summary.md").read_text()
    scores = json.loads((path / "scores.json").read_text())
    assert scores["run"]["missing"] == {"emoji_7": 4}
    assert note in scores["notes"]
    assert scores["overall"]["metrics"]["accuracy"]["value"] == 1


def test_a_run_that_was_interrupted_at_once_is_incomplete(finished, tmp_path):
    done = score(interrupted_after(finished, tmp_path / "run", 0))
    assert done.returncode == 4
    assert "Emoji-7 has 0 of 5" in done.stdout


def test_a_limited_run_is_complete_and_says_that_it_is_limited(tmp_path):
    data = make_data(tmp_path / "data", ["joy", "fear", "joy"])
    directory = RunDirectory(tmp_path / "run")
    run(make_plan(data, limit=2), ScriptedEngine, directory, Watcher())
    done = score(directory.path)
    assert done.returncode == 0, done.stderr
    note = "Limited to the first 2 samples of each task."
    assert note in done.stdout
    assert note in directory.summary.read_text()
    run(make_plan(data, limit=100), ScriptedEngine, directory, Watcher())
    assert "Limited" not in score(directory.path).stdout


def test_a_task_keeps_its_limit_when_another_task_has_none(tmp_path):
    data = make_data(tmp_path / "data", ["joy", "fear", "joy"])
    other = make_data(tmp_path / "other", ["positive", "negative"], task="emoji_2")
    directory = RunDirectory(tmp_path / "run")
    run(make_plan(data, limit=2), ScriptedEngine, directory, Watcher())
    engine = ScriptedEngine(lambda _: ANSWER.replace("joy", "positive"))
    run(make_plan(other, task="emoji_2"), lambda: engine, directory, Watcher())
    done = score(directory.path)
    assert done.returncode == 0, done.stderr
    assert "Limited to the first samples of tasks: 2 of Emoji-7." in done.stdout


COMICS = """\
task: vecbench_comics_3
output_type: generate_until
custom_dataset: !function vecbench.interop.lm_eval.load
test_split: test
doc_to_image: !function vecbench.interop.lm_eval.doc_to_image
doc_to_text: "<image>{{prompt}}"
doc_to_target: target
process_results: !function vecbench.interop.lm_eval.process_results
metric_list:
  - {metric: accuracy, aggregation: mean}
  - {metric: coverage, aggregation: mean}
  - {metric: brier, aggregation: !function vecbench.interop.lm_eval.brier, higher_is_better: false}
  - {metric: ece, aggregation: !function vecbench.interop.lm_eval.ece, higher_is_better: false}
dataset_kwargs: {task: comics_3}
generation_kwargs: {until: [], do_sample: false, max_gen_toks: 64}
metadata:
  version: 1.0
  vecbench:
    display: Comics-3
    group: comics
    noun: emotion
    labels: [joy, fear, anger]
    aliases: {joy: [happy]}
    prompts: {standard: "Which emotion? One of {{ labels | join(', ') }}."}
"""
GROUP = """\
group: vecbench_comics
task: [vecbench_comics_3]
metadata: {version: 1.0, vecbench: {display: Comics}}
"""


@pytest.fixture
def comics(tmp_path):
    """A run of a task of somebody's own, whose answer is an alias, and the folder with its task file."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "comics_3.yaml").write_text(COMICS)
    (folder / "comics.yaml").write_text(GROUP)
    task = load_catalogue([folder]).tasks["comics_3"]
    data = open_data(make_data(tmp_path / "data", ["joy", "joy"], task="comics_3"))
    plan = RunPlan(Model("fake", "fake", "1"), (TaskRun(task, data, "standard", Sampling(max_tokens=64)),))
    directory = RunDirectory(tmp_path / "run")
    engine = ScriptedEngine(lambda _: ANSWER.replace("joy", "happy"))
    run(plan, lambda: engine, directory, Watcher())
    return directory, folder


def test_a_run_is_scored_by_its_own_task_files_or_not_at_all(comics):
    directory, folder = comics
    done = score(directory.path, "--include-path", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(directory.scores.read_text())["groups"]["comics"]["metrics"]["accuracy"]["value"] == 1
    done = score(directory.path)
    assert (done.returncode, done.stderr) == (0, "")  # by the file that the run keeps
    shutil.rmtree(directory.path / "task_files")  # as of a run of an earlier version
    before = directory.scores.read_bytes()
    done = score(directory.path)
    assert done.returncode == 2
    assert "the run has the task comics_3, and no task file here defines it" in done.stderr
    assert "--include-path" in done.stderr
    assert directory.scores.read_bytes() == before


def test_a_task_file_that_has_changed_since_the_run_is_told(comics):
    directory, folder = comics
    changed = COMICS.replace("version: 1.0", "version: 1.1").replace("[happy]", "[happy, glad]")
    (folder / "comics_3.yaml").write_text(changed)
    done = score(directory.path, "--include-path", folder)
    assert done.returncode == 0
    said = "Comics-3 is scored by another task file than it was run with: version 1.0 then, 1.1 now."
    assert f"warning: {said}" in done.stderr
    assert said in json.loads(directory.scores.read_text())["notes"]
    (folder / "comics_3.yaml").write_text(changed.replace("noun:", "nuon:"))
    done = score(directory.path, "--include-path", folder)
    assert done.returncode == 2
    assert "comics_3.yaml: metadata.vecbench.nuon: unknown key" in done.stderr


def test_a_comparison_takes_the_same_task_files(comics):
    directory, folder = comics
    command = [sys.executable, "-m", "vecbench", "compare", str(directory.path), str(directory.path)]
    kept = directory.path / "task_files"
    aside = kept.rename(directory.path.with_name("aside"))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 2
    assert "--include-path" in done.stderr
    aside.rename(kept)
    (folder / "comics_3.yaml").write_text(COMICS.replace("version: 1.0", "version: 1.1"))
    command += ["--include-path", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Comics-3 is scored by another task file than it was run with" in done.stderr


def test_differences_of_an_earlier_call_do_not_stay(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text(row(1))
    files = [tmp_path / "out" / f"differences.{ending}" for ending in ("csv", "md")]
    for arguments, expected in ((["--against", "emocaliber"], True), ([], False)):
        assert score(path, "-o", tmp_path / "out", *arguments).returncode == 0
        assert [each.exists() for each in files] == [expected] * 2


@pytest.mark.parametrize("output", ["answers.jsonl", "answers.jsonl/below", "x" * 300])
def test_an_output_that_cannot_be_a_directory_is_refused(tmp_path, output):
    path = tmp_path / "answers.jsonl"
    path.write_text(row(1))
    done = score(path, "-o", tmp_path / output)
    assert done.returncode == 2
    assert "--output takes a directory." in done.stderr


@pytest.mark.parametrize("second", ["answers.json", "answers.jsonl"])
def test_two_paths_whose_scores_would_overwrite_each_other_are_refused(tmp_path, second):
    for name in ("answers.jsonl", "answers.json"):
        (tmp_path / name).write_text(row(1))
    done = score(tmp_path / "answers.jsonl", tmp_path / second)
    assert done.returncode == 2
    assert f"answers.jsonl and of {tmp_path / second} would both go into" in done.stderr
    assert not (tmp_path / "answers-scores").exists()


def test_a_path_that_no_file_can_have_is_status_2(tmp_path):
    done = score(tmp_path / ("x" * 300))
    assert done.returncode == 2
    assert "unexpected" not in done.stderr


def test_an_unknown_export_is_refused(tmp_path):
    done = score(tmp_path, "--export", "lmeval")
    assert done.returncode == 2
    assert "Did you mean lm-eval?" in done.stderr


def test_the_docs_show_true_output(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "responses.md").read_text()
    answers, on_error, on_output = re.findall(
        r"```\n(.*?)\n```", page.partition("answers.jsonl`\n")[2], re.S
    )[:3]
    (tmp_path / "answers.jsonl").write_text(answers)
    command = [sys.executable, "-m", "vecbench", "score", "answers.jsonl", "--no-figures"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 4
    assert done.stderr.split() == on_error.split()
    assert done.stdout.split() == on_output.split()
