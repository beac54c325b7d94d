"""Tasks whose answers are ratings: their data, their prompts, and the tasks of EEmo-Bench and EMOTIC."""

import json
import subprocess
import sys

import pytest

from vecbench.answers import Rating
from vecbench.errors import DataError
from vecbench.interop.lm_eval import document, process_results
from vecbench.parsing.form import Form
from vecbench.samples import open_data
from vecbench.tasks import load_catalogue, task_in
from vecbench.tasks.check import file_faults
from vecbench.tasks.prompts import prompt_of, render_prompt

VAD = ("valence", "arousal", "dominance")
FILE = """\
task: vad
metadata:
  version: 1.0
  vecbench:
    answer: {kind: rating, range: [1, 9], dimensions: [valence, arousal, dominance]}
"""
CATALOGUE = load_catalogue()


@pytest.fixture
def task(tmp_path):
    def of(more=""):
        path = tmp_path / "vad.yaml"
        path.write_text(FILE + more)
        return task_in(path)

    return of


@pytest.fixture
def samples(tmp_path):
    def of(task, text, name="samples.csv"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).write_text(text)
        return list(open_data(tmp_path / "data").samples(task))

    return of


# Data


def test_a_column_for_each_dimension_is_all_that_the_data_need(task, samples):
    [sample] = samples(task(), "image,arousal,valence,dominance\na.png,4.1,5.3,6\n")
    assert (sample.target, sample.candidates, sample.fault) == ([5.3, 4.1, 6.0], VAD, None)


@pytest.mark.parametrize("target", [dict(zip(VAD, (5.3, 4.1, 6), strict=True)), [5.3, 4.1, 6]])
def test_one_column_may_hold_them_too(task, samples, target):
    row = json.dumps({"image": "a.png", "target": target})
    [sample] = samples(task(), row + "\n", "samples.jsonl")
    assert (sample.target, sample.fault) == ([5.3, 4.1, 6.0], None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("image,valence,arousal\na.png,5,4\n", "there is no target of dominance"),
        ("image,valence,arousal,dominance\na.png,5,4,\n", "target of dominance '' is no number"),
        ("image,valence,arousal,dominance\na.png,5,4,nan\n", "target of dominance 'nan' is no number"),
        ("image,valence,arousal,dominance\na.png,5,40,3\n", "target of arousal '40' is outside the range"),
    ],
)
def test_a_row_without_a_usable_target_says_why(task, samples, text, fault):
    [sample] = samples(task(), text)
    assert fault in sample.fault
    assert "\n" not in sample.fault


def test_a_table_without_any_of_the_columns_is_refused(task, samples):
    with pytest.raises(DataError, match="there is no column label; found: image, mood, place"):
        samples(task(), "image,mood,place\na.png,5,home\n")


@pytest.mark.parametrize(
    ("name", "target", "fault"),
    [
        ("eemo_top3", ["joy", "fear"], "is not a list of 3 labels"),
        ("eemo_top3", ["joy", "fear", "calm"], "'calm' is not among the candidates"),
        ("eemo_top3", ["joy", "fear", "joy"], "has a label twice"),
        ("eemo_valence", 9.5, "is outside the range [1, 9]"),
        ("eemo_valence", "nan", "is no number"),
        ("eemo_arousal", None, "is no number"),
    ],
)
def test_targets_of_eemo_bench_that_cannot_be_used_are_named(samples, name, target, fault):
    row = json.dumps({"task": name, "image": "a.png", "target": target})
    [sample] = samples(CATALOGUE.tasks[name], row + "\n", "samples.jsonl")
    assert fault in sample.fault


# Prompts


def test_the_prompt_of_the_kind_asks_for_each_dimension(task, samples):
    [sample] = samples(task(), "image,valence,arousal,dominance\na.png,5,4,3\n")
    for profile in ("standard", "direct"):
        text, fault = prompt_of(task(), profile, sample)
        assert fault is None
        assert "valence, arousal, dominance" in text
        assert "each a number from 1 (lowest) to 9 (highest)" in text
        assert (
            "<answer>valence: {one number}, arousal: {one number}, dominance: {one number}</answer>" in text
        )


@pytest.mark.parametrize("name", VAD)
def test_no_prompt_may_name_a_dimensions_column(task, samples, name):
    leaking = task(f"    prompts: {{standard: 'Is it {{{{ {name} }}}}?'}}\n")
    [sample] = samples(leaking, "image,valence,arousal,dominance\na.png,5,4,3\n")
    with pytest.raises(DataError, match=f"names '{name}', which holds the true answer"):
        render_prompt(leaking, "standard", sample)


def test_a_profile_may_ask_on_another_scale(task, samples):
    share = "{template: 'From {{ range[0] }} to {{ high }}', range: [0, 1]}"
    mine = task(f"    prompts: {{standard: Rate, share: {share}}}\n")
    assert mine.form_of("share") == Form(range=(0, 1))
    assert mine.form_of("standard") == mine.form_of(None) == Form()
    [sample] = samples(mine, "image,valence,arousal,dominance\na.png,5,4,3\n")
    assert render_prompt(mine, "share", sample) == "From 0.0 to 1.0"
    assert mine.answers.prompt_variables(())["range"] == [1, 9]


@pytest.mark.parametrize("written", ["[1, 0]", "[1]", "[0, .inf]", "[true, 2]", "1", "[0, one]"])
def test_a_scale_of_a_profile_is_two_numbers(tmp_path, task, written):
    path = tmp_path / "vad.yaml"
    path.write_text(FILE + f"    prompts: {{standard: {{template: Rate, range: {written}}}}}\n")
    [fault] = file_faults(path)
    assert fault.key == "metadata.vecbench.prompts.standard.range"
    assert "no range of two numbers" in fault.problem


def test_labels_are_on_no_scale(tmp_path):
    path = tmp_path / "mine_2.yaml"
    path.write_text(
        "task: mine_2\nmetadata:\n  version: 1.0\n  vecbench:\n    labels: [joy, fear]\n"
        "    prompts: {standard: {template: Which, range: [0, 1]}}\n"
    )
    [fault] = file_faults(path)
    assert fault.problem == "answers of the kind label are on no scale"


def test_a_prompt_for_a_level_takes_a_task_with_levels(tmp_path):
    path = tmp_path / "mine.yaml"
    text = (
        "task: mine\nmetadata:\n  version: 1.0\n  vecbench:\n    prompts:\n"
        "      standard: {template: Which, levels: true}\n    answer: {kind: rating, range: [1, 9]LEVELS}\n"
    )
    path.write_text(text.replace("LEVELS", ""))
    [fault] = file_faults(path)
    assert (fault.key, fault.problem) == (
        "metadata.vecbench.prompts.standard.levels",
        "the task has no levels",
    )
    path.write_text(text.replace("LEVELS", ", levels: [High, Medium, Low]"))
    assert file_faults(path) == []


# lm-eval


def test_lm_eval_reads_on_the_prompts_scale_and_several_ratings(samples):
    task = CATALOGUE.tasks["eemo_valence"]
    row = json.dumps({"task": "eemo_valence", "image": "a.png", "target": 5})
    [sample] = samples(task, row + "\n", "samples.jsonl")
    form = task.form_of("eemo-logic")
    doc = document(sample, task.specification, form, "1", sample.images, None, "Rate")
    assert process_results(doc, ["<answer>0.5</answer>"]) == {"coverage": 0.0}
    judged = {
        **doc,
        "answer": json.dumps({"kind": "rating", "labels": [], "options": {"range": [1, 9], "tolerance": 0}}),
    }
    assert process_results(judged, ["<answer>0.5</answer>"])["accuracy"] == 1


# The shipped tasks


def test_the_tasks_of_eemo_bench_and_emotic():
    tasks = CATALOGUE.tasks
    assert [task.id for task in CATALOGUE.select("eemo_ranking,eemo_assessment")] == [
        "eemo_top3", "eemo_valence", "eemo_arousal", "eemo_dominance",
    ]  # fmt: skip
    assert [*CATALOGUE.groups["eemo_bench"].members] == ["eemo_perception", "eemo_ranking", "eemo_assessment"]
    levels = ("Positive", "Neutral", "Negative")
    assert tasks["eemo_valence"].answers == Rating(1, 9, of_what="valence", levels=levels)
    assert tasks["emotic_vad"].answers == Rating(1, 10, dimensions=VAD)
    for name in ("eemo_top3", "eemo_valence"):
        assert {"standard", "verbalized", "direct", "published", "eemo-logic"} == {*tasks[name].prompts}


@pytest.mark.parametrize(
    ("name", "profile", "text"),
    [
        (
            "eemo_top3",
            "published",
            "neutral, sadness, and surprise.Show the all three main emotions and use comma",
        ),
        ("eemo_top3", "eemo-logic", "(formatted as Emotion ranking: )"),
        ("eemo_top3", "standard", "anger, disgust, fear, joy, neutral, sadness, surprise"),
        ("eemo_arousal", "published", "The level of arousal this image evokes in the viewer is"),
        ("eemo_arousal", "eemo-logic", 'on a scale from 0 to 1. " according to the content of the image.'),
        ("eemo_arousal", "eemo-logic", "\n        <think></think><answer>Arousal: x.xxxx</answer>"),
        ("eemo_dominance", "standard", "a number from 1 (lowest) to 9 (highest)"),
        ("emotic_vad", "direct", "Look at the person in the red frame. How does this person feel?"),
        ("emotic_vad", "direct", "from 1 (lowest) to 10 (highest)"),
    ],
)
def test_their_prompts(samples, name, profile, text):
    targets = {"eemo_top3": ["joy", "fear", "anger"], "emotic_vad": [5, 4, 3]}
    row = json.dumps({"task": name, "image": "a.png", "box": [0, 0, 4, 4], "target": targets.get(name, 5)})
    [sample] = samples(CATALOGUE.tasks[name], row + "\n", "samples.jsonl")
    assert text in render_prompt(CATALOGUE.tasks[name], profile, sample)


def test_init_writes_a_task_of_several_dimensions(tmp_path):
    command = [sys.executable, "-m", "vecbench", "tasks", "init", "vad", "--kind", "rating"]

    def init(*options):
        return subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)

    done = init("--range", "1,7", "--dimensions", "valence, arousal")
    assert done.returncode == 0, done.stderr
    assert task_in(tmp_path / "vad.yaml").answers == Rating(1, 7, dimensions=("valence", "arousal"))
    refused = init("--range", "1,7", "--dimensions", "valence", "-o", "other.yaml")
    assert refused.returncode == 2
    assert "--kind: 'dimensions' are two names or more" in refused.stderr
