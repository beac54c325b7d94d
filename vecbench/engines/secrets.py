"""Keys and tokens: refused among arguments, masked in whatever is stored or shown."""

from __future__ import annotations

import base64
import html
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
_IN_ADDRESSES = {"sig", "signature", "code", "key", "token", "auth", "pass", "pwd", "sas"}
"""Words that make a parameter of an address that of a secret."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_TEXT = re.compile(r"(?i)bearer \S|sk-[\w-]{8}|hf_\w{20}")
"""How texts begin that are secrets, whatever their name."""
SHORTEST = 8
"""Characters of a secret. A shorter key is none, but what an endpoint without keys is given, such as EMPTY:
masked, it would go missing in answers."""
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_LIKE_A_KEY = re.compile(r"[A-Z0-9]{16,}")
"""Of what may be called as `_VARIABLE` is: no name is that long in one word."""


def is_secret(name: str, value: object = None) -> bool:
    """Whether a setting is a key, a token or a password, by its name or by the look of its text."""
    words = [word.lower() for word in _WORD.findall(name)]
    if _ALWAYS & set(words) or (isinstance(value, str) and _TEXT.match(value)):
        return True
    return bool(words) and words[-1] in _LAST and (len(words) == 1 or bool(_BEFORE & set(words)))


def is_secret_in_an_address(name: str, value: str) -> bool:
    """Whether a parameter of an address is a secret: the names of these are shorter."""
    words = {word.lower() for word in _WORD.findall(name)}
    return is_secret(name, value) or bool(words & _IN_ADDRESSES)


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
    if isinstance(name, str) and os.environ.get(name, "").strip():
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


def key_of_variable(name: str) -> str:
    """The key in an environment variable, without the white space around it; empty if there is none.

    Raises:
        UsageError: It has a character that no key has, and no request could be sent with it.
    """
    key = os.environ.get(name, "").strip()  # read from a file, it ends with a newline
    for place, each in enumerate(key, start=1):
        if not "!" <= each <= "~":
            raise UsageError(
                f"the key in the environment variable {name} holds a character that no key has: "
                f"U+{ord(each):04X}, at place {place} of {len(key)}",
                "Was more than the key copied? Set the variable to the key alone.",
            )
    return key


class Mask:
    """Writes `[key]` where a text holds one of some secrets, however it was spelt on its way.

    That is as it is, in either case, with any of its characters escaped for an address, JSON or HTML, in
    hexadecimal, or in Base64, alone or as a part of something.
    """

    def __init__(self, *secrets: str) -> None:
        known = {secret.strip() for secret in secrets}
        spellings = [each for secret in known if len(secret) >= SHORTEST for each in _spellings(secret)]
        self._pattern = re.compile("|".join(spellings), re.IGNORECASE) if spellings else None

    @classmethod
    def of_environment(cls) -> Mask:
        """The mask of all that environment variables hold which is a secret by its name or its look."""
        return cls(*(value for name, value in os.environ.items() if is_secret(name, value)))

    def __call__(self, text: str) -> str:
        """The text without them."""
        return text if self._pattern is None else self._pattern.sub("[key]", text)


def _spellings(secret: str) -> Iterator[str]:
    """Regular expressions of a secret."""
    yield "".join(f"(?:{'|'.join(re.escape(each) for each in _escapes(character))})" for character in secret)
    encoded = secret.encode(errors="surrogateescape")
    yield encoded.hex()
    for before in range(3):  # bytes of something else share the first and the last character
        text = base64.b64encode(bytes(before) + encoded).decode()
        own = text[-(-before * 8 // 6) : (before + len(encoded)) * 8 // 6]
        yield re.escape(own)
        yield re.escape(own.translate(str.maketrans("+/", "-_")))


def _escapes(character: str) -> list[str]:
    code = ord(character)
    spelt = {character, html.escape(character), f"\\{character}", f"\\u{code:04x}", f"\\x{code:02x}"}
    spelt |= {f"%{code:02x}", f"&#{code};", f"&#x{code:x};"}
    return sorted(spelt, key=len, reverse=True)  # a percent sign is the beginning of its escape


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
