"""A bounded number of requests under way: decoded ahead by threads, or answered in an event loop."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from PIL.Image import Image

from vecbench.ahead import done_ahead
from vecbench.engines.base import Request, Response
from vecbench.errors import ImageError

Prepared = TypeVar("Prepared")
Result = TypeVar("Result")

SWITCH = 0.0002
"""Seconds after which a thread that computes gives way to one that waits, at most (Python's own are 0.005).

What a thread decodes or gets of a worker takes some ten turns with the loop's thread: beside a busy loop
eight workers came to 25 images a second.
"""
LOOK_UP = 0.5
"""Seconds after which Ctrl-C is seen, whatever goes on."""
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
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH))
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
    finished: SimpleQueue[Future[Response]] = SimpleQueue()
    under_way: set[Future[Response]] = set()
    fault: BaseException | None = None
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")

    async def go(request: Request) -> Response:
        try:
            prepared = await asyncio.get_running_loop().run_in_executor(pool, prepare, request)
            return await answer(request, prepared)
        except ImageError as problem:
            return Response(request.key, None, error=problem.message)

    try:
        while True:
            for request in islice(source, window - len(under_way) if fault is None else 0):
                future = loop.start(go(request))
                under_way.add(future)
                future.add_done_callback(finished.put)
            if fault is not None and finished.empty():
                raise fault
            if not under_way:
                return
            done = _next(finished)
            under_way.remove(done)
            if (problem := done.exception()) is None:
                yield done.result()
            else:
                fault = fault or problem
    finally:
        for future in under_way:
            future.cancel()
        pool.shutdown(cancel_futures=True)


def _next(finished: SimpleQueue[Future[Response]]) -> Future[Response]:
    """The next that is finished.

    A wait without an end is not interrupted by a signal that the system gives to another thread.
    """
    while True:
        with suppress(Empty):
            return finished.get(timeout=LOOK_UP)


async def _end_tasks(last: Callable[[], Awaitable[object]] | None) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    if last is not None:
        await last()
    await asyncio.get_running_loop().shutdown_asyncgens()
