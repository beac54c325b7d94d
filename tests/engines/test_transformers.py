"""The transformers engine on the bundled model."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from engine_contract import PROMPT, EngineContract, request, texts
from fakes import made_image

from vecbench.engines import Request, Sampling, create_engine
from vecbench.engines.logits import RepetitionPenalty, SeededSampling
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


SHARES = [0.4, 0.25, 0.2, 0.1, 0.05]


def drawn(rows=20_000, **settings):
    """How often each token is drawn whose probabilities are `SHARES`."""
    sampling = Sampling(**{"temperature": 1.0} | settings)
    draw = SeededSampling(sampling, seeds=list(range(rows)), device=torch.device("cpu"))
    logits = torch.log(torch.tensor(SHARES)).repeat(rows, 1)
    return torch.bincount(draw(None, logits).argmax(dim=1), minlength=5) / rows


def shares(*kept):
    return torch.tensor(kept) / sum(kept)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, SHARES),
        ({"top_p": 0.6}, [0.4, 0.25, 0, 0, 0]),
        ({"top_k": 3}, [0.4, 0.25, 0.2, 0, 0]),
        ({"top_k": 9}, SHARES),
        ({"min_p": 0.49}, [0.4, 0.25, 0.2, 0, 0]),
        ({"min_p": 0.51}, [0.4, 0.25, 0, 0, 0]),
        ({"min_p": 1.0}, [1.0, 0, 0, 0, 0]),
        # Top-p counts what top-k has left: of 0.65, the first token is 0.62.
        ({"top_k": 2, "top_p": 0.6}, [1.0, 0, 0, 0, 0]),
        # Min-p comes before, and after the temperature: of squares, the second token has 0.39 of the first.
        ({"min_p": 0.49, "temperature": 0.5}, [1.0, 0, 0, 0, 0]),
        ({"min_p": 0.49, "temperature": 2.0}, [0.4**0.5, 0.25**0.5, 0.2**0.5, 0.1**0.5, 0]),
        ({"min_p": 0.6, "top_p": 0.61}, [1.0, 0, 0, 0, 0]),
    ],
)
def test_seeded_sampling_draws_from_what_the_settings_leave(settings, expected):
    assert torch.allclose(drawn(**settings), shares(*expected), atol=0.015)


def test_a_repeated_token_is_penalized_in_prompt_and_answer_and_not_in_what_fills_a_row_up():
    ids = torch.tensor([[0, 0, 1, 3], [2, 1, 1, 4], [2, 2, 9, 4]])  # prompts of three tokens; 9 has no logit
    mask = torch.tensor([[0, 0, 1], [1, 1, 1], [1, 1, 1]])
    logits = torch.tensor([[1.0, 2.0, -1.0, -2.0, 4.0]]).repeat(3, 1)
    expected = [[1.0, 1.0, -1.0, -4.0, 4.0], [1.0, 1.0, -2.0, -2.0, 2.0], [1.0, 2.0, -2.0, -2.0, 2.0]]
    assert RepetitionPenalty(2.0, mask)(ids, logits).tolist() == expected


def test_a_repetition_penalty_changes_greedy_answers_and_does_not_depend_on_the_batch(engine):
    prompts = [PROMPT, PROMPT + " Be brief." * 9]
    asked = [request(f"{n}", prompt=each, repetition_penalty=3.0) for n, each in enumerate(prompts)]
    plain = [replace(each, sampling=Sampling(max_tokens=40)) for each in asked]
    together = texts(engine.generate(asked))
    alone = {}
    for each in asked:
        alone |= texts(engine.generate([each]))
    assert together == alone
    assert not set(together.values()) & set(texts(engine.generate(plain)).values())


def test_requests_of_several_settings_are_each_answered_with_their_own(engine):
    settings = [{}, {"repetition_penalty": 3.0}, {"thinking_budget": 0}, {"thinking_budget": None}]
    asked = [request(f"{n}", **each) for n, each in enumerate(settings)]
    said = texts(engine.generate(asked))
    assert said["0"] == said["3"]
    assert len(set(said.values())) == 3


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
