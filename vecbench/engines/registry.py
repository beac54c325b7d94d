"""Which engine a run gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

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
    if chosen not in ENGINES:
        raise UsageError(f"unknown engine {name!r}", nearest(name, ["auto", *ENGINES]))
    return ENGINES[chosen](model, arguments)
