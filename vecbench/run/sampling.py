"""How answers are drawn: a task's own settings, and those of `--gen-kwargs` in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vecbench.engines import Sampling
from vecbench.errors import UsageError, nearest
from vecbench.tasks import Task


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a setting can be."""

    low: float
    high: float
    expected: str
    whole: bool = False

    def holds(self, value: object) -> bool:
        """Whether a value is such a number; true and false are none."""
        kinds = int if self.whole else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool) and self.low <= value <= self.high


RANGES: Mapping[str, Range] = {
    "temperature": Range(0.0, 100.0, "a number from 0 to 100"),
    "top_p": Range(1e-9, 1.0, "a number above 0, at most 1"),
    "max_tokens": Range(1, 2**31, "a whole number above 0", whole=True),
    "top_k": Range(0, 2**31, "a whole number, 0 for all tokens", whole=True),
    "min_p": Range(0.0, 1.0, "a number from 0 to 1"),
    "repetition_penalty": Range(1e-9, 100.0, "a number above 0, at most 100"),
    "thinking_budget": Range(0, 2**31, "a whole number of tokens", whole=True),
}
"""Setting → what it can be, whoever says it."""

_NAMES: Mapping[str, str] = (
    {name: name for name in (*RANGES, "do_sample")}
    | dict.fromkeys(("max_gen_toks", "max_new_tokens"), "max_tokens")
    | {"until": "stop", "thinking_token_budget": "thinking_budget"}
)
"""What a setting may be called, as in lm-eval and vLLM → its name."""


def task_sampling(task: Task) -> Sampling:
    """A task's own settings."""
    return Sampling(
        task.temperature,
        task.top_p,
        task.max_tokens,
        task.stop,
        top_k=task.top_k,
        min_p=task.min_p,
        repetition_penalty=task.repetition_penalty,
    )


def with_settings(sampling: Sampling, settings: Mapping[str, Any]) -> Sampling:
    """The settings with those of `--gen-kwargs` in their place.

    Raises:
        UsageError: One is unknown, stands there twice, cannot be what it is, or contradicts another.
    """
    chosen, spelt = _named(settings)
    sample = chosen.pop("do_sample", None)
    if sample is not None and not isinstance(sample, bool):
        raise UsageError(f"--gen-kwargs: do_sample={sample!r} is not possible", "Write true or false.")
    if sample is False and chosen.get("temperature", 0):
        raise UsageError("--gen-kwargs: do_sample=false contradicts a temperature above 0")
    if sample is False:
        chosen["temperature"] = 0.0
    if "stop" in chosen:
        chosen["stop"] = _stops(chosen["stop"])
    for name in RANGES.keys() & chosen.keys():
        value = chosen[name]
        if name == "thinking_budget" and value is None:
            continue
        if not RANGES[name].holds(value):
            raise UsageError(
                f"--gen-kwargs: {spelt.get(name, name)}={value!r} is not possible",
                f"Expected: {RANGES[name].expected}.",
            )
        chosen[name] = value if RANGES[name].whole else float(value)
    changed = replace(sampling, **chosen)
    if sample is True and changed.temperature == 0:
        raise UsageError(
            "--gen-kwargs: do_sample=true needs a temperature above 0", "Add temperature=0.7, say."
        )
    if changed.thinking_budget is not None and changed.thinking_budget >= changed.max_tokens:
        raise UsageError(
            f"--gen-kwargs: thinking_budget={changed.thinking_budget} leaves no room for an answer within "
            f"{changed.max_tokens} tokens",
            "Raise max_gen_toks, which counts reasoning and answer, or lower the budget.",
        )
    return changed


def _named(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings by their names, and how each was spelt."""
    chosen: dict[str, Any] = {}
    spelt: dict[str, str] = {}
    for name, value in settings.items():
        if name not in _NAMES:
            raise UsageError(f"--gen-kwargs: unknown setting {name!r}", nearest(name, _NAMES))
        meant = _NAMES[name]
        if meant in chosen:
            raise UsageError(
                f"--gen-kwargs: {spelt[meant]} and {name} are the same setting", "Give one of them."
            )
        chosen[meant], spelt[meant] = value, name
    return chosen, spelt


def _stops(stop: Any) -> tuple[str, ...]:
    stops = [stop] if isinstance(stop, str) else [] if stop is None else stop
    if not isinstance(stops, list) or not all(isinstance(each, str) and each for each in stops):
        raise UsageError(f"--gen-kwargs: until={stop!r} is not possible", "Write a text or a list of texts.")
    return tuple(stops)
