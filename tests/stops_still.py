"""vecbench's command line, in a process that stops still once it has stored some responses.

A program: `stops_still.py RESPONSES ARGUMENTS…`, the arguments being those of `vecbench`. A test that
watches a run from outside, so as to kill it in the middle, comes too late on a machine that stalls; a
stopped process (SIGSTOP) waits for what the test does to it.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from pathlib import Path

import psutil

from vecbench.cli import main
from vecbench.store import ResponseLog, StoredResponse


def command(responses: int, *arguments: str) -> list[str]:
    """What to start instead of `vecbench` and its arguments."""
    # The folder of the tests has names that packages have too: it is kept off the path.
    return [sys.executable, "-P", str(Path(__file__)), str(responses), *arguments]


def wait_until_still(pid: int, patience: float) -> None:
    """Waits until the process has stopped itself; fails if it ends before."""
    process = psutil.Process(pid)
    deadline = time.monotonic() + patience
    while (status := process.status()) != psutil.STATUS_STOPPED:
        assert status != psutil.STATUS_ZOMBIE, "the run ended and did not stop"
        assert time.monotonic() < deadline, status
        time.sleep(0.01)


def stop_after(responses: int) -> None:
    """Makes this process stop itself when it has stored so many responses."""
    append = ResponseLog.append
    stored = itertools.count(1)

    def append_and_stop(log: ResponseLog, response: StoredResponse) -> None:
        append(log, response)
        if next(stored) == responses:
            os.kill(os.getpid(), signal.SIGSTOP)

    ResponseLog.append = append_and_stop  # type: ignore[method-assign]


if __name__ == "__main__":
    stop_after(int(sys.argv.pop(1)))
    sys.exit(main())
