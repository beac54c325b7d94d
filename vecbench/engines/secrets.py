"""Keys and tokens among arguments, which would be stored with a run and published with it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from vecbench.errors import UsageError

_ALWAYS = {"secret", "secrets", "password", "passwd", "passphrase", "authorization", "credential",
           "credentials", "bearer", "cookie", "apikey"}  # fmt: skip
"""Words that make any name that of a secret."""
_LAST = {"key", "keys", "token", "auth"}
"""Last words that do so alone, or behind one of `_BEFORE`: `image_token` and `cache_key` are none."""
_BEFORE = {"api", "access", "auth", "bearer", "client", "hf", "private", "refresh", "session", "subscription"}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_TEXT = re.compile(r"(?i)bearer \S|sk-[\w-]{8}|hf_\w{20}")
"""How texts begin that are secrets, whatever their name."""
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_LIKE_A_KEY = re.compile(r"[A-Z0-9]{16,}")
"""Of what may be called as `_VARIABLE` is: no name is that long in one word."""


def is_secret(name: str, value: object = None) -> bool:
    """Whether a setting is a key, a token or a password, by its name or by the look of its text."""
    words = [word.lower() for word in _WORD.findall(name)]
    if _ALWAYS & set(words) or (isinstance(value, str) and _TEXT.match(value)):
        return True
    return bool(words) and words[-1] in _LAST and (len(words) == 1 or bool(_BEFORE & set(words)))


def refuse_secrets(arguments: Mapping[str, Any]) -> None:
    """Refuses secrets at any depth.

    Raises:
        UsageError: There is one; its name is told, its value is not.
    """
    for name in _secrets(arguments, ""):
        raise UsageError(
            f"--model-args {name}: everybody on the machine could read a key or a token there, "
            "and it would be stored",
            "Set it in the environment: HF_TOKEN for the Hugging Face Hub; OPENAI_API_KEY for an endpoint, "
            "or another variable with api_key_env=NAME.",
        )


def require_variable(name: object) -> str:
    """The name of an environment variable that is to hold a key.

    Raises:
        UsageError: It is not set. What may be a key itself, given in the place of the name, is not repeated.
    """
    if isinstance(name, str) and os.environ.get(name):
        return name
    if isinstance(name, str) and _VARIABLE.fullmatch(name) and not _LIKE_A_KEY.fullmatch(name):
        raise UsageError(
            f"model argument api_key_env: the environment variable {name} is not set",
            f"Set it to the key (export {name}=…), or leave api_key_env out if the endpoint wants none.",
        )
    raise UsageError(
        "model argument api_key_env: what it holds is no environment variable that is set",
        "It takes the name of the variable, such as api_key_env=MY_KEY, and never the key itself.",
    )


def _secrets(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            place = f"{where}.{name}" if where else str(name)
            if is_secret(str(name), each):
                yield place
            yield from _secrets(each, place)
    elif isinstance(value, list | tuple):
        for each in value:
            if is_secret("", each):
                yield where
            yield from _secrets(each, where)
