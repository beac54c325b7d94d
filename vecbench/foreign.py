"""What other processes, and libraries below Python, print to standard error: line by line, like all else."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.text import Text

from vecbench.console import is_live, stderr

PATIENCE = 1.0
"""Seconds that the last words of processes that have ended get to be printed."""


@contextmanager
def whole_foreign_lines() -> Iterator[None]:
    """Reads what is written to the descriptor of standard error, and prints it above what is redrawn.

    Processes that are started in the block are read for as long as they live; this one until the block ends.
    Of a line that is drawn again and again (tqdm's) the last state counts. Where nothing is redrawn, in a
    log, say, nothing is read: there nothing can be torn, and what crashes keeps its last words.
    """
    console = stderr()
    if not is_live(console):
        yield
        return
    sys.stderr.flush()
    ours = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    reader = threading.Thread(target=_print_lines, args=(reading,), name="read lines", daemon=True)
    reader.start()
    before = console.file
    encoding = getattr(before, "encoding", None)
    with os.fdopen(ours, "w", encoding=encoding, errors="replace") as terminal:
        console.file = terminal
        try:
            yield
        except BaseException:
            os.dup2(ours, 2)
            reader.join(PATIENCE)
            raise
        finally:
            sys.stderr.flush()
            os.dup2(ours, 2)
            console.file = before


def _print_lines(reading: int) -> None:
    with os.fdopen(reading, encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            said = line.rstrip("\r\n").rpartition("\r")[2]
            if said:
                stderr().print(Text.from_ansi(said), soft_wrap=True)
