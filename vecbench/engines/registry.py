"""Which engine a run gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from pydantic import BaseModel

from vecbench.engines.arguments import OpenAIArguments, TransformersArguments, parse_arguments
from vecbench.engines.base import Engine
from vecbench.engines.choice import choose_engine
from vecbench.errors import UsageError, nearest


def _transformers(model: str, arguments: Mapping[str, Any]) -> Engine:
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise UsageError("the transformers engine is not installed", 'Install it: pip install "vecbench[hf]"')
    from vecbench.engines.transformers import TransformersEngine

    return TransformersEngine(model, arguments)


def _openai(model: str, arguments: Mapping[str, Any]) -> Engine:
    if find_spec("openai") is None:
        raise UsageError("the openai engine is not installed", 'Install it: pip install "vecbench[api]"')
    from vecbench.engines.openai import OpenAIEngine

    return OpenAIEngine(model, arguments)


def _vllm(model: str, arguments: Mapping[str, Any]) -> Engine:
    if find_spec("vllm") is None:
        raise UsageError("the vllm engine is not installed", 'Install it: pip install "vecbench[vllm]"')
    from vecbench.engines.vllm import VllmEngine

    return VllmEngine(model, arguments)


ENGINES: Mapping[str, Callable[[str, Mapping[str, Any]], Engine]] = {
    "vllm": _vllm,
    "transformers": _transformers,
    "openai": _openai,
}
"""Name → how to make it. Making an engine loads the model."""


_SCHEMAS: Mapping[str, type[BaseModel]] = {"transformers": TransformersArguments, "openai": OpenAIArguments}


def check_engine(name: str, arguments: Mapping[str, Any]) -> None:
    """Refuses what no model needs to be loaded for to be refused.

    vLLM alone knows its arguments; they are checked when its engine is made.

    Args:
        name: A key of `ENGINES`, or "auto".
        arguments: For the engine.

    Raises:
        UsageError: No such engine, or an argument that it does not know or cannot take.
    """
    if name not in ENGINES and name != "auto":
        raise UsageError(f"unknown engine {name!r}", nearest(name, ["auto", *ENGINES]))
    if name == "auto" and find_spec("vllm") is None:
        name = "transformers"
    if name in _SCHEMAS:
        parse_arguments(_SCHEMAS[name], arguments)


def create_engine(name: str, model: str, arguments: Mapping[str, Any]) -> Engine:
    """The engine of that name, with its model loaded.

    Args:
        name: A key of `ENGINES`, or "auto".
        model: A checkpoint directory or a Hugging Face model id.
        arguments: The engine's own arguments; unknown ones are refused.

    Raises:
        UsageError: No such engine, not installed, or an argument that it does not know.
        RunError: The model cannot be loaded.
    """
    chosen = choose_engine(model, arguments).name if name == "auto" else name
    check_engine(chosen, arguments)
    return ENGINES[chosen](model, arguments)
