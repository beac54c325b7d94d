"""What an endpoint answered: JSON in which anything may stand in the place of anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

from vecbench.engines.base import FinishReason, Request, Response
from vecbench.engines.endpoint_tokens import EndpointTokens
from vecbench.errors import whole_message

MOST_TOKENS = 2**31
"""A larger count of tokens is none."""


STOPS = frozenset(
    (
        "stop",
        "eos",
        "eos_token",
        "end_turn",
        "end_of_turn",
        "stop_sequence",
        "stop_token",
        "complete",
        "completed",
    )
)
"""How OpenAI, TGI, Together, Anthropic, Cohere and others call the end that a model gave its answer."""
LENGTHS = frozenset(
    ("length", "max_tokens", "max_output_tokens", "max_completion_tokens", "max_new_tokens", "max_length",
     "model_length", "token_limit", "model_context_window_exceeded")
)  # fmt: skip
"""How they call it where the token limit cut it off."""
FILTERS = frozenset(
    ("content_filter", "content_filtered", "safety", "image_safety", "recitation", "prohibited_content",
     "blocklist", "spii", "guardrail_intervened", "sensitive")
)  # fmt: skip
"""How they call it where a filter took the answer away."""
BROKEN = frozenset(
    (
        "abort",
        "aborted",
        "cancelled",
        "canceled",
        "error",
        "failed",
        "timeout",
        "insufficient_system_resource",
    )
)
"""How they call it where something went wrong, which may go well another time."""

THOUGHTS = frozenset(("thinking", "reasoning"))
"""Types of the parts of an answer that are reasoning."""


def completion_response(request: Request, body: bytes, masked: Callable[[str], str]) -> Response:
    """The response that the body of a chat completion holds, with no key in it.

    An answer that ended in a way that is not known is taken as it is, with the endpoint's word for its end.
    One that a filter took away, that broke off, that is no text, or that is empty and ended so, is a response
    with an error.

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
    finish = _finish_reason(_field(choices[0], "finish_reason"), masked)
    if finish in FILTERS:
        return Response(request.key, None, error="stopped by the endpoint's content filter")
    text, reasoning = _text(message), _reasoning(message)
    is_known = finish in get_args(FinishReason)
    if finish in BROKEN or (text == "" and not (is_known or reasoning)):
        ended = "did not say how its answer ended" if finish is None else f"ended its answer with: {finish}"
        return Response(request.key, None, error=f"the endpoint {ended}")
    if text is None:
        return Response(request.key, None, error="the endpoint's answer is no text")
    usage = _field(completion, "usage")
    of_output = _field(usage, "completion_tokens_details")
    tokens = None
    if request.n_alternatives:
        listed = _field(_field(choices[0], "logprobs"), "content")
        stops, is_reasoned = request.sampling.stop, bool(reasoning)
        tokens = EndpointTokens(masked(text), listed, stops, is_reasoned=is_reasoned)
    return Response(
        request.key,
        masked(text),
        finish,
        None,
        _count(_field(usage, "prompt_tokens")),
        _count(_field(usage, "completion_tokens")),
        masked(reasoning) or None,
        _count(_field(of_output, "reasoning_tokens")),
        tokens,
    )


def _finish_reason(said: object, masked: Callable[[str], str]) -> str | None:
    """How it ended in one of the words above, however it is spelt; in another as it is, on one line."""
    if said is None:
        return None
    word = str(said).casefold().removeprefix("finish_reason_")
    if word in STOPS or word in LENGTHS:
        return "stop" if word in STOPS else "length"
    return word if word in FILTERS | BROKEN else whole_message(masked(str(said)))


def _integer(digits: str) -> int | float:
    # Python refuses to read an integer of very many digits, and the whole answer with it.
    return int(digits) if len(digits) < 20 else float(digits)


def _field(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(message: dict[str, Any]) -> str | None:
    """The text of an answer, a refusal's included; None if it is, or has, something else."""
    content = message.get("content")
    if isinstance(content, list):  # as some endpoints give it, in parts, of which some are reasoning
        texts = [_field(part, "text") for part in content if _field(part, "type") not in THOUGHTS]
        return "".join(texts) if all(isinstance(text, str) for text in texts) else None
    said = message.get("refusal") or "" if content is None or content == "" else content
    return said if isinstance(said, str) else None


def _reasoning(message: dict[str, Any]) -> str:
    """What a model reasoned, where it stands beside its text or as a part of its own; empty if nowhere."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    beside = [message.get(name) for name in ("reasoning_content", "reasoning", "reasoning_details")]
    inside = [part for part in parts if _field(part, "type") in THOUGHTS]
    return next((text for each in (*beside, inside) if (text := _thought(each)).strip()), "")


def _thought(value: object) -> str:
    if isinstance(value, list):
        return "".join(map(_thought, value))
    if isinstance(value, dict):
        return "".join(_thought(value.get(name)) for name in ("text", "summary", "thinking", "reasoning"))
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    """A number of tokens; None if the endpoint says something else."""
    return value if type(value) is int and 0 <= value < MOST_TOKENS else None
