"""vLLM's start can be stopped, and none of its processes is left behind, however this one ends.

Its engine processes outlive a parent that was killed: they would keep the memory of the GPUs that the next
attempt needs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import psutil

INTERVAL = 0.5
"""Seconds between two looks at the parent."""
SIGNS = ("VLLM::", "multiprocessing.spawn", "multiprocessing.forkserver")
"""What the command lines of vLLM's processes hold: its own titles, and before they have one, Python's."""

Identity = tuple[int, float]
"""Process id and time of birth: ids are used again."""


class Watchdog:
    """A small process that kills vLLM's processes as soon as this one is gone."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vecbench.engines.vllm_processes", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # Ctrl-C is not for it
        )
        # Births are compared with births: the clock that they are measured with is not the wall's.
        self.born = psutil.Process(self._process.pid).create_time()

    def close(self) -> None:
        """Kills what vLLM has left running now, and ends; calling it twice is harmless."""
        if self._process.poll() is None:
            kill_all(engine_processes(os.getpid(), self.born))
            self._process.kill()
            self._process.wait()


def engine_processes(parent: int, since: float) -> set[Identity]:
    """The processes of vLLM that descend from `parent` and were born when or after the watchdog was."""
    found = set()
    with suppress(psutil.Error):
        for process in psutil.Process(parent).children(recursive=True):
            with suppress(psutil.Error):
                command = " ".join(process.cmdline())
                if process.create_time() >= since and any(sign in command for sign in SIGNS):
                    found.add((process.pid, process.create_time()))
    return found


def kill_all(processes: Iterable[Identity]) -> None:
    """Kills processes and what descends from them; an id that another process has by now is left alone."""
    for pid, born in processes:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if process.create_time() == born:
                for each in [*process.children(recursive=True), process]:
                    with suppress(psutil.Error):
                        each.kill()


class _Stopped(BaseException):
    """A KeyboardInterrupt by another name, which nobody's `except KeyboardInterrupt` swallows."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Lets Ctrl-C, and SIGTERM where somebody handles it, end a block that swallows `KeyboardInterrupt`.

    vLLM's start does: it drops the interrupt while it shakes hands with its engines, and then waits ten
    minutes for them. Outside the main thread nothing changes.
    """

    def stop(_number: int, _frame: object) -> None:
        raise _Stopped

    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, stop)
    try:
        yield
    except _Stopped:
        raise KeyboardInterrupt from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(parent: int) -> None:
    born = psutil.Process().create_time()
    known: set[Identity] = set()
    while os.getppid() == parent:
        known |= engine_processes(parent, born)
        time.sleep(INTERVAL)
    kill_all(known)


if __name__ == "__main__":
    _watch(int(sys.argv[1]))
