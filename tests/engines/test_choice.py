import pytest

from vecbench.engines import choice, choose_engine
from vecbench.engines.choice import weight_bytes

GIB = 2**30


@pytest.fixture
def machine(monkeypatch):
    """Sets what is installed and how much memory the GPU has."""

    def make(*, installed, memory=None):
        def gpu_memory():
            if isinstance(memory, Exception):
                raise memory
            return memory

        monkeypatch.setattr(choice, "find_spec", lambda _: object() if installed else None)
        monkeypatch.setattr(choice, "_gpu_memory", gpu_memory)

    return make


@pytest.mark.parametrize(
    ("installed", "memory", "weights", "arguments", "name", "why"),
    [
        (False, 80 * GIB, 1, {}, "transformers", "not installed"),
        (True, None, 1, {}, "transformers", "no GPU"),
        (True, ImportError("libcuda"), 1, {}, "transformers", "cannot be imported"),
        (True, 80 * GIB, 16 * GIB, {}, "vllm", "fits"),
        (True, 24 * GIB, 60 * GIB, {}, "transformers", "tensor_parallel_size"),
        (True, 24 * GIB, 60 * GIB, {"tensor_parallel_size": 4}, "vllm", "fits"),
        (True, 24 * GIB, 60 * GIB, {"quantization": "fp8"}, "vllm", "fits"),
        (True, 80 * GIB, 1, {"batch_size": 4}, "transformers", "batch_size is an argument of it"),
    ],
)
def test_vllm_is_chosen_where_it_is_installed_and_fits(
    machine, monkeypatch, installed, memory, weights, arguments, name, why
):
    machine(installed=installed, memory=memory)
    monkeypatch.setattr(choice, "weight_bytes", lambda _: weights)
    chosen = choose_engine("model", arguments)
    assert chosen.name == name
    assert why in chosen.why


def test_weights_are_counted_once(tmp_path):
    (tmp_path / "model-1.safetensors").write_bytes(b"0" * 10)
    (tmp_path / "model-2.safetensors").write_bytes(b"0" * 5)
    (tmp_path / "pytorch_model.bin").write_bytes(b"0" * 15)
    assert weight_bytes(str(tmp_path)) == 15
    assert weight_bytes("org/name") == 0
