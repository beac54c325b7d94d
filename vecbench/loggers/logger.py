"""What a tool that tracks runs is asked to hold of one: settings, metrics, figures."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

import vecbench
from vecbench.errors import RunError, whole_message
from vecbench.scoring import Scores
from vecbench.scoring.scores import STATED, listed


class Logger(ABC):
    """One run in a tool, from its construction until it is closed.

    Args:
        project: Whatever the tool puts runs together by; None for what it is configured to.
        run: What the run is called.
    """

    def __init__(self, project: str | None, run: str) -> None:
        self.project = project
        self.run = run

    @abstractmethod
    def config(self, values: Mapping[str, Any]) -> None:
        """Holds what the scores depend on: name, with dots where it is nested, → text or number."""

    @abstractmethod
    def metrics(self, values: Mapping[str, float]) -> None:
        """Holds metrics, each once."""

    @abstractmethod
    def figures(self, files: Sequence[Path]) -> None:
        """Holds pictures, by the names of their files."""

    @abstractmethod
    def close(self) -> None:
        """Ends the run."""


def log_scores(name: str, begun: Callable[[], Logger], scores: Scores, figures: Sequence[Path]) -> None:
    """Logs scores, with what they depend on; what the tool prints goes to standard error.

    RunError: The tool fails, of whatever reason; the scores are stored where they were written.
    """
    try:
        with redirect_stdout(sys.stderr):
            logger = begun()
            try:
                logger.config(config_of(scores))
                logger.metrics(metrics_of(scores))
                logger.figures(figures)
            except BaseException:
                with suppress(Exception):
                    logger.close()
                raise
            logger.close()
    except Exception as fault:
        raise RunError(
            f"--log {name}: the scores were written, and could not be logged: {whole_message(fault)}",
            "Score the run again with --log once that is mended; nothing is generated anew.",
        ) from fault


def config_of(scores: Scores) -> dict[str, Any]:
    """What scores depend on, without anything of the machine that they were made on."""
    said = {"protocol": scores.protocol, "vecbench": vecbench.__version__} | dict(scores.run)
    return dict(_flat(said, ""))


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{name}.{key}" if name else str(key))
    elif value is not None:
        yield name, value if isinstance(value, str | int | float) else str(value)


def metrics_of(scores: Scores) -> dict[str, float]:
    """`TASK/KEY` → value, with `TASK/KEY_low` and `TASK/KEY_high` where there is an interval.

    So of groups, and of all rows as `overall`; means of tasks are of `NAME_macro`. A source of confidence
    other than the stated one stands before the key. Subsets are not logged.
    """
    values: dict[str, float] = {}
    for scope, name, subset, metric, score, source in listed(scores):
        if subset or score.value is None:
            continue
        of = "" if source == STATED else f"{source}/"
        key = f"{name}{'_macro' if scope.endswith('macro') else ''}/{of}{metric}"
        if key in values:  # a task may be called as a group is, or as all rows are
            key = f"{scope} {key}"
        ends = {"_low": score.low, "_high": score.high}
        values[key] = score.value
        values |= {f"{key}{end}": value for end, value in ends.items() if value is not None}
    return values
