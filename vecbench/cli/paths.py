"""Paths on the command line."""

from __future__ import annotations

from pathlib import Path

from vecbench.errors import UsageError


def given_path(text: str | Path) -> Path:
    """The path that was given; for the `parser` of an option, which is handed the default too.

    Raises:
        UsageError: It is empty, which would mean the current folder: a variable of the shell is not set, say.
    """
    if isinstance(text, str) and not text.strip():
        raise UsageError("a path is empty", "Is a variable of the shell not set? '.' is the current folder.")
    return Path(text)
