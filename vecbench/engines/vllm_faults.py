"""What it means for a user that vLLM does not start, or ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from vecbench.engines.arguments import refusal
from vecbench.engines.missing_package import missing_package
from vecbench.errors import RunError, VecbenchError, whole_message

LESS_MEMORY = (
    "Lower max_model_len, max_num_seqs, max_num_batched_tokens or gpu_memory_utilization, spread the model "
    "with tensor_parallel_size, or take quantization=fp8 (all with -a)."
)
WHOLE_PROMPTS = (
    "vLLM cannot draw with a seed on a CPU where a prompt is computed in parts: add "
    "enable_chunked_prefill=False and a small max_model_len with -a, or take --gen-kwargs temperature=0"
)
"""Where the words of `_SEED` ended an engine: vLLM 0.32 does not start such a generator anew."""
_SEED = re.compile(r"generator does not use offset", re.IGNORECASE)
_MEMORY = re.compile(
    r"out of memory|outofmemory|kv cache memory|available memory|free memory on device|"
    r"no available memory|can't allocate memory|not enough memory|kv cache is needed|"
    r"larger than the available kv cache",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(r"Model architectures (\[.*?\]) are not supported for now")


def is_about_memory(text: str) -> bool:
    """Whether a message of vLLM says that memory ran out, or would."""
    return _MEMORY.search(text) is not None


def refused(
    model: str, given: Mapping[str, Any], fault: ValidationError, last_words: str | None
) -> VecbenchError:
    """The error for what vLLM's configuration refuses: an argument where it names one.

    A check of the whole configuration tells no field; its words are about an argument where they hold both
    its name and its value.
    """
    found = fault.errors()
    for each in found:
        name = str(each["loc"][0]) if each["loc"] else ""
        if name in given:
            return refusal(name, given[name], each["msg"])
    for each in found:
        for name, value in given.items():
            if not each["loc"] and name in each["msg"] and str(value) in each["msg"]:
                return refusal(name, value, each["msg"])
    first = found[0]
    where = ".".join(str(part) for part in first["loc"])
    problem = first["msg"].removeprefix("Value error, ")
    return start_error(
        model, RunError(f"{fault.title}: {where}: {problem}" if where else problem), last_words
    )


def start_error(model: str, fault: Exception, last_words: str | None) -> VecbenchError:
    """The error for a model that vLLM does not start.

    Args:
        model: Its name.
        fault: What vLLM raised.
        last_words: Why its processes ended, where they said so; they know more than `fault`.
    """
    if (missing := missing_package(model, fault)) is not None:
        return missing
    said = whole_message(fault)
    points_elsewhere = re.search(r"root cause|check the logs", said) is not None
    if points_elsewhere and last_words is not None:
        said = last_words
    if unknown := _UNKNOWN.search(said):
        names = ", ".join(re.findall(r"\w+", unknown[1]))
        return RunError(
            f"vLLM does not know the architecture of {model}: {names}",
            "The transformers engine may: --engine transformers.",
        )
    if is_about_memory(said):
        return RunError(f"{model} does not fit into the memory: {said}", LESS_MEMORY)
    if points_elsewhere and last_words is None:
        return RunError(
            f"{model} cannot be loaded: a process of vLLM failed; its last words, if it had any, are above",
            "One that was killed without a word may have run out of the machine's memory.",
        )
    return RunError(f"{model} cannot be loaded by vLLM: {said}")


def death(last_words: str | None) -> RunError:
    """The error for an engine that died after it had started."""
    if last_words is None:
        return RunError(
            "vLLM's engine died without a word, as one does that is killed: by the system, say, where the "
            "machine's memory ran out"
        )
    hint = LESS_MEMORY.rstrip(".") if is_about_memory(last_words) else ""
    if _SEED.search(last_words):
        hint = WHOLE_PROMPTS
    return RunError(f"vLLM's engine died: {last_words}" + (f" ({hint})" if hint else ""))
