"""The transformers engine on the bundled model."""

import json
import shutil

import pytest
import torch
from engine_contract import PROMPT, EngineContract, request, texts
from fakes import made_image

from vecbench.engines import Request, Sampling, create_engine
from vecbench.engines.logits import SeededSampling
from vecbench.engines.transformers import (
    TransformersEngine,
    is_broken_device,
    is_out_of_memory,
)
from vecbench.errors import RunError, UsageError
from vecbench.shipped import demo_model


@pytest.fixture(scope="module")
def engine():
    made = TransformersEngine(str(demo_model()), {"batch_size": 4})
    yield made
    made.close()


class TestTransformersEngine(EngineContract):
    """As every engine does."""


def test_a_batch_says_what_its_requests_say_alone(engine):
    colours = ["red", "green", "blue", "white", "black", "yellow", "orange"]
    prompts = [PROMPT, PROMPT.replace("sentiment", "emotion"), PROMPT + " " * 3 + "Be brief."]
    asked = [request(f"{n}", colour, prompts[n % 3]) for n, colour in enumerate(colours)]
    together = texts(engine.generate(asked))
    alone = {}
    for each in asked:
        alone |= texts(engine.generate([each]))
    assert together == alone


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (3, 3), (3, 200), (4000, 10)])
def test_odd_sizes_are_answered(engine, size):
    asked = Request("odd", PROMPT, (made_image("red", size),), Sampling(max_tokens=40))
    [response] = engine.generate([asked])
    assert response.error is None


def test_a_long_prompt_does_not_cut_the_answers_of_its_batch_short(engine):
    prompts = [PROMPT, PROMPT + " Be brief." * 40, PROMPT + " word" * 302, PROMPT + " word" * 300]
    asked = [request(f"{n}", prompt=prompt, max_tokens=300) for n, prompt in enumerate(prompts)]
    alone = {}
    for each in asked:
        alone |= {response.key: response for response in engine.generate([each])}
    assert alone["2"].finish_reason == "length"  # only a few tokens fit behind it
    assert alone["0"].finish_reason == "stop"
    assert alone["0"].n_output_tokens > alone["2"].n_output_tokens
    assert {response.key: response for response in engine.generate(asked)} == alone


def test_sampling_depends_on_the_seed_and_not_on_the_batch(engine):
    asked = [request(f"{n}", temperature=1.5, seed=n) for n in range(6)]
    together = texts(engine.generate(asked))
    alone = {}
    for each in asked:
        alone |= texts(engine.generate([each]))
    assert together == alone
    assert len(set(together.values())) > 1


def test_seeded_sampling_draws_from_the_softmax():
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    rows = 20_000
    sampling = SeededSampling(temperature=1.0, top_p=1.0, seeds=list(range(rows)), device=torch.device("cpu"))
    drawn = sampling(None, logits.repeat(rows, 1)).argmax(dim=1)
    shares = torch.bincount(drawn, minlength=4) / rows
    assert torch.allclose(shares, torch.exp(logits), atol=0.015)


def test_seeded_sampling_keeps_to_the_nucleus():
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    sampling = SeededSampling(temperature=1.0, top_p=0.7, seeds=list(range(500)), device=torch.device("cpu"))
    assert set(sampling(None, logits.repeat(500, 1)).argmax(dim=1).tolist()) == {0, 1}


def test_when_memory_runs_out_the_batch_is_halved_and_stays_halved(monkeypatch):
    engine = TransformersEngine(str(demo_model()), {"batch_size": 8})
    generate, sizes = engine._generate_batch, []

    def scarce(batch):
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return generate(batch)

    monkeypatch.setattr(engine, "_generate_batch", scarce)
    responses = list(engine.generate([request(f"{n}") for n in range(24)]))
    assert sorted(int(response.key) for response in responses) == list(range(24))
    assert not [response for response in responses if response.error]
    assert sizes[:3] == [8, 4, 2]
    assert set(sizes[3:]) <= {2, 4}
    assert sizes.count(8) == 1


def test_a_request_too_large_even_alone_is_an_error_row(monkeypatch):
    engine = TransformersEngine(str(demo_model()), {"batch_size": 2})

    def never(batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine, "_generate_batch", never)
    assert [response.error for response in engine.generate([request("a"), request("b")])] == [
        "CUDA out of memory"
    ] * 2


def test_a_lost_device_ends_the_run(monkeypatch):
    engine = TransformersEngine(str(demo_model()), {})

    def lost(batch):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(engine, "_generate_batch", lost)
    with pytest.raises(RunError, match=r"the device (cpu|cuda|mps) failed"):
        list(engine.generate([request("a"), request("b")]))


def test_faults_of_memory_and_of_the_device_are_told_apart():
    assert is_out_of_memory(RuntimeError("MPS backend out of memory"))
    assert is_out_of_memory(
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
    )
    assert not is_out_of_memory(ValueError("out of memory"))
    assert is_broken_device(RuntimeError("CUDA error: device-side assert triggered"))
    assert not is_broken_device(RuntimeError("CUDA error: out of memory"))


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        ({"batchsize": 2}, "unknown model argument 'batchsize'", "batch_size"),
        ({"batch_size": 0}, "batch_size=0", ""),
        ({"device": "cuda:7"}, "no CUDA device", "device=cpu"),
        ({"device": "toaster"}, "unknown device", "cpu"),
        ({"device": "cuda:x"}, "device='cuda:x'", ""),
        ({"dtype": "int8"}, "unknown dtype", "float32"),
        ({"chat_template": "nowhere"}, "chat_template='nowhere': it cannot be read", ""),
    ],
)
def test_impossible_arguments_are_refused(arguments, message, remedy):
    if torch.cuda.is_available():
        pytest.skip("this machine has the device")
    with pytest.raises(UsageError, match=message) as caught:
        create_engine("transformers", str(demo_model()), arguments)
    assert remedy in caught.value.remedy


def test_an_unknown_engine_gets_the_nearest_name():
    with pytest.raises(UsageError, match="unknown engine") as caught:
        create_engine("transformer", "m", {})
    assert caught.value.remedy == "Did you mean transformers?"


def test_broken_weights_are_a_run_error(tmp_path):
    model = tmp_path / "model"
    shutil.copytree(demo_model(), model)
    (model / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(RunError, match="cannot be loaded"):
        create_engine("auto", str(model), {})


def test_a_model_without_a_usable_chat_template_is_told_what_to_do(tmp_path):
    model = tmp_path / "model"
    shutil.copytree(demo_model(), model)
    template = model / "chat_template.jinja"
    kept = template.read_text()
    template.unlink()
    configuration = model / "tokenizer_config.json"
    settings = json.loads(configuration.read_text())
    settings.pop("chat_template", None)
    configuration.write_text(json.dumps(settings))
    with pytest.raises(RunError, match=r"chat template of .* cannot be used: there is none") as caught:
        create_engine("auto", str(model), {})
    assert "chat_template=" in caught.value.remedy
    broken = tmp_path / "broken.jinja"
    broken.write_text("{{ raise_exception('no images, please') }}")
    with pytest.raises(RunError, match="cannot be used: no images, please"):
        create_engine("auto", str(model), {"chat_template": str(broken)})
    given = tmp_path / "template.jinja"
    given.write_text(kept)
    assert texts(create_engine("auto", str(model), {"chat_template": str(given)}).generate([request("a")]))[
        "a"
    ]
