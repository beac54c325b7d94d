"""Which engine a run gets: the one that it names, or for "auto" the one that suits the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vecbench.engines.answer_settings import pixel_limits
from vecbench.engines.arguments import EngineArguments, OpenAIArguments, TransformersArguments
from vecbench.engines.base import Engine, EngineDescription, Request, Response
from vecbench.engines.vllm_arguments import VllmArguments, with_rank, with_reasoning
from vecbench.errors import UsageError, VecbenchError, nearest

MEMORY_SHARE = 0.85
"""Share of a GPU that weights may take: the rest is for the key-value cache and activations."""
ONLY_TRANSFORMERS = ("batch_size", "device", "attn_implementation")
"""Arguments that only the transformers engine knows: who gives one wants it."""


@dataclass(frozen=True, slots=True)
class EngineKind:
    """What there is to know of an engine before it is made."""

    arguments: type[EngineArguments]
    packages: tuple[str, ...]  # that must be installed
    extra: str  # of vecbench, that installs them
    scores_options: bool = True  # how probable answers are that the model has not given


ENGINES: Mapping[str, EngineKind] = {
    "vllm": EngineKind(VllmArguments, ("vllm",), "vllm"),
    "transformers": EngineKind(TransformersArguments, ("torch", "transformers"), "hf"),
    "openai": EngineKind(OpenAIArguments, ("openai",), "api", scores_options=False),
}


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine that suits, and half a sentence why; None if it was named, and nothing was to be chosen."""

    name: str
    why: str | None = None


class ChosenEngine:
    """An engine that says why it was chosen."""

    def __init__(self, engine: Engine, why: str | None) -> None:
        self._engine = engine
        self._why = why

    @property
    def description(self) -> EngineDescription:
        """That of the engine, with the reason."""
        return replace(self._engine.description, chosen_because=self._why)

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """The responses of the engine."""
        return self._engine.generate(requests)

    def close(self) -> None:
        """Closes the engine."""
        self._engine.close()


def text_arguments(name: str) -> frozenset[str]:
    """The arguments of an engine that are texts, of "auto" those of the engines that it chooses among."""
    names = [each for each in ENGINES if each == name or (name == "auto" and each != "openai")]
    return frozenset().union(*(ENGINES[each].arguments.texts() for each in names))


def check_engine(name: str, model: str, arguments: Mapping[str, Any]) -> None:
    """Refuses what no model needs to be loaded for to be refused.

    Raises:
        UsageError: No such engine, not installed, or an argument that it does not know or cannot take.
    """
    if name not in ENGINES and name != "auto":
        raise UsageError(f"unknown engine {name!r}", nearest(name, ["auto", *ENGINES]))
    if name == "auto" and not arguments and find_spec("vllm") is not None:
        return  # whichever it will be can take none, and whether there is a GPU takes seconds to tell
    choice = choose_engine(model, arguments) if name == "auto" else EngineChoice(name)
    kind = ENGINES[choice.name]
    if any(find_spec(package) is None for package in kind.packages):
        raise UsageError(
            f"the {choice.name} engine is not installed", f'Install it: pip install "vecbench[{kind.extra}]"'
        )
    try:
        kind.arguments.check(arguments)
        pixel_limits(arguments)
    except UsageError as fault:
        if choice.why is not None:
            fault.remedy = f"{fault.remedy} The engine is {choice.name}, because {choice.why}.".lstrip()
        raise


def require_options(name: str) -> None:
    """Refuses an engine that scores no options.

    Raises:
        UsageError: It does not.
    """
    if name in ENGINES and not ENGINES[name].scores_options:
        able = " or ".join(each for each, kind in ENGINES.items() if kind.scores_options)
        raise UsageError(
            f"the {name} engine cannot score options: an endpoint tells the probabilities of what it writes",
            f"Leave --score-options out, or load the model: --engine {able}.",
        )


def create_engine(
    name: str,
    model: str,
    arguments: Mapping[str, Any],
    chosen: Callable[[EngineChoice], None] | None = None,
    most_images: int = 1,
    *,
    budgeted: bool = False,
) -> Engine:
    """The engine of that name, with its model loaded.

    Args:
        name: A key of `ENGINES`, or "auto".
        model: A checkpoint directory, a Hugging Face model id, or the name that an endpoint serves.
        arguments: The engine's own arguments; unknown ones are refused.
        chosen: Told of what "auto" has chosen, before the model is loaded.
        most_images: Of a request.
        budgeted: Whether a request may have a budget for its reasoning.

    Raises:
        UsageError: As for `check_engine`.
        RunError: The model cannot be loaded.
    """
    if name != "auto":
        check_engine(name, model, arguments)
        if name == "vllm":
            arguments = with_rank(with_reasoning(arguments) if budgeted else arguments)
        return loaded(name, model, arguments, most_images)
    choice = choose_engine(model, arguments)
    if chosen is not None:
        chosen(choice)
    engine = create_engine(choice.name, model, arguments, None, most_images, budgeted=budgeted)
    return ChosenEngine(engine, choice.why)


def loaded(name: str, model: str, arguments: Mapping[str, Any], most_images: int) -> Engine:
    """The engine, whose arguments have been checked; only vLLM's asks how many images a request has."""
    if name == "vllm":
        from vecbench.engines.vllm import VllmEngine

        return VllmEngine(model, arguments, most_images)
    if name == "openai":
        from vecbench.engines.openai import OpenAIEngine

        return OpenAIEngine(model, arguments)
    from vecbench.engines.transformers import TransformersEngine

    return TransformersEngine(model, arguments)


def choose_engine(model: str, arguments: Mapping[str, Any]) -> EngineChoice:
    """The engine that `--engine auto` means on this machine: vLLM, where it is installed and suits."""
    given = [name for name in ONLY_TRANSFORMERS if name in arguments]
    if given:
        return EngineChoice("transformers", f"{given[0]} is an argument of it")
    if find_spec("vllm") is None:
        return EngineChoice("transformers", "vLLM is not installed")
    try:
        memory = _gpu_memory()
    except VecbenchError as fault:
        return EngineChoice("transformers", fault.message)
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
    from vecbench.engines.vllm_adapter import gpu_memory

    return gpu_memory()
