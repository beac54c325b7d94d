"""`--gen-kwargs`, and what of it is in a response's key."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from fakes import make_data, make_plan

from vecbench.engines import Sampling
from vecbench.errors import UsageError
from vecbench.run import response_key
from vecbench.run.sampling import task_sampling, with_settings
from vecbench.store.manifest import SamplingRecord
from vecbench.tasks import load_catalogue

FURTHER = {"top_k": 20, "min_p": 0.05, "repetition_penalty": 1.05, "thinking_budget": 512}


def test_every_setting_has_its_name_and_takes_the_place_of_the_tasks():
    assert with_settings(Sampling(temperature=1.0), FURTHER) == Sampling(temperature=1.0, **FURTHER)
    assert with_settings(Sampling(), {"min_p": 1, "thinking_token_budget": 9}) == Sampling(
        min_p=1.0, thinking_budget=9
    )
    assert with_settings(Sampling(**FURTHER), {"thinking_budget": None, "top_k": 0}).further == {
        "min_p": 0.05,
        "repetition_penalty": 1.05,
    }


@pytest.mark.parametrize(
    ("settings", "message", "remedy"),
    [
        ({"top_k": -1}, "top_k=-1 is not possible", "0 for all tokens"),
        ({"top_k": 2.5}, "top_k=2.5 is not possible", "whole number"),
        ({"top_k": True}, "top_k=True is not possible", "whole number"),
        ({"top_k": None}, "top_k=None is not possible", "whole number"),
        ({"min_p": 1.5}, "min_p=1.5 is not possible", "from 0 to 1"),
        ({"min_p": "a"}, "min_p='a' is not possible", "from 0 to 1"),
        ({"repetition_penalty": 0}, "repetition_penalty=0 is not possible", "above 0"),
        ({"repetition_penalty": float("nan")}, "repetition_penalty=nan is not possible", "above 0"),
        ({"thinking_budget": -1}, "thinking_budget=-1 is not possible", "whole number of tokens"),
        ({"thinking_token_budget": 0.5}, "thinking_token_budget=0.5 is not possible", "whole number"),
        ({"thinking_budget": 1024}, "thinking_budget=1024 leaves no room .* 1024 tokens", "max_gen_toks"),
        ({"thinking_budget": 1, "thinking_token_budget": 1}, "are the same setting", "one of them"),
        ({"repetition_penality": 1}, "unknown setting", "repetition_penalty"),
    ],
)
def test_what_a_setting_cannot_be_is_refused(settings, message, remedy):
    with pytest.raises(UsageError, match=message) as caught:
        with_settings(Sampling(), settings)
    assert remedy in caught.value.remedy


def test_a_key_holds_the_settings_that_are_used_and_no_others(tmp_path):
    plan = make_plan(make_data(tmp_path, ["joy"]))
    [task] = plan.tasks
    [sample] = task.data.samples(task.task)

    def key(**settings):
        return response_key(plan, Sampling(max_tokens=64, **settings), sample, "prompt", "0" * 64, 0)

    parts = {
        "model": "fake",
        "revision": "1",
        "sampling": {"temperature": 0.0, "top_p": 1.0, "max_tokens": 64, "stop": [], "seed": None},
        "prompt": "prompt",
        "image": "0" * 64,
        "pixel_limits": {},
        "task": "emoji_7",
        "sample": sample.id,
        "target": "joy",
        "candidates": list(sample.candidates),
        "repeat": 0,
    }
    for settings in (
        {},
        {"top_k": 20},
        {"min_p": 0.05},
        {"repetition_penalty": 1.05},
        {"thinking_budget": 0},
    ):
        said = parts | {"sampling": parts["sampling"] | settings}
        assert key(**settings) == sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def test_a_task_file_may_say_what_lm_eval_has_a_name_for(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "task: vecbench_mine_2\nmetadata: {version: 1.0, vecbench: {labels: [joy, fear]}}\n"
        "generation_kwargs: {until: [], max_gen_toks: 99, top_k: 20, min_p: 0.05, repetition_penalty: 1.05}\n"
    )
    task = load_catalogue([tmp_path]).tasks["mine_2"]
    expected = Sampling(max_tokens=99, top_k=20, min_p=0.05, repetition_penalty=1.05)
    assert task_sampling(task) == expected


def test_a_record_of_an_earlier_version_has_none_of_it():
    record = SamplingRecord.model_validate({"temperature": 0, "top_p": 1, "max_tokens": 9, "stop": []})
    assert Sampling(**record.model_dump() | {"stop": ()}) == Sampling(max_tokens=9)
    assert record.further == {}
    assert replace(Sampling(), **FURTHER).further == FURTHER
