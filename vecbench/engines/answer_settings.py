"""The arguments that answers depend on, whatever engine and machine compute them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from vecbench.digests import sha256_of
from vecbench.engines.arguments import SCORE_FIELDS
from vecbench.errors import UsageError
from vecbench.models import LOCAL, fingerprint

PIXEL_LIMITS = ("min_pixels", "max_pixels")
PROCESSOR = "mm_processor_kwargs"
"""The argument, and the field of an endpoint's requests, that goes to the model's image processor."""
SETTINGS = (
    "chat_template_kwargs", "generation_config", "hf_config_path", "hf_overrides", "logits_processors",
    "override_generation_config", "reasoning_config", "tokenizer", "tokenizer_revision",
)  # fmt: skip
"""Arguments that change what the model is, is asked or may say, besides those treated one by one.

How it is computed (dtype, quantization, attention, parallelism) stands in the engine's record.
"""
_PIXELS: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=1)])


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """What of an engine's arguments the answers depend on.

    Of a file or folder it holds a hash, and no path or address, so that it can be published as it is.
    """

    pixel_limits: Mapping[str, int] = field(default_factory=dict)  # wherever they stood
    others: Mapping[str, Any] = field(default_factory=dict)


def answer_settings(arguments: Mapping[str, Any]) -> AnswerSettings:
    """What of `--model-args` the answers depend on, once an engine has checked them."""
    limits = pixel_limits(arguments)
    body = dict(arguments.get("extra_body") or {})
    processor = {**_dictionary(body.pop(PROCESSOR, None)), **_dictionary(arguments.get(PROCESSOR))}
    for name in limits:
        processor.pop(name, None)
    others = {name: _folder(arguments.get(name)) for name in SETTINGS}
    others |= {PROCESSOR: processor, "extra_body": body, "omit": _omitted(arguments)}
    if limits:
        others["scale"] = arguments.get("scale")
    if (template := arguments.get("chat_template")) is not None:
        others["chat_template"] = _hash(Path(template).read_text(encoding="utf-8"))
    given = {name: value for name, value in others.items() if value not in (None, {}, [], "")}
    return AnswerSettings(limits, {name: _portable(value) for name, value in sorted(given.items())})


def pixel_limits(arguments: Mapping[str, Any]) -> dict[str, int]:
    """`min_pixels` and `max_pixels`, wherever they stand; what is no number of pixels is not among them.

    Raises:
        UsageError: The smallest number of pixels is larger than the largest.
    """
    body = _dictionary(arguments.get("extra_body"))
    processor = {**_dictionary(body.get(PROCESSOR)), **_dictionary(arguments.get(PROCESSOR))}
    limits = {}
    for name in PIXEL_LIMITS:
        for holder in (processor, arguments):
            if (limit := _pixels(holder.get(name))) is not None:
                limits[name] = limit
    if len(limits) == len(PIXEL_LIMITS) and limits["min_pixels"] > limits["max_pixels"]:
        raise UsageError(
            f"model arguments min_pixels={limits['min_pixels']} and max_pixels={limits['max_pixels']}: "
            "no image has at least the one and at most the other"
        )
    return limits


def _omitted(arguments: Mapping[str, Any]) -> list[str]:
    """The fields that an endpoint is asked without, but for those on which no answer depends."""
    names = arguments.get("omit") or ()
    listed = names.split(",") if isinstance(names, str) else names
    return sorted({each.strip() for each in listed} - {"seed", *SCORE_FIELDS})


def _dictionary(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _pixels(value: Any) -> int | None:
    if value is None:
        return None
    try:
        return _PIXELS.validate_python(value)
    except ValidationError:
        return None


def _folder(value: Any) -> Any:
    """Of a folder, such as a tokenizer's, its fingerprint; anything else as it is."""
    with suppress(OSError, ValueError, RuntimeError):  # a text that no path can have
        if isinstance(value, str) and value and Path(value).expanduser().is_dir():
            return f"{LOCAL}{fingerprint(Path(value).expanduser())}"
    return value


def _portable(value: Any) -> Any:
    """The value, with what only this machine knows replaced by a hash of it."""
    if isinstance(value, Mapping):
        return {str(key): _portable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_portable(each) for each in value]
    if isinstance(value, str) and ("://" in value or value.startswith(("/", "~", "."))):
        return _hash(value)
    return value


def _hash(text: str) -> str:
    return f"sha256:{sha256_of(text)[:16]}"
