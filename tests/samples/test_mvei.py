"""MVEI in every format that it is published in: the same samples and scores, and no emotion in a prompt."""

import csv
import json
import shutil
import subprocess
import sys

import pytest
from miniature import miniature_rows

from vecbench.errors import DataError
from vecbench.samples import open_data
from vecbench.samples.check import check_data, tasks_in
from vecbench.tasks import load_catalogue
from vecbench.tasks.prompts import prompt_of

CATALOGUE = load_catalogue()
TASK = CATALOGUE.tasks["mvei_statements"]
CLASSES = ("sentiment polarity", "emotion interpretation", "scene context", "perception subjectivity")


def statements(folder):
    """(path, statement, verdict, class) of a few images, whose paths tell the emotion as MVEI's do."""
    for number, row in enumerate(miniature_rows()[:8]):
        path = f"{row.label}/{row.label}_{number:05}{row.source.suffix}"
        target = folder / "images" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(row.source, target)
        verdict = ("correct", "incorrect")[number % 2]
        yield path, f"Statement number {number} about a scene.", verdict, CLASSES[number % 4]


def metadata(root):
    rows = [
        {
            "image_id": path,
            "ov_emotion": [path.split("/")[0]],
            "statement_list": [{"statement": text, "label": verdict, "class": each, "subclass": "none"}],
        }
        for path, text, verdict, each in statements(root)
    ]
    (root / "MVEI_metadata.json").write_text(json.dumps(rows))
    return root


def standard(root):
    records = {
        f"{number}": {
            "image_path": f"../benchmarks/MVEI/images/{path}",
            "prompt": f"{text} Is it right?",
            "ground_truth": verdict,
            "other_info": {"statement_meta": {"statement": text, "label": verdict, "class": each}},
        }
        for number, (path, text, verdict, each) in enumerate(statements(root / "benchmarks" / "MVEI"))
    }
    (root / "benchmarks" / "MVEI" / "Std-MVEI.json").write_text(json.dumps(records))
    return root


def folder(root):
    with (root / "samples.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "statement", "statement_class", "label"])
        for path, text, verdict, each in statements(root):
            writer.writerow([f"images/{path}", text, each, verdict])
    return root


FORMATS = {"MVEI metadata": metadata, "EmObserver JSON": standard, "CSV": folder}


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_every_format_has_the_same_samples(tmp_path, write):
    samples = list(open_data(write(tmp_path)).samples(TASK))
    assert [each.target for each in samples] == ["correct", "incorrect"] * 4
    assert [each.attributes["statement_class"] for each in samples] == [*CLASSES, *CLASSES]
    assert all(each.missing_image() is None for each in samples)
    assert len({each.id for each in samples}) == 8


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("profile", ["published", "standard", "verbalized", "direct"])
def test_no_prompt_tells_the_emotion_or_the_verdict(tmp_path, write, profile):
    for sample in open_data(write(tmp_path)).samples(TASK):
        prompt, fault = prompt_of(TASK, profile, sample)
        assert fault is None
        assert "Statement number" in prompt
        emotion = sample.image.split("/")[-2]
        assert emotion not in prompt


def test_the_published_prompt_is_the_published_one(tmp_path):
    [first, *_] = open_data(metadata(tmp_path)).samples(TASK)
    assert prompt_of(TASK, "published", first)[0] == (
        "<image><statement> Statement number 0 about a scene. Based on the provided image and emotional "
        "statement, please determine whether the statement aligns with the content of the image. If it does, "
        "respond with Correct. If it does not, respond with Incorrect. Do not output the reason."
    )


def test_runs_of_every_format_have_equal_scores(tmp_path):
    found = []
    for name, write in FORMATS.items():
        data, output = tmp_path / name, tmp_path / f"run {name}"
        data.mkdir()
        command = [sys.executable, "-m", "vecbench", "run", "-m", "vecbench-nano", "-t", "mvei"]
        done = subprocess.run(
            [*command, "--data", str(write(data)), "-o", str(output), "--gen-kwargs", "max_gen_toks=24"],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode in {0, 4}, done.stderr
        scores = json.loads((output / "scores.json").read_text())["tasks"]["mvei_statements"]
        assert scores["n"] == 8
        assert scores["subsets"]["statement_class"].keys() == set(CLASSES)
        found.append(scores)
    assert found[0] == found[1] == found[2]


def test_several_statements_of_an_image_are_several_samples(tmp_path):
    rows = json.loads((metadata(tmp_path) / "MVEI_metadata.json").read_text())
    rows[0]["statement_list"] *= 2
    (tmp_path / "MVEI_metadata.json").write_text(json.dumps(rows))
    ids = [each.id for each in open_data(tmp_path).samples(TASK)]
    assert len(ids) == len(set(ids)) == 9


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[2].pop("image_id"), "image 3: there is no key 'image_id'"),
        (
            lambda rows: rows[2].update(statement_list={}),
            "image 3: 'statement_list' is not a list of objects",
        ),
        (lambda rows: rows[2]["statement_list"][0].pop("statement"), "image 3: there is no key 'statement'"),
        (lambda rows: rows.insert(2, 5), "image 3: not a JSON object"),
    ],
)
def test_a_broken_table_is_refused_with_its_place(tmp_path, change, said):
    table = metadata(tmp_path) / "MVEI_metadata.json"
    rows = json.loads(table.read_text())
    change(rows)
    table.write_text(json.dumps(rows))
    with pytest.raises(DataError, match=said.replace("'", ".")):
        list(open_data(tmp_path).samples(TASK))


def test_an_unknown_verdict_fails_its_sample_alone(tmp_path):
    table = metadata(tmp_path) / "MVEI_metadata.json"
    rows = json.loads(table.read_text())
    rows[0]["statement_list"][0]["label"] = "maybe"
    rows[1]["image_id"] = rows[1]["image_id"].replace("/", "\\")
    table.write_text(json.dumps(rows))
    samples = list(open_data(tmp_path).samples(TASK))
    assert "neither correct nor incorrect" in samples[0].fault
    assert [each.fault for each in samples[1:]] == [None] * 7
    assert samples[1].missing_image() is None


def test_data_check_knows_both_formats(tmp_path):
    for name, write in (("a", metadata), ("b", standard)):
        (tmp_path / name).mkdir()
        source = open_data(write(tmp_path / name))
        found = check_data(source, tasks_in(source, CATALOGUE), CATALOGUE)
        [each] = found.tasks
        assert each.task.id == "mvei_statements"
        assert (each.missing, each.unreadable, each.targets, each.unprompted) == ((), (), (), ())
