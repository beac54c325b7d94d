"""The answer kinds by name: ours, and those of installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import entry_points

from vecbench.answers.choice import Choice
from vecbench.answers.distribution import Distribution
from vecbench.answers.kind import AnswerKind, AnswerSpecification
from vecbench.answers.label import Label
from vecbench.answers.label_set import LabelSet
from vecbench.answers.ranking import Ranking
from vecbench.answers.rating import Rating
from vecbench.answers.verdict import StatementVerdict
from vecbench.errors import UsageError, nearest
from vecbench.metrics.catalogue import with_installed
from vecbench.metrics.definition import Metric
from vecbench.parsing.prediction import DEFAULT_KIND

ENTRY_POINT = "vecbench.answer_kinds"
OWN: tuple[type[AnswerKind], ...] = (
    Label,
    Choice,
    Ranking,
    Rating,
    LabelSet,
    StatementVerdict,
    Distribution,
)


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, type[AnswerKind]]:
    """Name → kind; one of a package that has the name of one of ours is not taken."""
    own = {each.name: each for each in OWN}
    found = {each.name: each.load() for each in entry_points(group=ENTRY_POINT) if each.name not in own}
    for name, kind in found.items():
        if lacking := sorted(getattr(kind, "__abstractmethods__", ())):
            raise UsageError(
                f"the installed answer kind {name!r} lacks {', '.join(lacking)}",
                f"{kind.__module__}.{kind.__name__} has to define what vecbench.answers.AnswerKind does not.",
            )
    return own | found


def kind_named(name: str) -> type[AnswerKind]:
    """The kind of that name; a UsageError suggests the nearest."""
    if name not in kinds():
        raise UsageError(
            f"unknown answer kind {name!r}",
            f"{nearest(name, kinds())} A kind of another package is there while that is installed.",
        )
    return kinds()[name]


def kind_of(specification: AnswerSpecification) -> AnswerKind:
    """The kind as a task's file specifies it.

    Raises:
        UsageError: There is no such kind.
        ValueError: What the file says of it is wrong.
    """
    return kind_named(specification.kind).of(specification)


def metrics_of(kind: AnswerKind) -> tuple[Metric, ...]:
    """What is scored of a kind's answers, metrics of installed packages included."""
    return with_installed(kind.metrics, judged=kind.judges)


def scores_confidences(kind: AnswerKind) -> bool:
    """Whether some metric is of the confidences beside a kind's answers."""
    return any(metric.over == "confident" for metric in metrics_of(kind))


def metrics_of_default() -> tuple[Metric, ...]:
    """What is scored of responses that name no kind."""
    return metrics_of(kind_named(DEFAULT_KIND)())


@lru_cache(maxsize=1)
def known_metrics() -> Mapping[str, Metric]:
    """The metrics of all kinds, by key."""
    return {metric.key: metric for kind in kinds().values() for metric in metrics_of(kind())}


def is_of_one_run(key: str) -> bool:
    """Whether a metric tells how to read another one of the same run, and is none to be compared."""
    metric = known_metrics().get(key)
    return metric is not None and metric.is_of_one_run
