"""Which engine a run gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

from vecbench.engines import vllm_arguments
from vecbench.engines.answer_settings import pixel_limits
from vecbench.engines.arguments import (
    OpenAIArguments,
    TransformersArguments,
    parse_arguments,
    text_fields,
)
from vecbench.engines.base import Engine
from vecbench.engines.choice import ChosenEngine, EngineChoice, choose_engine
from vecbench.errors import UsageError, nearest


def _transformers(model: str, arguments: Mapping[str, Any], most_images: int) -> Engine:
    del most_images  # any number, if the model takes it
    from vecbench.engines.transformers import TransformersEngine

    return TransformersEngine(model, arguments)


def _openai(model: str, arguments: Mapping[str, Any], most_images: int) -> Engine:
    del most_images  # as many as the endpoint takes
    from vecbench.engines.openai import OpenAIEngine

    return OpenAIEngine(model, arguments)


def _vllm(model: str, arguments: Mapping[str, Any], most_images: int) -> Engine:
    from vecbench.engines.vllm import VllmEngine

    return VllmEngine(model, arguments, most_images)


@dataclass(frozen=True, slots=True)
class EngineKind:
    """What there is to know of an engine before it is made.

    Attributes:
        make: (model, arguments, most images of a request) → the engine, with its model loaded.
        check: Refuses arguments that it would refuse, as far as that can be told without a model.
        packages: What must be installed.
        extra: Of vecbench, that installs them.
        texts: The arguments that are texts, even where they look like numbers.
    """

    make: Callable[[str, Mapping[str, Any], int], Engine]
    check: Callable[[Mapping[str, Any]], object]
    packages: tuple[str, ...]
    extra: str
    texts: Callable[[], frozenset[str]] = frozenset


ENGINES: Mapping[str, EngineKind] = {
    "vllm": EngineKind(
        _vllm, vllm_arguments.check_arguments, ("vllm",), "vllm", vllm_arguments.text_arguments
    ),
    "transformers": EngineKind(
        _transformers,
        partial(parse_arguments, TransformersArguments),
        ("torch", "transformers"),
        "hf",
        partial(text_fields, TransformersArguments),
    ),
    "openai": EngineKind(
        _openai,
        partial(parse_arguments, OpenAIArguments),
        ("openai",),
        "api",
        partial(text_fields, OpenAIArguments),
    ),
}


def text_arguments(name: str) -> frozenset[str]:
    """The arguments of an engine that are texts, even where they look like numbers: a revision, say.

    Args:
        name: A key of `ENGINES`, or "auto" for those that it chooses among; of another name there are none.
    """
    names = [each for each in ENGINES if each == name or (name == "auto" and each != "openai")]
    return frozenset().union(*(ENGINES[each].texts() for each in names))


def check_engine(name: str, model: str, arguments: Mapping[str, Any]) -> None:
    """Refuses what no model needs to be loaded for to be refused.

    Args:
        name: A key of `ENGINES`, or "auto".
        model: A checkpoint directory, a Hugging Face model id, or the name that an endpoint serves.
        arguments: For the engine.

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
        kind.check(arguments)
        pixel_limits(arguments)
    except UsageError as fault:
        if choice.why is not None:
            fault.remedy = f"{fault.remedy} The engine is {choice.name}, because {choice.why}.".lstrip()
        raise


def create_engine(
    name: str,
    model: str,
    arguments: Mapping[str, Any],
    chosen: Callable[[EngineChoice], None] | None = None,
    most_images: int = 1,
) -> Engine:
    """The engine of that name, with its model loaded.

    Args:
        name: A key of `ENGINES`, or "auto".
        model: A checkpoint directory, a Hugging Face model id, or the name that an endpoint serves.
        arguments: The engine's own arguments; unknown ones are refused.
        chosen: Told of what "auto" has chosen, before the model is loaded.
        most_images: Of a request.

    Raises:
        UsageError: No such engine, not installed, or an argument that it does not know.
        RunError: The model cannot be loaded.
    """
    if name != "auto":
        check_engine(name, model, arguments)
        return ENGINES[name].make(model, arguments, most_images)
    choice = choose_engine(model, arguments)
    if chosen is not None:
        chosen(choice)
    return ChosenEngine(create_engine(choice.name, model, arguments, most_images=most_images), choice)
