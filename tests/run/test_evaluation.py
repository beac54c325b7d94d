"""`vecbench.evaluate`: what `vecbench run` does, with an engine that answers from a script."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

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

        def __init__(self, *arguments, budgeted):
            super().__init__(type(self).script)
            self.arguments = arguments
            self.budgeted = budgeted
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


@pytest.mark.parametrize(
    ("engine", "wanted", "asked"),
    [
        ("transformers", None, True),
        ("vllm", None, True),
        ("auto", None, True),
        ("openai", None, False),
        ("openai", True, True),
        ("transformers", False, False),
    ],
)
def test_every_engine_is_asked_for_token_confidence_but_an_endpoint(
    data, tmp_path, engines, engine, wanted, asked
):
    evaluated(data, tmp_path / "run", engine=engine, token_confidence=wanted)
    assert {each.n_alternatives > 0 for each in engines[1].requests} == {asked}


def test_a_system_prompt_and_further_settings_are_part_of_the_run(data, tmp_path, engines):
    options = {
        "gen_kwargs": {"top_k": 20, "thinking_budget": 9},
        "system_prompt": "You are kind.",
        "limit": 1,
    }
    run = evaluated(data, tmp_path / "run", **options)
    [asked] = engines[-1].requests
    assert engines[-1].budgeted
    assert (asked.system, asked.sampling.top_k, asked.sampling.thinking_budget) == ("You are kind.", 20, 9)
    assert run.manifest.answer_settings == {"system_prompt": "You are kind."}
    assert run.manifest.tasks["emoji_7"].sampling.further == {"top_k": 20, "thinking_budget": 9}
    plain = evaluated(data, tmp_path / "plain", limit=1)
    assert (engines[-1].requests[0].system, engines[-1].budgeted) == (None, False)
    assert plain.manifest.answer_settings == {}
    assert set(plain.responses().key).isdisjoint(run.responses().key)
    for other in ({"system_prompt": "You are unkind."}, {"system_prompt": None}):
        with pytest.raises(UsageError, match="system_prompt is You are kind"):
            evaluated(data, tmp_path / "run", **options | other)


def test_options_are_asked_for_only_where_it_is_said(data, tmp_path, engines):
    run = evaluated(data, tmp_path / "run", limit=1)
    assert engines[-1].requests[0].options == ()
    again = evaluated(data, tmp_path / "run", limit=1, score_options=True)
    assert len(engines[-1].requests[0].options) == 7
    assert run.responses().key.tolist() == again.responses().key.tolist()


def test_scored_options_reach_predictions_and_scores(data, tmp_path, engines, monkeypatch):
    generate = engines[0].generate

    def scoring(self, requests):
        for response in generate(self, requests):
            yield replace(response, option_log_probabilities=(-1.0,) * len(self.requests[-1].options))

    monkeypatch.setattr(engines[0], "generate", scoring)
    run = evaluated(data, tmp_path / "run", score_options=True)
    assert run.predictions().options[0]["joy"] == pytest.approx(1 / 7)
    written = json.loads((run.path / "scores.json").read_text())
    assert written["tasks"]["emoji_7"]["metrics"]["options_nll"]["value"] == pytest.approx(math.log(7))
    first = json.loads((run.path / "predictions.jsonl").read_text().splitlines()[0])
    assert first["options"]["joy"] == pytest.approx(1 / 7)
    levels = make_data(tmp_path / "valence", [5, 6], task="eemo_valence")
    options = {"data": levels, "output": tmp_path / "levels", "prompt": "published", "score_options": True}
    run = vecbench.evaluate(demo_model(), ["eemo_valence"], **options)
    assert run.predictions().answer.tolist() == [5.0, 5.0]


def adapter(folder, base):
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}))
    (folder / "adapter_model.safetensors").write_bytes(b"0")
    return folder


def test_an_adapter_is_run_on_its_base_and_is_a_model_of_its_own(data, tmp_path, engines, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = adapter(tmp_path / "kind-lora", str(demo_model()))
    run = vecbench.evaluate(made, "emoji_7", data=data, limit=1)
    assert engines[-1].arguments[1:3] == (str(demo_model()), {"lora": str(made)})
    assert str(run.path) == "results/kind-lora/emoji_7"
    named = evaluated(data, tmp_path / "named", model_args={"lora": str(made)}, limit=1)
    assert engines[-1].arguments[1:3] == (str(demo_model()), {"lora": str(made)})
    assert (run.manifest.model.name, named.manifest.model.name) == ("kind-lora", "vecbench-nano")
    assert run.manifest.model.revision == named.manifest.model.revision
    assert "+adapter:" in run.manifest.model.revision


def test_an_adapter_whose_base_is_not_here_is_told_how_to_name_another(data, tmp_path, engines):
    made = adapter(tmp_path / "lora", "/home/ada/models/base")
    with pytest.raises(UsageError, match="there is no directory /home/ada/models/base") as caught:
        vecbench.evaluate(made, "emoji_7", data=data)
    assert f"-m MODEL -a lora={made}" in caught.value.remedy
    with pytest.raises(UsageError, match="is an adapter, and lora=other another"):
        vecbench.evaluate(made, "emoji_7", data=data, model_args={"lora": "other"})


def test_the_same_call_goes_on_with_what_is_stored(data, tmp_path, engines):
    evaluated(data, tmp_path / "run", limit=2)
    evaluated(data, tmp_path / "run", limit=5)
    assert [len(engine.requests) for engine in engines[1:]] == [2, 3]


def test_the_directory_is_named_after_model_and_tasks_unless_told(data, tmp_path, engines, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert evaluated(data, None).path == Path("results", "vecbench-nano", "emoji_7")


def test_another_configuration_is_refused_with_a_directory_that_is_free(data, tmp_path, engines):
    evaluated(data, tmp_path / "run")
    (tmp_path / "run-2").mkdir()
    with pytest.raises(UsageError) as refused:
        evaluated(data, tmp_path / "run", prompt="verbalized")
    assert f"--output {tmp_path / 'run-3'}." in refused.value.remedy
    evaluated(data, tmp_path / "run-3", prompt="verbalized")


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
        ({"system_prompt": " "}, "--system-prompt is empty"),
        ({"engine": "openai", "score_options": True}, "openai engine cannot score options"),
        ({"gen_kwargs": {"min_p": 2}}, "min_p=2 is not possible"),
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
