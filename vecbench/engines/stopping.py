"""Ctrl-C and SIGTERM while code runs that takes them for its own affair."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Stopped(BaseException):
    """A KeyboardInterrupt by another name, which nobody's `except KeyboardInterrupt` swallows."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Lets Ctrl-C, and SIGTERM where somebody handles it, end a block that swallows `KeyboardInterrupt`.

    vLLM's start does: it drops the interrupt while it shakes hands with its engines, and then waits ten
    minutes for them. Outside the main thread nothing changes.

    Raises:
        KeyboardInterrupt: The block was stopped.
    """

    def stop(_number: int, _frame: object) -> None:
        raise _Stopped

    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, stop)
    try:
        yield
    except _Stopped:
        raise KeyboardInterrupt from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
