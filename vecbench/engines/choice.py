"""`--engine auto`: vLLM where it is installed and the machine is for it, transformers elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vecbench.engines.base import Engine, EngineDescription, Request, Response

MEMORY_SHARE = 0.85
"""Share of a GPU that weights may take: the rest is for the key-value cache and activations."""
ONLY_TRANSFORMERS = ("batch_size", "device", "attn_implementation")
"""Arguments that only the transformers engine knows: who gives one wants it."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine that suits, and why.

    Attributes:
        name: Such as "vllm" or "transformers".
        why: Half a sentence; None if it was named, and nothing was to be chosen.
    """

    name: str
    why: str | None = None


class ChosenEngine:
    """An engine that says why it was chosen.

    Args:
        engine: What generates.
        choice: How it came to be that one.
    """

    def __init__(self, engine: Engine, choice: EngineChoice) -> None:
        self._engine = engine
        self._choice = choice

    @property
    def description(self) -> EngineDescription:
        """That of the engine, with the reason."""
        return replace(self._engine.description, chosen_because=self._choice.why)

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """The responses of the engine."""
        return self._engine.generate(requests)

    def close(self) -> None:
        """Closes the engine."""
        self._engine.close()


def choose_engine(model: str, arguments: Mapping[str, Any]) -> EngineChoice:
    """The engine that `--engine auto` means on this machine.

    Args:
        model: A checkpoint directory, whose weights are weighed, or a Hugging Face model id.
        arguments: `--model-args`; `tensor_parallel_size` and `quantization` count.
    """
    given = [name for name in ONLY_TRANSFORMERS if name in arguments]
    if given:
        return EngineChoice("transformers", f"{given[0]} is an argument of it")
    if find_spec("vllm") is None:
        return EngineChoice("transformers", "vLLM is not installed")
    try:
        memory = _gpu_memory()
    except Exception as fault:
        # An installation that does not suit this machine fails in many ways while it is imported.
        return EngineChoice("transformers", f"vLLM cannot be imported ({type(fault).__name__})")
    if memory is None:
        return EngineChoice("transformers", "vLLM is installed, but there is no GPU")
    parallel = _count(arguments, "tensor_parallel_size") * _count(arguments, "pipeline_parallel_size")
    needed = weight_bytes(model)
    if "quantization" not in arguments and needed > MEMORY_SHARE * memory * parallel:
        return EngineChoice(
            "transformers",
            f"the weights take {needed / 2**30:.0f} GiB and vLLM would have {parallel} × "
            f"{memory / 2**30:.0f} GiB (see tensor_parallel_size)",
        )
    return EngineChoice("vllm", "it is installed and the model fits the GPU")


def weight_bytes(model: str) -> int:
    """The size of a checkpoint directory's weights; 0 for a model that is not in a directory."""
    folder = Path(model).expanduser()
    sizes = {
        pattern: sum(file.stat().st_size for file in folder.glob(pattern))
        for pattern in ("*.safetensors", "*.bin")
    }
    return sizes["*.safetensors"] or sizes["*.bin"]


def _count(arguments: Mapping[str, Any], name: str) -> int:
    value = arguments.get(name, 1)
    return value if isinstance(value, int) else 1  # anything else is refused by whoever takes it


def _gpu_memory() -> int | None:
    """Bytes of the first GPU, asked without making a context on it; None if vLLM sees no GPU."""
    from vllm.platforms import current_platform

    if current_platform.is_cpu() or current_platform.is_unspecified():
        return None
    return int(current_platform.get_device_total_memory())
