"""Something that takes a while: said while it lasts, and how long it took when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import RenderableType
from rich.constrain import Constrain
from rich.progress import Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from vecbench.console import duration, is_live, stderr

MOMENT = 2.0
"""Seconds after which whoever waits wants to know what for."""
LATER = 20.0
"""Seconds after which whoever reads a log wants to; what was over before needs no lines."""
MINUTE = 60.0
"""Seconds between two lines of a log."""
SPARE = 3
"""Columns that are left free: with a line as wide as the terminal, a ^C would begin another one, and the
line could not be wiped out."""


class StageLine(Progress):
    """What is redrawn on one line of standard error."""

    def __init__(self, *columns: ProgressColumn, expand: bool = False, transient: bool = True) -> None:
        super().__init__(*columns, console=stderr(), expand=expand, transient=transient)

    def get_renderable(self) -> RenderableType:
        """The line, without the columns to spare."""
        return Constrain(super().get_renderable(), stderr().width - SPARE)

    def wiped(self) -> None:
        """Ends it, and leaves nothing of it; one that was never drawn needs none."""
        if self.live.is_started:
            self.live.transient = True
            self.stop()


class Regularly:
    """Calls something after `first` seconds, then every `then` seconds, in a thread, until it is stopped."""

    def __init__(self, call: Callable[[], None], first: float, then: float) -> None:
        self._call = call
        self._waits = (first, then)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._go, name="tell", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it; when this returns nothing is called any more. One that never began needs none."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _go(self) -> None:
        first, then = self._waits
        wait = first
        while not self._stopped.wait(wait):
            self._call()
            wait = then


class Stage:
    """A line with a clock while the block lasts, if that is longer than a moment.

    Where no line can be redrawn, one is printed when it begins, then every minute, and one when it is done.

    Args:
        doing: Such as "scoring 324 responses".
        done: What it comes to, such as "scored"; how long it took is added.
        after: Seconds before anything is said, 0 for at once; None for `MOMENT` on a terminal, else `LATER`.
        quiet: Says nothing at all.
    """

    def __init__(self, doing: str, done: str, *, after: float | None = None, quiet: bool = False) -> None:
        self._doing, self._done = doing, done
        self._after = (MOMENT if is_live(stderr()) else LATER) if after is None else after
        self._quiet = quiet
        self._said = False
        self._line: StageLine | None = None
        self._regularly = Regularly(self._say, self._after, MINUTE)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        if self._quiet:
            return self
        try:
            if self._after == 0:
                self._say()
                self._regularly = Regularly(self._say, MINUTE, MINUTE)
            self._regularly.start()
        except BaseException:  # such as a Ctrl-C: a block that is not entered is not left either
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if self._said and fault is None:
            stderr().print(f"{self._done} in {duration(self._lasted)}", soft_wrap=True)

    def _end(self) -> None:
        self._regularly.stop()
        if self._line is not None:
            self._line.wiped()

    @property
    def _lasted(self) -> float:
        return time.monotonic() - self._began

    def _say(self) -> None:
        console = stderr()
        if not is_live(console):
            since = f" ({duration(self._lasted)})" if self._said else ""
            console.print(f"{self._doing} …{since}", soft_wrap=True)
        elif self._line is None:
            text = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
            self._line = StageLine(SpinnerColumn(), text, TimeElapsedColumn())
            self._line.add_task(self._doing)
            self._line.tasks[0].start_time = self._line.get_time() - self._lasted
            self._line.start()
        self._said = True
