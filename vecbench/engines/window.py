"""A bounded number of requests under way: decoded ahead by threads, or answered in an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count, islice
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from PIL.Image import Image

from vecbench.ahead import done_ahead
from vecbench.engines.base import Request, Response
from vecbench.errors import ImageError

Prepared = TypeVar("Prepared")
Result = TypeVar("Result")

PATIENCE = 10.0
"""Seconds that cancelled requests get to end by themselves."""


def decoded(
    requests: Iterable[Request], *, ahead: int, threads: int
) -> Iterator[tuple[Request, tuple[Image, ...] | ImageError]]:
    """Every request in order, with its pictures or why one of them is none; at most `ahead` wait to be taken.

    Pillow releases the interpreter lock while it decodes, so threads keep an accelerator fed.
    """
    return done_ahead(requests, _decode, ahead=ahead, threads=threads, name="decode")


def _decode(request: Request) -> tuple[Image, ...] | ImageError:
    try:
        return request.decoded()
    except ImageError as fault:
        return fault


class EventLoop:
    """An asyncio event loop in a thread of its own: it goes on while its user stores responses."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="event loop", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Starts a coroutine in the loop; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self, last: Callable[[], Awaitable[object]] | None = None) -> None:
        """Cancels what runs, awaits `last` and ends the thread; calling it twice is harmless."""
        if self._loop.is_closed():
            return
        with suppress(TimeoutError):
            self.start(_end_tasks(last)).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        if not self._thread.is_alive():
            self._loop.close()


def answered(
    requests: Iterable[Request],
    prepare: Callable[[Request], Prepared],
    answer: Callable[[Request, Prepared], Awaitable[Response]],
    *,
    loop: EventLoop,
    window: int,
    threads: int,
) -> Iterator[Response]:
    """The response of every request, each as soon as it is finished; at most `window` are under way.

    Requests are pulled in the caller's thread, only as far as there is room. `prepare` runs in threads: an
    `ImageError` of it fails this request only. What `answer`, which runs in the loop, raises ends everything,
    after the responses that are finished by then.
    """
    source = iter(requests)
    with _Window(prepare, answer, loop, threads) as under_way:
        while True:
            for request in islice(source, under_way.room(window)):
                under_way.add(request)
            if not under_way:
                under_way.raise_fault()
                return
            yield under_way.next_finished()


class _Window:
    """The requests under way."""

    def __init__(
        self,
        prepare: Callable[[Request], Prepared],
        answer: Callable[[Request, Prepared], Awaitable[Response]],
        loop: EventLoop,
        threads: int,
    ) -> None:
        self._prepare: Callable[[Request], Any] = prepare
        self._answer: Callable[[Request, Any], Awaitable[Response]] = answer
        self._loop = loop
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        self._finished: SimpleQueue[tuple[int, Response | Exception]] = SimpleQueue()
        self._futures: dict[int, Future[None]] = {}
        self._numbers = count()
        self._fault: Exception | None = None

    def __len__(self) -> int:
        return len(self._futures)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for future in self._futures.values():
            future.cancel()
        self._pool.shutdown(cancel_futures=True)

    def room(self, window: int) -> int:
        """How many more requests may be added: none once something has gone wrong."""
        return window - len(self) if self._fault is None else 0

    def add(self, request: Request) -> None:
        number = next(self._numbers)
        self._futures[number] = self._loop.start(self._go(number, request))

    def raise_fault(self) -> None:
        """Raises what has gone wrong, if anything has."""
        if self._fault is not None:
            raise self._fault

    def next_finished(self) -> Response:
        """Waits for a response; once something has gone wrong, raises it after what is finished."""
        while True:
            try:
                number, outcome = self._finished.get(block=self._fault is None)
            except Empty:
                assert self._fault is not None
                raise self._fault from None
            del self._futures[number]
            if isinstance(outcome, Response):
                return outcome
            self._fault = self._fault or outcome

    async def _go(self, number: int, request: Request) -> None:
        outcome: Response | Exception
        try:
            prepared = await asyncio.get_running_loop().run_in_executor(self._pool, self._prepare, request)
            outcome = await self._answer(request, prepared)
        except ImageError as fault:
            outcome = Response(request.key, None, error=fault.message)
        except Exception as fault:
            # It belongs to the thread that waits for the responses.
            outcome = fault
        self._finished.put((number, outcome))


async def _end_tasks(last: Callable[[], Awaitable[object]] | None) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    if last is not None:
        await last()
    await asyncio.get_running_loop().shutdown_asyncgens()
