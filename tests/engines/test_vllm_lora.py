"""What is made of the modules of an adapter that vLLM's workers take."""

import warnings
from types import SimpleNamespace

import pytest

from vecbench.engines.vllm_lora import AdapterModules, require_used
from vecbench.errors import UsageError


def worker(names, places):
    made = AdapterModules()
    manager = SimpleNamespace(modules=places, get_adapter={1: SimpleNamespace(loras=names)}.get)
    made.model_runner = SimpleNamespace(lora_manager=SimpleNamespace(_adapter_manager=manager))
    return made.adapter_modules(1)


def test_an_adapter_is_refused_of_which_nothing_is_taken():
    with pytest.raises(UsageError, match=r"none of its modules: a\.0, a\.1, a\.2 and 7 more") as caught:
        require_used("mine", [worker({f"a.{n}": None for n in range(10)}, {"b.0"})] * 2)
    assert "another model" in caught.value.remedy
    with pytest.raises(UsageError, match="it is empty"):
        require_used("mine", [worker({}, {"b.0"})])


def test_what_another_worker_takes_is_taken_and_the_rest_is_warned_of():
    names = dict.fromkeys(["a", "b", "c"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        require_used("mine", [worker(names, {"a"}), worker(names, {"b", "c", "d"})])
    with pytest.warns(UserWarning, match="nothing takes its modules c$"):
        require_used("mine", [worker(names, {"a"}), worker(names, {"b"})])
