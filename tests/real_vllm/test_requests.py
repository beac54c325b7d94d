"""Single requests to the vllm engine on the bundled model."""

import json
import shutil

import pytest
from engine_contract import PROMPT, EngineContract, request
from fakes import made_image

from vecbench.engines import Request, Sampling
from vecbench.errors import RunError, UsageError
from vecbench.shipped import demo_model

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]

SETTINGS = {"dtype": "float32", "enforce_eager": True, "max_model_len": 256, "max_num_seqs": 8}


@pytest.fixture(scope="module")
def engine():
    from vecbench.engines.vllm import VllmEngine

    made = VllmEngine(str(demo_model()), SETTINGS)
    yield made
    made.close()
    made.close()


class TestVllmEngine(EngineContract):
    """As every engine does."""


def test_no_more_is_pulled_than_the_window_holds(engine):
    pulled = []

    def watched():
        for number in range(60):
            pulled.append(number)
            yield request(str(number))

    for finished, _ in enumerate(engine.generate(watched()), start=1):
        assert len(pulled) <= finished + 2 * SETTINGS["max_num_seqs"]
    assert len(pulled) == 60


def pair(key, *colours):
    return Request(key, PROMPT, tuple(made_image(each) for each in colours), Sampling(max_tokens=8))


def test_more_images_than_the_engine_was_made_for_fail_their_request_alone(engine):
    asked = [request("a"), pair("pair", "red", "blue"), request("b")]
    errors = {response.key: response.error for response in engine.generate(asked)}
    assert (errors["a"], errors["b"]) == (None, None)
    assert errors["pair"].startswith("asked with 2 images: At most 1 image")
    assert "\n" not in errors["pair"]


def test_pairs_are_asked_with_the_same_tokens_as_by_transformers(tiny_qwen):
    from vecbench.engines.transformers import TransformersEngine
    from vecbench.engines.vllm import VllmEngine

    colours = {"1": ["red"], "2": ["red", "blue"], "3": ["blue", "red", "white"], "again": ["green", "black"]}
    asked = [pair(key, *each) for key, each in colours.items()]
    found = {}
    for make in (
        lambda: VllmEngine(str(tiny_qwen), SETTINGS | {"max_model_len": 512}, most_images=3),
        lambda: TransformersEngine(str(tiny_qwen), {"dtype": "float32"}),
    ):
        engine = make()
        try:
            said = {each.key: each for each in engine.generate(asked)}
        finally:
            engine.close()
        assert {each.error for each in said.values()} == {None}
        found[engine.description.name] = {key: each.n_prompt_tokens for key, each in said.items()}
    assert found["vllm"] == found["transformers"]
    assert found["vllm"]["1"] < found["vllm"]["2"] < found["vllm"]["3"]


def test_the_manifest_can_hold_what_the_engine_says_of_itself(engine):
    description = engine.description
    assert description.name == "vllm"
    assert json.loads(json.dumps(dict(description.arguments)))["max_model_len"] == 256


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        ({"tensor_paralel_size": 2}, "unknown model argument 'tensor_paralel_size'", "tensor_parallel_size"),
        ({"max_pixel": 2}, "unknown model argument 'max_pixel'", "max_pixels"),
        ({"zzzz": 2}, "unknown model argument 'zzzz'", "documentation"),
        ({"model": "other"}, "unknown model argument 'model'", ""),
        ({"hf_token": "secret"}, "could read a key or a token", "HF_TOKEN"),
        ({"window": 0}, "window=0", ""),
        ({"lora": "nowhere"}, "no adapter_config.json", "directory"),
        ({"chat_template": "nowhere"}, "nowhere", ""),
        ({"dtype": "float23"}, "model argument dtype='float23'", ""),
        ({"gpu_memory_utilization": 3.0}, "model argument gpu_memory_utilization=3.0", ""),
    ],
)
def test_impossible_arguments_are_refused(arguments, message, remedy):
    from vecbench.engines.vllm import VllmEngine

    with pytest.raises(UsageError, match=message) as caught:
        VllmEngine(str(demo_model()), arguments)
    assert remedy in caught.value.remedy


def test_messages_about_memory_are_told_from_others():
    from vecbench.engines.vllm import is_about_memory

    assert is_about_memory("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB")
    assert is_about_memory("Free memory on device (3.1/79.2 GiB) is less than desired GPU memory utilization")
    assert is_about_memory(
        "To serve at least one request, 5.2 GiB KV cache is needed, which is larger than the "
        "available KV cache memory (1.0 GiB)"
    )
    assert not is_about_memory("no module named flash_attn")


def test_a_model_without_a_usable_chat_template_is_told_what_to_do(tmp_path):
    from vecbench.engines.vllm import VllmEngine

    model = tmp_path / "model"
    shutil.copytree(demo_model(), model)
    (model / "chat_template.jinja").unlink()
    broken = tmp_path / "broken.jinja"
    broken.write_text("{{ raise_exception('no images, please') }}")
    for template, said in (({}, ""), ({"chat_template": str(broken)}, "no images, please")):
        with pytest.raises(RunError, match=f"chat template of .* cannot be used: .*{said}") as caught:
            VllmEngine(str(model), SETTINGS | template)
        assert "chat_template=" in caught.value.remedy


def test_a_checkpoint_that_is_none_is_a_run_error(tmp_path):
    from vecbench.engines.vllm import VllmEngine

    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RunError, match="cannot be loaded"):
        VllmEngine(str(tmp_path), SETTINGS)
