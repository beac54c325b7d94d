"""Scores in tools that track runs: what these are told, by fakes that have what is used and no more."""

import json
import subprocess
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import pytest

from vecbench.errors import RunError, UsageError
from vecbench.loggers.logger import config_of, metrics_of
from vecbench.loggers.registry import LOGGERS, asked_loggers
from vecbench.scoring import STRICT, score_responses
from vecbench.store import StoredResponse
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()


@pytest.fixture(scope="module")
def scores():
    answers = {"joy": "<answer>joy</answer><confidence>0.9</confidence>", "fear": "<answer>joy</answer>"}
    responses = [
        StoredResponse(
            target, "emoji_7", target, 0, target, CATALOGUE.tasks["emoji_7"].labels, "", None, "", text,
            "stop", None, None, None,
        )
        for target, text in answers.items()
    ]  # fmt: skip
    run = {"model": "org/model", "sampling": {"emoji_7": {"temperature": 0.0}}, "limit": None}
    return score_responses(responses, STRICT, CATALOGUE, run).scores


class Calls(list):
    """What was called, with what."""

    def taking(self, name, result=None):
        def called(*arguments, **named):
            self.append((name, *arguments, named) if named else (name, *arguments))
            return result

        return called


def wandb(calls):
    run = SimpleNamespace(
        config=SimpleNamespace(update=calls.taking("config")),
        log=calls.taking("metrics"),
        finish=calls.taking("close"),
    )
    return {
        "init": calls.taking("init", run),
        "Image": lambda path: f"image of {path}",
        "api": SimpleNamespace(api_key=None),
    }


def mlflow(calls):
    return {
        "set_experiment": calls.taking("project"),
        "start_run": calls.taking("init"),
        "log_params": calls.taking("config"),
        "log_metrics": calls.taking("metrics"),
        "log_artifact": calls.taking("figure"),
        "end_run": calls.taking("close"),
    }


def trackio(calls):
    return {
        "init": calls.taking("init"),
        "log": calls.taking("metrics"),
        "Image": lambda path: f"image of {path}",
        "finish": calls.taking("close"),
    }


FAKES = {"wandb": wandb, "mlflow": mlflow, "trackio": trackio}


@pytest.fixture
def calls(monkeypatch):
    """What the tools are told, none of which is installed."""
    told = Calls()
    for name, functions in FAKES.items():
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        vars(module).update(functions(told))
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.delitem(sys.modules, f"vecbench.loggers.{name}", raising=False)
    for variable in ("WANDB_MODE", "TRACKIO_PROJECT"):
        monkeypatch.delenv(variable, raising=False)
    yield told
    for name in FAKES:
        sys.modules.pop(f"vecbench.loggers.{name}", None)


def test_every_tool_has_an_extra():
    assert LOGGERS.keys() == FAKES.keys()


def test_metrics_are_named_by_what_they_are_of(scores):
    values = metrics_of(scores)
    assert values["emoji_7/accuracy"] == values["overall/accuracy"] == 0.5
    assert values["overall_macro/accuracy"] == 0.5
    assert values["emoji_7/accuracy_low"] < 0.5 < values["emoji_7/accuracy_high"]
    assert values["emoji_7/coverage"] == 0.5
    assert "emoji_7/auroc" not in values  # undefined
    assert all(isinstance(value, float) for value in values.values())


def test_the_configuration_is_flat_and_lacks_what_is_not_known(scores):
    said = config_of(scores)
    assert said["model"] == "org/model"
    assert said["sampling.emoji_7.temperature"] == 0.0
    assert said["protocol"] == "strict"
    assert "limit" not in said


@pytest.mark.parametrize("name", FAKES)
def test_a_tool_is_told_settings_metrics_and_figures_and_is_closed(calls, scores, tmp_path, name):
    [logger] = asked_loggers([f"{name}:mine"])
    logger.log(scores, "org/model", [tmp_path / "b.png", tmp_path / "a.png"])
    named = json.dumps([each for each in calls if each[0] in {"init", "project"}], default=str)
    assert "mine" in named
    assert "org/model" in named
    told = {name: each for name, *each in calls}
    assert list(told)[-1] == "close"
    metrics = next(values for called, values, *_ in calls if called == "metrics")
    assert metrics == metrics_of(scores)
    assert "org/model" in json.dumps(told["init" if name == "trackio" else "config"])
    assert any("a.png" in str(each) for each in calls)


def test_weights_and_biases_stays_offline_where_nobody_is_logged_in(calls, scores, monkeypatch):
    [logger] = asked_loggers(["wandb"])
    logger.log(scores, "m", [])
    assert calls[0][1]["mode"] == "offline"
    calls.clear()
    monkeypatch.setenv("WANDB_MODE", "shared")
    logger.log(scores, "m", [])
    assert "mode" not in calls[0][1]
    monkeypatch.delenv("WANDB_MODE")
    sys.modules["wandb"].api.api_key = "known"
    calls.clear()
    logger.log(scores, "m", [])
    assert "mode" not in calls[0][1]


def test_mlflow_is_told_so_many_at_a_time_under_names_that_it_takes(calls, monkeypatch):
    module = import_module("vecbench.loggers.mlflow")
    logger = module.MlflowLogger(None, "run")
    monkeypatch.setattr(module, "MOST_METRICS", 2)
    logger.metrics({"ö?/a": 1.0, "b": 2.0, "c": 3.0})
    logger.config({"long": "x" * 7000})
    assert [each[1] for each in calls if each[0] == "metrics"] == [{"ö_/a": 1.0, "b": 2.0}, {"c": 3.0}]
    assert len(calls[-1][1]["long"]) == 6000


def test_a_tool_that_fails_is_closed_and_the_scores_are_said_to_be_written(calls, scores):
    def fails(_):
        raise ConnectionError("no route")

    sys.modules["trackio"].log = fails
    with pytest.raises(
        RunError, match=r"--log trackio: the scores were written, and could not be .*: no route"
    ):
        asked_loggers(["trackio"])[0].log(scores, "m", [])
    assert calls[-1] == ("close",)


def test_what_a_tool_prints_is_no_part_of_the_output(calls, scores, capsys):
    sys.modules["trackio"].log = lambda _: print("look at me")
    asked_loggers(["trackio"])[0].log(scores, "m", [])
    assert capsys.readouterr() == ("", "look at me\n")


def test_several_are_asked_for_at_once(calls):
    asked = asked_loggers(["wandb, mlflow:first", "trackio:second"])
    assert [(each.name, each.project) for each in asked] == [
        ("wandb", None),
        ("mlflow", "first"),
        ("trackio", "second"),
    ]


@pytest.mark.parametrize("text", ["wandbb", "", "wandb:", "mlflow,nothing"])
def test_what_is_no_tool_is_refused(calls, text):
    with pytest.raises(UsageError, match="is no tool"):
        asked_loggers([text])


@pytest.mark.parametrize("name", FAKES)
def test_a_tool_that_is_missing_is_named_with_its_extra_before_anything_is_computed(tmp_path, name):
    """Before a model is loaded, too: the path of this one is none."""
    program = (
        "import sys, importlib.util as util\n"
        f"found = util.find_spec\nutil.find_spec = lambda name: None if name == {name!r} else found(name)\n"
        "from vecbench.cli import main\nmain(sys.argv[1:])\n"
    )
    command = ["run", "--model", str(tmp_path), "--tasks", "demo", "--log", name, "-o", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 2
    assert f"{name} is not installed" in done.stderr
    assert f"vecbench[{name}]" in done.stderr
