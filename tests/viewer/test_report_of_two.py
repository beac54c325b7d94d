"""Reports of two runs, of files of several models, and of rows beyond those that are shown."""

import json

import pytest
from eemo_miniature import lists
from fakes import ANSWER, ScriptedEngine, Watcher, make_data, make_plan
from simulated_runs import simulated, write_run
from viewer.written import Blocks

from vecbench.cli import main
from vecbench.errors import UsageError
from vecbench.run import run as generate
from vecbench.store import RunDirectory
from vecbench.viewer.report import report_of


def test_each_run_says_what_it_was_asked(tmp_path):
    data = make_data(tmp_path / "data", ["joy", "fear"])
    for profile in ("standard", "direct"):
        directory = RunDirectory(tmp_path / profile)
        plan = make_plan(data, profile=profile)
        generate(plan, lambda: ScriptedEngine(lambda _: ANSWER), directory, Watcher())
    path = report_of(tmp_path / "standard", tmp_path / "direct", tmp_path / "report").path
    page = Blocks(path)
    asked = page.texts[0]["prompt"], page.texts[0]["runs"][1]["prompt"]
    first, second = (page.report["prompts"][place] for place in asked)
    assert first != second
    assert "prompt" not in page.texts[0]["runs"][0]
    assert [run["name"] for run in page.report["runs"]] == ["fake (standard)", "fake (direct)"]


def test_places_are_the_same_whether_all_rows_are_shown_or_not(tmp_path):
    run = write_run(tmp_path / "run", simulated({"emoji_7": 12}, seed=1))
    every = Blocks(report_of(run, None, tmp_path / "all", images=False).path)
    some = Blocks(report_of(run, None, tmp_path / "some", images=False, most=5).path)
    spans = {name: row["runs"][0]["spans"] for name, row in zip(every.rows["id"], every.texts, strict=True)}
    assert all(len(each) == 2 for each in spans.values())
    assert [row["runs"][0]["spans"] for row in some.texts] == [spans[name] for name in some.rows["id"]]


def test_a_file_of_several_models_is_refused_with_their_names(tmp_path):
    rows = json.loads((lists(tmp_path) / "EEmo-Bench(pair).json").read_text())
    for row in rows:
        row |= {
            f"{what}({model})": "A" for model in ("first", "second") for what in ("response", "eval_result")
        }
    path = tmp_path / "EEmo-Bench(all-pair).json"
    path.write_text(json.dumps(rows))
    with pytest.raises(UsageError, match="the answers of 2 models: first, second") as refused:
        report_of(path, None, tmp_path / "report")
    assert "#first" in refused.value.remedy
    assert not (tmp_path / "report").exists()
    named = report_of(tmp_path / "EEmo-Bench(all-pair).json#second", None, tmp_path / "report", images=False)
    assert Blocks(named.path).report["runs"][0]["name"] == "EEmo-Bench(all-pair).json#second"


def test_whoever_stops_a_report_is_told_how_to_start_it_again(tmp_path, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("vecbench.viewer.report.report_of", stopped)
    with pytest.raises(SystemExit) as ended:
        main(["report", str(tmp_path)])
    assert ended.value.code == 4
    assert "the report was stopped" in capsys.readouterr().err
