"""The openai engine: any OpenAI-compatible chat endpoint, such as vLLM serve, Ray Serve LLM or a cloud."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import random
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import openai
from openai import AsyncOpenAI

from vecbench.certificates import require_certificates
from vecbench.engines.arguments import OpenAIArguments
from vecbench.engines.base import EngineDescription, Request, Response, refusal_of
from vecbench.engines.chat_body import chat_body, omissible, omission
from vecbench.engines.completion import completion_response
from vecbench.engines.endpoint_environment import unusable_environment, urls_of_the_environment
from vecbench.engines.endpoint_errors import is_too_large, reason_in, refused_field, takes_no_images
from vecbench.engines.replicas import Replica, Replicas
from vecbench.engines.secrets import Mask, key_of_variable
from vecbench.engines.sent_images import data_urls
from vecbench.engines.window import EventLoop, answered
from vecbench.errors import RunError, whole_message

LOG = logging.getLogger("vecbench")
LONGEST_PAUSE = 60.0
"""Seconds; an endpoint that asks for a longer one is not obeyed."""
CONNECT_TIMEOUT = 30.0
"""Seconds; an address where nobody takes the connection is none."""
LONGEST_ANSWER = 16 * 2**20
"""Bytes, decompressed, of the whole of what an endpoint sends back for a request."""
MOST_REDIRECTS = 5
KEY_HEADER = "Authorization"
"""Of a request, unless an argument names another: the client's own."""
SAID_EVERY = 5.0
"""Seconds between two lines about requests that are tried again."""
LOST_AFTER = 10
"""So many requests in a row that used up their attempts, with no success between them, and the
endpoint counts as lost: a run of thousands must not wait for each."""


class OversizedAnswer(Exception):  # noqa: N818 - not an error of ours
    """An endpoint sends more than any answer is."""


class BoundedClient(openai.DefaultAsyncHttpxClient):
    """Reads `LONGEST_ANSWER` bytes of a body and no more, whatever its status.

    Redirects are followed without the key where they lead to another host.
    """

    key_header = KEY_HEADER

    async def send(self, request: Any, *, stream: bool = False, **settings: Any) -> Any:  # noqa: ARG002
        """The response to a request, read."""
        settings |= {"stream": True, "follow_redirects": False}  # a redirect has a body too
        if self.key_header != KEY_HEADER:
            request.headers[self.key_header] = request.headers.pop(KEY_HEADER).removeprefix("Bearer ")
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
            if response.next_request.url.host != request.url.host:
                response.next_request.headers.pop(self.key_header, None)
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

    A field that the endpoint says it does not take is left out of all requests once one was answered without
    it, which is told, and stands in the description.

    Of an image exactly the pixels go that the other engines show their models, see `sent_images`; several
    go in their order, before the text. The key comes from the environment and is never among the arguments;
    where an endpoint repeats it, in its answer's text even, `[key]` stands in what leaves this class.
    """

    def __init__(self, model: str, arguments: Mapping[str, Any]) -> None:
        self._arguments = OpenAIArguments.parsed(arguments)
        self._model = model
        self._key = key_of_variable(self._arguments.api_key_env)
        self._masked = Mask(self._key, os.environ.get("HF_TOKEN", ""))
        self._urls = self._arguments.base_url or urls_of_the_environment(bool(self._key))
        self._connect_timeout = min(self._arguments.timeout, CONNECT_TIMEOUT)
        require_certificates()
        clients = [self._client(url) for url in self._urls]
        self._replicas = Replicas(clients, self._arguments.first_pause, LONGEST_PAUSE)
        self._omitted: Mapping[str, str] = dict.fromkeys(self._arguments.omit, "as -a omit asks")
        self._finding_out = asyncio.Lock()
        self._scales_here = False
        self._lost_in_a_row = 0
        self._reached = self._answered = False
        self._last_said = -math.inf
        self._loop = EventLoop()

    @property
    def description(self) -> EngineDescription:
        """Name, arguments as used without any key, and the number of endpoints."""
        used = self._arguments.model_dump(exclude_none=True, mode="json") | {"base_url": list(self._urls)}
        count = len(self._urls)
        used = json.loads(self._masked(json.dumps(used)))
        device = f"{count} endpoint{'s' if count > 1 else ''}"
        return EngineDescription("openai", used, device, omitted=self._omitted)

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """The response of every request; at most `concurrency` are under way."""
        limits = self._arguments.pixel_limits
        self._scales_here = bool(limits) and not self._loop.start(self._scales_there()).result()
        return answered(
            requests,
            partial(data_urls, limits=limits if self._scales_here else {}),
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
            key = self._key or "none"  # endpoints of one's own ask for none; the client insists on one
            bounded = BoundedClient()
            bounded.key_header = self._arguments.api_key_header
            return AsyncOpenAI(
                api_key=key,
                base_url=url.partition("?")[0],
                default_query=dict(parse_qsl(url.partition("?")[2], keep_blank_values=True)),
                timeout=openai.Timeout(self._arguments.timeout, connect=self._connect_timeout),
                max_retries=0,  # ours go to another address
                http_client=bounded,
            )
        except Exception as fault:
            # Certificates and proxies that the environment names, and that are none, fail in many ways.
            raise unusable_environment(fault, self._masked) from None

    async def _answer(self, request: Request, images: Sequence[str]) -> Response:
        pause = self._arguments.first_pause
        tried: list[Replica[AsyncOpenAI]] = []
        for attempt in range(self._arguments.max_retries + 1):
            replica = self._replicas.next(tried)
            tried.append(replica)
            began = time.monotonic()
            try:
                response = await self._taken(replica.client, request, images)
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
            else:
                self._replicas.answered(replica)
                self._lost_in_a_row = 0
                self._reached = self._answered = True
                return response
            await asyncio.sleep(pause_now)  # here nothing holds the body that was sent
            pause = min(2 * pause, LONGEST_PAUSE)
        raise AssertionError("the last attempt returns")

    async def _taken(self, client: AsyncOpenAI, request: Request, images: Sequence[str]) -> Response:
        """The response to a request, asked without the fields that the endpoint says it does not take."""
        while True:
            omitted = self._omitted
            fields = chat_body(self._model, request, images, self._arguments, omitted)
            try:
                return await self._attempt(client, request, fields)
            except openai.APIStatusError as fault:
                field = self._refused_field(fault, fields)
                if field is None:
                    raise
                why = self._said(fault)
            async with self._finding_out:  # one for all that are under way
                if self._omitted is omitted:
                    return await self._found_out(client, request, images, {**omitted, field: why})

    async def _found_out(
        self, client: AsyncOpenAI, request: Request, images: Sequence[str], omitted: Mapping[str, str]
    ) -> Response:
        """The response without the field that was refused last, and all that are after it.

        Only an answer shows that a field was what stood in the way, and not something in this request.
        """
        while True:
            fields = chat_body(self._model, request, images, self._arguments, omitted)
            try:
                response = await self._attempt(client, request, fields)
            except openai.APIStatusError as fault:
                field = self._refused_field(fault, fields)
                if field is None:
                    raise
                omitted = {**omitted, field: self._said(fault)}
            else:
                for field in list(omitted)[len(self._omitted) :]:
                    LOG.warning("endpoint: %s", omission(field, omitted[field], fields, request.sampling))
                self._omitted = omitted
                return response

    def _refused_field(self, fault: openai.APIStatusError, fields: Mapping[str, Any]) -> str | None:
        left = [name for name in omissible(self._arguments, self._scales_here) if name in fields]
        return refused_field(fault.status_code, reason_in(fault.response.text), left)

    async def _scales_there(self) -> bool:
        """Whether the endpoint scales images as `mm_processor_kwargs` says, which vLLM's server does."""
        if self._arguments.scale is not None:
            return self._arguments.scale == "server"
        for replica in self._replicas:
            with suppress(Exception):  # whatever it is, others scale none
                client = replica.client.with_options(max_retries=2, timeout=self._connect_timeout)
                models = await client.models.with_raw_response.list()
                return b'"owned_by":"vllm"' in models.content.replace(b" ", b"")
        return False

    async def _attempt(self, client: AsyncOpenAI, request: Request, fields: Mapping[str, Any]) -> Response:
        others = dict(fields)
        model, messages = others.pop("model"), others.pop("messages")
        # The client's own limit is for each read: an endpoint that sends a byte now and then has no end.
        async with asyncio.timeout(self._arguments.timeout):
            raw = await client.chat.completions.with_raw_response.create(
                model=model, messages=messages, extra_body=others
            )
        # The client trusts what it gets, and hands on whatever stands at a field's place.
        return completion_response(request, raw.content, self._masked)

    def _refused(self, request: Request, fault: Exception) -> Response:
        said = self._said(fault)
        status = fault.status_code if isinstance(fault, openai.APIStatusError) else None
        if not self._answered and status and takes_no_images(said):
            raise RunError(
                f"{self._model} takes no images at this endpoint: {said}",
                "Ask a model that sees, or start its server with what it sees with (llama.cpp: --mmproj).",
            ) from None
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
        if status and is_too_large(status, said):
            said += " (smaller images: -a max_pixels=1000000,scale=client)"
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
            return f"no connection: {whole_message(self._masked(str(fault.__cause__ or fault)))}"
        if isinstance(fault, openai.APIStatusError):
            reason = (
                whole_message(self._masked(reason_in(fault.response.text))) if fault.response.text else ""
            )
            return f"status {fault.status_code}{': ' if reason else ''}{reason}"
        if isinstance(fault, RecursionError):
            return "an answer that is no chat completion: it is nested too deeply"
        return f"an answer that is no chat completion: {whole_message(self._masked(str(fault)))}"


def _is_passing(fault: Exception) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(fault, openai.APIStatusError):
        if fault.status_code < 400:  # a body that is no chat completion
            return True
        passes = fault.status_code in {408, 409, 425, 429} or fault.status_code >= 500
        return passes and not (_is_exhausted_quota(fault) or takes_no_images(reason_in(fault.response.text)))
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
