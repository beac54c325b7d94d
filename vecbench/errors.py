"""The exceptions that vecbench raises on purpose, and the exit status that each one means.

```
VecbenchError
├── UsageError      2  what was asked for does not exist or contradicts itself
├── DataError       2  a file that was read is wrong: task YAML, samples, responses
│   └── ImageError     one image cannot be used; becomes an error row, never an end
│       └── MissingImageError  its file is not there
├── RunError        3  the run cannot go on: no weights, no memory, no disk space
└── Interrupted     4  somebody stopped the run; everything finished is stored
```
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class VecbenchError(Exception):
    """What went wrong, where, and what to do about it; every error that vecbench raises on purpose is one.

    >>> import vecbench
    >>> try:
    ...     vecbench.load_run("nowhere")
    ... except vecbench.VecbenchError as fault:
    ...     print(f"{fault.message}. {fault.remedy}")
    there is no directory nowhere. Name the directory of a run.

    Args:
        message: What is wrong and where, one line.
        remedy: What to do about it, one line; empty when there is nothing to advise.
    """

    exit_status = 3

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if remedy:  # for whoever meets the traceback, such as lm-eval's users
            self.add_note(remedy)


class UsageError(VecbenchError):
    """What was asked for does not exist or contradicts itself."""

    exit_status = 2


class DataError(VecbenchError):
    """A file that was read is not what it should be."""

    exit_status = 2


class ImageError(DataError):
    """One image that cannot be read, decoded or trusted."""


class MissingImageError(ImageError):
    """One image whose file is not there."""


class RunError(VecbenchError):
    """The run cannot go on; everything finished so far is stored."""

    exit_status = 3


class Interrupted(VecbenchError):  # noqa: N818 - not an error of anybody's
    """The run was stopped from outside; everything finished so far is stored."""

    exit_status = 4


def nearest(name: str, known: Iterable[str]) -> str:
    """The remedy for an unknown name: the known names that look like it, or all of them, in a sentence."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Known: {', '.join(names)}." if names else ""
