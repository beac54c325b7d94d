"""What the published programs store of MVEI and EEmo-Bench: read whole, each row for its task."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vecbench.errors import UsageError
from vecbench.interop.reading import open_responses
from vecbench.interop.scored import scored_source
from vecbench.scoring import protocol_named
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "mvei" / "responses.json").read_text())
CLASSES = ("sentiment polarity", "emotion interpretation", "scene context", "perception subjectivity")
ANSWERS = (
    "Correct",
    "Incorrect.",
    "<answer>Correct</answer>",
    "I cannot tell",
    "incorrect",
    "Not correct",
    "A",
    "",
)
STATEMENTS = [
    (
        "joy/joy_00001.jpg",
        f"Statement {place}.",
        ("correct", "incorrect")[place % 2],
        CLASSES[place % 4],
        answer,
    )
    for place, answer in enumerate(ANSWERS)
]


def statement(text, verdict, of_class):
    return {"statement": text, "label": verdict, "class": of_class, "subclass": "none"}


def predictions():
    """`predictions/MVEI_predict.json`."""
    return [
        {
            "image_id": image.replace("1", str(place)),
            "ov_emotion": ["joy"],
            "statement_list": [statement(text, verdict, of_class) | {"predict": answer}],
        }
        for place, (image, text, verdict, of_class, answer) in enumerate(STATEMENTS)
    ]


def mvei():
    """`Std_MVEI_results.json`."""
    return {
        f"{place}": {
            "image_path": f"../benchmarks/MVEI/images/{image}",
            "prompt": f"{text} Is it right?",
            "ground_truth": verdict,
            "other_info": {"statement_meta": statement(text, verdict, of_class)},
            "generations": [answer],
        }
        for place, (image, text, verdict, of_class, answer) in enumerate(STATEMENTS)
    }


def vecbench_rows():
    labels = ["positive", "negative"]
    return {
        f"{place}": {
            "image_path": f"../benchmarks/VECBench/images/FI-2/{place}.jpg",
            "prompt": f"Which sentiment? {labels}",
            "ground_truth": target,
            "other_info": {"candidates": labels, "task": "FI-2"},
            "generations": ["<answer>positive</answer>"],
        }
        for place, target in enumerate(labels)
    }


def eemo(images):
    prompt = "What now? Choose between one of the following options: {} Answer as <answer>{{letter}}</answer>"
    options = ("{'A': 'No.', 'B': 'Yes.'}", "{'A': 'Joy', 'B': 'Fear', 'C': 'Anger'}")
    return {
        f"{place}": {
            "image_path": images,
            "prompt": prompt.format(options[place % 2]),
            "ground_truth": "B",
            "other_info": {"question_type": ("Yes-or-No", "What/How")[place % 2]},
            "generations": [answer],
        }
        for place, answer in enumerate(("B", "<answer>Joy</answer>", "A: No.", "Fear"))
    }


RESULTS = {
    "MVEI": mvei(),
    "VECBench": vecbench_rows(),
    "EEmo-Bench-Single-Perception": eemo("../benchmarks/EEmo-Bench/images/1.jpg"),
    "EEmo-Bench-Pair-Perception": eemo([f"../benchmarks/EEmo-Bench/images/{place}.jpg" for place in (1, 2)]),
}
COUNTS = {"mvei_statements": 8, "fi_2": 2, "eemo_single": 4, "eemo_pair": 4}


def stored(path, content):
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False))
    return path


def four_files(folder):
    for name, records in RESULTS.items():
        stored(folder / f"Std_{name.replace('-', '_')}_results.json", records)
    stored(
        folder / "metrics_summary.json",
        {"MVEI": {"acc_total": 0.5}, "EEmo-Bench": {"acc_pair_overall": None}},
    )
    return folder


def merged(folder):
    rows = {f"{name}::{key}": record for name, records in RESULTS.items() for key, record in records.items()}
    return stored(folder / "merged.json", rows)


def scored(path, protocol="strict"):
    source = open_responses(path, CATALOGUE)
    return source, scored_source(source, protocol_named(protocol), CATALOGUE)


def values(complete):
    return {
        name: {key: score.value for key, score in rows.metrics.items()}
        for name, rows in complete.scores.tasks.items()
    }


@pytest.mark.parametrize("protocol", ["strict", "mvei", "emobserver"])
def test_the_predictions_file_has_the_scores_of_the_results_file(tmp_path, protocol):
    _, first = scored(stored(tmp_path / "MVEI_predict.json", predictions()), protocol)
    source, second = scored(stored(tmp_path / "Std_MVEI_results.json", mvei()), protocol)
    assert source.faults == []
    assert values(first) == values(second)
    assert first.scores.tasks["mvei_statements"].subsets["statement_class"].keys() == set(CLASSES)
    assert first.scores.tasks["mvei_statements"].n == 8


def test_the_golden_rows_as_predictions_have_mveis_scores(tmp_path):
    expected = json.loads((Path(__file__).parents[1] / "golden" / "mvei" / "expected.json").read_text())[
        "mvei"
    ]
    rows = [
        {
            "image_id": record["image_path"].split("images/")[1],
            "ov_emotion": [],
            "statement_list": [
                record["other_info"]["statement_meta"]
                | {"label": record["ground_truth"], "predict": (record.get("generations") or [""])[0]}
            ],
        }
        for record in GOLDEN.values()
        if record["ground_truth"]
    ]
    _, complete = scored(stored(tmp_path / "MVEI_predict.json", rows), "mvei")
    task = complete.scores.tasks["mvei_statements"]
    for name, rows in {"overall": task, **task.subsets["statement_class"]}.items():
        assert rows.n == expected[name]["total"]
        for key in ("accuracy", "positive_ratio", "give_up_ratio"):
            assert rows.metrics[key].value == pytest.approx(expected[name][key], rel=1e-12)


def test_several_statements_of_an_image_are_several_samples(tmp_path):
    [first, second, *_] = predictions()
    first["statement_list"] += second["statement_list"]
    source = open_responses(stored(tmp_path / "p.json", [first]), CATALOGUE)
    assert [each.sample_id for each in source.responses] == ["joy/joy_00000.jpg#0", "joy/joy_00000.jpg#1"]


def test_a_directory_of_four_results_is_read_whole(tmp_path):
    source, complete = scored(four_files(tmp_path))
    assert {name: rows.n for name, rows in complete.scores.tasks.items()} == COUNTS
    assert (source.format, len(source.files), source.faults, source.notes) == ("EmObserver", 4, [], [])
    assert complete.scores.tasks["eemo_pair"].metrics["accuracy"].value == 0.5


@pytest.mark.parametrize("protocol", ["strict", "emobserver"])
def test_the_merged_results_are_those_of_the_four_files(tmp_path, protocol):
    (tmp_path / "four").mkdir()
    folder, one = four_files(tmp_path / "four"), merged(tmp_path)
    assert values(scored(one, protocol)[1]) == values(scored(folder, protocol)[1])
    both = [
        {(each.task, each.sample_id) for each in open_responses(path, CATALOGUE).responses}
        for path in (folder, one)
    ]
    assert both[0] == both[1]


def test_several_files_at_once_are_scored_each(tmp_path):
    files = sorted(four_files(tmp_path).glob("Std_*.json"))
    command = [sys.executable, "-m", "vecbench", "score", *map(str, files), "--no-figures"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "80"}
    )
    assert done.returncode == 4, done.stderr  # a statement has an empty answer, another none
    found = {}
    for file in files:
        found |= json.loads((tmp_path / f"{file.stem}-scores" / "scores.json").read_text())["tasks"]
    assert {name: rows["n"] for name, rows in found.items()} == COUNTS


def changed(record, **changes):
    return {key: value for key, value in (record | changes).items() if value is not ...}


@pytest.mark.parametrize(
    ("benchmark", "changes", "said"),
    [
        (
            "EEmo-Bench-Single-Perception",
            {"other_info": {"question_type": "Open_ended"}},
            "question_type is 'Open_ended', ",
        ),
        (
            "EEmo-Bench-Pair-Perception",
            {"other_info": None},
            "question_type is None, ",
        ),
        ("EEmo-Bench-Single-Perception", {"prompt": "No options here."}, "'options'|no candidates"),
        ("EEmo-Bench-Single-Perception", {"prompt": None}, "'options'|no candidates"),
        (
            "EEmo-Bench-Single-Perception",
            {"ground_truth": "D"},
            "'D' is neither an option's letter nor its text",
        ),
    ],
)
def test_a_row_that_cannot_be_scored_has_one_line(tmp_path, benchmark, changes, said):
    records = {key: changed(record) for key, record in RESULTS[benchmark].items()}
    records["2"] = changed(records["2"], **changes)
    path = stored(tmp_path / f"Std_{benchmark.replace('-', '_')}_results.json", records)
    source = open_responses(path, CATALOGUE)
    responses = list(source.responses)
    [fault] = source.faults
    assert any(part in fault.problem for part in said.split("|"))
    assert len(responses) == (4 if fault.effect == "counts as wrong" else 3)
    assert fault.line > 1


def test_options_of_a_rows_own_stand_in_for_those_of_its_prompt(tmp_path):
    records = RESULTS["EEmo-Bench-Single-Perception"]
    own = {
        key: changed(record, prompt="?", options={"A": "No.", "B": "Yes."}) for key, record in records.items()
    }
    source = open_responses(stored(tmp_path / "own.json", own), CATALOGUE)
    assert [each.candidates for each in source.responses] == [("No.", "Yes.")] * len(own)
    assert source.faults == []


@pytest.mark.parametrize("benchmark", ["MVEI", "EEmo-Bench-Single-Perception"])
@pytest.mark.parametrize("generations", [[], None, ...])
def test_a_row_without_generations_has_failed_and_counts(tmp_path, benchmark, generations):
    records = {key: changed(record) for key, record in RESULTS[benchmark].items()}
    records["2"] = changed(records["2"], generations=generations)
    path = stored(tmp_path / f"Std_{benchmark.replace('-', '_')}_results.json", records)
    source, complete = scored(path)
    [rows] = complete.scores.tasks.values()
    assert (rows.n, rows.counts["errors"], source.resolution.failed) == (len(records), 1, 1)
    assert source.is_incomplete


def test_statements_of_an_unknown_class_are_named_once(tmp_path):
    records = mvei()
    for key, of_class in (("0", "Scene Context"), ("3", None), ("4", "Scene Context")):
        records[key]["other_info"]["statement_meta"]["class"] = of_class
    source, complete = scored(stored(tmp_path / "r.json", records), "emobserver")
    assert source.notes == [
        "statements of a class that MVEI does not have count in the total alone under the published "
        "protocols: 'Scene Context' (2), None (1)"
    ]
    task = complete.scores.tasks["mvei_statements"]
    assert (task.n, sum(each.n for each in task.subsets["statement_class"].values())) == (8, 5)


@pytest.mark.parametrize("rows", [{"a": mvei()["0"]}, predictions()])
@pytest.mark.parametrize("indent", [None, 2])
def test_data_without_answers_are_told_from_results(tmp_path, rows, indent):
    text = json.dumps(rows, indent=indent).replace('"generations"', '"other"').replace('"predict"', '"other"')
    (tmp_path / "data.json").write_text(text)
    with pytest.raises(UsageError, match=r"its rows have no '(generations|predict)', so it is data without"):
        open_responses(tmp_path / "data.json", CATALOGUE)


def test_an_image_without_statements_and_a_torn_list_cost_themselves_alone(tmp_path):
    rows = predictions()
    rows[1]["statement_list"] = {}
    rows[2] = 5
    path = tmp_path / "MVEI_predict.json"
    path.write_text(json.dumps(rows, indent=1)[:-1])
    source = open_responses(path, CATALOGUE)
    assert len(list(source.responses)) == 6
    assert [fault.problem for fault in source.faults] == [
        "the image 'joy/joy_00001.jpg' has no list of statements",
        "the record '3' is 5, not a JSON object",
        "torn off: the list is never closed",
    ]


@pytest.mark.parametrize("part", ["single", "pair"])
def test_the_golden_results_of_eemo_bench_have_emobservers_numbers(part):
    golden = Path(__file__).parents[1] / "golden" / "eemo_perception"
    expected = json.loads((golden / "expected.json").read_text())[part]["metrics"]
    _, complete = scored(golden / f"responses_{part}.json", "emobserver")
    task = complete.scores.tasks[f"eemo_{part}"]
    types = task.subsets["question_type"]
    found = {
        "yes_no": types["Yes-or-No"].metrics["accuracy"],
        "what_how": types["What/How"].metrics["accuracy"],
    }
    for name, score in (found | {"overall": task.headline}).items():
        assert score.value == pytest.approx(expected[f"acc_{part}_{name}"], rel=1e-12)
