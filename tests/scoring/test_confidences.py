import csv
import io
import json
import math
import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import vecbench
from vecbench.metrics.catalogue import JUDGED_METRICS

CONFIDENCE = [0.9, 0.8, None, 0.7]
CORRECT = [True, True, False, False]


def simulated(n, *, images=None, missing=0.1, digits=2):
    """Confidences, whether they are right, and the image of each row."""
    stream = random.Random(7)
    stated = [round(stream.random(), digits) for _ in range(n)]
    correct = [stream.random() < each for each in stated]
    confidence = [None if stream.random() < missing else each for each in stated]
    return confidence, correct, [f"image {stream.randrange(images or n)}" for _ in range(n)]


def scored_on_the_command_line(folder, confidence, correct, images):
    """Metric → what `vecbench score --format csv` says of a label task with these rows."""
    with (folder / "rows.jsonl").open("w") as stream:
        for place, (stated, right, image) in enumerate(zip(confidence, correct, images, strict=True)):
            text = f"<answer>{'positive' if right else 'negative'}</answer>"
            if stated is not None:
                text += f"<confidence>{stated}</confidence>"
            row = {"task": "fi_2", "id": place, "target": "positive", "response": text}
            if image is not None:
                row["image_sha256"] = image
            stream.write(json.dumps(row) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "vecbench", "score", "rows.jsonl", "--format", "csv", "--no-figures"],
        capture_output=True, text=True, cwd=folder, check=True,
    )  # fmt: skip
    return {row["metric"]: row for row in csv.DictReader(io.StringIO(done.stdout)) if row["level"] == "task"}


def as_printed(value):
    return "" if isinstance(value, float) and math.isnan(value) else str(value)


@pytest.mark.parametrize("digits", [2, 6], ids=["stated", "condensed"])
@pytest.mark.parametrize("images", [None, 150], ids=["one row an image", "shared images"])
def test_scores_are_those_of_the_command_line_to_the_last_bit(tmp_path, images, digits):
    confidence, correct, shown = simulated(400, images=images, digits=digits)
    if images is None:
        shown = [None] * len(shown)
    said = scored_on_the_command_line(tmp_path, confidence, correct, shown)
    frame = vecbench.score_confidences(confidence, correct, shown).to_frame()
    assert set(said) - set(frame.metric) == {"f1_macro", "f1_weighted"}
    for row in frame.to_dict("records"):
        for name in ("value", "low", "high", "n", "method", "why"):
            assert as_printed(row[name]) == said[row["metric"]][name], (row["metric"], name)
    assert frame.low.notna().sum() >= 9


def test_every_metric_of_right_and_wrong_answers_is_a_row():
    frame = vecbench.score_confidences(CONFIDENCE, CORRECT, replicates=100).to_frame()
    assert frame.metric.tolist() == [metric.key for metric in JUDGED_METRICS]
    assert set(frame.scope) == set(frame.name) == {"overall"}
    assert set(frame.source) == {"stated"}
    assert set(frame.subset) == {""}


def values(scores):
    return scores.to_frame()[["metric", "value", "low", "high", "n"]]


@pytest.mark.parametrize(
    "given",
    [
        (np.array([0.9, 0.8, np.nan, 0.7]), np.array(CORRECT)),
        (np.array([0.9, 0.8, np.nan, 0.7]), np.array(CORRECT, dtype=object)),
        (pd.Series([0.9, 0.8, None, 0.7], index=[3, 2, 1, 0]), pd.Series(CORRECT)),
        (pd.array([0.9, 0.8, pd.NA, 0.7], dtype="Float64"), pd.array(CORRECT, dtype="boolean")),
        ((each for each in CONFIDENCE), iter(CORRECT)),
    ],
    ids=["arrays", "objects", "series", "nullable", "iterators"],
)
def test_whatever_holds_the_values_is_taken_in_its_order(given):
    expected = values(vecbench.score_confidences(CONFIDENCE, CORRECT))
    pd.testing.assert_frame_equal(values(vecbench.score_confidences(*given)), expected)


def test_the_seed_decides_the_intervals_and_nothing_else():
    confidence, correct, _ = simulated(100)
    first, again, other = (
        values(vecbench.score_confidences(confidence, correct, seed=seed, replicates=500))
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again)
    simulated_only = ~first.metric.isin(["ece_null", "calibration_p"])
    assert first.value[simulated_only].equals(other.value[simulated_only])
    assert not first.low.equals(other.low)


@pytest.mark.parametrize("name", [str, int, lambda each: (each,)], ids=["texts", "numbers", "tuples"])
def test_images_may_be_named_by_whatever_can_be_hashed(name):
    confidence, correct, shown = simulated(100, images=40)
    numbers = [int(each.removeprefix("image ")) for each in shown]
    padded = vecbench.score_confidences(confidence, correct, [f"{each:03d}" for each in numbers])
    named = [f"{each:03d}" for each in numbers] if name is str else [name(each) for each in numbers]
    scores = vecbench.score_confidences(confidence, correct, named)
    pd.testing.assert_frame_equal(scores.to_frame(), padded.to_frame())
    alone = vecbench.score_confidences(confidence, correct).to_frame()
    assert not scores.to_frame().low.equals(alone.low)


def test_names_that_cannot_be_sorted_do():
    images = ["a", 1, ("a", 1), "a"] * 5  # fewer than 15 rows have no such interval
    frame = vecbench.score_confidences([*CONFIDENCE] * 5, [*CORRECT] * 5, images).to_frame()
    assert frame.method.str.contains("all answers to an image together").any()


def test_rows_whose_image_is_unknown_are_independent():
    apart = vecbench.score_confidences(CONFIDENCE, CORRECT)
    unknown = vecbench.score_confidences(CONFIDENCE, CORRECT, [None, float("nan"), None, float("nan")])
    pd.testing.assert_frame_equal(unknown.to_frame(), apart.to_frame())


def test_without_any_confidence_metrics_say_why_they_have_no_value():
    frame = vecbench.score_confidences([None, math.nan], [True, False]).to_frame().set_index("metric")
    assert frame.value["accuracy"] == 0.5
    assert math.isnan(frame.value["ece"])
    assert frame.why["ece"] == "no row has a confidence"


@pytest.mark.parametrize(
    ("confidence", "correct", "images", "message"),
    [
        ([0.5, 0.6], [True], None, "confidence has 2 entries and correct 1: one entry a row is expected"),
        ([0.5], [True], ["a", "b"], "confidence has 1 entries and images 2"),
        ([], [], None, "there are no rows to score: confidence is empty"),
        ([0.5, 85, 90], [True] * 3, None, r"row 1 \(from 0\), is 85: .*\[0, 1\]; divide percent by 100"),
        ([0.5, -0.1], [True] * 2, None, r"confidence, row 1 \(from 0\), is -0.1: it must lie in \[0, 1\]"),
        ([math.inf], [True], None, r"confidence, row 0 \(from 0\), is inf: it must lie in \[0, 1\]"),
        ([0.5, "0.9"], [True] * 2, None, r"confidence, row 1 \(from 0\), is '0.9': it takes numbers"),
        ([True], [0.5], None, "are confidence and correct swapped"),
        ([0.5, 0.5], [True, 1], None, r"correct, row 1 \(from 0\), is 1: it takes True and False"),
        ([0.5], ["joy"], None, r"correct, row 0 \(from 0\), is 'joy': .* compare labels first"),
        ([0.5], [None], None, r"correct, row 0 \(from 0\), is None"),
        (np.full((2, 2), 0.5), [True] * 2, None, "confidence has 2 dimensions; it takes one"),
        ([0.5], np.array([[True]]), None, "correct has 2 dimensions; it takes one"),
        ([0.5], [True], [["a", "b"]], r"images, row 0 \(from 0\), is \['a', 'b'\]: .* a tuple"),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_refused_with_its_first_row(confidence, correct, images, message):
    with pytest.raises(ValueError, match=message):
        vecbench.score_confidences(confidence, correct, images)


def test_without_replicates_there_are_values_and_exact_intervals():
    confidence, correct, _ = simulated(50)
    quick = vecbench.score_confidences(confidence, correct, replicates=0).to_frame().set_index("metric")
    whole = vecbench.score_confidences(confidence, correct).to_frame().set_index("metric")
    assert quick.value.equals(whole.value[quick.index])
    assert quick.index[quick.low.notna()].tolist() == ["accuracy", "coverage"]
    with pytest.raises(ValueError, match="replicates are -1"):
        vecbench.score_confidences(confidence, correct, replicates=-1)


@pytest.mark.parametrize("edge", [0, 1, 0.0, 1.0])
def test_the_ends_of_the_range_are_confidences(edge):
    assert vecbench.score_confidences([edge], [True]).overall.pooled.cells.confidence.tolist() == [edge]
