"""Where things are printed: text is text, whatever brackets and colons a path or a task's name holds.

Standard output has results. All else goes through the one console of standard error, so that nothing is
printed into the middle of a line that is being redrawn.
"""

from __future__ import annotations

import functools
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, cast

from vecbench.escaping import printable

if TYPE_CHECKING:
    from rich.console import Console


NARROWEST = 80
"""Columns that tables are made for; in fewer, digits would be cut off. A narrower terminal wraps lines."""

# In a notebook too, what is told goes to standard error: rich would make an output of the cell of every line.
_PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False, "force_jupyter": False}


def stdout() -> Console:
    """Standard output: results."""
    from rich.console import Console

    console = Console(**_PLAIN)
    console.width = max(console.width, NARROWEST)
    return console


@functools.cache
def stderr() -> Console:
    """Standard error: progress, warnings, errors. One object: it knows what is being redrawn."""
    from rich.console import Console

    return Console(stderr=True, **_PLAIN)


def is_live(console: Console) -> bool:
    """Whether lines can be redrawn: somebody watches, on a terminal that can."""
    return console.file.isatty() and not console.is_dumb_terminal


def warn(message: str, remedy: str = "", *, word: str = "warning", style: str = "bold yellow") -> None:
    """Prints one line to standard error, behind a word that stands out, and what to do about it below."""
    from rich.text import Text

    said = Text.assemble((f"{word}: ", style), message)
    if remedy:
        said.append(f"\n  {remedy}")
    stderr().print(said, soft_wrap=True)


def warn_incomplete(message: str) -> None:
    """Prints what is lacking to standard error."""
    warn(message, word="incomplete", style="bold red")


@contextmanager
def whole_lines() -> Iterator[None]:
    """Until the block ends, what Python warns of and what is logged goes through `stderr()`.

    So does what anything else writes to `sys.stderr` on a terminal. A logger that has a handler keeps it.
    """
    from rich.file_proxy import FileProxy

    console, stream = stderr(), sys.stderr
    shown, unhandled = warnings.showwarning, logging.lastResort
    if console.is_terminal:
        sys.stderr = cast("TextIO", FileProxy(console, stream))
    warnings.showwarning = _show_warning
    logging.lastResort = _ConsoleHandler(logging.WARNING)
    try:
        yield
    finally:
        sys.stderr, warnings.showwarning, logging.lastResort = stream, shown, unhandled


def counted(count: int, noun: str) -> str:
    """A number with its noun, which takes an s but for one: `1 fault`, `1,203 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float) -> str:
    """A time in its two largest units: `38 s`, `2 min 5 s`, `3 h 20 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class _ConsoleHandler(logging.Handler):
    """What no logger has a handler for."""

    def emit(self, record: logging.LogRecord) -> None:
        """Prints the record; who logged it, too, unless that is vecbench."""
        try:
            lines = [printable(each) for each in self.format(record).splitlines()]
            origin = "" if record.name.partition(".")[0] == "vecbench" else f"{record.name}: "
            warn(origin + "\n".join(lines), word=record.levelname.lower())
        except Exception:  # as every handler: what cannot be told must not end what is told of
            self.handleError(record)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning as ours look; those that are for programmers say where they come from."""
    if file is not None:
        file.write(warnings.formatwarning(message, category, filename, lineno, line))
        return
    said = printable(" ".join(str(message).split()))
    ours = category is UserWarning
    warn(said if ours else f"{said} ({category.__name__}, {filename}:{lineno})")
