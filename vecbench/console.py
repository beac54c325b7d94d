"""Where things are printed: text is text, whatever brackets and colons a path or a task's name holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


NARROWEST = 80
"""Columns that tables are made for; in fewer, digits would be cut off. A narrower terminal wraps lines."""

_PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False}


def stdout() -> Console:
    """Standard output: results."""
    from rich.console import Console

    console = Console(**_PLAIN)
    console.width = max(console.width, NARROWEST)
    return console


def stderr() -> Console:
    """Standard error: progress, warnings, errors."""
    from rich.console import Console

    return Console(stderr=True, **_PLAIN)


def warn(message: str, remedy: str = "", *, word: str = "warning", style: str = "bold yellow") -> None:
    """Prints one line to standard error, behind a word that stands out, and what to do about it below."""
    from rich.text import Text

    console = stderr()
    console.print(Text.assemble((f"{word}: ", style), message), soft_wrap=True)
    if remedy:
        console.print(Text(f"  {remedy}"), soft_wrap=True)


def warn_incomplete(message: str) -> None:
    """Prints what is lacking to standard error."""
    warn(message, word="incomplete", style="bold red")


def counted(count: int, noun: str) -> str:
    """A number with its noun, which takes an s but for one: `1 fault`, `1,203 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
