"""What a map of the confidences changes, and on which rows it is judged."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest

from vecbench.errors import UsageError
from vecbench.metrics.recalibration import fitted
from vecbench.parsing import Prediction, Reading
from vecbench.report.further_tables import recalibration_note, recalibration_table
from vecbench.scoring import complete_scores
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()


def rows_of(task, n, seed, *, digits=1, shift=0.2):
    """Overconfident answers: right with a chance that is less than the confidence."""
    stream = random.Random(seed)
    first, second, *_ = CATALOGUE.tasks[task].labels
    rows = []
    for number in range(n):
        confidence = round(stream.uniform(0.3, 1), digits)
        label = first if stream.random() < confidence - shift else second
        reading = Reading(label, "ok", confidence, "ok")
        rows.append(
            Prediction(f"{task}/{number}", task, str(number), 0, first, CATALOGUE.tasks[task].labels, reading)
        )
    return rows


@pytest.fixture(scope="module")
def rows():
    return [*rows_of("fi_2", 300, 1), *rows_of("emoji_2", 300, 2), *rows_of("emoji_7", 200, 3)]


def test_one_map_is_fitted_on_the_named_rows_and_judged_on_all_others(rows):
    found = complete_scores(rows, "strict", CATALOGUE, recalibrate="platt", fit_on="emoji_2").recalibration
    assert set(found.tasks) == {"fi_2", "emoji_7"}
    assert "demo_id_vsa" not in found.groups
    assert found.overall.n == 500
    stated = {task: [row for row in rows if row.task == task] for task in ("emoji_2", "emoji_7")}
    confidence, correct = (
        {task: np.array([value(row) for row in each]) for task, each in stated.items()}
        for value in (lambda row: row.reading.confidence, lambda row: row.correct)
    )
    after = fitted(confidence["emoji_2"], correct["emoji_2"], "platt")(confidence["emoji_7"])
    wanted = np.mean((after - correct["emoji_7"]) ** 2)
    assert found.tasks["emoji_7"].brier[1] == pytest.approx(wanted, abs=1e-12)
    assert found.tasks["emoji_7"].brier[1] < found.tasks["emoji_7"].brier[0]


def test_a_group_is_what_a_map_is_fitted_on_with_all_of_its_tasks(rows):
    complete = complete_scores(rows, "strict", CATALOGUE, recalibrate="isotonic", fit_on="demo_id_vsa")
    said = json.loads(complete.scores.as_json())["recalibration"]
    assert said["fit_on"] == {"name": "demo_id_vsa", "tasks": ["emoji_2"], "n": 300}
    assert "folds" not in said
    assert "300 rows of demo_id_vsa" in recalibration_note(complete.recalibration)


def test_no_map_is_judged_on_an_image_that_it_was_fitted_on(rows):
    def shown(row):
        return replace(row, image_sha256=f"{int(row.sample_id):064x}")

    shared = [shown(row) if row.task != "fi_2" else row for row in rows]
    # Emoji-7 has 200 rows, all of images that Emoji-2 has too.
    found = complete_scores(shared, "strict", CATALOGUE, recalibrate="platt", fit_on="emoji_2").recalibration
    assert set(found.tasks) == {"fi_2"}


@pytest.mark.parametrize(
    ("fit_on", "message"),
    [("emoji_3", "no task or group 'emoji_3'"), ("fi_2", "of which 300 are right")],
)
def test_what_a_map_cannot_be_fitted_on_is_refused(rows, fit_on, message):
    right = [
        replace(row, judged=True) if row.task == "fi_2" else row for row in rows
    ]  # nothing to tell right from wrong
    with pytest.raises(UsageError, match=message):
        complete_scores(right, "strict", CATALOGUE, recalibrate="platt", fit_on=fit_on)


def test_a_map_that_nothing_is_left_for_is_refused(rows):
    alone = [row for row in rows if row.task == "emoji_2"]
    with pytest.raises(UsageError, match="no other task"):
        complete_scores(alone, "strict", CATALOGUE, recalibrate="platt", fit_on="emoji_2")


@pytest.mark.parametrize(("digits", "part"), [(1, "brier_reliability"), (6, "mcb")])
def test_what_is_removed_is_of_stated_values_or_where_they_are_many_of_isotonic_regression(digits, part):
    rows = rows_of("emoji_2", 500, 4, digits=digits)
    complete = complete_scores(rows, "strict", CATALOGUE, recalibrate="platt")
    [block] = json.loads(complete.scores.as_json())["recalibration"]["tasks"].values()
    score = complete.scores.tasks["emoji_2"].metrics[part]
    assert block["miscalibration"] == {"metric": part, "value": pytest.approx(score.value)}
    raw, after = block["brier"]["raw"], block["brier"]["recalibrated"]
    assert block["share_of_miscalibration_removed"] == pytest.approx((raw - after) / score.value)
    table = recalibration_table(complete.recalibration, complete.scores.names)
    assert (table.columns[-1], table.rows[0][-1]) == ("of", "Brier rel" if digits == 1 else "MCB")


def test_with_many_values_a_calibrated_model_is_not_said_to_be_all_miscalibration():
    # What the reliability was: with each confidence stated once, it is the whole Brier score.
    rows = rows_of("emoji_2", 1000, 5, digits=9, shift=0)
    scores = complete_scores(rows, "strict", CATALOGUE, recalibrate="platt").scores
    metrics = scores.tasks["emoji_2"].metrics
    assert metrics["brier_reliability"].value == pytest.approx(metrics["brier"].value)
    assert metrics["brier_reliability"].details["rows_a_value"] == pytest.approx(1)
    assert metrics["mcb"].value < metrics["brier"].value / 10


def test_rows_that_a_task_file_excludes_are_in_no_map(rows):
    task = replace(CATALOGUE.tasks["emoji_2"], excluded=frozenset({"0", "1"}), excluded_because="twice")
    catalogue = replace(CATALOGUE, tasks={**CATALOGUE.tasks, "emoji_2": task})
    complete = complete_scores(rows, "strict", catalogue, recalibrate="platt")
    assert complete.recalibration.tasks["emoji_2"].n == 298
