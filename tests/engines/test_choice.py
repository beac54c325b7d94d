import pytest
from fakes import ScriptedEngine

from vecbench.engines import check_engine, choose_engine, create_engine, registry
from vecbench.engines.registry import weight_bytes
from vecbench.errors import RunError, UsageError

GIB = 2**30


@pytest.fixture
def machine(monkeypatch):
    """Sets what is installed and how much memory the GPU has."""

    def make(*, installed, memory=None):
        def gpu_memory():
            if isinstance(memory, Exception):
                raise memory
            return memory

        found = lambda name: object() if installed or name != "vllm" else None  # noqa: E731
        monkeypatch.setattr(registry, "find_spec", found)
        monkeypatch.setattr(registry, "_gpu_memory", gpu_memory)

    return make


@pytest.mark.parametrize(
    ("installed", "memory", "weights", "arguments", "name", "why"),
    [
        (False, 80 * GIB, 1, {}, "transformers", "not installed"),
        (True, None, 1, {}, "transformers", "no GPU"),
        (True, ImportError("libcuda"), 1, {}, "transformers", "cannot be imported"),
        (True, RunError("vLLM 1 cannot be imported: libc"), 1, {}, "transformers", "imported: libc"),
        (True, 80 * GIB, 16 * GIB, {}, "vllm", "fits"),
        (True, 24 * GIB, 60 * GIB, {}, "transformers", "tensor_parallel_size"),
        (True, 24 * GIB, 60 * GIB, {"tensor_parallel_size": 4}, "vllm", "fits"),
        (True, 24 * GIB, 60 * GIB, {"quantization": "fp8"}, "vllm", "fits"),
        (True, 80 * GIB, 1, {"tensor_parallel_size": "two"}, "vllm", "fits"),  # which vLLM's check refuses
        (True, 80 * GIB, 1, {"batch_size": 4}, "transformers", "batch_size is an argument of it"),
    ],
)
def test_vllm_is_chosen_where_it_is_installed_and_fits(
    machine, monkeypatch, installed, memory, weights, arguments, name, why
):
    machine(installed=installed, memory=memory)
    monkeypatch.setattr(registry, "weight_bytes", lambda _: weights)
    chosen = choose_engine("model", arguments)
    assert chosen.name == name
    assert why in chosen.why


def test_weights_are_counted_once(tmp_path):
    (tmp_path / "model-1.safetensors").write_bytes(b"0" * 10)
    (tmp_path / "model-2.safetensors").write_bytes(b"0" * 5)
    (tmp_path / "pytorch_model.bin").write_bytes(b"0" * 15)
    assert weight_bytes(str(tmp_path)) == 15
    assert weight_bytes("org/name") == 0


def test_the_engine_says_why_it_was_chosen_and_what_was_asked_for_is_no_choice(machine, monkeypatch):
    machine(installed=False)
    monkeypatch.setattr(registry, "loaded", lambda *_: ScriptedEngine())
    told = []
    engine = create_engine("auto", "model", {}, told.append)
    assert engine.description.chosen_because == told[0].why == "vLLM is not installed"
    assert engine.description.name == "scripted"
    assert create_engine("transformers", "model", {}, told.append).description.chosen_because is None
    assert len(told) == 1


def test_a_refused_argument_of_a_chosen_engine_says_which_it_is(machine):
    machine(installed=False)
    with pytest.raises(UsageError, match="unknown model argument 'tensor_parallel_size'") as caught:
        check_engine("auto", "model", {"tensor_parallel_size": 2})
    assert caught.value.remedy.endswith("The engine is transformers, because vLLM is not installed.")


@pytest.mark.parametrize(("name", "extra"), [("vllm", "vllm"), ("transformers", "hf"), ("openai", "api")])
def test_an_engine_that_is_not_installed_is_told_before_anything_begins(monkeypatch, name, extra):
    monkeypatch.setattr(registry, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=f"the {name} engine is not installed") as caught:
        check_engine(name, "model", {})
    assert f"vecbench[{extra}]" in caught.value.remedy
