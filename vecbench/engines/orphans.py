"""No process is left behind, however this one ends.

vLLM's engine processes outlive a parent that was killed: they would keep the memory of the GPUs that
the next attempt needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

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
            [sys.executable, "-m", "vecbench.engines.orphans", str(os.getpid())],
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


def _watch(parent: int) -> None:
    born = psutil.Process().create_time()
    known: set[Identity] = set()
    while os.getppid() == parent:
        known |= engine_processes(parent, born)
        time.sleep(INTERVAL)
    kill_all(known)


if __name__ == "__main__":
    _watch(int(sys.argv[1]))
