"""EMOTIC's persons from Annotations.mat and from the CSV of its common preparation: the same rows."""

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from miniature import miniature_rows
from scipy.io import savemat

from vecbench.answers import LabelSet
from vecbench.errors import DataError
from vecbench.parsing import strict
from vecbench.samples import open_data
from vecbench.tasks import load_catalogue
from vecbench.tasks.prompts import prompt_of

CATALOGUE = load_catalogue()
TASK = CATALOGUE.tasks["emotic_categories"]
PERSONS = (
    (0, [2, 3, 30, 40], ["Engagement", "Confidence"], [5.5, 3.0, 7.0]),
    (0, [20, 3, 60, 40], ["Happiness"], [8.0, 6.0, 7.0]),
    (1, [2, 3, 30, 40], ["Doubt/Confusion", "Peace", "Fear"], [4.0, 2.5, float("nan")]),
)


def images(root):
    folder = root / "emotic" / "mscoco" / "images"
    folder.mkdir(parents=True)
    for number, row in zip(range(2), miniature_rows(), strict=False):
        shutil.copy(row.source, folder / f"{number}{row.source.suffix}")
        yield f"{number}{row.source.suffix}"


def structs(fields, rows):
    made = np.zeros((1, len(rows)), dtype=[(name, object) for name in fields])
    for place, row in enumerate(rows):
        made[0, place] = tuple(row)
    return made


def cells(values):
    made = np.empty((1, len(values)), dtype=object)
    made[0, :] = values
    return made


def mat(root):
    fields = ("body_bbox", "annotations_categories", "combined_categories", "annotations_continuous")
    fields += ("combined_continuous", "gender", "age")
    listed = []
    for number, name in enumerate(images(root)):
        persons = []
        for place, box, categories, ratings in PERSONS:
            if place == number:
                of_each = structs(["categories"], [[cells(categories)]] * 2)
                vad = structs(["valence", "arousal", "dominance"], [ratings])
                persons.append(
                    (np.array([box], float), of_each, cells(categories), vad, vad, "Male", "Adult")
                )
        size = structs(["n_col", "n_row"], [[72.0, 72.0]])
        listed.append(
            (name, "mscoco/images", size, structs(["name"], [["mscoco"]]), structs(fields, persons))
        )
    table = structs(["filename", "folder", "image_size", "original_database", "person"], listed)
    (root / "Annotations").mkdir()
    savemat(root / "Annotations" / "Annotations.mat", {"test": table, "train": table})
    return root


def prepared(root):
    names = list(images(root))
    (root / "emotic_pre").mkdir()
    with (root / "emotic_pre" / "test.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["Index", "Folder", "Filename", "Image Size", "BBox", "Categorical_Labels",
                         "Continuous_Labels", "Gender", "Age"])  # fmt: skip
        for number, (place, box, categories, ratings) in enumerate(PERSONS):
            said = [
                number,
                "mscoco/images",
                names[place],
                [72, 72],
                box,
                categories,
                ratings,
                "Male",
                "Adult",
            ]
            writer.writerow(said)
    return root


@pytest.mark.parametrize("write", [mat, prepared])
def test_every_format_has_the_same_persons(tmp_path, write):
    source = open_data(write(tmp_path))
    samples = list(source.samples(TASK))
    assert [set(each.target) for each in samples] == [set(categories) for _, _, categories, _ in PERSONS]
    assert [list(each.box.ends) for each in samples] == [box for _, box, _, _ in PERSONS]
    assert len({each.id for each in samples}) == 3
    assert [each.missing_image() for each in samples] == [None] * 3
    assert samples[0].images == samples[1].images
    assert [each.fault for each in samples] == [None] * 3


def test_ratings_that_are_no_numbers_are_a_fault_of_their_row(tmp_path):
    table = prepared(tmp_path) / "emotic_pre" / "test.csv"
    text = table.read_text()
    assert text.count("[5.5, 3.0, 7.0]") == 1
    table.write_text(text.replace("[5.5, 3.0, 7.0]", "[5.5, 'x', 7.0]").replace("[8.0, 6.0, 7.0]", "[8.0]"))
    faults = [each.fault for each in open_data(tmp_path).samples(CATALOGUE.tasks["emotic_vad"])]
    assert len(faults) == 2
    assert all("not three numbers" in each for each in faults)


@pytest.mark.parametrize("write", [mat, prepared])
def test_persons_with_all_three_dimensions_have_a_row_of_them(tmp_path, write):
    rows = [row for row in open_data(write(tmp_path))._all_rows() if row.task == "emotic_vad"]
    found = [[row.columns[name] for name in ("valence", "arousal", "dominance")] for row in rows]
    assert found == [[5.5, 3.0, 7.0], [8.0, 6.0, 7.0]]
    assert all("box" in row.columns for row in rows)


def test_the_prompt_says_that_a_person_is_framed_and_names_no_answer(tmp_path):
    [sample, *_] = open_data(prepared(tmp_path)).samples(TASK)
    text, fault = prompt_of(TASK, "standard", sample)
    assert fault is None
    assert text.startswith("Look at the person in the red frame.")


@pytest.mark.parametrize("column", ["BBox", "Categorical_Labels"])
def test_a_cell_that_is_no_list_is_a_fault_of_its_row(tmp_path, column):
    path = prepared(tmp_path) / "emotic_pre" / "test.csv"
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[0][column] = "here"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    faults = [each.fault for each in open_data(tmp_path).samples(TASK) if each.fault]
    assert len(faults) == 1
    assert "'here'" in faults[0]


def test_a_file_that_is_no_matlab_file_is_told_in_a_line(tmp_path):
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "Annotations.mat").write_bytes(b"nothing")
    with pytest.raises(DataError) as error:
        list(open_data(tmp_path).samples(TASK))
    assert "not a MATLAB file that SciPy reads" in error.value.message
    assert "\n" not in error.value.message


@pytest.mark.parametrize(
    "text",
    [
        "<answer>Engagement, Confidence</answer><confidence>0.7</confidence>",
        "<answer>[Engagement, Confidence]</answer><confidence>0.7</confidence>",
        '<answer>{"Engagement": 0.9, "Confidence": 0.8, "Fear": 0.1}</answer><confidence>0.7</confidence>',
        "<answer>Engagement: 0.9\nConfidence: 0.8</answer>\n<confidence>0.7</confidence>",
        '{"answer": ["Engagement", "Confidence"]}<confidence>0.7</confidence>',
        '{"answer": {"Engagement": 0.9, "Confidence": 0.8}}<confidence>0.7</confidence>',
    ],
)
def test_the_label_confidence_is_not_the_confidence(text):
    reading = strict.read(text, TASK.labels, TASK.answers, "stop")
    assert set(reading.answer) == {"Confidence", "Engagement"}
    assert reading.confidence == 0.7
    without = strict.read(text.replace("<confidence>0.7</confidence>", ""), TASK.labels, TASK.answers, "stop")
    assert (set(without.answer), without.confidence) == ({"Confidence", "Engagement"}, None)


def test_without_that_label_a_json_confidence_counts():
    kind = LabelSet(("Engagement", "Fear"))
    reading = strict.read('{"answer": ["Fear"], "confidence": 0.4}', kind.labels, kind, "stop")
    assert (reading.answer, reading.confidence) == (("Fear",), 0.4)


def test_runs_of_either_format_have_equal_scores(tmp_path):
    found = []
    for write in (mat, prepared):
        data, output = tmp_path / write.__name__, tmp_path / f"run-{write.__name__}"
        data.mkdir()
        command = [sys.executable, "-m", "vecbench", "run", "-m", "vecbench-nano", "-t", "emotic"]
        done = subprocess.run(
            [*command, "--data", str(write(data)), "-o", str(output), "--gen-kwargs", "max_gen_toks=24"],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode in {0, 4}, done.stderr
        responses = [json.loads(line) for line in (output / "responses.jsonl").read_text().splitlines()]
        assert not [each["error"] for each in responses if each.get("error")]
        tasks = json.loads((output / "scores.json").read_text())["tasks"]
        assert {name: task["n"] for name, task in tasks.items()} == {"emotic_categories": 3, "emotic_vad": 2}
        found.append(tasks)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "text",
    [
        '{"answer": ["Anger", "Fear"], "confidence": 0.8}',
        "Answer: Fear, Anger\nConfidence: 0.8",
        "<answer>Fear, Anger</answer>\n**Confidence:** 0.8",
        "Fear, Anger\nConfidence: 0.8",
    ],
)
def test_the_field_beside_the_answer_is_the_confidence(text):
    reading = strict.read(text, TASK.labels, TASK.answers, "stop")
    assert (reading.answer, reading.confidence) == (("Anger", "Fear"), 0.8)
