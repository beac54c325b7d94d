"""EmoSet's own layout: labels of info.json, attributes where they are annotated, bad files in a line each."""

import json
import shutil
import subprocess
import sys

import pytest
from miniature import miniature_rows

from vecbench.errors import DataError
from vecbench.samples import open_data
from vecbench.samples.check import check_data
from vecbench.tasks import load_catalogue
from vecbench.tasks.prompts import prompt_of

CATALOGUE = load_catalogue()
SCENES, ACTIONS, OBJECTS = (
    ("beach", "amusement_park"),
    ("dancing", "playing guitar"),
    ("Bat", "Baseball bat", "Dog"),
)
ANNOTATIONS = (
    {"brightness": 0.5, "colorfulness": 1, "scene": "amusement_park", "object": ["Dog", "Bat"]},
    {"brightness": 0.0, "facial_expression": "happy", "human_action": "dancing"},
    {"brightness": 0.7, "object": ["Unicorn"]},
)


def labels(*names):
    return {"label2idx": {name: number for number, name in enumerate(names)}}


@pytest.fixture
def root(tmp_path):
    listed = []
    for number, (row, said) in enumerate(zip(miniature_rows(), ANNOTATIONS, strict=False)):
        name = f"fear_{number:05}"
        for kind, ending in (("image", row.source.suffix), ("annotation", ".json")):
            (tmp_path / kind / "fear").mkdir(parents=True, exist_ok=True)
            listed.append(f"{kind}/fear/{name}{ending}")
        shutil.copy(row.source, tmp_path / listed[-2])
        (tmp_path / listed[-1]).write_text(json.dumps({"image_id": name, "emotion": "fear", **said}))
        listed[-2:] = [["fear", name, *listed[-2:]]]
    info = {"emotion": labels("fear"), "scene": labels(*SCENES), "human_action": labels(*ACTIONS)}
    (tmp_path / "info.json").write_text(json.dumps(info | {"object": labels(*OBJECTS)}))
    for name in ("test", "train", "val"):
        (tmp_path / f"{name}.json").write_text(json.dumps(listed))
    return tmp_path


def samples(root, attribute):
    return list(open_data(root).samples(CATALOGUE.tasks[f"emoset_{attribute}"]))


def test_a_row_is_asked_about_what_its_image_is_annotated_with(root):
    assert open_data(root).table.name == "test.json"
    assert [each.target for each in samples(root, "brightness")] == ["0.5", "0.0", "0.7"]
    assert [each.target for each in samples(root, "colorfulness")] == ["1.0"]
    assert [each.target for each in samples(root, "facial_expression")] == ["happy"]
    assert [(each.target, each.candidates) for each in samples(root, "scene")] == [("amusement_park", SCENES)]
    assert [(each.target, each.candidates) for each in samples(root, "action")] == [("dancing", ACTIONS)]
    assert [each.target for each in samples(root, "8")] == ["fear"] * 3
    assert all(each.missing_image() is None for each in samples(root, "brightness"))


def test_objects_that_are_not_annotated_are_none(root):
    two, none, unknown = samples(root, "object")
    assert (two.target, none.target) == (["Bat", "Dog"], [])
    assert two.candidates == OBJECTS
    assert "'Unicorn' is not among the candidates" in unknown.fault


def test_prompts_list_the_labels_of_the_data(root):
    [sample] = samples(root, "scene")
    text, fault = prompt_of(CATALOGUE.tasks["emoset_scene"], "standard", sample)
    assert fault is None
    assert "['beach', 'amusement_park']" in text


def test_data_check_counts_what_is_wrong(root):
    tasks = [CATALOGUE.tasks[name] for name in ("emoset_brightness", "emoset_object")]
    check = check_data(open_data(root), tasks, CATALOGUE)
    assert [each.n_faults for each in check.tasks] == [0, 1]
    assert check.unknown == {}


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("info.json", "[]", "the labels are those of info.json: info.json: not a JSON object"),
        (
            "info.json",
            '{"scene": {"label2idx": {"a": "b"}}}',
            "'label2idx' of scene is no object of labels and numbers",
        ),
        (
            "test.json",
            '[["fear", "annotation"]]',
            "entry 1: not [emotion, image id, image path, annotation path]",
        ),
    ],
)
def test_a_broken_table_is_told_in_a_line(root, file, text, said):
    (root / file).write_text(text)
    with pytest.raises(DataError) as error:
        samples(root, "scene")
    assert said in error.value.message


def test_a_row_whose_annotations_cannot_be_read_is_one_at_fault(root):
    (root / "annotation" / "fear" / "fear_00001.json").write_text("{")
    (root / "annotation" / "fear" / "fear_00002.json").unlink()
    first, second, third = samples(root, "brightness")
    assert first.fault is None
    assert "annotation/fear/fear_00001.json: not valid JSON" in second.fault
    assert "annotation/fear/fear_00002.json: no such file" in third.fault


def test_annotations_outside_the_data_are_not_read(root):
    listed = json.loads((root / "test.json").read_text())
    (root.parent / "secret.json").write_text('{"brightness": 0.5}')
    listed[0][3] = "../secret.json"
    listed[1][3] = "annotation/fear/fear_00001.json"
    (root / "test.json").write_text(json.dumps(listed))
    assert "leads out of the data folder" in samples(root, "brightness")[0].fault


def test_all_attributes_are_run(root):
    command = [sys.executable, "-m", "vecbench", "run", "-m", "vecbench-nano", "-t", "emoset_attributes"]
    done = subprocess.run(
        [*command, "--data", str(root), "-o", str(root / "run"), "--gen-kwargs", "max_gen_toks=24"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr  # an object that info.json does not list
    tasks = json.loads((root / "run" / "scores.json").read_text())["tasks"]
    assert {name: task["n"] for name, task in tasks.items()} == {
        "emoset_brightness": 3, "emoset_colorfulness": 1, "emoset_facial_expression": 1, "emoset_scene": 1,
        "emoset_action": 1, "emoset_object": 3,
    }  # fmt: skip
    assert tasks["emoset_brightness"]["metrics"].keys() >= {"accuracy", "mae", "ccc"}
