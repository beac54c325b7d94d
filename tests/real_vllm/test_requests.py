"""Single requests to the vllm engine on the bundled model."""

import json
import shutil

import pytest
from fakes import make_request

from vecbench.engines import Request, Sampling
from vecbench.errors import RunError, UsageError
from vecbench.samples.sample import SampleImage
from vecbench.shipped import demo_model

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]

PROMPT = (
    "Which sentiment might this image evoke? Choose the most likely one from ['positive', 'negative']. "
    "Think step by step. Respond in the format: "
    "<think>{your reasoning}</think><answer>{your final answer}</answer>"
)
SETTINGS = {"dtype": "float32", "enforce_eager": True, "max_model_len": 256, "max_num_seqs": 8}


def request(key, colour="red", prompt=PROMPT, **sampling):
    return make_request(key, prompt, colour, **sampling)


@pytest.fixture(scope="module")
def engine():
    from vecbench.engines.vllm import VllmEngine

    made = VllmEngine(str(demo_model()), SETTINGS)
    yield made
    made.close()
    made.close()


def texts(responses):
    return {response.key: response.text for response in responses}


def test_an_answer_comes_with_its_token_counts(engine):
    [response] = engine.generate([request("a")])
    assert response.error is None
    assert response.finish_reason == "stop"
    assert response.text.endswith("</confidence>")
    assert response.n_prompt_tokens > 16
    assert 0 < response.n_output_tokens <= 40


def test_the_token_limit_is_a_finish_reason(engine):
    [response] = engine.generate([request("a", max_tokens=3)])
    assert (response.finish_reason, response.n_output_tokens) == ("length", 3)


def test_a_stop_text_ends_the_answer_and_is_cut_off(engine):
    [response] = engine.generate([request("a", stop=("</confidence>",))])
    assert response.finish_reason == "stop"
    assert "</confidence>" not in response.text


def test_a_request_longer_than_the_context_and_a_broken_image_fail_alone(engine):
    broken = Request("broken", PROMPT, SampleImage("x.png", b"nonsense"), Sampling(max_tokens=40))
    asked = [request("a"), request("long", prompt=PROMPT * 100), broken, request("b")]
    responses = {response.key: response for response in engine.generate(asked)}
    assert "256" in responses["long"].error
    assert "\n" not in responses["long"].error
    assert "x.png: not an image" in responses["broken"].error
    assert responses["a"].error is None
    assert responses["b"].error is None


def test_sampling_with_the_same_seed_says_the_same(engine):
    asked = [request(f"{n}", temperature=1.5, seed=n) for n in range(12)]
    first, second = texts(engine.generate(asked)), texts(engine.generate(asked))
    assert first == second
    assert len(set(first.values())) > 1


def test_no_more_is_pulled_than_the_window_holds(engine):
    pulled = []

    def watched():
        for number in range(60):
            pulled.append(number)
            yield request(str(number))

    for finished, _ in enumerate(engine.generate(watched()), start=1):
        assert len(pulled) <= finished + 2 * SETTINGS["max_num_seqs"]
    assert len(pulled) == 60


def test_a_text_that_stands_for_an_image_is_an_error_of_its_own(engine):
    asked = [
        request("a"),
        request("b", prompt=f"<image>{PROMPT}"),
        request("c", prompt=f"{PROMPT} <|image_pad|>"),
    ]
    errors = {response.key: response.error for response in engine.generate(asked)}
    assert "stands for an image" in errors.pop("b")
    assert errors == {"a": None, "c": None}


def test_an_early_stop_leaves_the_engine_usable(engine):
    running = engine.generate(request(str(number)) for number in range(60))
    next(running)
    running.close()
    assert texts(engine.generate([request("a")]))["a"]


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
