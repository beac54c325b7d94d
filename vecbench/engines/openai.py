"""The openai engine: any OpenAI-compatible chat endpoint, such as vLLM serve, Ray Serve LLM or a cloud."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import math
import os
import random
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import openai
from openai import AsyncOpenAI
from PIL.Image import Image

from vecbench.certificates import require_certificates
from vecbench.engines.arguments import OpenAIArguments
from vecbench.engines.base import EngineDescription, Request, Response, first_line, refusal_of
from vecbench.engines.completion import completion_response
from vecbench.engines.replicas import Replica, Replicas
from vecbench.engines.secrets import Mask, key_of_variable
from vecbench.engines.window import EventLoop, answered
from vecbench.errors import RunError, UsageError

LOG = logging.getLogger("vecbench")
CLOUD = "https://api.openai.com/v1"
LONGEST_PAUSE = 60.0
"""Seconds; an endpoint that asks for a longer one is not obeyed."""
CONNECT_TIMEOUT = 30.0
"""Seconds; an address where nobody takes the connection is none."""
LONGEST_ANSWER = 16 * 2**20
"""Bytes, decompressed, of the whole of what an endpoint sends back for a request."""
MOST_REDIRECTS = 5
SAID_EVERY = 5.0
"""Seconds between two lines about requests that are tried again."""
LOST_AFTER = 10
"""So many requests in a row that used up their attempts, with no success between them, and the
endpoint counts as lost: a run of thousands must not wait for each."""


ENVIRONMENT = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"
)  # fmt: skip
"""What a client reads of the environment when it is made; proxies in small letters too."""


class OversizedAnswer(Exception):  # noqa: N818 - not an error of ours
    """An endpoint sends more than any answer is."""


class BoundedClient(openai.DefaultAsyncHttpxClient):
    """Reads `LONGEST_ANSWER` bytes of a body and no more, whatever its status."""

    async def send(self, request: Any, *, stream: bool = False, **settings: Any) -> Any:  # noqa: ARG002
        """The response to a request, read."""
        settings |= {"stream": True, "follow_redirects": False}  # a redirect has a body too
        for _ in range(MOST_REDIRECTS):
            response = await super().send(request, **settings)
            body = bytearray()
            try:
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > LONGEST_ANSWER:
                        raise OversizedAnswer
            finally:
                await response.aclose()
            if response.next_request is None:
                break
            request = response.next_request
        headers = [
            each
            for each in response.headers.multi_items()
            if each[0] not in {"content-encoding", "content-length", "transfer-encoding"}
        ]
        return type(response)(response.status_code, headers=headers, content=bytes(body), request=request)


class OpenAIEngine:
    """Bounded concurrency, retries with growing pauses, several replicas in turn.

    Retried are 408, 409, 429, 5xx, time-outs, dropped connections and answers that are not JSON, each
    time at another address if there is one. Other refusals fail the request; those that every request
    would meet (401, 403, 404, an exhausted quota, an address where nobody ever answered) end the run. What
    is tried again is told as warnings of the logger `vecbench`, one in `SAID_EVERY` seconds.

    An image goes as a PNG of exactly the pixels that the other engines show their models; several go in their
    order, before the text. The key comes from the environment and is never among the arguments; where an
    endpoint repeats it, in its answer's text even, `[key]` stands in what leaves this class.
    """

    def __init__(self, model: str, arguments: Mapping[str, Any]) -> None:
        self._arguments = OpenAIArguments.parsed(arguments)
        self._model = model
        self._key = key_of_variable(self._arguments.api_key_env)
        self._masked = Mask(self._key, os.environ.get("HF_TOKEN", ""))
        self._urls = self._arguments.base_url or _urls_of_the_environment(bool(self._key))
        self._connect_timeout = min(self._arguments.timeout, CONNECT_TIMEOUT)
        require_certificates()
        clients = [self._client(url) for url in self._urls]
        self._replicas = Replicas(clients, self._arguments.first_pause, LONGEST_PAUSE)
        self._lost_in_a_row = 0
        self._reached = False
        self._last_said = -math.inf
        self._loop = EventLoop()

    @property
    def description(self) -> EngineDescription:
        """Name, arguments as used without any key, and the number of endpoints."""
        used = self._arguments.model_dump(exclude_none=True, mode="json") | {"base_url": list(self._urls)}
        count = len(self._urls)
        used = json.loads(self._masked(json.dumps(used)))
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
        for replica in self._replicas:
            await replica.client.close()

    def _client(self, url: str) -> AsyncOpenAI:
        try:
            return AsyncOpenAI(
                api_key=self._key or "none",  # endpoints of one's own ask for none; the client insists on one
                base_url=url,
                timeout=openai.Timeout(self._arguments.timeout, connect=self._connect_timeout),
                max_retries=0,  # ours go to another address
                http_client=BoundedClient(),
            )
        except Exception as fault:
            # Certificates and proxies that the environment names, and that are none, fail in many ways.
            raise _unusable_environment(fault, self._masked) from None

    async def _answer(self, request: Request, images: Sequence[str]) -> Response:
        pause = self._arguments.first_pause
        tried: list[Replica[AsyncOpenAI]] = []
        for attempt in range(self._arguments.max_retries + 1):
            replica = self._replicas.next(tried)
            tried.append(replica)
            began = time.monotonic()
            try:
                response = await self._attempt(replica.client, request, images)
            except (openai.APIError, TimeoutError, OversizedAnswer, ValueError, RecursionError) as fault:
                self._reached = self._reached or not _is_no_connection(fault)
                if not _is_passing(fault):
                    return self._refused(request, fault)
                asked = _asked_pause(fault)
                self._replicas.failed(replica, began, asked)
                if attempt == self._arguments.max_retries:
                    return self._given_up(request, fault)
                # Not together with the others that failed at the same moment.
                pause_now = pause * random.uniform(0.5, 1.0)
                if asked and not self._replicas.any_awake:
                    pause_now = asked
                self._say_retry(fault, attempt, pause_now)
                await asyncio.sleep(pause_now)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._replicas.answered(replica)
                self._lost_in_a_row = 0
                self._reached = True
                return response
        raise AssertionError("the last attempt returns")

    async def _attempt(self, client: AsyncOpenAI, request: Request, images: Sequence[str]) -> Response:
        # The client's own limit is for each read: an endpoint that sends a byte now and then has no end.
        async with asyncio.timeout(self._arguments.timeout):
            raw = await client.chat.completions.with_raw_response.create(**self._body(request, images))
        # The client trusts what it gets, and hands on whatever stands at a field's place.
        return completion_response(request, raw.content, self._masked)

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
            "extra_body": extra or None,
            **({"stop": list(sampling.stop)} if sampling.stop else {}),
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
            where = self._masked(" or ".join(self._urls))
            raise RunError(
                f"nobody answers at {where}: {said} (after {self._arguments.max_retries} retries)",
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
        if isinstance(fault, openai.APITimeoutError | TimeoutError):
            return f"no answer within {self._arguments.timeout:g} s"
        if _is_oversized(fault):
            return f"an answer of more than {LONGEST_ANSWER // 2**20} MiB"
        if isinstance(fault, openai.APIConnectionError):
            return f"no connection: {first_line(self._masked(str(fault.__cause__ or fault)))}"
        if isinstance(fault, openai.APIStatusError):
            body = fault.body
            message = body.get("message") if isinstance(body, dict) else None
            # Many a service has a form of its own; its words say more than none.
            said = message if message and isinstance(message, str) else " ".join(fault.response.text.split())
            return (
                f"status {fault.status_code}{': ' if said else ''}{said and first_line(self._masked(said))}"
            )
        if isinstance(fault, RecursionError):
            return "an answer that is no chat completion: it is nested too deeply"
        return f"an answer that is no chat completion: {first_line(self._masked(str(fault)))}"


def _unusable_environment(fault: Exception, masked: Mask) -> UsageError:
    names = (name for each in ENVIRONMENT for name in (each, each.lower()))
    given = [name for name in names if os.environ.get(name)]  # the value of a proxy may hold a password
    return UsageError(
        f"no connection to an endpoint can be made: {first_line(masked(str(fault)))}",
        f"Correct or unset, in the environment: {', '.join(given)}." if given else "",
    )


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


def _is_passing(fault: Exception) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(fault, openai.APIStatusError):
        if fault.status_code < 400:  # a body that is no chat completion
            return True
        return (
            fault.status_code in {408, 409, 425, 429} or fault.status_code >= 500
        ) and not _is_exhausted_quota(fault)
    return not _is_oversized(fault)


def _is_oversized(fault: Exception) -> bool:
    """Whether the endpoint sent too much; some versions of the client wrap what is raised within it."""
    return isinstance(fault, OversizedAnswer) or isinstance(fault.__cause__, OversizedAnswer)


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
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", asked):
        return min(float(asked), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, TypeError, OverflowError):
        return None
    seconds = (until - datetime.now(UTC if until.tzinfo else None)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_PAUSE)
