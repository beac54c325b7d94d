"""A command of vecbench in a process of its own, with bounds on its time and memory."""

from __future__ import annotations

import os
import resource
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

MEMORY = 4 * 2**30
SECONDS = 60
MOST_LINES = 3


@dataclass(frozen=True)
class Outcome:
    """What became of a command: its exit status, None if it took too long; what it wrote; seconds and MiB."""

    status: int | None
    said: str
    shown: int
    seconds: float
    peak: int

    def faults(self, expected: Sequence[int]) -> list[str]:
        """What is wrong with it."""
        lines = [line for line in self.said.splitlines() if line.strip() and "\r" not in line]
        wrong = {
            f"status {self.status}": self.status not in expected,
            "traceback": "Traceback" in self.said,
            "unexpected": "fault of vecbench" in self.said,
            f"{len(lines)} lines": self.status == 2 and len(lines) > MOST_LINES,
            "silent": self.status not in (0, None) and not lines and not self.shown,
        }
        return [name for name, holds in wrong.items() if holds]


def ran(arguments: Sequence[str]) -> Outcome:
    """A command, in a fork of this process, which has imported everything already."""
    with tempfile.TemporaryFile() as stderr, tempfile.TemporaryFile() as stdout:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _become(arguments, stdout.fileno(), stderr.fileno())
        _, status, used = os.wait4(child, 0)
        seconds = time.monotonic() - began
        stderr.seek(0)
        said, shown = stderr.read().decode(errors="replace"), os.fstat(stdout.fileno()).st_size
    code = os.waitstatus_to_exitcode(status)
    return Outcome(None if code == -signal.SIGALRM else code, said, shown, seconds, used.ru_maxrss // 1024)


def _become(arguments: Sequence[str], stdout: int, stderr: int) -> None:
    from vecbench.cli.app import main

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(SECONDS)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    status = 1
    try:
        main(list(arguments))
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


Case = tuple[str, str, Callable[[Path], tuple[Sequence[str], Sequence[int]]]]
"""Kind, name, and what makes its files in a folder: the command, and the exit statuses that are right."""


def _preload() -> None:
    """Imports what commands import, so that a fork need not."""
    for name in (
        "answers.registry", "cli.app", "cli.compare", "cli.data", "cli.leaderboard", "cli.score",
        "cli.tasks", "comparing",
        "interop.reading", "interop.scored", "leaderboard.publication", "report.files", "scoring",
    ):  # fmt: skip
        import_module(f"vecbench.{name}")
    import_module("scipy.special")


def campaign(cases: Iterable[Case], wrongly: str) -> int:
    """Runs all cases and prints a table in Markdown; how many went wrong."""
    _preload()
    found: dict[str, list[tuple[str, Outcome, list[str]]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for number, (kind, name, make) in enumerate(cases):
            place = Path(folder, str(number))
            place.mkdir()
            arguments, expected = make(place)
            os.chdir(place)
            outcome = ran(arguments)
            if faults := outcome.faults(expected):
                print(
                    f"{kind}, {name}: {', '.join(faults)}: {outcome.said[:300]}", file=sys.stderr, flush=True
                )
            found[kind].append((name, outcome, outcome.faults(expected)))
            os.chdir("/")
    print(f"| kind | tried | {wrongly} | slowest (s) | peak (MiB) |\n| --- | --: | --: | --: | --: |")
    for kind, outcomes in found.items():
        wrong = sum(bool(faults) for _, _, faults in outcomes)
        slowest, peak = (
            max(each.seconds for _, each, _ in outcomes),
            max(each.peak for _, each, _ in outcomes),
        )
        print(f"| {kind} | {len(outcomes)} | {wrong} | {slowest:.1f} | {peak:,} |")
    return sum(bool(each[2]) for outcomes in found.values() for each in outcomes)
