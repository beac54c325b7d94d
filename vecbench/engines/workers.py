"""Processes that work on one thing after the other, and hand large results over without copying them.

What a result holds of arrays lies in memory that both processes see: the worker writes it once, and whoever
asked maps it. It is freed when nothing refers to it any more.
"""

from __future__ import annotations

import io
import mmap
import multiprocessing
import os
import pickle
import signal
import tempfile
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import recv_handle, send_handle
from queue import LifoQueue
from threading import Lock
from typing import Any, BinaryIO, Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
Reducer = Callable[[Any], Any]

AHEAD = 2
"""So many jobs a worker has at once: it never waits for the next one."""
ALIGNMENT = 64
"""Bytes: where the arrays of a result begin."""
PATIENCE = 5.0
"""Seconds that a worker gets to end by itself."""


class WorkerDied(Exception):  # noqa: N818 - what happened to it
    """A worker ended in the middle of a job; another one takes its place."""


class Workers(Generic[Job, Result]):
    """Some processes, of which each takes a job when it is free.

    Args:
        count: Processes.
        start: Called in each of them, once; what it returns is called with every job. To be pickled, as are
            jobs and results. What a job raises is raised where it was asked for.
        preload: A module that is imported once for all of them.
        reducer: For results, as `reducer_override` of a pickler.
    """

    def __init__(
        self,
        count: int,
        start: Callable[[], Callable[[Job], Result]],
        preload: str,
        reducer: Reducer | None = None,
    ) -> None:
        self._start, self._reducer = start, reducer
        # Forks of a process that has done nothing but import: no import each, and none of our threads.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([preload])
        self._workers: list[_Worker[Job, Result]] = [self._new() for _ in range(count)]
        self._free: LifoQueue[int] = LifoQueue()
        self._replacing = Lock()
        for place in [*range(count)] * AHEAD:
            self._free.put(place)

    def __len__(self) -> int:
        return len(self._workers)

    def done(self, job: Job) -> Result:
        """What comes of a job; waits for it. `AHEAD` threads a worker may ask without waiting for others.

        Raises:
            WorkerDied: The process that worked on it did.
        """
        place = self._free.get()
        worker = self._workers[place]
        try:
            return worker.done(job)
        except WorkerDied:
            with self._replacing:
                if self._workers[place] is worker:
                    worker.end()
                    self._workers[place] = self._new()
            raise
        finally:
            self._free.put(place)

    def started(self) -> None:
        """Waits until all of them are ready; raises what `start` raised."""
        for each in self._workers:
            each.started()

    def close(self) -> None:
        """Ends the processes; calling it twice is harmless."""
        for each in self._workers:
            each.end()

    def _new(self) -> _Worker[Job, Result]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, self._start, self._reducer), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)


class _Worker(Generic[Job, Result]):
    """One process, from the other side."""

    def __init__(self, process: BaseProcess, connection: Connection) -> None:
        self._process, self._connection = process, connection
        self._asking, self._reading = Lock(), Lock()
        self._ready: Future[Any] = Future()
        self._asked: deque[Future[Any]] = deque([self._ready])

    def started(self) -> None:
        self._read_until(self._ready)
        self._ready.result()

    def done(self, job: Job) -> Result:
        mine: Future[Result] = Future()
        try:
            with self._asking:
                self._asked.append(mine)
                self._connection.send(job)
        except OSError:
            raise self._died() from None
        self._read_until(mine)
        return mine.result()

    def _read_until(self, mine: Future[Any]) -> None:
        """Results come in the order of their jobs; whoever reads hands on those of others."""
        try:
            with self._reading:
                while not mine.done():
                    result = _received(self._connection)
                    whose = self._asked.popleft()
                    if isinstance(result, _Raised):
                        whose.set_exception(result.fault)
                    else:
                        whose.set_result(result)
        except (OSError, EOFError):
            raise self._died() from None

    def _died(self) -> WorkerDied:
        self._process.join(PATIENCE)
        return WorkerDied(f"a worker process died (exit status {self._process.exitcode})")

    def end(self) -> None:
        self._connection.close()
        self._process.join(PATIENCE)
        self._process.kill()
        self._process.join()


class _Raised:
    """What a job raised, in the place of its result."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault


def _work(connection: Connection, start: Callable[[], Callable[[Any], Any]], reducer: Reducer | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asks
    with suppress(EOFError, OSError):  # nobody asks any more
        try:
            work = start()
        except Exception as fault:
            _send(connection, _Raised(fault), reducer)
            return
        _send(connection, None, reducer)
        while True:
            job = connection.recv()
            try:
                result = work(job)
            except Exception as fault:
                result = _Raised(fault)
            _send(connection, result, reducer)


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, buffers: list[pickle.PickleBuffer], reducer: Reducer | None):
        super().__init__(stream, protocol=5, buffer_callback=buffers.append)
        self._reducer = reducer

    def reducer_override(self, value: Any) -> Any:
        return NotImplemented if self._reducer is None else self._reducer(value)


def _send(connection: Connection, result: Any, reducer: Reducer | None) -> None:
    stream, buffers = io.BytesIO(), list[pickle.PickleBuffer]()
    _Pickler(stream, buffers, reducer).dump(result)
    raws = [each.raw() for each in buffers]
    places, size = _places([raw.nbytes for raw in raws])
    connection.send((stream.getvalue(), places))
    if size:
        with _memory() as memory:
            memory.truncate(size)
            with mmap.mmap(memory.fileno(), size) as shared:
                for (begin, length), raw in zip(places, raws, strict=True):
                    shared[begin : begin + length] = raw
            send_handle(connection, memory.fileno(), None)


def _memory() -> BinaryIO:
    """A file without a name: in memory, however small a container's /dev/shm is; elsewhere on a disk."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("vecbench"), "r+b")
    return tempfile.TemporaryFile()


def _received(connection: Connection) -> Any:
    pickled, places = connection.recv()
    views: list[memoryview] = []
    if places and sum(places[-1]):
        memory = recv_handle(connection)
        try:
            # It is unmapped with the last array that lies in it.
            shared = memoryview(mmap.mmap(memory, 0))
        finally:
            os.close(memory)
        views = [shared[begin : begin + length] for begin, length in places]
    return pickle.loads(pickled, buffers=views or [b""] * len(places))


def _places(lengths: list[int]) -> tuple[list[tuple[int, int]], int]:
    """Where parts of these lengths begin and how long they are, and how much room they take together."""
    places, begin = [], 0
    for length in lengths:
        places.append((begin, length))
        begin += -(-length // ALIGNMENT) * ALIGNMENT
    return places, begin
