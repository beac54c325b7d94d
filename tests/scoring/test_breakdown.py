"""Scores by answer, by target and by a column of the data."""

import random
from dataclasses import replace

import pandas as pd
import pytest

import vecbench
from vecbench.errors import UsageError
from vecbench.parsing import Prediction, Reading
from vecbench.report.tables import csv_table, score_table
from vecbench.scoring import score
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
QUICK = {"replicates": 200}


def rows_of(task, n, seed=0):
    stream = random.Random(seed)
    labels = CATALOGUE.tasks[task].labels[:2]
    rows = []
    for number in range(n):
        answer = stream.choice([*labels, None])
        reading = Reading(answer, "ok" if answer else "no_answer", stream.choice([0.4, 0.7, 0.9]), "ok")
        rows.append(
            Prediction(
                f"{task}/{number}", task, str(number), 0, stream.choice(labels),
                CATALOGUE.tasks[task].labels, reading, attributes={"half": str(number % 2)},
            )
        )  # fmt: skip
    return rows


@pytest.mark.parametrize(
    ("column", "value_of"),
    [
        ("answer", lambda row: row.reading.answer or ""),
        ("target", lambda row: row.target),
        ("half", lambda row: row.attributes["half"]),
    ],
)
def test_a_subset_has_the_scores_of_its_rows_alone(column, value_of):
    rows = rows_of("emoji_2", 240)
    found = score(rows, "strict", CATALOGUE, by=[column], **QUICK).tasks["emoji_2"].subsets[column]
    assert sum(each.n for each in found.values()) == 240
    for value, scores in found.items():
        alone = score([row for row in rows if value_of(row) == value], "strict", CATALOGUE, **QUICK)
        assert scores.n == alone.tasks["emoji_2"].n
        # Each set of rows has replicates of its own, so ends differ.
        wanted = alone.tasks["emoji_2"].metrics
        assert {key: (each.value, each.n) for key, each in scores.metrics.items()} == {
            key: (each.value, each.n) for key, each in wanted.items()
        }
        assert scores.metrics["accuracy"] == wanted["accuracy"]
        assert scores.metrics["brier"].low == pytest.approx(wanted["brier"].low, abs=0.02)


def test_every_value_has_an_interval_or_a_reason():
    rows = rows_of("emoji_2", 120) + rows_of("emoji_7", 40)
    scores = score(rows, "strict", CATALOGUE, by=["answer", "target"], **QUICK)
    parts = [
        each for rows in scores.tasks.values() for column in rows.subsets.values() for each in column.values()
    ]
    blocks = [
        *scores.tasks.values(),
        *(each.pooled for each in scores.groups.values()),
        scores.overall.pooled,
    ]
    assert len(parts) >= 10
    listed = [*(each.metrics for each in (*parts, *blocks)), scores.overall.macro]
    for metrics in listed:
        for key, each in metrics.items():
            said = [each.low is not None, bool(each.no_interval), bool(each.why)]
            assert said.count(True) == 1, (key, each)


def test_without_replicates_the_reason_is_that():
    metrics = score(rows_of("emoji_2", 100), "strict", CATALOGUE, replicates=0).tasks["emoji_2"].metrics
    assert metrics["brier"].no_interval == "no replicates were made"
    assert metrics["accuracy"].low is not None


def test_a_pool_is_broken_down_where_all_of_its_tasks_can_be():
    rows = rows_of("emoji_2", 60) + [replace(row, attributes={}) for row in rows_of("emoji_7", 60)]
    scores = score(rows, "strict", CATALOGUE, by=["half", "target"], **QUICK)
    assert list(scores.overall.pooled.subsets) == ["target"]
    assert list(scores.tasks["emoji_2"].subsets) == ["half", "target"]


def test_what_no_row_has_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match="--by hald") as refused:
        score(rows_of("emoji_2", 10), "strict", CATALOGUE, by=["hald"], **QUICK)
    assert "half" in refused.value.remedy


def test_the_table_and_the_csv_have_a_line_for_each_value():
    scores = score(rows_of("emoji_2", 90), "strict", CATALOGUE, by=["answer"], **QUICK)
    blocks = dict(score_table(scores).blocks)
    assert [line.name for line in blocks["Emoji-2, by answer"]] == ["–", "negative", "positive"]
    lines = [line.split(",") for line in csv_table(scores).splitlines()]
    [accuracy] = [
        line for line in lines if line[2:4] == ["answer=negative", "accuracy"] and line[0] == "task"
    ]
    wanted = scores.tasks["emoji_2"].subsets["answer"]["negative"].metrics["accuracy"].value
    assert float(accuracy[4]) == wanted


def test_python_breaks_down_by_a_column_of_the_frame():
    labels = CATALOGUE.tasks["fi_2"].labels
    frame = pd.DataFrame(
        {
            "task": "fi_2",
            "id": range(40),
            "target": labels[0],
            "response": [f"<answer>{labels[number % 3 > 0]}</answer>" for number in range(40)],
            "split": ["a", "b"] * 20,
        }
    )
    found = vecbench.score(frame, by="split").to_frame()
    accuracy = found[(found.scope == "task") & (found.metric == "accuracy")].set_index("subset").value
    assert accuracy["split=a"] == pytest.approx(7 / 20)
    assert accuracy["split=b"] == pytest.approx(7 / 20)
    with pytest.raises(UsageError, match="no task here"):
        vecbench.score(frame, by=["splot"])
    with pytest.raises(UsageError, match="has no scores by split"):
        vecbench.score(frame, "emocaliber", by=["split"])
    judged = pd.DataFrame({"confidence": [0.5], "correct": [True]})
    with pytest.raises(UsageError, match="is of responses"):
        vecbench.score(judged, by="split")
