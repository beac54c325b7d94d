"""What somebody sees while files are downloaded or images looked at: how many are done."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vecbench.cli.progress import Bar


class Counter(Bar):
    """A bar that counts, shown once something has started; a `CountObserver`.

    Args:
        console: Where to draw; where nobody watches (a file, a pipe), one line says what goes on.
        what: What goes on, such as "downloading images".
    """

    def __init__(self, console: Console, what: str) -> None:
        self._what = what
        progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        super().__init__(console, progress)
        self._bar = self._progress.add_task(what, total=None, visible=False)

    def started(self, total: int) -> None:
        """Shows the bar."""
        self._progress.reset(self._bar, total=total, visible=True)
        if not self._console.is_terminal:
            self._console.print(f"{self._what}: {total}", soft_wrap=True)

    def advanced(self) -> None:
        """Moves the bar on."""
        self._progress.advance(self._bar)
