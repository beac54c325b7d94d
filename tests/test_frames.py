"""Frames say what the command line's JSON says, row by row."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest
from simulated_runs import CATALOGUE, simulated, write_run

import vecbench
from vecbench.frames import prediction_frame
from vecbench.parsing import Prediction, Reading
from vecbench.scoring import score as score_rows
from vecbench.tasks.task import Headline

SCORES = ["scope", "name", "subset", "source", "metric", "value", "low", "high", "n", "method", "why"]
BASELINE = simulated({"emoset_8": 120, "fi_2": 60, "fi_8": 90}, seed=1, right=0.6)
CANDIDATE = simulated({"emoset_8": 120, "fi_2": 60, "fi_8": 90}, seed=2)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return write_run(folder / "a", BASELINE), write_run(folder / "b", CANDIDATE)


def printed(*arguments):
    command = [sys.executable, "-m", "vecbench", *map(str, arguments)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def same(number, said):
    return math.isnan(number) if said is None else number == said


def test_scores_are_the_document_that_the_command_line_prints(runs):
    said = printed("score", runs[0], "--format", "json", "--no-figures")
    scores = vecbench.score(runs[0])
    assert json.loads(scores.as_json()) == said


@pytest.mark.parametrize("protocol", ["strict", "emocaliber", "emobserver"])
def test_a_frame_of_scores_has_the_rows_of_scores_json_in_its_order(runs, protocol):
    said = json.loads(vecbench.score(runs[0], protocol).as_json())
    frame = vecbench.score(runs[0], protocol).to_frame()
    assert frame.columns.tolist() == SCORES
    expected = [
        (scope, name, key, each)
        for level, name, block in [
            *(("task", name, block) for name, block in said["tasks"].items()),
            *(("group", name, block) for name, block in said["groups"].items()),
            ("overall", "overall", said["overall"]),
        ]
        for scope, metrics in ((level, block["metrics"]), (f"{level} macro", block.get("macro", {})))
        for key, each in metrics.items()
    ]
    assert len(frame) == len(expected) > 0
    for row, (scope, name, key, each) in zip(frame.itertuples(), expected, strict=True):
        assert (row.scope, row.name, row.subset, row.source, row.metric) == (scope, name, "", "stated", key)
        assert row.n == each["n"]
        for column in ("value", "low", "high"):
            assert same(getattr(row, column), each.get(column))
        assert (row.method, row.why) == (each.get("method", ""), each.get("why", each.get("no_interval", "")))


def test_numbers_are_numbers_even_where_all_are_undefined():
    frame = score_rows([], "strict", CATALOGUE, replicates=0).to_frame()
    assert (frame.dtypes[["value", "low", "high"]] == "float64").all()
    assert frame.dtypes["n"] == "int64"
    assert frame.value.isna().all()
    assert set(frame.why) == {"there are no rows"}


def attributed(sample, answer, question):
    reading = Reading(answer, "ok", 0.75, "ok")
    return Prediction(
        sample, "vqa", sample, 0, "joy", ("joy", "fear"), reading, attributes={"question": question}
    )


@pytest.fixture
def rows_with_subsets():
    return [
        attributed("a", "joy", "How"),
        attributed("b", "fear", "How"),
        attributed("c", "joy", "What"),
        attributed("d", "joy", "What"),
        attributed("e", "fear", "What"),
        attributed("f", "joy", "What"),
    ]


@pytest.fixture
def with_subsets():
    task = replace(
        CATALOGUE.tasks["fi_2"],
        id="vqa",
        labels=("joy", "fear"),
        subsets=("question",),
        headline=Headline("mean_of", ("How", "What")),
    )
    return replace(CATALOGUE, tasks={"vqa": task}, groups={})


def test_subsets_and_the_headline_have_rows_of_their_own(rows_with_subsets, with_subsets):
    frame = score_rows(rows_with_subsets, "strict", with_subsets, replicates=100).to_frame()
    of_task = frame[frame.scope == "task"]
    accuracy = of_task[of_task.metric == "accuracy"].set_index("subset")
    assert accuracy.index.tolist() == ["", "question=How", "question=What"]
    assert accuracy.value.round(3).tolist() == [0.667, 0.5, 0.75]
    assert accuracy.n.tolist() == [6, 2, 4]
    [headline] = of_task[of_task.metric == "headline"].itertuples()
    assert (headline.value, headline.subset) == (0.625, "")


def test_predictions_have_attributes_as_columns(rows_with_subsets):
    odd = replace(rows_with_subsets[0], attributes={"question": "How", "kind": "x"})
    frame = prediction_frame([odd, *rows_with_subsets[1:]], {"vqa"})
    assert frame.columns[-2:].tolist() == ["question", "attribute kind"]
    assert frame["question"].tolist() == ["How"] * 2 + ["What"] * 4
    assert frame["attribute kind"].tolist()[0] == "x"
    assert frame["attribute kind"].isna().sum() == 5
    assert frame.right.dtype == bool
    assert frame.right.tolist() == [True, False, True, True, False, True]


def test_what_a_kind_does_not_judge_is_neither_right_nor_wrong(rows_with_subsets):
    frame = prediction_frame([*rows_with_subsets, replace(rows_with_subsets[0], task="grades")], {"vqa"})
    assert frame.right.isna().tolist() == [False] * 6 + [True]
    assert frame.right.sum() == 4


def test_a_frame_of_differences_has_the_rows_of_the_comparison(runs):
    said = printed("compare", *runs, "--format", "json")
    comparison = vecbench.compare(*runs)
    frame = comparison.to_frame()
    assert {"scope", "name", "source", "metric", "value", "low", "high", "n", "method"} <= set(frame.columns)
    assert frame.change.equals(frame.value.rename("change"))
    blocks = [
        *(("task", name, block) for name, block in said["tasks"].items()),
        *(("group", name, block) for name, block in said["groups"].items()),
        ("overall", "overall", said["overall"]),
    ]
    rows = iter(frame.itertuples())
    for level, name, block in blocks:
        macro = (f"{level} macro", len(block["tasks"]), block.get("macro", {}))
        for scope, n, metrics in ((level, block["n"], block["metrics"]), macro):
            for key, each in metrics.items():
                row = next(rows)
                assert (row.scope, row.name, row.metric, row.n) == (scope, name, key, n)
                for column in ("baseline", "candidate", "change", "low", "high", "p", "p_holm"):
                    if row.method or column in ("baseline", "candidate", "change"):
                        assert same(getattr(row, column), each.get(column)), (name, key, column)
                assert (row.method, row.why) == (each.get("method") or "", each.get("why") or "")
    assert next(rows, None) is None
    adjusted = frame[frame.p_holm.notna()]
    assert {"task", "overall", "overall macro"} <= set(adjusted.scope)
    assert len(adjusted) == comparison.differences.family


def test_a_change_is_candidate_less_baseline(runs):
    there = vecbench.compare(*runs).to_frame()
    back = vecbench.compare(*reversed(runs)).to_frame()
    accuracy = (there.metric == "accuracy") & (there.scope == "overall")
    assert there.change[accuracy].item() == pytest.approx(-back.change[accuracy].item()) != 0
    assert there.baseline.equals(back.candidate.rename("baseline"))


def test_an_empty_frame_has_its_columns():
    frame = prediction_frame([], set())
    assert frame.columns.tolist() == [
        "task", "sample_id", "repeat", "kind", "target", "answer", "answer_status", "confidence",
        "confidence_status", "right",
    ]  # fmt: skip
    assert isinstance(frame, pd.DataFrame)
