import json
import warnings

import numpy as np
import pandas as pd
import pytest

import vecbench
from vecbench.errors import UsageError
from vecbench.interop.frame import open_frame
from vecbench.tasks import load_catalogue

RIGHT = "<answer>positive</answer><confidence>0.9</confidence>"
WRONG = "<answer>negative</answer><confidence>0.4</confidence>"


def frame(**columns):
    return pd.DataFrame(
        {"task": "fi_2", "id": [1, 2, 3], "target": "positive", "response": [RIGHT, WRONG, RIGHT]} | columns
    )


def responses(table):
    source = open_frame(table, load_catalogue())
    return list(source.responses), source


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"label": "positive", "target": [None, "positive", None]},
        {"repeat": [0, 1, np.nan], "id": [7, 7, 8]},
        {"id": [1, 2, None], "image": ["a.png", "b.png", "c.png"]},
        {"error": [None, "out of memory", None], "response": [RIGHT, None, RIGHT]},
        {"image_sha256": ["a", "a", "b"], "n_output_tokens": [3, None, 5]},
        {"candidates": [["positive", "negative"]] * 3, "task": "mood"},
    ],
    ids=["plain", "label", "repeats", "image", "error", "shared image", "candidates"],
)
def test_a_frame_is_scored_as_the_same_rows_in_a_file(tmp_path, columns):
    table = frame(**columns)
    path = tmp_path / "rows.jsonl"
    given = [
        {name: value for name, value in row.items() if isinstance(value, list) or pd.notna(value)}
        for row in table.to_dict("records")
    ]
    for row in given:
        row |= {name: int(row[name]) for name in ("id", "repeat", "n_output_tokens") if name in row}
    path.write_text("".join(json.dumps(row) + "\n" for row in given))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the sample that failed
        expected, found = vecbench.score(path), vecbench.score(table)
    pd.testing.assert_frame_equal(found.to_frame(), expected.to_frame())
    assert found.run["responses"] == {"format": "DataFrame", "files": ["DataFrame"], "faults": {}}


@pytest.mark.parametrize(
    "candidates",
    [("a", "b"), np.array(["a", "b"]), np.array(["a", "b"], dtype=object)],
    ids=["tuple", "array", "objects"],
)
def test_a_list_may_be_a_tuple_or_an_array(candidates):
    table = frame(task="mood", target="a", candidates=[candidates] * 3)
    read, source = responses(table)
    assert [each.candidates for each in read] == [("a", "b")] * 3
    assert source.faults == []


def test_values_of_any_dtype_are_read_as_what_they_stand_for():
    table = frame(id=pd.array([1, 2, 3], dtype="Int64"), target=pd.Categorical(["positive"] * 3))
    read, _ = responses(table)
    assert [(each.sample_id, each.target) for each in read] == [
        ("1", "positive"), ("2", "positive"), ("3", "positive"),
    ]  # fmt: skip
    read, _ = responses(frame(id=[1.0, 2.0, np.nan]).astype({"response": "string"}))
    assert [each.sample_id for each in read] == ["1", "2", "line 3"]


def test_a_row_that_cannot_be_scored_is_warned_of_with_its_number_and_reason():
    table = frame(task=["fi_2", "mood", "fi_2"])
    with pytest.warns(UserWarning, match="DataFrame: faults in what was read: 1 not scored") as caught:
        scores = vecbench.score(table)
    [warning] = caught
    assert "DataFrame, line 2: unknown task 'mood', and the row brings no candidates" in str(warning.message)
    assert warning.filename == __file__
    assert scores.overall.pooled.n == 2


def test_a_sample_without_a_response_is_warned_of():
    with pytest.warns(UserWarning, match="DataFrame: samples without a response: 1$"):
        scores = vecbench.score(frame(response=[RIGHT, None, RIGHT]))
    assert scores.overall.pooled.n == 3


def test_a_frame_without_a_fault_is_scored_in_silence():
    assert vecbench.score(frame()).overall.pooled.metrics["accuracy"].value == pytest.approx(2 / 3)


def test_confidences_alone_are_scored_as_arrays_are():
    table = pd.DataFrame({"correct": [True, False], "confidence": [0.9, 0.4]}, index=[7, 3])
    expected = vecbench.score_confidences([0.9, 0.4], [True, False]).to_frame()
    pd.testing.assert_frame_equal(vecbench.score(table).to_frame(), expected)
    with pytest.raises(UsageError, match="the protocol emocaliber reads responses"):
        vecbench.score(table, "emocaliber")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (frame().drop(columns="response"), "the DataFrame has the columns task, id, target"),
        (frame().drop(columns="target"), "the DataFrame has the columns task, id, response"),
        (pd.DataFrame({"confidence": [0.5], "correct": [True], "task": "fi_2"}), "confidence, correct, task"),
        (pd.DataFrame(), "the DataFrame has the columns none"),
        (pd.concat([frame(), frame()[["task"]]], axis=1), "the DataFrame has two columns 'task'"),
    ],
)
def test_a_frame_that_holds_no_responses_is_refused(table, message):
    with pytest.raises(UsageError, match=message):
        vecbench.score(table)


@pytest.mark.parametrize("source", [None, [RIGHT], {"response": [RIGHT]}, 3])
def test_what_is_neither_a_path_nor_a_frame_is_a_type_error(source):
    with pytest.raises(TypeError, match="a path or a pandas DataFrame is expected"):
        vecbench.score(source)
    with pytest.raises(TypeError, match="a path or a pandas DataFrame is expected"):
        vecbench.compare(frame(), source)
