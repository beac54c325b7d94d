"""vLLM's arguments are checked by its source text: the package here would fail if it were imported."""

import sys

import pytest

from vecbench.engines import check_engine, create_engine, text_arguments
from vecbench.engines.vllm_arguments import (
    limits_per_prompt,
    require_devices,
    sequences_at_once,
    with_rank,
    with_reasoning,
)
from vecbench.errors import UsageError

SOURCE = """
@dataclass
class EngineArgs:
    model: str = ModelConfig.model
    tensor_parallel_size: int = ParallelConfig.tensor_parallel_size
    gpu_memory_utilization: float = CacheConfig.gpu_memory_utilization
    enforce_eager: bool = False
    dtype: ModelDType = ModelConfig.dtype
    served_model_name: str | list[str] | None = None
    mm_processor_kwargs: dict[str, Any] | None = None
    _api_process_count: int = 1


@dataclass
class AsyncEngineArgs(EngineArgs):
    enable_log_requests: bool = False
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a vLLM of this source."""

    def install(source=SOURCE):
        package = tmp_path / "vllm"
        (package / "engine").mkdir(parents=True)
        (package / "__init__.py").write_text("raise AssertionError('vLLM was imported')")
        (package / "engine" / "arg_utils.py").write_text(source)
        monkeypatch.delitem(sys.modules, "vllm", raising=False)
        monkeypatch.syspath_prepend(tmp_path)

    return install


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        ({"tensor_paralel_size": 2}, "unknown model argument 'tensor_paralel_size'", "tensor_parallel_size"),
        ({"enable_log_request": True}, "unknown model argument", "enable_log_requests"),
        ({"max_pixel": 2}, "unknown model argument 'max_pixel'", "max_pixels"),
        ({"zzzz": 2}, "unknown model argument 'zzzz'", "documentation"),
        ({"model": "other"}, "unknown model argument 'model'", "That is --model."),
        ({"pretrained": "other"}, "unknown model argument 'pretrained'", "That is --model."),
        ({"temperature": 1}, "unknown model argument 'temperature'", "That is --gen-kwargs."),
        ({"min_pixels": 100, "max_pixels": 10}, "min_pixels=100 and max_pixels=10", ""),
        ({"_api_process_count": 2}, "unknown model argument '_api_process_count'", ""),
        ({"hf_overrides": {"api_key": "x"}}, r"hf_overrides\.api_key: everybody", ""),
        ({"hf_token": "secret"}, "could read a key or a token", "HF_TOKEN"),
        ({"window": 0}, "window=0", ""),
        ({"chat_template": "nowhere"}, "chat_template='nowhere': it cannot be read: no such file", ""),
        ({"tensor_parallel_size": "two"}, "tensor_parallel_size='two': input should be a valid int", ""),
        ({"tensor_parallel_size": True}, "tensor_parallel_size=True", ""),
        ({"gpu_memory_utilization": "90%"}, "gpu_memory_utilization='90%'", ""),
        ({"enforce_eager": 1}, "enforce_eager=1", ""),
        ({"served_model_name": 1}, "served_model_name=1", ""),
        ({"mm_processor_kwargs": "max_pixels"}, "mm_processor_kwargs='max_pixels'", ""),
    ],
)
def test_impossible_arguments_are_refused(installed, arguments, message, remedy):
    installed()
    with pytest.raises(UsageError, match=message) as caught:
        check_engine("vllm", "model", arguments)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    "arguments",
    [
        {"tensor_parallel_size": 2, "gpu_memory_utilization": 1, "enforce_eager": True, "window": 4},
        {"tensor_parallel_size": None, "served_model_name": ["a"], "mm_processor_kwargs": {"max_pixels": 9}},
        {"dtype": "whatever vLLM says", "enable_log_requests": True, "max_pixels": 9},
    ],
)
def test_possible_arguments_pass(installed, arguments):
    installed()
    check_engine("vllm", "model", arguments)


def test_its_texts_are_told_apart_from_numbers(installed):
    installed(SOURCE.replace("    dtype:", "    revision: str | None = None\n    dtype:"))
    texts = text_arguments("vllm")
    assert {"revision", "lora", "chat_template"} <= texts
    assert not texts & {"tensor_parallel_size", "served_model_name", "window"}
    assert text_arguments("auto") >= texts


@pytest.mark.parametrize(
    "source", ["class EngineArgs(Moved): pass", "no Python", SOURCE.replace("Async", "")]
)
def test_a_vllm_that_keeps_its_arguments_elsewhere_is_left_to_its_engine(installed, source):
    installed(source)
    check_engine("vllm", "model", {"anything": 1})
    with pytest.raises(UsageError, match="window=0"):
        check_engine("vllm", "model", {"window": 0})


def test_for_a_budget_of_reasoning_vllm_is_told_what_opens_and_closes_it(installed):
    installed(SOURCE + "    reasoning_config: ReasoningConfig = None\n    reasoning_parser: str = ''\n")
    told = with_reasoning({"window": 3})
    assert told == {
        "window": 3,
        "reasoning_config": {"reasoning_start_str": "<think>", "reasoning_end_str": "</think>"},
    }
    for own in ({"reasoning_parser": "glm45"}, {"reasoning_config": {"reasoning_start_str": "["}}):
        assert with_reasoning(own) == own


@pytest.mark.parametrize(
    ("rank", "given", "room"),
    [
        (8, {}, None),
        (16, {}, None),
        (17, {}, 32),
        (64, {}, 64),
        (999, {}, 999),
        (64, {"max_lora_rank": 128}, 128),
    ],
)
def test_vllm_makes_room_for_the_rank_of_an_adapter(tmp_path, rank, given, room):
    (tmp_path / "adapter_config.json").write_text(f'{{"r": {rank}}}')
    assert with_rank({"lora": str(tmp_path), **given}).get("max_lora_rank") == room
    assert with_rank(given) == given


def test_a_vllm_that_knows_no_budget_is_told_so_before_it_is_loaded(installed):
    installed()
    with pytest.raises(UsageError, match="knows no thinking_budget") as caught:
        create_engine("vllm", "model", {}, budgeted=True)
    assert "--engine transformers" in caught.value.remedy


@pytest.mark.parametrize(
    ("passed", "count", "there"),
    [
        ({"data_parallel_size": 99}, 2, "data_parallel_size=99: there are 2 GPUs here"),
        ({"data_parallel_size": 2}, 1, "there is 1 GPU here"),
        ({"data_parallel_size": 8, "data_parallel_size_local": 4}, 2, "data_parallel_size_local=4"),
    ],
)
def test_more_replicas_than_devices_are_refused(passed, count, there):
    with pytest.raises(UsageError, match=there):
        require_devices(passed, count, "GPU")


@pytest.mark.parametrize(
    "passed",
    [
        {},
        {"data_parallel_size": 2},
        {"data_parallel_size": 8, "data_parallel_size_local": 2},
        {"data_parallel_size": 8, "data_parallel_backend": "ray"},
        {"data_parallel_size": 8, "distributed_executor_backend": "ray"},
        {"data_parallel_size": 8, "nnodes": 4},
        {"data_parallel_size": 8, "data_parallel_rank": 3},
    ],
)
def test_what_fits_or_spreads_over_machines_passes(passed):
    require_devices(passed, 2, "GPU")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"image": 2, "video": 0, "audio": 0}),
        ({"limit_mm_per_prompt": None}, {"image": 2, "video": 0, "audio": 0}),
        ({"limit_mm_per_prompt": {"image": 5}}, {"image": 5, "video": 0, "audio": 0}),
        ({"limit_mm_per_prompt": {"video": 1, "x": 3}}, {"image": 2, "video": 1, "audio": 0, "x": 3}),
        ({"limit_mm_per_prompt": "image"}, "image"),
    ],
)
def test_only_images_are_reserved_for_unless_something_else_is_said(given, expected):
    assert limits_per_prompt(given, 2) == expected


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        ({}, 256),
        ({"max_num_seqs": None, "max_num_batched_tokens": None}, 256),
        ({"max_num_seqs": 1024}, 1024),
        ({"max_num_seqs": 0}, 0),  # which vLLM refuses
        ({"max_num_batched_tokens": 64}, 64),
        ({"max_num_batched_tokens": 16384}, 256),
        ({"max_num_batched_tokens": "many"}, 256),
    ],
)
def test_a_batch_has_no_more_requests_than_processed_images_may_wait(passed, expected):
    assert sequences_at_once(passed) == expected
