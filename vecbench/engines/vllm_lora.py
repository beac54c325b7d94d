"""Whether a LoRA adapter suits a model: vLLM passes over in silence what it has no place for."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from vecbench.errors import UsageError, some

WORKER_EXTENSION = f"{__name__}.AdapterModules"


class AdapterModules:
    """A part of each of vLLM's workers, through its argument `worker_extension_cls`."""

    model_runner: Any

    def adapter_modules(self, adapter: int) -> tuple[list[str], list[str]]:
        """The modules of a loaded adapter that are in this worker's part of the model, and the others."""
        manager = self.model_runner.lora_manager._adapter_manager
        names = sorted(manager.get_adapter(adapter).loras)
        return [each for each in names if each in manager.modules], [
            each for each in names if each not in manager.modules
        ]


def require_used(adapter: str, workers: Iterable[tuple[list[str], list[str]]]) -> None:
    """Refuses an adapter of which no worker takes anything, and warns of what none of them takes.

    Raises:
        UsageError: The answers would be those of the model without it.
    """
    parts = list(workers)
    used = {name for taken, _ in parts for name in taken}
    left = sorted({name for _, others in parts for name in others} - used)
    shown = some(left)
    if not used:
        raise UsageError(
            f"lora={adapter}: the model has none of its modules: {shown or 'it is empty'}",
            "Was it trained on another model, or were its names changed when it was saved?",
        )
    if left:
        warnings.warn(f"lora={adapter}: nothing takes its modules {shown}", stacklevel=2)
