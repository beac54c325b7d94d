"""What vecbench takes of vLLM, under one name each, whichever version is installed; nothing else imports it.

A name is looked up when it is first asked for, since importing vLLM takes many seconds.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vecbench.engines.vllm_log import error_log
from vecbench.errors import RunError, UsageError, whole_message

OLDEST, NEWEST = (0, 25), (0, 33)
"""The versions, major and minor, between which it has been tried."""
TESTED = "vLLM 0.25 to 0.33"
INSTALL = f'vecbench is tested with {TESTED}. Install one: pip install "vecbench[vllm]"'

NAMES: Mapping[str, tuple[str, ...]] = {
    "AsyncEngineArgs": ("vllm.engine.arg_utils:AsyncEngineArgs",),
    "AsyncLLM": ("vllm.v1.engine.async_llm:AsyncLLM",),
    "BaseRenderer": ("vllm.renderers:BaseRenderer",),
    "ChatParams": ("vllm.renderers:ChatParams",),
    "EngineDeadError": ("vllm.v1.engine.exceptions:EngineDeadError",),
    "EngineInput": ("vllm.inputs:EngineInput",),
    "LoRARequest": ("vllm.lora.request:LoRARequest",),
    "RequestOutputKind": ("vllm.sampling_params:RequestOutputKind",),
    "SamplingParams": ("vllm.sampling_params:SamplingParams",),
    # What a request gets whose engine failed: the first since 0.27, and the second inherits from it there.
    "ServerError": ("vllm.exceptions:VLLMServerError", "vllm.v1.engine.exceptions:EngineGenerateError"),
    "TokensPrompt": ("vllm.inputs:TokensPrompt",),
    "UsageContext": ("vllm.usage.usage_lib:UsageContext",),
    "VllmConfig": ("vllm.config:VllmConfig",),
    "current_platform": ("vllm.platforms:current_platform",),
    "renderer_from_config": ("vllm.renderers:renderer_from_config",),
}
"""What this module offers → where vLLM has it, the newest place first."""

# Before vLLM is imported. Its processes must not be forks of one with threads; nothing is reported to
# anybody; and its log is for those who ask for it, and no part of the results.
os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")


def __getattr__(name: str) -> Any:
    if name not in NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = _first_there(NAMES[name])
    return found


def _first_there(places: tuple[str, ...]) -> Any:
    error_log()  # what it says where vLLM's errors go is read when vLLM is imported
    for place in places:
        module, _, attribute = place.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except AttributeError:
            continue
        except ModuleNotFoundError as fault:
            if fault.name is not None and f"{module}.".startswith(f"{fault.name}."):
                continue
            raise _broken(fault) from fault
        except Exception as fault:  # an installation that does not suit the machine fails in many ways
            raise _broken(fault) from fault
    raise UsageError(f"vLLM {version()} has no {places[0].replace(':', '.')}", f"{INSTALL}.")


def _broken(fault: Exception) -> RunError:
    return RunError(
        f"vLLM {version()} cannot be imported: {whole_message(fault)}",
        "It goes with one torch and some versions of transformers: give it an environment of its own.",
    )


def version() -> str:
    """The version of vLLM, by its source text; "of an unknown version" if that does not tell."""
    package = find_spec("vllm")
    text = ""
    if package is not None and package.origin is not None:
        file = Path(package.origin).with_name("_version.py")
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
    found = re.search(r"""^__version__ = .*['"](\d[^'"]*)['"]""", text, re.MULTILINE)
    return found[1] if found else "of an unknown version"


def is_tested(which: str) -> bool:
    """Whether a version is among those that have been tried."""
    found = re.match(r"(\d+)\.(\d+)", which)
    return found is not None and OLDEST <= (int(found[1]), int(found[2])) <= NEWEST


def warn_of_untested_version() -> None:
    """Says so where vLLM is older or newer than tested: it is tried all the same."""
    if not is_tested(which := version()):
        warnings.warn(f"vecbench is tested with {TESTED}; this is vLLM {which}: it is tried", stacklevel=2)


def device_name() -> str:
    """What a model runs on: "cpu", or the name of the first GPU."""
    platform = __getattr__("current_platform")
    return "cpu" if platform.is_cpu() else str(platform.get_device_name())


def cores() -> int:
    """How many processor cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def devices() -> tuple[int, str]:
    """How many replicas this machine has room for, and what each of them needs one of."""
    platform = __getattr__("current_platform")
    if platform.is_cpu():
        return cores(), "CPU core"
    return int(platform.device_count()), "GPU"


def gpu_memory() -> int | None:
    """Bytes of the first GPU, asked without making a context on it; None if vLLM sees no GPU."""
    platform = __getattr__("current_platform")
    if platform.is_cpu() or platform.is_unspecified():
        return None
    return int(platform.get_device_total_memory())
