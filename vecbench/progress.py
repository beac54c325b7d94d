"""What somebody sees on standard error while files are downloaded or looked at, and while a run goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from vecbench.console import stderr
from vecbench.engines import EngineChoice
from vecbench.parsing import Prediction
from vecbench.parsing.form import Form
from vecbench.run import RunPlan
from vecbench.scoring import STRICT, ReadingHealth
from vecbench.scoring.predictions import judged
from vecbench.scoring.reading_health import MOST_UNREAD
from vecbench.store import RunDirectory, StoredResponse

FIRST = 50
"""So many answers to a task tell whether they can be read."""


class _Rate(ProgressColumn):
    """Responses a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("–/s" if speed is None else f"{speed:.1f}/s", style="progress.data.speed")


class _Bar:
    """A progress bar that is drawn while it is entered, if anybody watches, with warnings above it."""

    def __init__(
        self, console: Console, *columns: ProgressColumn, transient: bool = False, expand: bool = False
    ) -> None:
        self._console = console
        hidden = not console.is_terminal
        self._progress = Progress(
            *columns, console=console, disable=hidden, transient=transient, expand=expand
        )

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


class Counter(_Bar):
    """A bar that counts, shown once something has started; a `CountObserver`.

    Where nobody watches (a file, a pipe), one line says what goes on.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        text = TextColumn("{task.description}", markup=False)
        super().__init__(
            stderr(), text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), transient=True
        )
        self._bar = self._progress.add_task(what, total=None, visible=False)

    def started(self, total: int) -> None:
        """Shows the bar."""
        self._progress.reset(self._bar, total=total, visible=True)
        if not self._console.is_terminal:
            self._console.print(f"{self._what}: {total}", soft_wrap=True)

    def advanced(self) -> None:
        """Moves the bar on."""
        self._progress.advance(self._bar)


class RunProgress(_Bar):
    """A progress bar with rate, time left, errors and the accuracy so far; a `RunObserver`.

    The accuracy is that of the responses generated now, read by the strict protocol.
    """

    def __init__(self, console: Console, asked: Mapping[str, tuple[AnswerKind, Form]]) -> None:
        self._asked = asked
        self._right = self._answered = self._errors = 0
        self._first: dict[str, list[Prediction]] = {}
        super().__init__(
            console,
            SpinnerColumn(),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            expand=True,
        )
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
        kind, form = self._asked[response.task]
        reading = STRICT.read(response.response, response.candidates, kind, response.finish_reason, form)
        row = judged(response, reading, kind)
        self._right += row.correct
        first = self._first.setdefault(row.task, [])
        if response.error is None and len(first) < FIRST:
            first.append(row)
            if len(first) == FIRST:
                self._warn_of_unread(first)
        said = f"acc {100 * self._right / self._answered:.1f}"
        if self._errors:
            said += f"  errors {self._errors}"
        self._progress.update(self._bar, advance=1, said=said)

    def _warn_of_unread(self, first: Sequence[Prediction]) -> None:
        """Whoever sees early that a task's answers are not read need not wait for thousands more of them."""
        for problem, remedy in ReadingHealth.of(
            first, {first[0].task: self._asked[first[0].task][0]}
        ).problems(above=MOST_UNREAD):
            self.warned(f"{first[0].task}: of the first answers, {problem}. {remedy}")


class Terminal:
    """Shows all of a run; a `Watcher`."""

    def downloading(self) -> Counter:
        """A bar of the images that are there."""
        return Counter("downloading images")

    def chosen(self, choice: EngineChoice) -> None:
        """Says which engine it is, and why."""
        stderr().print(f"engine: {choice.name}, because {choice.why}", soft_wrap=True)

    def generating(self, plan: RunPlan, directory: RunDirectory) -> RunProgress:
        """Says what begins, and gives its bar."""
        console = stderr()
        names = ", ".join(each.task.id for each in plan.tasks)
        console.print(f"{plan.model.name} on {names} → {directory.path}", soft_wrap=True)
        asked = {each.task.id: (each.task.answers, each.task.form_of(each.profile)) for each in plan.tasks}
        return RunProgress(console, asked)
