"""A LoRA adapter in the transformers engine, through peft."""

from __future__ import annotations

from typing import Any

from vecbench.engines.vllm_lora import require_used
from vecbench.errors import RunError, UsageError, whole_message

MARK = ".lora_"
"""Comes between the name of a module and that of an adapter's part in it."""


def add_adapter(model: Any, adapter: str) -> None:
    """Puts the saved adapter of a folder on a loaded model of transformers; it is not merged, as in vLLM.

    Warns of modules of the adapter that the model does not have, which peft passes over.

    Raises:
        UsageError: The model has none of its modules, or peft refuses it.
        RunError: Its weights are no numbers.
    """
    import torch

    try:
        report = model.load_adapter(adapter)
    except Exception as fault:  # whatever peft finds wrong with an adapter
        raise UsageError(f"lora={adapter} does not suit the model: {whole_message(fault)}") from fault
    parts = {name: part for name, part in model.named_parameters() if MARK in name}
    mismatched = {str(key[0]) for key in report.mismatched_keys}
    taken = _modules(parts.keys() - report.missing_keys - mismatched)
    require_used(adapter, [(taken, _modules({*report.unexpected_keys, *mismatched}))])
    broken = sorted(name for name, part in parts.items() if not torch.isfinite(part).all())
    if broken:
        raise RunError(
            f"lora={adapter} has weights that are nan or infinite, such as {broken[0]}",
            "Its training diverged, or it was saved in a dtype that is too narrow.",
        )


def _modules(keys: Any) -> list[str]:
    return sorted({str(key).partition(MARK)[0] for key in keys})
