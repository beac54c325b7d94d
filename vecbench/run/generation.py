"""Generation settings that somebody asks for instead of a task's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vecbench.engines import Sampling
from vecbench.errors import UsageError, nearest


def with_generation_settings(sampling: Sampling, settings: Mapping[str, Any]) -> Sampling:
    """The task's generation settings with those of `--gen-kwargs` in their place.

    Args:
        sampling: Of the task.
        settings: Keys as in lm-eval: temperature, top_p, do_sample, max_gen_toks (or max_tokens,
            max_new_tokens), until (a text or a list).

    Raises:
        UsageError: An unknown key, an impossible value, or a contradiction.
    """
    names = {
        "temperature": "temperature",
        "top_p": "top_p",
        "max_gen_toks": "max_tokens",
        "max_tokens": "max_tokens",
        "max_new_tokens": "max_tokens",
        "until": "stop",
        "do_sample": "do_sample",
    }
    chosen: dict[str, Any] = {}
    spelt: dict[str, str] = {}
    for name, value in settings.items():
        if name not in names:
            raise UsageError(f"--gen-kwargs: unknown setting {name!r}", nearest(name, names))
        meant = names[name]
        if meant in chosen:
            raise UsageError(
                f"--gen-kwargs: {spelt[meant]} and {name} are the same setting", "Give one of them."
            )
        chosen[meant], spelt[meant] = value, name
    sample = chosen.pop("do_sample", None)
    if sample is not None and not isinstance(sample, bool):
        raise UsageError(f"--gen-kwargs: do_sample={sample!r} is not possible", "Write true or false.")
    if sample is False and chosen.get("temperature", 0):
        raise UsageError("--gen-kwargs: do_sample=false contradicts a temperature above 0")
    if sample is False:
        chosen["temperature"] = 0.0
    if "stop" in chosen:
        stop = chosen["stop"]
        stops = [stop] if isinstance(stop, str) else [] if stop is None else stop
        if not isinstance(stops, list) or not all(isinstance(each, str) and each for each in stops):
            raise UsageError(
                f"--gen-kwargs: until={stop!r} is not possible", "Write a text or a list of texts."
            )
        chosen["stop"] = tuple(stops)
    _require_numbers(chosen, spelt)
    changed = replace(sampling, **chosen)
    if sample is True and changed.temperature == 0:
        raise UsageError(
            "--gen-kwargs: do_sample=true needs a temperature above 0", "Add temperature=0.7, say."
        )
    return changed


def _require_numbers(chosen: dict[str, Any], spelt: Mapping[str, str]) -> None:
    possible = {
        "temperature": (0.0, 100.0, "a number from 0 to 100"),
        "top_p": (1e-9, 1.0, "a number above 0, at most 1"),
        "max_tokens": (1, 2**31, "a whole number above 0"),
    }
    for name in possible.keys() & chosen.keys():
        value = chosen[name]
        low, high, expected = possible[name]
        kinds = int if name == "max_tokens" else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            written = spelt.get(name, name)
            raise UsageError(f"--gen-kwargs: {written}={value!r} is not possible", f"Expected: {expected}.")
        if name != "max_tokens":
            chosen[name] = float(value)
