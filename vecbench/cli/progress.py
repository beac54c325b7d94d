"""What somebody sees while a run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from vecbench.answers import AnswerKind
from vecbench.scoring import STRICT
from vecbench.scoring.predictions import judged
from vecbench.store import StoredResponse


class _Rate(ProgressColumn):
    """Responses a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("–/s" if speed is None else f"{speed:.1f}/s", style="progress.data.speed")


class Bar:
    """A progress bar that is drawn while it is entered, with warnings above it.

    Args:
        console: Where to draw; where nobody watches (a file, a pipe), only warnings are printed.
        progress: The bar's columns.
    """

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def warned(self, message: str) -> None:
        """Prints the warning above the bar."""
        self._console.print(Text.assemble(("warning: ", "yellow"), message), soft_wrap=True)


class RunProgress(Bar):
    """A progress bar with rate, time left, errors and the accuracy so far; a `RunObserver`.

    The accuracy is that of the responses generated now, read by the strict protocol.

    Args:
        console: Where to draw; where nobody watches (a file, a pipe), nothing but warnings is printed.
        kinds: Task id → how its answers are read.
    """

    def __init__(self, console: Console, kinds: Mapping[str, AnswerKind]) -> None:
        self._kinds = kinds
        self._read = STRICT.read
        self._right = self._answered = self._errors = 0
        progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            console=console,
            disable=not console.is_terminal,
            expand=True,
        )
        super().__init__(console, progress)
        self._bar = self._progress.add_task("", total=None, said="")

    def started(self, asked: int) -> None:
        """Starts the clock."""
        self._progress.reset(self._bar, total=asked)

    def kept(self) -> None:
        """Moves the bar on."""
        self._progress.advance(self._bar)

    def stored(self, response: StoredResponse) -> None:
        """Moves the bar on and brings the accuracy up to date."""
        self._answered += 1
        self._errors += response.error is not None
        kind = self._kinds[response.task]
        reading = self._read(response.response, response.candidates, kind, response.finish_reason)
        self._right += judged(response, reading, kind).correct
        said = f"acc {100 * self._right / self._answered:.1f}"
        if self._errors:
            said += f"  errors {self._errors}"
        self._progress.update(self._bar, advance=1, said=said)
