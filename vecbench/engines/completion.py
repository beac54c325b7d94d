"""What an endpoint answered: JSON in which anything may stand in the place of anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

from vecbench.engines.base import FinishReason, Request, Response, first_line

MOST_TOKENS = 2**31
"""A larger count of tokens is none."""


def completion_response(request: Request, body: bytes, masked: Callable[[str], str]) -> Response:
    """The response that the body of a chat completion holds, with no key in it.

    An answer that ended in an unusual way, or is no text, is a response with an error.

    Raises:
        ValueError: It is no chat completion.
        RecursionError: Its JSON is nested too deeply to be read.
    """
    completion = json.loads(body, parse_int=_integer)
    choices = _field(completion, "choices")
    if not isinstance(choices, list) or not choices:
        raise ValueError("it has no choices")
    message = _field(choices[0], "message")
    if not isinstance(message, dict):
        raise ValueError("its choice has no message")
    finish = _field(choices[0], "finish_reason")
    if finish == "content_filter":
        return Response(request.key, None, error="stopped by the endpoint's content filter")
    if finish not in get_args(FinishReason):
        said = (
            "did not say how its answer ended"
            if finish is None
            else f"ended its answer with: {first_line(masked(str(finish)))}"
        )
        return Response(request.key, None, error=f"the endpoint {said}")
    text = _text(message)
    if text is None:
        return Response(request.key, None, error="the endpoint's answer is no text")
    usage = _field(completion, "usage")
    prompt_tokens, output_tokens = (
        _count(_field(usage, name)) for name in ("prompt_tokens", "completion_tokens")
    )
    return Response(request.key, masked(text), finish, None, prompt_tokens, output_tokens)


def _integer(digits: str) -> int | float:
    # Python refuses to read an integer of very many digits, and the whole answer with it.
    return int(digits) if len(digits) < 20 else float(digits)


def _field(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(message: dict[str, Any]) -> str | None:
    """The text of an answer, a refusal's included; None if it is, or has, something else."""
    content = message.get("content")
    if isinstance(content, list):  # as some endpoints give it, in parts
        texts = [_field(part, "text") for part in content]
        return "".join(texts) if all(isinstance(text, str) for text in texts) else None
    said = message.get("refusal") or "" if content is None or content == "" else content
    return said if isinstance(said, str) else None


def _count(value: object) -> int | None:
    """A number of tokens; None if the endpoint says something else."""
    return value if type(value) is int and 0 <= value < MOST_TOKENS else None
