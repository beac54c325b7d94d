"""Single requests to the vllm engine on the bundled model."""

import json
import shutil

import pytest
import torch
from engine_contract import PROMPT, EngineContract, request, texts
from fakes import made_image
from safetensors.torch import save_file

from vecbench.engines import Request, Sampling
from vecbench.errors import RunError, UsageError
from vecbench.shipped import demo_model

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]

SETTINGS = {"dtype": "float32", "enforce_eager": True, "max_model_len": 256, "max_num_seqs": 8}


@pytest.fixture(scope="module")
def engine():
    from vecbench.engines.vllm import VllmEngine

    made = VllmEngine(str(demo_model()), SETTINGS, most_images=2)
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
    asked = [request("a"), pair("many", "red", "blue", "white"), request("b")]
    errors = {response.key: response.error for response in engine.generate(asked)}
    assert (errors["a"], errors["b"]) == (None, None)
    assert errors["many"].startswith("asked with 3 images: At most 2 image")
    assert "\n" not in errors["many"]


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


def test_a_model_without_a_usable_chat_template_is_told_what_to_do(tmp_path):
    from vecbench.engines.vllm import VllmEngine

    model = tmp_path / "model"
    shutil.copytree(demo_model(), model)
    (model / "chat_template.jinja").unlink()
    broken = tmp_path / "broken.jinja"
    broken.write_text("{{ raise_exception('no images, please') }}")
    blind = tmp_path / "blind.jinja"
    blind.write_text(
        "{% for each in messages[0].content if each.type == 'text' %}{{ each.text }}{% endfor %}"
    )
    for template, said in (
        ({}, ""),
        ({"chat_template": str(broken)}, "no images, please"),
        ({"chat_template": str(blind)}, "it leaves the image out"),
    ):
        with pytest.raises(RunError, match=f"chat template .* cannot be used: .*{said}") as caught:
            VllmEngine(str(model), SETTINGS | template)
        assert "chat_template=" in caught.value.remedy


def test_no_video_is_made_room_for_and_a_refused_image_says_why(tiny_qwen):
    from vecbench.engines.vllm import VllmEngine

    wide = Request("wide", PROMPT, (made_image("red", (1200, 3)),), Sampling(max_tokens=4))
    # Here a video would fit into the context, and vLLM would measure the model with one.
    engine = VllmEngine(str(tiny_qwen), SETTINGS | {"max_model_len": 1024})
    try:
        found = {each.key: each for each in engine.generate([pair("fits", "red"), wide])}
    finally:
        engine.close()
    assert found["fits"].error is None
    assert "absolute aspect ratio must be smaller than 200" in found["wide"].error
    assert " at 0x" not in found["wide"].error


def test_a_checkpoint_that_is_none_is_a_run_error(tmp_path):
    from vecbench.engines.vllm import VllmEngine

    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RunError, match="cannot be loaded"):
        VllmEngine(str(tmp_path), SETTINGS)


def test_a_model_that_vllm_does_not_know_names_the_engine_that_may(tmp_path):
    from vecbench.engines.vllm import VllmEngine

    model = tmp_path / "model"
    shutil.copytree(demo_model(), model)
    config = json.loads((model / "config.json").read_text()) | {"architectures": ["MyOwnVL"]}
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match=r"vLLM does not know the architecture of .*: MyOwnVL") as caught:
        VllmEngine(str(model), SETTINGS)
    assert "--engine transformers" in caught.value.remedy


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (
            "transformer.h.{}.self_attn.q_proj",
            "the model has none of its modules: transformer.h.0.self_attn.q",
        ),
        ("model.language_model.layers.{}.self_attn.foo_proj", "does not suit the model"),
        ("model.language_model.layers.{}.self_attn.q_proj", None),
    ],
)
def test_an_adapter_that_the_model_has_no_place_for_is_refused(tmp_path, module, said):
    from vecbench.engines.vllm import VllmEngine

    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "bias": "none"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config | {"task_type": "CAUSAL_LM"}))
    shapes = {"lora_A": (4, 64), "lora_B": (64, 4)}
    names = [module.format(layer) for layer in range(2)]
    weights = {
        f"base_model.model.{name}.{part}.weight": torch.ones(shape)
        for name in names
        for part, shape in shapes.items()
    }
    save_file(weights, tmp_path / "adapter_model.safetensors")
    arguments = SETTINGS | {"lora": str(tmp_path)}
    if said is None:
        VllmEngine(str(demo_model()), arguments).close()
    else:
        with pytest.raises(UsageError, match=said):
            VllmEngine(str(demo_model()), arguments)


@pytest.fixture(scope="module")
def with_workers():
    from vecbench.engines.vllm import VllmEngine

    made = VllmEngine(str(demo_model()), SETTINGS | {"image_workers": 2}, most_images=2)
    yield made
    made.close()


class TestImageWorkers(EngineContract):
    """As every engine does, with images that are processed in other processes."""

    @pytest.fixture
    def engine(self, with_workers):
        return with_workers


def test_workers_change_no_answer(engine, with_workers):
    asked = [request(str(number), (number * 31 % 256, number * 17 % 256, 90)) for number in range(24)]
    asked += [pair("two", "red", "blue")]
    assert with_workers.description.arguments["image_workers"] == 2
    assert engine.description.arguments["image_workers"] == 0
    assert texts(with_workers.generate(asked)) == texts(engine.generate(asked))
