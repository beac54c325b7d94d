"""Emotion6 and ArtEmis in the layouts that they are published in, made of the demo's images."""

import csv
import json
import shutil
import subprocess
import sys

import pytest
from miniature import miniature_rows

from vecbench.errors import DataError
from vecbench.samples import open_data
from vecbench.samples.artemis import LABELS, has_dominant
from vecbench.samples.check import check_data, tasks_in
from vecbench.tasks import load_catalogue
from vecbench.tasks.prompts import prompt_of

CATALOGUE = load_catalogue()
EMOTION6, SHARES, DOMINANT = (
    CATALOGUE.tasks[name] for name in ("emotion6_shares", "artemis_shares", "artemis_dominant")
)
SIX = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
PROBABILITIES = ["0.133333", "0.7", "0", "0.0666667", "0.1", "0", "0"]
VOTES = (
    ["awe", "awe", "awe", "something else", "fear"],
    ["sadness", "fear", "sadness", "fear"],
    ["awe", "contentment", "awe", "excitement", "amusement"],
)


def copied(target, number):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(miniature_rows()[number].source, target)


def emotion6(root, delimiter="\t", first="[image_filename]", bracket="[{}]"):
    names = [first, *(bracket.format(name) for name in ("valence", "arousal", *map("prob. {}".format, SIX)))]
    lines = [names]
    for number in range(4):
        copied(root / "images" / f"disgust/{number}.jpg", number)
        lines.append([f"disgust/{number}.jpg", "2.5", "3.8", *PROBABILITIES])
    name = "ground_truth.txt" if delimiter == "\t" else "samples.csv"
    (root / name).write_text("".join(delimiter.join(line) + "\n" for line in lines))
    return root


def selection(root):
    rows = []
    for number, votes in enumerate(VOTES):
        copied(root / f"test_dominant_images/{number:05}.jpg", number)
        rows.append(
            {
                "img_path": f"./test_dominant_images\\{number:05}.jpg",
                "art_style": "Ukiyo_e",
                "painting": f"somebody_painting-{number}",
                "emotion": votes,
                "utterance": [f"It makes me feel {vote}." for vote in votes],
                "dominant": 1.0,
                "dominant_emotion": max(votes, key=votes.count),
                "original_img_path": f"./images\\Ukiyo_e\\somebody_painting-{number}.jpg",
                "new_id": number,
            }
        )
    (root / "test_ArtEmis.json").write_text(json.dumps(rows, indent=2))
    return root


def histograms(root):
    with (root / "image-emotion-histogram.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["art_style", "painting", "emotion_histogram"])
        for number, votes in enumerate(VOTES):
            copied(root / "Ukiyo_e" / f"somebody_painting-{number}.jpg", number)
            counts = [votes.count(label) for label in LABELS]
            writer.writerow(["Ukiyo_e", f"somebody_painting-{number}", str(counts)])
    return root


EMOTION6_LAYOUTS = {
    "as described": {},
    "without brackets": {"bracket": "{}", "first": "image_filename"},
    "as CSV": {"delimiter": ",", "first": "filename", "bracket": "{}"},
}


@pytest.mark.parametrize("layout", EMOTION6_LAYOUTS.values(), ids=EMOTION6_LAYOUTS)
def test_emotion6_has_the_raters_shares(tmp_path, layout):
    data = open_data(emotion6(tmp_path, **layout))
    samples = list(data.samples(EMOTION6))
    assert [sample.id for sample in samples] == [f"disgust/{number}.jpg" for number in range(4)]
    expected = dict(zip(SIX, map(float, PROBABILITIES), strict=True))
    for sample in samples:
        assert sample.fault is None
        assert sample.missing_image() is None
        assert sample.target == pytest.approx(expected, abs=1e-6)
    assert tasks_in(data, CATALOGUE) == [EMOTION6]
    [checked] = check_data(data, [EMOTION6], CATALOGUE).tasks
    assert (checked.n, checked.targets, checked.missing) == (4, (), ())


def test_a_line_of_emotion6_with_too_few_fields_is_named(tmp_path):
    table = emotion6(tmp_path) / "ground_truth.txt"
    table.write_text(table.read_text() + "joy/1.jpg\t5\t5\n")
    with pytest.raises(DataError, match="line 6: 3 fields, and the header has 10"):
        list(open_data(tmp_path).samples(EMOTION6))


def test_emotion6s_faults_are_those_of_their_rows(tmp_path):
    table = emotion6(tmp_path) / "ground_truth.txt"
    table.write_text(table.read_text().replace("0.7", "0.9", 1).replace("0.133333", "nan", 2))
    faults = [sample.fault or "" for sample in open_data(tmp_path).samples(EMOTION6)]
    assert "the votes for 'anger' are 'nan', no number" in faults[0]
    assert "the votes for 'anger' are 'nan', no number" in faults[1]
    assert faults[2:] == ["", ""]


def test_both_layouts_of_artemis_have_the_same_votes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    chosen = list(open_data(selection(tmp_path / "a")).samples(SHARES))
    counted = list(open_data(histograms(tmp_path / "b")).samples(SHARES))
    assert [each.target for each in chosen] == [each.target for each in counted]
    assert chosen[0].target["something else"] == pytest.approx(0.2)
    assert [each.attributes for each in chosen] == [each.attributes for each in counted]
    assert [each.attributes["has_dominant"] for each in chosen] == ["yes", "no", "no"]
    assert all(each.fault is None and each.missing_image() is None for each in (*chosen, *counted))
    assert chosen[0].image == "test_dominant_images/00000.jpg"


def test_the_dominant_emotion_is_the_one_that_the_selection_names(tmp_path):
    samples = list(open_data(selection(tmp_path)).samples(DOMINANT))
    assert [each.target for each in samples] == ["awe", "sadness", "awe"]
    assert all(each.fault is None for each in samples)


def test_an_emotion_is_dominant_with_half_of_the_votes_and_no_tie():
    assert has_dominant({"awe": 2, "fear": 1, "joy": 1})
    assert not has_dominant({"awe": 2, "fear": 2})
    assert not has_dominant({"awe": 2, "fear": 1, "joy": 1, "anger": 1})
    assert has_dominant({"awe": 1})
    assert not has_dominant({})


@pytest.mark.parametrize(
    ("votes", "problem"),
    [
        (["awe", "bliss"], "'bliss' has votes and is not among the candidates"),
        ([], "neither an object of votes nor a list"),
        ("awe", "neither an object nor a list"),
        (None, "neither an object nor a list"),
    ],
)
def test_votes_of_artemis_that_are_none_are_a_fault_of_their_image(tmp_path, votes, problem):
    table = selection(tmp_path) / "test_ArtEmis.json"
    rows = json.loads(table.read_text())
    rows[1]["emotion"] = votes
    table.write_text(json.dumps(rows))
    faults = [sample.fault for sample in open_data(tmp_path).samples(SHARES)]
    assert faults[0] is faults[2] is None
    assert problem in faults[1]


def test_a_histogram_with_another_number_of_emotions_is_a_fault_of_its_row(tmp_path):
    table = histograms(tmp_path) / "image-emotion-histogram.csv"
    table.write_text(table.read_text().replace("[0, 3, 0, 0, 0, 0, 1, 0, 1]", "[0, 3, 0]"))
    [first, *_] = open_data(tmp_path).samples(SHARES)
    assert "3 numbers of votes, and the task has 9 labels" in first.fault


def test_an_image_of_the_selection_without_a_path_is_refused(tmp_path):
    table = selection(tmp_path) / "test_ArtEmis.json"
    table.write_text(table.read_text().replace('"img_path"', '"image"', 1))
    with pytest.raises(DataError, match="image 1: there is no key 'img_path'"):
        list(open_data(tmp_path).samples(SHARES))


@pytest.mark.parametrize(
    ("task", "write"),
    [(EMOTION6, emotion6), (SHARES, selection), (DOMINANT, selection), (SHARES, histograms)],
)
def test_no_prompt_tells_what_people_named(tmp_path, task, write):
    for sample in open_data(write(tmp_path)).samples(task):
        for profile in set(task.prompts) - {"dataset"}:
            prompt, fault = prompt_of(task, profile, sample)
            assert fault is None
            assert not any(each in prompt for each in ("feel", "0.7", "disgust/", "utterance"))
        assert not {"utterance", "emotion", "emotion_histogram"} & sample.columns.keys()


def test_the_published_prompt_names_the_emotions_between_its_words(tmp_path):
    [first, *_] = open_data(selection(tmp_path)).samples(DOMINANT)
    prompt, _ = prompt_of(DOMINANT, "published", first)
    assert prompt.startswith('Answer the question: "Assume you are an expert in emotional psychology.')
    assert "[amusement, awe, contentment, excitement, anger, disgust, fear, sadness]Please show" in prompt
    assert prompt.endswith("following format:\n        <think></think><answer>Dominant emotion:  </answer>")


@pytest.mark.parametrize(
    ("name", "write"), [("emotion6", emotion6), ("artemis_votes", histograms), ("artemis", selection)]
)
def test_a_run_ends_in_scores_of_every_task(tmp_path, name, write):
    data, output = tmp_path / "data", tmp_path / "run"
    data.mkdir()
    command = [sys.executable, "-m", "vecbench", "run", "-m", "vecbench-nano", "-t", name, "-o", str(output)]
    done = subprocess.run(
        [*command, "--data", str(write(data)), "--gen-kwargs", "max_gen_toks=24"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode in {0, 4}, done.stderr
    tasks = json.loads((output / "scores.json").read_text())["tasks"]
    assert {key: block["n"] for key, block in tasks.items()} == {
        "emotion6": {"emotion6_shares": 4},
        "artemis_votes": {"artemis_shares": 3},
        "artemis": {"artemis_shares": 3, "artemis_dominant": 3},
    }[name]
    for block in tasks.values():
        is_soft = block["kind"] == "distribution"
        assert ("expected_hit" in block["metrics"]) is is_soft
        if "has_dominant" in block.get("subsets", {}):
            assert block["subsets"]["has_dominant"].keys() == {"yes", "no"}
