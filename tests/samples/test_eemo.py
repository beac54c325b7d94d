"""EEmo-Bench in every form that it is published in: the same samples and scores, no answer in a prompt."""

import json
import subprocess
import sys

import pytest
from eemo_miniature import FORMS, N_IMAGES, N_PAIRS, lists, logic, standard

from vecbench.errors import DataError
from vecbench.samples import open_data
from vecbench.samples.check import check_data
from vecbench.tasks import load_catalogue
from vecbench.tasks.prompts import prompt_of

CATALOGUE = load_catalogue()
SINGLE, PAIR = CATALOGUE.tasks["eemo_single"], CATALOGUE.tasks["eemo_pair"]
EVERY_FORM = pytest.mark.parametrize("write", FORMS.values(), ids=FORMS)


def changed(table, change):
    """A table with one of its rows changed."""
    rows = json.loads(table.read_text())
    change(rows)
    table.write_text(json.dumps(rows, indent=4))


@EVERY_FORM
def test_every_form_has_the_same_samples(tmp_path, write):
    source = open_data(write(tmp_path))
    single, pair = list(source.samples(SINGLE)), list(source.samples(PAIR))
    assert [len(single), len(pair)] == [2 * N_IMAGES, 2 * N_PAIRS]
    # Ids count the open questions too, as the published ones do.
    assert [each.id for each in pair] == ["0", "1", "3", "4", "5", "6", "7", "8"]
    assert [each.target for each in single[:4]] == ["A", "A", "B", "B"]
    assert single[0].candidates == ("No", "Yes")
    assert pair[1].candidates == ("positive", "negative", "neutral")
    assert [len(each.images) for each in pair] == [2] * len(pair)
    assert all(each.fault is None and each.missing_image() is None for each in (*single, *pair))
    assert {each.attributes["question_type"] for each in pair} == {"Yes-or-No", "What/How"}


@pytest.mark.parametrize("profile", ["published", "standard", "verbalized", "direct"])
def test_every_form_asks_the_same_and_tells_no_answer(tmp_path, profile):
    asked = []
    for name, write in FORMS.items():
        source = open_data(write(tmp_path / name))
        found = [prompt_of(task, profile, each) for task in (SINGLE, PAIR) for each in source.samples(task)]
        assert {fault for _, fault in found} == {None}
        asked.append([text for text, _ in found])
        assert not any("surprise': 33" in text.lower() or "5.33" in text for text in asked[-1])
    assert asked[0] == asked[1] == asked[2]


def test_the_published_prompts_are_the_published_ones(tmp_path):
    source = open_data(lists(tmp_path))
    [single, *_], [pair, *_] = source.samples(SINGLE), source.samples(PAIR)
    assert prompt_of(SINGLE, "published", single)[0] == (
        "Assume you are an expert in emotional psychology. Analyze the following emotional psychology "
        "questions based on the image. The involved emotion categories include anger, disgust, fear, joy, "
        "neutral, sadness, and surprise.The question is as follows: Does number 0 lean towards joy? Choose "
        "between one of the following options: A:No B:Yes"
    )
    assert prompt_of(PAIR, "published", pair)[0] == (
        "Assume you are an expert in emotional psychology. Based on the two given images, please analyze the "
        "following emotional psychology questions. Be sure to understand the emotional attributes each image "
        "evokes in the viewer and the emotional relationship between these two images in your answers. The "
        "emotions to be considered include anger, disgust, fear, joy, neutral, sadness, and surprise. The "
        "questions are as follows:Does number 6 lean towards joy? Choose between one of the following "
        "options: A:No. B:Yes."
    )


def test_runs_of_every_form_have_equal_scores(tmp_path):
    found = []
    for name, write in FORMS.items():
        output = tmp_path / f"run {name}"
        command = [sys.executable, "-m", "vecbench", "run", "-m", "vecbench-nano", "-t", "eemo_perception"]
        command += ["--data", write(tmp_path / name), "-o", output, "--gen-kwargs", "max_gen_toks=24"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode in {0, 4}, done.stderr
        scores = json.loads((output / "scores.json").read_text())
        assert scores["groups"]["eemo_perception"]["n"] == 2 * (N_IMAGES + N_PAIRS)
        assert 0 < scores["groups"]["eemo_perception"]["metrics"]["accuracy"]["value"] < 1
        for task in scores["tasks"].values():
            types = task["subsets"]["question_type"]
            mean = sum(each["metrics"]["accuracy"]["value"] for each in types.values()) / 2
            assert task["headline"]["value"] == pytest.approx(mean)
            # EEmo-Logic's form does not say of what dimension a question is.
            task["subsets"] = {"question_type": types}
        found.append(scores["tasks"])
    assert found[0] == found[1] == found[2]


def test_a_folder_with_all_the_tables_is_the_whole_benchmark(tmp_path):
    lists(tmp_path)
    source = open_data(logic(tmp_path))
    there = source.task_names()
    assert there == {
        "eemo_single": 2 * N_IMAGES,
        "eemo_pair": 2 * N_PAIRS,
        **dict.fromkeys(("eemo_top3", "eemo_valence", "eemo_arousal", "eemo_dominance"), N_IMAGES),
    }
    # Both have the questions; those of the lists are read, which say more of them.
    assert {each.attributes["question_concern"] for each in source.samples(PAIR)} == {"Similarity perception"}
    assert source.left_out() == {"Open_ended": 4}
    assert source.sha256() != open_data(tmp_path / "EEmo-Bench(pair).json").sha256()


def test_a_fault_in_one_of_several_tables_names_it(tmp_path):
    lists(tmp_path)
    changed(
        tmp_path / "EEmo-Bench(pair).json", lambda rows: rows[1].update(options="{'A': 'It's', 'B': 'No'}")
    )
    faults = [each.fault for each in open_data(tmp_path).samples(PAIR) if each.fault]
    assert faults == [
        "EEmo-Bench(pair).json, row 2: 'options': neither JSON nor a literal of Python: "
        "\"{'A': 'It's', 'B': 'No'}\""
    ]


def test_tables_of_another_benchmark_beside_them_are_not_guessed_at(tmp_path):
    lists(tmp_path)
    (tmp_path / "mine.csv").write_text("image,label\n1.png,joy\n")
    with pytest.raises(DataError, match="several tables"):
        open_data(tmp_path)


def test_emotions_and_ratings_are_targets_and_nothing_else(tmp_path):
    rows = [row for row in open_data(logic(tmp_path))._rows() if row.images == ("images/1.png",)]
    targets = {row.task: row.columns["target"] for row in rows if "target" in row.columns}
    assert targets == {
        "eemo_top3": ["anger", "disgust", "fear"],
        "eemo_valence": 2.0,
        "eemo_arousal": 4.0,
        "eemo_dominance": 6.0,
    }
    assert {row.id for row in rows if row.task == "eemo_top3"} == {"1.png"}
    for row in rows:
        assert not {*row.columns} & {"emotion_list", "Valence", "Arousal", "Dominance", "judge_answer"}
        assert row.target_column in {"target", "correct_answer"}


@EVERY_FORM
@pytest.mark.parametrize(
    "name",
    ["image1_label", "emotion_list", "correct_answer", "Valence", "arousal", "judge_answer", "ground_truth"],
)
def test_a_prompt_that_names_an_answer_key_is_refused(tmp_path, write, name):
    from dataclasses import replace

    task = replace(PAIR, prompts={"standard": "{{ question }} {{ " + name + " }}"})
    [first, *_] = open_data(write(tmp_path)).samples(task)
    _, fault = prompt_of(task, "standard", first)
    assert fault.endswith(f"the prompt profile 'standard' names '{name}', which holds the true answer")
    assert "\n" not in fault


def test_open_questions_are_left_out_and_counted(tmp_path):
    for name, count in (("EEmo-Bench list", 4), ("EEmo-Logic list", 4)):
        assert open_data(FORMS[name](tmp_path / name)).left_out() == {"Open_ended": count}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"options": "{'A': 'It's', 'B': 'No'}"}, "'options': neither JSON nor a literal of Python"),
        (
            {"options": "{'A': __import__('os'), 'B': 'No'}"},
            "'options': neither JSON nor a literal of Python",
        ),
        ({"options": None}, "neither the row nor the task has 'options'"),
        ({"image2_url": ""}, "image2_url names no image"),
        ({"image2_url": None}, "image2_url names no image"),
        ({"question_type": "Maybe"}, "question_type is 'Maybe', neither Yes-or-No nor What/How"),
        ({"correct_answer": "E"}, "the target 'E' is neither an option's letter nor its text"),
    ],
)
def test_a_row_that_cannot_be_used_is_one_fault_of_its_own(tmp_path, change, said):
    changed(lists(tmp_path) / "EEmo-Bench(pair).json", lambda rows: rows[1].update(change))
    found = [each.fault for each in open_data(tmp_path).samples(PAIR)]
    assert found[1].startswith("EEmo-Bench(pair).json, row 2: ")
    assert said in found[1]
    assert "\n" not in found[1]
    assert found[:1] + found[2:] == [None] * (len(found) - 1)


def test_a_second_image_that_is_not_there_fails_its_samples_alone(tmp_path):
    lists(tmp_path)
    (tmp_path / "images" / "6.png").unlink()
    source = open_data(tmp_path)
    [check] = check_data(source, [PAIR], CATALOGUE).tasks
    assert {(each.sample_id, each.image) for each in check.missing} == {
        ("0", "images/6.png"),
        ("1", "images/6.png"),
    }


def test_an_empty_option_and_two_equal_ones_are_asked_and_answered_by_letter(tmp_path):
    """Items 815 and 1838 of the pairs: the right option is empty; two options have the same text."""
    table = lists(tmp_path) / "EEmo-Bench(pair).json"
    changed(
        table, lambda rows: rows[1].update(options="{'A': 'Both', 'B': '', 'C': 'One'}", correct_answer="B")
    )
    changed(table, lambda rows: rows[4].update(options="{'A': 'Joy', 'B': 'Fear', 'C': 'Joy'}"))
    found = {each.id: each for each in open_data(tmp_path).samples(PAIR)}
    for name, options in (("1", ("Both", "", "One")), ("4", ("Joy", "Fear", "Joy"))):
        assert found[name].fault is None
        assert found[name].candidates == options
        assert prompt_of(PAIR, "standard", found[name])[1] is None
    [checked] = check_data(open_data(tmp_path), [PAIR], CATALOGUE).tasks
    assert [(each.sample_id, each.problem) for each in checked.odd_options] == [
        ("1", "an empty option"),
        ("4", "equal options"),
    ]
    assert PAIR.answers.read("B", ("Both", "", "One")) == ("B", "ok")
    assert PAIR.answers.read("Joy", ("Joy", "Fear", "Joy")) == (None, "ambiguous")


def test_backslashes_in_paths_are_slashes(tmp_path):
    changed(
        lists(tmp_path) / "EEmo-Bench(single).json", lambda rows: rows[0].update(image_url="images\\1.png")
    )
    [first, *_] = open_data(tmp_path).samples(SINGLE)
    assert first.images == ("images/1.png",)
    assert first.missing_image() is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.insert(2, 5), "row 3: not a JSON object"),
        (lambda rows: rows[2].pop("question_type"), "row 3: there is no key .question_type."),
    ],
)
def test_a_broken_table_is_refused_with_its_place(tmp_path, change, said):
    changed(lists(tmp_path) / "EEmo-Bench(pair).json", change)
    with pytest.raises(DataError, match=said):
        list(open_data(tmp_path).samples(PAIR))


def test_records_of_two_images_need_both(tmp_path):
    folder = standard(tmp_path) / "benchmarks" / "EEmo-Bench"
    table = folder / "Std-EEmo-Bench-Pair-Perception.json"
    changed(table, lambda rows: rows["0"].update(image_path=["../benchmarks/EEmo-Bench/images/1.png", ""]))
    changed(table, lambda rows: rows["1"].update(image_path=["1.png", "2.png", "3.png"]))
    changed(table, lambda rows: rows["3"]["other_info"].update(question_type="Maybe"))
    changed(table, lambda rows: rows["4"].update(prompt="A question without options"))
    changed(table, lambda rows: rows["5"].update(image_path=["1.png"]))
    changed(table, lambda rows: rows["6"].update(image_path=[]))
    faults = [each.fault.partition(": ")[2] for each in open_data(folder).samples(PAIR) if each.fault]
    assert sorted(faults[-2:]) == ["one of two images has no path"] * 2
    assert faults[:-2] == [
        "one of two images has no path",
        "3 images are named",
        "question_type is 'Maybe', neither Yes-or-No nor What/How",
        "neither the row nor the task has 'options'",
    ]


def test_options_are_the_last_braces_that_hold_some(tmp_path):
    folder = standard(tmp_path) / "benchmarks" / "EEmo-Bench"
    table = folder / "Std-EEmo-Bench-Single-Perception.json"

    def add(rows):
        rows["0"]["prompt"] += " Respond as <answer>{your final answer}</answer>"

    changed(table, add)
    [first, *_] = open_data(folder).samples(SINGLE)
    assert first.candidates == ("No", "Yes")
    assert first.columns["question"] == "Does number 0 lean towards joy?"


@EVERY_FORM
def test_data_check_finds_the_tasks_by_itself(tmp_path, write):
    command = [sys.executable, "-m", "vecbench", "data", "check", str(write(tmp_path))]
    command += ["--tasks", "eemo_single,eemo_pair"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4  # fewer rows than the benchmark has
    lines = done.stdout.splitlines()
    assert any(line.split()[:3] == ["eemo_pair", str(2 * N_PAIRS), "2012"] for line in lines)
    assert ("note: left out: 4 rows of the split 'Open_ended'" in lines) == (write is not standard)
