import os
from pathlib import Path

import pandas as pd
import pytest
from fakes import ANSWER, ScriptedEngine, Watcher, make_data, make_plan
from simulated_runs import response, simulated, write_run

import vecbench
from vecbench.errors import UsageError
from vecbench.run import run as generate
from vecbench.store import RunDirectory

LABELS = ["joy", "fear", "joy", "anger", "love"]


@pytest.fixture
def stored(tmp_path):
    """A run of five samples, the last of which states nothing that could be read."""
    data = make_data(tmp_path / "data", LABELS)
    directory = RunDirectory(tmp_path / "run")
    answers = iter([ANSWER] * 4 + ["I do not know."])
    generate(make_plan(data), lambda: ScriptedEngine(lambda _: next(answers)), directory, Watcher())
    return directory.path


def test_a_run_says_what_was_run(stored):
    run = vecbench.load_run(stored)
    assert run.manifest.model.name == "fake"
    assert repr(run) == f"<Run {stored}: fake on emoji_7, complete>"
    assert os.fspath(run) == str(stored) == str(run.path)


def test_predictions_say_what_each_response_says(stored):
    frame = vecbench.load_run(str(stored)).predictions()
    assert frame.target.tolist() == LABELS
    assert frame.answer.tolist()[:4] == ["joy"] * 4
    assert pd.isna(frame.answer[4])
    assert frame.answer_status.tolist() == ["ok"] * 4 + ["no_answer"]
    assert frame.confidence.dtype == "float64"
    assert frame.confidence.tolist()[:4] == [0.75] * 4
    assert frame.confidence.isna().tolist() == [False] * 4 + [True]
    assert frame.right.tolist() == [True, False, True, False, False]
    assert set(frame.kind) == {"label"}


def test_predictions_give_the_scores_of_the_run(stored):
    run = vecbench.load_run(stored)
    with pytest.warns(UserWarning, match="1 of 5 answers are not read"):
        frame = run.scores().to_frame()
    predictions = run.predictions()
    alone = vecbench.score_confidences(predictions.confidence, predictions.right).to_frame()
    columns = ["metric", "value", "low", "high", "n", "method", "why"]
    of_task = frame[(frame.scope == "task") & frame.metric.isin(alone.metric)]
    pd.testing.assert_frame_equal(of_task[columns].reset_index(drop=True), alone[columns])


def test_responses_are_verbatim_and_in_their_order(tmp_path):
    rows = [
        response("fi_2", "a", None, None, response=None, error="out of memory", finish_reason=None),
        response("fi_2", "b", "negative", 0.6),
        response("fi_2", "a", "positive", 0.9, attributes={"question": "How"}),
    ]
    frame = vecbench.load_run(write_run(tmp_path / "run", rows)).responses()
    assert frame.sample_id.tolist() == ["a", "b", "a"]
    assert frame.response.tolist()[1:] == [each.response for each in rows[1:]]
    assert frame.error.tolist()[0] == "out of memory"
    assert frame.columns.tolist()[:4] == ["task", "sample_id", "repeat", "key"]
    assert "stated_target" not in frame.columns


def test_a_run_is_read_by_another_protocol(tmp_path):
    rows = [
        response("fi_2", "a", None, None, response="<answer>positive</answer><confidence>95</confidence>")
    ]
    run = vecbench.load_run(write_run(tmp_path / "run", rows))
    assert run.predictions().confidence.isna().all()
    assert run.predictions("emocaliber").confidence.tolist() == [1.0]
    assert run.scores("emocaliber").protocol == "emocaliber"
    with pytest.raises(UsageError, match="unknown protocol 'emocalibre'"):
        run.predictions("emocalibre")


def test_a_run_stands_where_its_directory_can(tmp_path):
    runs = [
        vecbench.load_run(write_run(tmp_path / name, simulated({"fi_2": 60}, seed=seed)))
        for name, seed in (("a", 1), ("b", 2))
    ]
    assert repr(runs[0]) == f"<Run {tmp_path / 'a'}>"
    pd.testing.assert_frame_equal(vecbench.score(runs[0]).to_frame(), runs[0].scores().to_frame())
    comparison = vecbench.compare(*runs, replicates=200)
    assert [side.path for side in (comparison.baseline, comparison.candidate)] == [run.path for run in runs]


def test_what_a_run_lacks_is_warned_of_wherever_it_is_read(stored):
    lines = (stored / "responses.jsonl").read_bytes().splitlines(keepends=True)
    (stored / "responses.jsonl").write_bytes(b"".join(lines[:3]))
    run = vecbench.load_run(stored)
    for read in (run.responses, run.predictions, run.scores, lambda: vecbench.score(stored)):
        with pytest.warns(UserWarning, match=f"{stored}: responses that are not there: 2 of 5") as caught:
            read()
        assert [each.filename for each in caught] == [__file__]
    assert run.path == stored


def test_what_holds_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no directory nowhere"):
        vecbench.load_run("nowhere")
    with pytest.raises(UsageError, match=r"neither run\.json nor responses\.jsonl"):
        vecbench.load_run(tmp_path)
    file = tmp_path / "rows.jsonl"
    file.write_text("{}")
    with pytest.raises(UsageError, match="there is no directory"):
        vecbench.load_run(file)


def test_a_run_of_tasks_of_ones_own_is_read_with_their_folder(tmp_path):
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    (tasks / "comics_2.yaml").write_text(
        "task: comics_2\nmetadata: {version: 1.0, vecbench: {labels: [joy, fear]}}\n"
    )
    rows = [
        response("comics_2", "a", "joy", 0.9, target="joy", candidates=("joy", "fear")),
        response("comics_2", "b", "joy", 0.8, target="fear", candidates=("joy", "fear")),
    ]
    path = write_run(tmp_path / "run", rows)
    for folders in (tasks, str(tasks), [tasks], (Path(tasks),)):
        assert vecbench.load_run(path, include_path=folders).include_path == (tasks,)
        assert vecbench.score(path, include_path=folders).names["comics_2"]
    assert "comics_2" not in vecbench.score(path).names
