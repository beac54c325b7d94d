"""`vecbench.evaluate`: what `vecbench run` does, with an engine that answers from a script."""

import json
import re

import pytest
from fakes import ANSWER, ScriptedEngine, make_data

import vecbench
from vecbench.errors import RunError, UsageError
from vecbench.run import evaluation
from vecbench.shipped import demo_model

LABELS = ["joy", "fear", "joy", "anger", "love"]


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path / "data", LABELS)


@pytest.fixture
def engines(monkeypatch):
    """The class of the engines, whose `script` answers, and then the engines that were made."""
    made = []

    class Made(ScriptedEngine):
        script = staticmethod(lambda _: ANSWER)

        def __init__(self, *arguments):
            super().__init__(type(self).script)
            self.arguments = arguments
            made.append(self)

    monkeypatch.setattr(evaluation, "create_engine", Made)
    monkeypatch.setattr(evaluation, "check_engine", lambda *_: None)
    made.append(Made)
    yield made
    made.clear()


def evaluated(data, output, **options):
    return vecbench.evaluate(demo_model(), ["emoji_7"], data=data, output=output, **options)


def test_a_run_is_generated_scored_and_returned(data, tmp_path, engines):
    run = evaluated(data, tmp_path / "run")
    assert repr(run) == f"<Run {tmp_path / 'run'}: vecbench-nano on emoji_7, complete>"
    written = json.loads((run.path / "scores.json").read_text())
    assert written == json.loads(run.scores().as_json())
    assert written["tasks"]["emoji_7"]["metrics"]["accuracy"]["value"] == 0.4
    assert run.predictions().right.tolist() == [True, False, True, False, False]
    assert (run.path / "summary.md").exists()
    assert any((run.path / "figures").iterdir())


def test_options_are_those_of_the_command_line(data, tmp_path, engines):
    run = vecbench.evaluate(
        str(demo_model()), "emoji_7", data=str(data), engine="transformers", model_args={"batch_size": 2},
        prompt="verbalized", limit=2, repeats=2, seed=5, gen_kwargs={"temperature": 0.7, "max_gen_toks": 9},
        output=str(tmp_path / "run"),
    )  # fmt: skip
    said = run.manifest
    assert (said.limit, said.repeats, said.seed) == (2, 2, 5)
    assert (said.tasks["emoji_7"].prompt, said.tasks["emoji_7"].samples) == ("verbalized", 2)
    assert (said.tasks["emoji_7"].sampling.temperature, said.tasks["emoji_7"].sampling.max_tokens) == (0.7, 9)
    assert engines[-1].arguments[:3] == ("transformers", str(demo_model()), {"batch_size": 2})
    assert len(run.responses()) == 4


def test_the_same_call_goes_on_with_what_is_stored(data, tmp_path, engines):
    evaluated(data, tmp_path / "run", limit=2)
    evaluated(data, tmp_path / "run", limit=5)
    assert [len(engine.requests) for engine in engines[1:]] == [2, 3]


def test_the_directory_is_named_after_the_model_unless_told(data, tmp_path, engines, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(evaluated(data, None).path) == "results/vecbench-nano"


def test_samples_that_failed_are_warned_of_and_count_as_wrong(data, tmp_path, engines):
    answers = iter([ANSWER, None, ANSWER, ANSWER, ANSWER])
    engines[0].script = staticmethod(lambda _: next(answers))
    with pytest.warns(UserWarning, match=re.escape(f"{tmp_path / 'run'}: samples without a response: 1")):
        run = evaluated(data, tmp_path / "run")
    assert run.manifest.status == "incomplete"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "--limit 0 is not possible"),
        ({"repeats": 0}, "--repeats 0 is not possible"),
        ({"repeats": 2}, "decoded greedily"),
        ({"gen_kwargs": {"temprature": 1}}, "unknown setting 'temprature'"),
        ({"prompt": "nice"}, "nice"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(data, tmp_path, engines, options, message):
    with pytest.raises(UsageError, match=message):
        evaluated(data, tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()
    assert len(engines) == 1


def test_tasks_are_a_list_or_a_text_with_commas(tmp_path, engines):
    for name, tasks in (("a", ["emoji_2", "emoji_7"]), ("b", "emoji_2,emoji_7"), ("c", iter(["demo"]))):
        with pytest.warns(UserWarning, match="answers are not read"):  # joy is no sentiment
            run = vecbench.evaluate(demo_model(), tasks, output=tmp_path / name, limit=1)
        assert {"emoji_2", "emoji_7"} <= run.manifest.tasks.keys()
    with pytest.raises(UsageError, match="unknown task or group 'emoji_8'"):
        vecbench.evaluate(demo_model(), ["emoji_8"])


def test_a_fault_in_the_middle_says_how_to_go_on(data, tmp_path, engines):
    answers = iter([ANSWER, ANSWER])

    def fail(_):
        for answer in answers:
            return answer
        raise RunError("the device is gone")

    engines[0].script = staticmethod(fail)
    with pytest.raises(RunError, match="the device is gone") as fault:
        evaluated(data, tmp_path / "run")
    assert fault.value.remedy == "The same call goes on with it."
    assert fault.value.__notes__ == ["The same call goes on with it."]
