"""Scored options in vLLM: those of the transformers engine, whatever the model."""

from dataclasses import replace

import pytest
from engine_contract import PROMPT, request
from fakes import made_image
from option_oracle import with_options

from vecbench.shipped import demo_model

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]

SETTINGS = {"dtype": "float32", "enforce_eager": True, "max_model_len": 256, "max_num_seqs": 8}


def asked():
    pair = request("pair", "red", max_tokens=4)
    return [
        with_options(request("short", "red", "Which?", max_tokens=4)),
        with_options(request("long", "blue", PROMPT, max_tokens=4), prefix=""),
        with_options(request("blank", "green", "Which one?", max_tokens=4), ("A", "B"), "It is "),
        with_options(replace(pair, images=(*pair.images, made_image("blue", (90, 40))))),
        with_options(request("many", max_tokens=4), tuple(map(chr, range(0x4E00, 0x4E00 + 150)))),
        with_options(request("same", max_tokens=4), ("joy", "joy")),
        with_options(request("no room", max_tokens=4), ("joy", "fear " * 600)),
        request("none", "green", "Which one is it?", max_tokens=4),
    ]


def found_by(engine):
    try:
        return {each.key: each for each in engine.generate(asked())}
    finally:
        engine.close()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", ["nano", "tiny_qwen"])
def test_options_are_scored_as_by_transformers(name, workers, request):
    from vecbench.engines.transformers import TransformersEngine
    from vecbench.engines.vllm import VllmEngine

    model = str(demo_model() if name == "nano" else request.getfixturevalue("tiny_qwen"))
    settings = SETTINGS | {"max_model_len": 512, "image_workers": workers}
    ours = found_by(VllmEngine(model, settings, most_images=2))
    theirs = found_by(TransformersEngine(model, {"dtype": "float32"}))
    for key, response in theirs.items():
        assert (response.error, ours[key].error) == (None, None)
        assert ours[key].text == response.text
        assert ours[key].option_log_probabilities == pytest.approx(
            response.option_log_probabilities, abs=1e-3
        )
    assert [key for key, each in ours.items() if each.options_fault] == [
        key for key in ours if key in {"same", "no room"}
    ]
    assert "the model's context 512" in ours["no room"].options_fault
    assert len(ours["many"].option_log_probabilities) == 150


def test_a_mode_that_hides_probabilities_is_said(tiny_qwen):
    from vecbench.engines.vllm import VllmEngine

    found = found_by(VllmEngine(str(tiny_qwen), SETTINGS | {"logprobs_mode": "raw_logits"}, most_images=2))
    assert "logprobs_mode=raw_logits" in found["short"].options_fault
    assert found["short"].text is not None
