"""The openai engine: any OpenAI-compatible chat endpoint, such as vLLM serve, Ray Serve LLM or a cloud."""

from __future__ import annotations

import asyncio
import base64
import io
import logging
import math
import os
import random
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

import openai
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion, ChatCompletionMessage
from PIL.Image import Image

from vecbench.engines.arguments import OpenAIArguments
from vecbench.engines.base import EngineDescription, FinishReason, Request, Response, first_line, refusal_of
from vecbench.engines.window import EventLoop, answered
from vecbench.errors import RunError, UsageError

LOG = logging.getLogger("vecbench")
CLOUD = "https://api.openai.com/v1"
LONGEST_PAUSE = 60.0
"""Seconds; an endpoint that asks for a longer one is not obeyed."""
CONNECT_TIMEOUT = 30.0
"""Seconds; an address where nobody takes the connection is none."""
SAID_EVERY = 5.0
"""Seconds between two lines about requests that are tried again."""
LOST_AFTER = 10
"""So many requests in a row that used up their attempts, with no success between them, and the
endpoint counts as lost: a run of thousands must not wait for each."""


class OpenAIEngine:
    """Bounded concurrency, retries with growing pauses, several replicas in turn.

    Retried are 408, 409, 429, 5xx, time-outs, dropped connections and answers that are not JSON, each
    time at the next address. Other refusals fail the request; those that every request would meet (401,
    403, 404, an exhausted quota, an address where nobody ever answered) end the run. What is tried again is
    told as warnings of the logger `vecbench`, one in `SAID_EVERY` seconds.

    An image goes as a PNG of exactly the pixels that the other engines show their models; several go in their
    order, before the text. The key comes from the environment and is never among the arguments.
    """

    def __init__(self, model: str, arguments: Mapping[str, Any]) -> None:
        self._arguments = OpenAIArguments.parsed(arguments)
        self._model = model
        self._key = os.environ.get(self._arguments.api_key_env, "")
        self._urls = self._arguments.base_url or _urls_of_the_environment(bool(self._key))
        self._connect_timeout = min(self._arguments.timeout, CONNECT_TIMEOUT)
        self._clients = [self._client(url) for url in self._urls]
        self._turn = 0
        self._lost_in_a_row = 0
        self._reached = False
        self._last_said = -math.inf
        self._loop = EventLoop()

    @property
    def description(self) -> EngineDescription:
        """Name, arguments as used without any key, and the number of endpoints."""
        used = self._arguments.model_dump(exclude_none=True, mode="json") | {"base_url": list(self._urls)}
        count = len(self._urls)
        return EngineDescription("openai", used, f"{count} endpoint{'s' if count > 1 else ''}")

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """The response of every request; at most `concurrency` are under way."""
        return answered(
            requests,
            _data_urls,
            self._answer,
            loop=self._loop,
            window=self._arguments.concurrency,
            threads=self._arguments.decode_threads,
        )

    def close(self) -> None:
        """Closes the connections."""
        self._loop.close(self._close_clients)

    async def _close_clients(self) -> None:
        for client in self._clients:
            await client.close()

    def _client(self, url: str) -> AsyncOpenAI:
        return AsyncOpenAI(
            api_key=self._key or "none",  # endpoints of one's own ask for none; the client insists on one
            base_url=url,
            timeout=openai.Timeout(self._arguments.timeout, connect=self._connect_timeout),
            max_retries=0,  # ours go to the next address
        )

    async def _answer(self, request: Request, images: Sequence[str]) -> Response:
        pause = self._arguments.first_pause
        for attempt in range(self._arguments.max_retries + 1):
            client = self._clients[self._turn % len(self._clients)]
            self._turn += 1
            try:
                completion = await client.chat.completions.create(**self._body(request, images))
                response = _response(request, completion)
            except (openai.APIError, ValueError) as fault:
                self._reached = self._reached or not _is_no_connection(fault)
                if not _is_passing(fault):
                    return self._refused(request, fault)
                if attempt == self._arguments.max_retries:
                    return self._given_up(request, fault)
                # Not together with the others that failed at the same moment.
                pause_now = _asked_pause(fault) or pause * random.uniform(0.5, 1.0)
                self._say_retry(fault, attempt, pause_now)
                await asyncio.sleep(pause_now)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._lost_in_a_row = 0
                self._reached = True
                return response
        raise AssertionError("the last attempt returns")

    def _body(self, request: Request, images: Sequence[str]) -> dict[str, Any]:
        sampling = request.sampling
        arguments = self._arguments
        content = [
            *({"type": "image_url", "image_url": {"url": image}} for image in images),
            {"type": "text", "text": request.prompt},
        ]
        extra = dict(arguments.extra_body)
        if limits := arguments.pixel_limits:  # vLLM's own field
            extra["mm_processor_kwargs"] = extra.get("mm_processor_kwargs", {}) | limits
        return {
            "model": self._model,
            "messages": [{"role": "user", "content": content}],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            arguments.token_limit: sampling.max_tokens,
            "seed": sampling.seed,
            "stop": list(sampling.stop) or openai.omit,
            "extra_body": extra or None,
        }

    def _refused(self, request: Request, fault: Exception) -> Response:
        said = self._said(fault)
        status = fault.status_code if isinstance(fault, openai.APIStatusError) else None
        if status in {401, 403}:
            raise RunError(
                f"the endpoint refuses us: {said}",
                f"Set a valid key in the environment variable {self._arguments.api_key_env}.",
            ) from None
        if status == 404:
            raise RunError(
                f"the endpoint does not serve {self._model}: {said}",
                "--model takes the name under which the endpoint serves it; "
                "an address ends, as a rule, with /v1.",
            ) from None
        if _is_exhausted_quota(fault):
            raise RunError(f"the endpoint's quota is used up: {said}") from None
        return refusal_of(request, said)

    def _given_up(self, request: Request, fault: Exception) -> Response:
        said = self._said(fault)
        self._lost_in_a_row += 1
        if not self._reached and _is_no_connection(fault):
            raise RunError(
                f"nobody answers at {' or '.join(self._urls)}: {said} (after {self._arguments.max_retries} "
                "retries)",
                "Is the server running? Check -a base_url=…; an address ends, as a rule, with /v1.",
            ) from None
        if self._lost_in_a_row >= LOST_AFTER:
            raise RunError(
                f"the endpoint is lost: the last {LOST_AFTER} requests all failed, this one with: {said}"
            ) from None
        return Response(request.key, None, error=f"{said} (after {self._arguments.max_retries} retries)")

    def _say_retry(self, fault: Exception, attempt: int, pause: float) -> None:
        now = time.monotonic()
        if now - self._last_said >= SAID_EVERY:
            self._last_said = now
            retry = f"retry {attempt + 1} of {self._arguments.max_retries} in {pause:.1f} s"
            LOG.warning("endpoint: %s; %s", self._said(fault), retry)

    def _said(self, fault: Exception) -> str:
        """The error in one line, without the key: some endpoints repeat it."""
        if _is_no_connection(fault) and isinstance(fault, openai.APITimeoutError):
            return f"no connection within {self._connect_timeout:g} s"
        if isinstance(fault, openai.APITimeoutError):
            return f"no answer within {self._arguments.timeout:g} s"
        if isinstance(fault, openai.APIConnectionError):
            return f"no connection: {first_line(fault.__cause__ or fault)}"
        if isinstance(fault, openai.APIStatusError):
            message = fault.body.get("message") if isinstance(fault.body, dict) else None
            said = f"status {fault.status_code}: {first_line(message or fault)}"
        else:
            said = f"an answer that is no chat completion: {first_line(fault)}"
        return said.replace(self._key, "[key]") if self._key else said


def _urls_of_the_environment(has_key: bool) -> tuple[str, ...]:
    url = os.environ.get("OPENAI_BASE_URL", "")
    if url:
        return OpenAIArguments.parsed({"base_url": url}).base_url
    if has_key:
        return (CLOUD,)
    raise UsageError(
        "the openai engine has no endpoint",
        "Give one, such as -a base_url=http://localhost:8000/v1, or set OPENAI_API_KEY for OpenAI's own.",
    )


def _data_urls(request: Request) -> list[str]:
    # One after the other: pictures are larger than the files that are made of them.
    return [_data_url(each.decode()) for each in request.images]


def _data_url(picture: Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _response(request: Request, completion: ChatCompletion) -> Response:
    """What the endpoint answered; a `ValueError` says that it is no chat completion."""
    # The client trusts what it gets, and hands on whatever stands at a field's place: with a body that is
    # no JSON it returns a text.
    choices = getattr(completion, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise ValueError("it has no choices")
    message = getattr(choices[0], "message", None)
    if not isinstance(message, ChatCompletionMessage):
        raise ValueError("its choice has no message")
    finish = getattr(choices[0], "finish_reason", None)
    if finish == "content_filter":
        return Response(request.key, None, error="stopped by the endpoint's content filter")
    if finish not in get_args(FinishReason):
        said = (
            "did not say how its answer ended"
            if finish is None
            else f"ended its answer with: {first_line(finish)}"
        )
        return Response(request.key, None, error=f"the endpoint {said}")
    text = _text(message)
    if text is None:
        return Response(request.key, None, error="the endpoint's answer is no text")
    usage = getattr(completion, "usage", None)
    prompt_tokens, output_tokens = (
        _count(getattr(usage, name, None)) for name in ("prompt_tokens", "completion_tokens")
    )
    return Response(request.key, text, finish, None, prompt_tokens, output_tokens)


def _text(message: ChatCompletionMessage) -> str | None:
    """The text of an answer, a refusal's included; None if it is, or has, something else."""
    content: object = getattr(message, "content", None)
    if isinstance(content, list):  # as some endpoints give it, in parts
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(parts) else None
    said = content or getattr(message, "refusal", None) or ""
    return said if isinstance(said, str) else None


def _count(value: object) -> int | None:
    """A number of tokens; None if the endpoint says something else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _is_passing(fault: Exception) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(fault, openai.APIStatusError):
        if fault.status_code < 400:  # a body that is no chat completion
            return True
        return (
            fault.status_code in {408, 409, 425, 429} or fault.status_code >= 500
        ) and not _is_exhausted_quota(fault)
    return True


def _is_no_connection(fault: Exception) -> bool:
    """Whether nobody was reached: the fault is of the address, not of the request."""
    # By its name, since the package that brings it depends on the client's version.
    return isinstance(fault, openai.APIConnectionError) and type(fault.__cause__).__name__ in {
        "ConnectError",
        "ConnectTimeout",
    }


def _is_exhausted_quota(fault: Exception) -> bool:
    return isinstance(fault, openai.APIStatusError) and (
        fault.status_code == 402 or getattr(fault, "code", None) == "insufficient_quota"
    )


def _asked_pause(fault: Exception) -> float | None:
    """Seconds of a Retry-After header; None if there is none that can be obeyed."""
    if not isinstance(fault, openai.APIStatusError):
        return None
    asked = fault.response.headers.get("retry-after", "")
    if not re.fullmatch(r"\d+(\.\d+)?", asked):
        return None
    return min(float(asked), LONGEST_PAUSE)
