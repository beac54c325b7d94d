import json
import math
import random
import re
import statistics
from dataclasses import replace

import pytest

from vecbench.metrics import wilson_interval
from vecbench.parsing import Prediction, Reading
from vecbench.report.columns import columns
from vecbench.report.tables import csv_table, latex_table, markdown_table, score_table
from vecbench.scoring import STRICT, agreement, complete_scores, prediction_lines, predictions, score
from vecbench.store import StoredResponse
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
SENTIMENTS = ("positive", "negative")
QUICK = {"replicates": 500}


def prediction(task, sample, target, label, confidence, candidates=None):
    candidates = candidates or CATALOGUE.tasks[task].labels
    status = "ok" if label else "no_answer"
    stated = "missing" if confidence is None else "ok"
    reading = Reading(label, status, confidence, stated)
    return Prediction(f"{task}-{sample}", task, sample, 0, target, candidates, reading)


def simulated(task, n, seed=0, missing=0.0):
    stream = random.Random(seed)
    labels = CATALOGUE.tasks[task].labels
    rows = []
    for number in range(n):
        confidence = stream.choice([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
        target = stream.choice(labels)
        right = stream.random() < confidence - 0.1
        label = target if right else stream.choice([each for each in labels if each != target])
        stated = None if stream.random() < missing else confidence
        rows.append(prediction(task, f"s{number}", target, label, stated))
    return rows


@pytest.fixture(scope="module")
def scores():
    rows = simulated("emoji_2", 200) + simulated("emoji_7", 100, 1) + simulated("fluent_7", 50, 2)
    return score(rows, "strict", CATALOGUE, **QUICK)


def test_the_file_has_the_promised_shape(scores):
    said = json.loads(scores.as_json())
    assert said["schema"] == "vecbench.scores/2"
    assert said["intervals"] == {"level": 0.95, "replicates": 500, "seed": 0}
    assert set(said["tasks"]) == {"emoji_2", "emoji_7", "fluent_7"}
    group = said["groups"]["demo_id_ver"]
    assert group["tasks"] == ["emoji_7"]
    assert {"n", "counts", "metrics", "macro"} <= group.keys()
    assert {"n", "counts", "metrics", "macro"} <= said["overall"].keys()
    accuracy = said["tasks"]["emoji_2"]["metrics"]["accuracy"]
    assert set(accuracy) == {"value", "n", "low", "high", "method"}
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]


def test_no_replicates_are_values_without_what_replicates_say(scores):
    rows = simulated("emoji_2", 200) + simulated("emoji_7", 100, 1) + simulated("fluent_7", 50, 2)
    alone = score(rows, "strict", CATALOGUE, replicates=0)
    assert alone.overall.pooled.metrics["ece"].low is None
    pairs = ((alone.tasks["emoji_7"], scores.tasks["emoji_7"]), (alone.overall.pooled, scores.overall.pooled))
    for said, full in pairs:
        assert full.metrics.keys() - said.metrics.keys() == {"ece_null", "calibration_p"}
        for key, found in said.metrics.items():
            assert found.value == full.metrics[key].value


def test_tasks_whose_confidences_are_condensed_for_intervals_are_named():
    rows = simulated("emoji_2", 300) + [
        replace(row, reading=replace(row.reading, confidence=0.3 + number / 1000))
        for number, row in enumerate(simulated("emoji_7", 300))
    ]
    said = score(rows, "strict", CATALOGUE, **QUICK).content()
    assert said["intervals"]["condensed"] == ["emoji_7"]
    for metrics in (said["tasks"]["emoji_7"]["metrics"], said["overall"]["metrics"]):
        for key in ("brier", "confidence_gap", "ece", "auroc", "aurc"):
            assert metrics[key]["low"] <= metrics[key]["value"] <= metrics[key]["high"]


def test_every_metric_of_the_specification_is_there(scores):
    assert set(scores.tasks["emoji_2"].metrics) == {
        "accuracy", "f1_macro", "f1_weighted", "coverage", "brier", "brier_reliability", "brier_resolution",
        "brier_uncertainty", "confidence_gap", "ece", "ece_15", "ece_mass", "ece_null", "calibration_p",
        "mce", "smece", "auroc", "aurc", "e_aurc", "augrc", "nll", "share_at_one", "joint_score",
        "brier_skill", "value_ece", "rmsce", "mcb", "dsc", "calibration_slope", "calibration_intercept",
        "coverage_at_90",
    }  # fmt: skip


def test_every_value_lies_in_its_interval(scores):
    for rows in (*scores.tasks.values(), *(group.pooled for group in scores.groups.values())):
        for key, each in rows.metrics.items():
            if each.low is not None:
                assert each.low <= each.value <= each.high, key


def test_the_overall_is_the_pool_of_the_rows_and_macro_the_mean_of_the_tasks(scores):
    tasks = scores.tasks.values()
    right = sum(rows.n * rows.metrics["accuracy"].value for rows in tasks)
    assert scores.overall.pooled.metrics["accuracy"].value == pytest.approx(right / 350)
    mean = sum(rows.metrics["ece"].value for rows in tasks) / 3
    assert scores.overall.macro["ece"].value == pytest.approx(mean)


def test_the_order_of_the_rows_makes_no_difference():
    rows = simulated("emoji_2", 60) + simulated("emoji_7", 60, 1)
    shuffled = random.Random(0).sample(rows, len(rows))
    first, second = (score(each, "strict", CATALOGUE, **QUICK) for each in (rows, shuffled))
    assert json.loads(first.as_json()) == json.loads(second.as_json())


def test_a_row_without_a_label_is_wrong_and_keeps_its_confidence():
    rows = [
        prediction("emoji_2", "a", "positive", None, 0.8),
        prediction("emoji_2", "b", "positive", "positive", 0.8),
    ]
    scored = score(rows, "strict", CATALOGUE, **QUICK).tasks["emoji_2"]
    assert scored.metrics["accuracy"].value == 0.5
    assert scored.metrics["brier"].value == pytest.approx((0.64 + 0.04) / 2)
    assert (scored.counts["answered"], scored.counts["no_answer"]) == (1, 1)


def test_what_is_undefined_is_null_with_a_reason():
    rows = [prediction("emoji_2", "a", "positive", "positive", 0.8)]
    said = json.loads(score(rows, "strict", CATALOGUE, **QUICK).as_json())["tasks"]["emoji_2"]["metrics"]
    assert said["auroc"] == {"value": None, "n": 1, "why": "every answer with a confidence is right"}
    rows = [prediction("emoji_2", "a", "positive", "positive", None)]
    said = json.loads(score(rows, "strict", CATALOGUE, **QUICK).as_json())["tasks"]["emoji_2"]["metrics"]
    for key in ("ece", "brier", "smece", "ece_null", "calibration_p"):
        assert said[key] == {"value": None, "n": 0, "why": "no row has a confidence"}


def test_missing_confidences_bound_what_is_scored_without_them():
    rows = simulated("emoji_2", 200, missing=0.2)
    scored = score(rows, "strict", CATALOGUE, **QUICK).tasks["emoji_2"]
    share = 1 - scored.metrics["coverage"].value
    low, high = scored.metrics["brier"].details["bounds"]
    assert high - low == pytest.approx(share)
    assert low <= scored.metrics["brier"].value <= high
    low, high = scored.metrics["ece"].details["bounds"]
    assert 0 <= low <= scored.metrics["ece"].value <= high <= 1


def test_a_target_outside_the_candidates_is_counted_as_wrong():
    rows = [
        prediction("emoji_2", "a", "neutral", "positive", 0.8),
        prediction("emoji_2", "b", "positive", "positive", 0.8),
    ]
    scored = score(rows, "strict", CATALOGUE, **QUICK).tasks["emoji_2"]
    assert scored.metrics["accuracy"].value == 0.5
    assert scored.confusion.matrix().tolist() == [[1, 0, 0], [0, 0, 0], [1, 0, 0]]


def test_a_task_that_nobody_knows_is_scored_in_no_group():
    rows = [prediction("comics", f"s{n}", "a", "a", 0.5 + n / 10, ("a", "b")) for n in range(3)]
    scores = score(rows, "strict", CATALOGUE, **QUICK)
    assert scores.groups == {}
    assert scores.tasks["comics"].n == 3
    assert score_table(scores).blocks[0][0] == "No group"


def test_no_rows_at_all_are_scored_without_complaint():
    said = json.loads(score([], "strict", CATALOGUE, **QUICK).as_json())
    assert said["overall"]["n"] == 0
    assert said["overall"]["metrics"]["accuracy"]["value"] is None


def stored(sample, response, **changes):
    values = {
        "key": sample,
        "task": "emoji_2",
        "sample_id": sample,
        "repeat": 0,
        "target": "positive",
        "candidates": SENTIMENTS,
        "image": "a.png",
        "image_sha256": None,
        "prompt_sha256": "",
        "response": response,
        "finish_reason": "stop",
        "error": None,
        "n_prompt_tokens": None,
        "n_output_tokens": None,
    }
    return StoredResponse(**values | changes)


def test_of_several_responses_to_a_sample_the_last_counts():
    rows = predictions(
        [
            stored("a", None, error="out of memory"),
            stored("b", "<answer>negative</answer>"),
            stored("a", "<answer>positive</answer>"),
        ],
        STRICT,
        CATALOGUE,
    )
    assert [(row.sample_id, row.reading.answer, row.correct) for row in rows] == [
        ("a", "positive", True),
        ("b", "negative", False),
    ]
    said = [json.loads(line) for line in prediction_lines(rows)]
    assert said[1]["answer_status"] == "ok"


def test_tables_print_percent_and_explain_their_marks():
    rows = simulated("emoji_2", 100, missing=0.3) + simulated("emoji_7", 100)
    text = markdown_table(score(rows, "strict", CATALOGUE, **QUICK))
    line = next(line for line in text.splitlines() if "Emoji-2" in line)
    assert re.search(r"\d\d\.\d\*", line)
    assert "* over the rows that state a confidence only" in text
    one = [prediction("emoji_2", "a", "positive", "positive", 0.8)]
    text = markdown_table(score(one, "strict", CATALOGUE, **QUICK))
    assert "| – |" in text
    assert "– every answer with a confidence is right." in text


def test_the_note_names_the_largest_share_and_macro_is_marked_with_its_tasks():
    rows = simulated("emoji_2", 100, missing=0.3) + simulated("emoji_7", 800)
    stated = [0.5, 0.9] * 45 + [None] * 10  # a later line with a smaller share
    rows += [prediction("fluent_7", str(place), "joy", "joy", each) for place, each in enumerate(stated)]
    table = score_table(scored := score(rows, "strict", CATALOGUE, **QUICK))
    place = [column.key for column in columns(scored)].index("ece")
    lines = {line.name: line.cells[place] for _, block in table.blocks for line in block}
    assert [name for name, cell in lines.items() if cell.endswith("*")] == ["Emoji-2", "Fluent-7", "macro"]
    share = 100 * (1 - scored.tasks["emoji_2"].metrics["coverage"].value)
    assert f"(up to {share:.1f} %)" in table.notes[0]


def test_intervals_are_printed_on_request(scores):
    assert "[" not in markdown_table(scores)
    assert re.search(r"\d\.\d \[\d+\.\d, \d+\.\d\]", markdown_table(scores, intervals=True))


def test_the_csv_has_every_score_as_a_fraction(scores):
    lines = csv_table(scores).splitlines()
    assert lines[0] == "level,name,aggregate,metric,value,low,high,method,n,why"
    row = next(line for line in lines if line.startswith("task,emoji_2,rows,accuracy,")).split(",")
    assert math.isclose(float(row[4]), scores.tasks["emoji_2"].metrics["accuracy"].value)


def test_the_latex_table_is_the_papers(scores):
    text = latex_table(scores)
    assert text.count("\\toprule") == text.count("\\bottomrule") == 1
    assert "ID VSA" in text
    assert "Acc (\\%)" in text
    assert text.count("\\\\") >= 3


def test_the_table_has_a_cell_for_every_column(scores):
    for _, lines in score_table(scores).blocks:
        assert all(len(line.cells) == len(columns(scores)) for line in lines)


def repeated(labels, task="emoji_2", sample="a"):
    return [
        replace(prediction(task, sample, "positive", label, 0.9), repeat=repeat)
        for repeat, label in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ("labels", "label", "confidence"),
    [
        (["positive", "negative", "positive", "positive"], "positive", 0.75),
        (["negative", "positive"], "negative", 0.5),
        (["positive", None, None], "positive", 1 / 3),
        ([None, None], None, None),
    ],
)
def test_agreement_over_repeats_is_a_confidence(labels, label, confidence):
    [agreed] = agreement(repeated(labels))
    assert (agreed.reading.answer, agreed.reading.confidence) == (label, confidence)


def test_repeats_have_a_spread_beside_their_intervals():
    rows = [row for seed in range(3) for row in simulated("emoji_2", 100, seed)]
    rows = [replace(row, repeat=place // 100) for place, row in enumerate(rows)]
    complete = complete_scores(rows, "strict", CATALOGUE)
    said = json.loads(complete.scores.as_json())
    values = [score(rows[begin : begin + 100], "strict", CATALOGUE, **QUICK) for begin in (0, 100, 200)]
    accuracies = [each.tasks["emoji_2"].metrics["accuracy"].value for each in values]
    spread = said["repeats"]["tasks"]["emoji_2"]["accuracy"]
    assert spread["mean"] == pytest.approx(statistics.fmean(accuracies))
    assert spread["std"] == pytest.approx(statistics.stdev(accuracies))
    assert "low" in said["tasks"]["emoji_2"]["metrics"]["accuracy"]
    assert said["consistency"]["tasks"]["emoji_2"]["n"] == 100
    assert "low" in said["consistency"]["tasks"]["emoji_2"]["metrics"]["accuracy"]


def test_recalibration_stands_beside_the_raw_values():
    rows = simulated("emoji_2", 400) + simulated("emoji_7", 400, 1)
    complete = complete_scores(rows, "strict", CATALOGUE, recalibrate="platt")
    said = json.loads(complete.scores.as_json())
    block = said["recalibration"]
    assert (block["method"], block["folds"]) == ("platt", 5)
    raw = said["tasks"]["emoji_7"]["metrics"]["ece"]["value"]
    assert block["tasks"]["emoji_7"]["ece"]["raw"] == pytest.approx(raw)
    assert block["tasks"]["emoji_7"]["ece"]["recalibrated"] < raw
    assert set(block["groups"]) == {"demo_id_vsa", "demo_id_ver"}


def test_recalibration_without_any_confidence_says_nothing():
    rows = [prediction("emoji_2", "a", "positive", "positive", None)]
    complete = complete_scores(rows, "strict", CATALOGUE, recalibrate="isotonic")
    assert complete.recalibration.overall is None


def test_images_that_tasks_share_are_counted():
    emoji = [("emoji_2", 0, 1), ("emoji_2", 1, 2), ("emoji_2", 2, 3), ("emoji_2", 3, 3)]
    places = [*emoji, ("emoji_7", 0, 1), ("emoji_7", 1, 4), ("fluent_7", 0, 2), ("fluent_7", 1, 4)]

    def answer(task, number, image):
        label = CATALOGUE.tasks[task].labels[0]
        return replace(prediction(task, str(number), label, label, 0.8), image_sha256=f"{image:064x}")

    rows = [answer(*place) for place in places]
    said = json.loads(complete_scores(rows, "strict", CATALOGUE).scores.as_json())
    assert said["shared_images"] == {"groups": {}, "overall": 3}
    alone = complete_scores(rows[: len(emoji)], "strict", CATALOGUE)
    assert "shared_images" not in json.loads(alone.scores.as_json())
    webemo = [answer(task, number, number) for number in range(3) for task in ("webemo_25", "webemo_7")]
    said = json.loads(complete_scores(webemo, "strict", CATALOGUE).scores.as_json())
    assert said["shared_images"] == {"groups": {"id_ver": 3}, "overall": 3}


def coarse_rows(*pairs, task="fi_8"):
    return [prediction(task, f"s{n}", target, label, 0.5) for n, (target, label) in enumerate(pairs)]


def test_answers_are_scored_by_coarser_labels_too():
    rows = coarse_rows(
        ("awe", "awe"), ("awe", "amusement"), ("awe", "fear"), ("fear", "sadness"), ("sadness", None)
    )
    scored = complete_scores(rows, "strict", CATALOGUE)
    coarse = scored.coarse["fi_8"]
    assert set(coarse.labels) == {"positive", "negative"}
    assert coarse.metrics["accuracy"].value == 3 / 5
    assert (coarse.metrics["accuracy"].low, coarse.metrics["accuracy"].high) == wilson_interval(3, 5)
    # positive: 2 hits, 1 miss; negative: 1 hit, 1 false alarm, 1 miss.
    assert coarse.metrics["f1_macro"].value == pytest.approx((4 / 5 + 2 / 4) / 2)
    assert coarse.within == 2 / 3
    said = json.loads(scored.scores.as_json())["coarse"]
    assert list(said) == ["fi_8"]
    assert said["fi_8"]["metrics"]["accuracy"]["value"] == 3 / 5


def test_a_task_without_coarser_labels_or_with_other_candidates_has_no_coarse_scores():
    other = [prediction("fi_8", "a", "joy", "joy", 0.5, ("joy", "fear"))]
    for rows in ([], other, simulated("emoji_2", 20)):
        scored = complete_scores(rows, "strict", CATALOGUE)
        assert not scored.coarse
        assert "coarse" not in scored.scores.content()


def test_without_a_wrong_label_no_share_of_them_is_known():
    assert complete_scores(coarse_rows(("awe", "awe")), "strict", CATALOGUE).coarse["fi_8"].within is None


def test_what_most_repeats_say_is_right_or_wrong_whatever_the_first_one_was():
    said = ["negative", "positive", "positive"]
    answers = [
        stored("a", f"<answer>{label}</answer>", key=str(place), repeat=place)
        for place, label in enumerate(said)
    ]
    [row] = agreement(predictions(answers, STRICT, CATALOGUE))
    assert (row.reading.answer, row.correct, row.reading.confidence) == ("positive", True, 2 / 3)
