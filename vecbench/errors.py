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
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

LONGEST_LINE = 500
"""Characters that an error may quote of what one exception, a model or an endpoint says."""
MOST_CAUSES = 4
"""So many exceptions of a chain are quoted: the first, and what it came of."""
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
_SENTENCE_END = re.compile(r"[.!?;](?=\s)")


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


def some(names: Sequence[str]) -> str:
    """The first three of some names, and how many more there are."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3:,} more"


def causes(fault: object, *, hidden: bool = False) -> Iterator[object]:
    """An exception and what led to it, from the last to the first, each once.

    Args:
        fault: An exception; anything else has no cause.
        hidden: Whether those count that were hidden with `from None`.
    """
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        is_shown = hidden or not getattr(fault, "__suppress_context__", False)
        context = getattr(fault, "__context__", None) if is_shown else None
        fault = getattr(fault, "__cause__", None) or context


def whole_message(fault: object) -> str:
    """What an exception and its causes say, or a text, on one line; its class if none says anything.

    A cause is left out where what stands before it says the same. Addresses in memory are taken out. Of a
    long message the sentences that fit are kept, so that none breaks off.
    """
    said: list[str] = []
    for each in islice(causes(fault), MOST_CAUSES):
        text = " ".join(_ADDRESS.sub("", str(each)).split())
        if text and not any(text in earlier for earlier in said):
            said.append(text)
    return ": ".join(_sentences(text) for text in said) or type(fault).__name__


def _sentences(text: str) -> str:
    if len(text) <= LONGEST_LINE:
        return text
    head = text[: LONGEST_LINE - 1]
    ends = [match.end() for match in _SENTENCE_END.finditer(head)]
    if ends and ends[-1] > LONGEST_LINE // 4:
        return f"{head[: ends[-1]]} …"
    return f"{head.rpartition(' ')[0] or head}…"  # one sentence without an end: at least no word is cut
