"""What somebody sees on standard error while files are downloaded or looked at, and while a run goes on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from vecbench.console import NARROWEST, counted, duration, is_live, stderr, warn
from vecbench.engines import EngineChoice
from vecbench.escaping import printable
from vecbench.foreign import whole_foreign_lines
from vecbench.parsing import Prediction
from vecbench.run import RunPlan
from vecbench.run.overview import Detail, overview
from vecbench.scoring import STRICT, ReadingHealth
from vecbench.scoring.predictions import judged
from vecbench.scoring.reading_health import MOST_UNREAD
from vecbench.stage import MINUTE, Regularly, Stage, StageLine
from vecbench.store import RunDirectory, StoredResponse

FIRST = 50
"""So many answers to a task tell whether they can be read."""
SOON = 10.0
"""Seconds until the first line about a run that nobody watches."""
WIDE = 60
"""Columns that a bar with all that it shows takes; a narrower terminal gets its numbers."""
MEAN_OVER = 300.0
"""Seconds over which rate and time left are estimated: answers may be minutes apart."""


class _Rate(ProgressColumn):
    """Responses a second."""

    def render(self, task: Task) -> Text:
        return Text(_rate(task), style="progress.data.speed")


class _Bar(ABC):
    """A bar that is drawn once it has begun, if anybody watches, and else a line now and then."""

    def __init__(self, *columns: ProgressColumn, quiet: bool = False, **settings: bool) -> None:
        self._console = stderr()
        self._quiet = quiet
        self._progress = StageLine(*columns, **settings)
        self._progress.speed_estimate_period = MEAN_OVER
        self._regularly: Regularly | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._regularly is not None:
            self._regularly.stop()
            self._tell()
        elif self._progress.live.is_started and fault is None:
            self._progress.stop()
        else:
            self._progress.wiped()

    def warned(self, message: str) -> None:
        """Prints the warning above the bar."""
        warn(message)

    def noted(self, message: str) -> None:
        """Prints above the bar what is worth knowing."""
        if not self._quiet:
            self._console.print(printable(message), soft_wrap=True)

    def _begin(self, first: float) -> None:
        if self._quiet:
            return
        if is_live(self._console):
            self._progress.start()
        else:
            self._regularly = Regularly(self._tell, first, MINUTE)
            self._regularly.start()

    def _tell(self) -> None:
        self._console.print(self.line(), soft_wrap=True)

    @abstractmethod
    def line(self) -> str:
        """What the bar shows, for a log."""


class Counter(_Bar):
    """A bar that counts, shown once something has started; a `CountObserver`.

    Where nobody watches (a file, a pipe), a line says what goes on, and every minute how far it is.
    """

    def __init__(self, what: str, *, quiet: bool = False) -> None:
        self._what = what
        text = TextColumn("{task.description}", markup=False)
        super().__init__(text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), quiet=quiet)
        self._bar = self._progress.add_task(what, total=None)

    def started(self, total: int) -> None:
        """Shows the bar."""
        self._progress.reset(self._bar, total=total)
        if not self._quiet and not is_live(self._console):
            self._console.print(f"{self._what}: {total}", soft_wrap=True)
        if self._regularly is None:
            self._begin(MINUTE)

    def advanced(self) -> None:
        """Moves the bar on."""
        self._progress.advance(self._bar)

    def line(self) -> str:
        """How many are done."""
        task = self._progress.tasks[0]
        return f"{self._what}: {task.completed:,.0f} of {task.total or 0:,.0f}"


class RunProgress(_Bar):
    """A progress bar with rate, time left, errors and the accuracy so far; a `RunObserver`.

    The accuracy is that of the responses generated now, read by the strict protocol.
    """

    def __init__(self, plan: RunPlan, directory: RunDirectory, detail: Detail = "all") -> None:
        self._plan, self._directory, self._detail = plan, directory, detail
        self._asked = {
            each.task.id: (each.task.answers, each.task.form_of(each.profile)) for each in plan.tasks
        }
        self._right = self._answered = self._errors = 0
        self._first: dict[str, list[Prediction]] = {}
        wide = stderr().width >= WIDE
        super().__init__(
            *((SpinnerColumn(), BarColumn(bar_width=None)) if wide else ()),
            MofNCompleteColumn(),
            *((_Rate(),) if wide else ()),
            TimeRemainingColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            quiet=detail == "nothing",
            expand=wide,
            transient=False,
        )
        self._bar = self._progress.add_task("", total=None, said="")

    def stage(self, doing: str, done: str) -> Stage:
        """Says what goes on before the bar."""
        return Stage(doing, done, quiet=self._detail == "nothing")

    def started(self, asked: int, samples: Mapping[str, int]) -> None:
        """Says what is going to be done."""
        self._progress.reset(self._bar, total=asked)
        for line in overview(self._plan, self._directory, samples, self._detail, self._width):
            self._console.print(line, soft_wrap=True)

    def kept(self) -> None:
        """Moves the bar on."""
        self._progress.advance(self._bar)

    def generating(self) -> None:
        """Shows the bar, and starts the clock."""
        task = self._progress.tasks[0]
        self._progress.reset(self._bar, total=task.total, completed=int(task.completed))
        self._begin(SOON)

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
        said = f"acc {self._accuracy}"
        if self._errors:
            said += f" errors {self._errors}"
        self._progress.update(self._bar, advance=1, said=said)

    def line(self) -> str:
        """How many responses there are, how fast they come, and what came of them."""
        task = self._progress.tasks[0]
        said = [f"{task.completed:,.0f} of {counted(int(task.total or 0), 'response')}"]
        if self._answered:
            said.append(_rate(task))
        if task.time_remaining:
            said.append(f"{duration(task.time_remaining)} left")
        if self._answered:
            said.append(f"acc {self._accuracy}")
        if self._errors:
            said.append(counted(self._errors, "error"))
        return ", ".join(said)

    @property
    def _accuracy(self) -> str:
        return f"{100 * self._right / self._answered:.1f}"

    @property
    def _width(self) -> int:
        return min(self._console.width, NARROWEST)

    def _warn_of_unread(self, first: Sequence[Prediction]) -> None:
        """Whoever sees early that a task's answers are not read need not wait for thousands more of them."""
        for problem, remedy in ReadingHealth.of(
            first, {first[0].task: self._asked[first[0].task][0]}
        ).problems(above=MOST_UNREAD):
            self.warned(f"{first[0].task}: of the first answers, {problem}. {remedy}")


class Terminal:
    """Shows all of a run; a `Watcher`."""

    def __init__(self, detail: Detail = "all") -> None:
        self._detail = detail

    def stage(self, doing: str, done: str) -> Stage:
        """Says what goes on."""
        return Stage(doing, done, quiet=self._detail == "nothing")

    @contextmanager
    def loading(self, model: str, engine: str) -> Iterator[None]:
        """Says what is loaded, and shows what the engine's processes print from now on."""
        doing, quiet = f"loading {printable(model)} with {engine}", self._detail == "nothing"
        stage = Stage(doing, "loaded", after=0, quiet=quiet)
        with whole_foreign_lines() if engine == "vllm" else nullcontext(), stage:
            yield

    def downloading(self) -> Counter:
        """A bar of the images that are there."""
        return Counter("downloading images", quiet=self._detail == "nothing")

    def chosen(self, choice: EngineChoice) -> None:
        """Says which engine it is, and why."""
        if self._detail != "nothing":
            stderr().print(f"engine: {choice.name}, because {choice.why}", soft_wrap=True)

    def generating(self, plan: RunPlan, directory: RunDirectory) -> RunProgress:
        """A bar that says before it what begins."""
        return RunProgress(plan, directory, self._detail)


def _rate(task: Task) -> str:
    speed = task.finished_speed or task.speed
    if speed is None:
        return "–/s"
    # Of responses that come at once, the moments at which they came say nothing.
    return f"{min(speed, task.completed / task.elapsed) if task.elapsed else speed:.1f}/s"
