"""No process is left behind, however this one ends.

vLLM's engine processes outlive a parent that was killed: they would keep the memory of the GPUs that
the next attempt needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import psutil

# Reads process ids until its input ends: that happens when we close it, and when we die.
_WATCH = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
from vecbench.engines.orphans import kill_all
watched = []
for line in sys.stdin:
    if line == "done\\n":
        sys.exit()
    pid, born = line.split()
    watched.append((int(pid), float(born)))
kill_all(watched)
"""


class Watchdog:
    """A small process that kills the processes it is told of as soon as this one is gone."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WATCH],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._told: set[tuple[int, float]] = set()

    def watch_descendants(self) -> None:
        """Tells it of every process that descends from this one by now."""
        assert self._process.stdin is not None
        new = set(_descendants()) - self._told - set(_identities([psutil.Process(self._process.pid)]))
        self._told |= new
        with suppress(BrokenPipeError):
            self._process.stdin.write("".join(f"{pid} {born!r}\n" for pid, born in new))
            self._process.stdin.flush()

    def close(self) -> None:
        """Kills what is left of the watched processes now, and ends; calling it twice is harmless."""
        if self._process.poll() is None:
            kill_all(self._told)
            with suppress(BrokenPipeError):
                self._process.communicate("done\n")


def kill_all(
    processes: Iterator[tuple[int, float]] | set[tuple[int, float]] | list[tuple[int, float]],
) -> None:
    """Kills processes and what descends from them.

    Args:
        processes: Id and time of birth of each; an id that another process has by now is left alone.
    """
    for pid, born in processes:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if process.create_time() == born:
                for each in [*process.children(recursive=True), process]:
                    with suppress(psutil.Error):
                        each.kill()


def _descendants() -> Iterator[tuple[int, float]]:
    yield from _identities(psutil.Process().children(recursive=True))


def _identities(processes: list[psutil.Process]) -> Iterator[tuple[int, float]]:
    for process in processes:
        with suppress(psutil.Error):
            yield process.pid, process.create_time()
