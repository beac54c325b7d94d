"""Scores, how scores.json spells them, and all of them one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics import Cells
from vecbench.metrics.confusion import NO_CONFUSION, Confusion
from vecbench.metrics.definition import BY_LABEL, Metric
from vecbench.metrics.totals import NO_CELLS

if TYPE_CHECKING:
    from pandas import DataFrame

    from vecbench.scoring.control_scores import ControlScore
    from vecbench.scoring.side_by_side import SideBySide

SCHEMA = "vecbench.scores/2"
EARLIER_SCHEMA = "vecbench.scores/1"
"""Of version 0.1: without kinds, subsets and headlines."""

MOST_MISSING = 0.05
"""With a larger share of rows without a confidence, what is over the others is marked."""

OVERALL = "overall"
"""What outputs call all rows; a task or group may have that name too, and so it is no key of anything."""


class Pool(NamedTuple):
    """The rows of several tasks, as a key: equal to no name of a task, which is a text.

    Attributes:
        group: Id of their group; None for all rows.
    """

    group: str | None = None


ALL_ROWS = Pool()


@dataclass(frozen=True, slots=True)
class Score:
    """A metric's value.

    Attributes:
        value: None when undefined.
        n: Rows that it was computed from; for a macro score, tasks.
        low: Lower end of its 95 % interval; None if there is none.
        high: Upper end.
        method: How the interval was made; None if there is none.
        why: Why the value is undefined; None if it is not.
        details: What has to be known to read the value, such as its bounds under missing confidences.
    """

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    method: str | None = None
    why: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def no_interval(self) -> str | None:
        """Why it has no interval; None where it has one, or no value either."""
        return self.details.get("no_interval")

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Between what it would be if all rows had a confidence; None where they have, or if unknown."""
        return tuple(self.details["bounds"]) if "bounds" in self.details else None

    def as_json(self) -> dict[str, Any]:
        """The score as scores.json has it."""
        if self.value is None:
            return {"value": None, "n": self.n, "why": self.why}
        said: dict[str, Any] = {"value": self.value, "n": self.n}
        if self.method is not None:
            said |= {"low": self.low, "high": self.high, "method": self.method}
        return said | dict(self.details)


@dataclass(frozen=True, slots=True)
class Excluded:
    """Rows that a task's file leaves out of its scores.

    Attributes:
        n: How many.
        because: Why, in the words of the file.
    """

    n: int
    because: str


def unread_of(n: int, counts: Mapping[str, int]) -> int:
    """Of n rows with these counts, the responses whose answer was not read; see `RowScores.unread`."""
    return max(0, n - counts.get("answered", n) - counts.get("abstained", 0) - counts.get("errors", 0))


@dataclass(frozen=True, slots=True)
class RowScores:
    """The scores of some rows: of one task, of a subset of it, or pooled over several tasks.

    Attributes:
        n: All rows, errors included.
        counts: Rows that are answered, confident (have a confidence), errors, and by status.
        metrics: Metric key → score.
        cells: Of the rows that have a confidence, for diagrams.
        classes: What answers are counted by, in the order of their first rows; empty where they are not.
        confusion: Rows by target and answer, as places among the classes.
        ratings: Targets and answers that are numbers, of rows with an answer; None where they are none.
        kind: Name of the answer kind; "mixed" for rows of several.
        scored_by: The declarations of the metrics, in their order; empty under a published protocol.
        shares: Confidence, share of raters who agree, and the largest share, of rows with a confidence; None
            where answers are right or wrong alone.
        subsets: Column of the data → its values → the scores of their rows.
        headline: The number that the benchmark prints, where it is not that of the pooled rows.
        excluded: Rows that were left out.
        sources: Several sources of confidence, held against each other; None unless they were asked for.
    """

    n: int
    counts: Mapping[str, int]
    metrics: Mapping[str, Score]
    cells: Cells = NO_CELLS
    classes: tuple[str, ...] = ()
    confusion: Confusion = NO_CONFUSION
    ratings: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    kind: str = "label"
    scored_by: Sequence[Metric] = ()
    shares: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None = None
    subsets: Mapping[str, Subsets] = field(default_factory=dict)
    headline: Score | None = None
    excluded: Excluded | None = None
    sources: SideBySide | None = None

    @property
    def has_confidences(self) -> bool:
        """Whether some metric is of confidences: those of some kinds of answers are not scored."""
        return any(metric.over == "confident" for metric in self.scored_by)

    @property
    def unread(self) -> int:
        """Responses whose answer was not read; a failed sample has none, and who abstains was understood."""
        return unread_of(self.n, self.counts)

    def as_json(self) -> dict[str, Any]:
        """The scores as scores.json has them."""
        metrics = {key: score.as_json() for key, score in self.metrics.items()}
        said: dict[str, Any] = {
            "kind": self.kind,
            "n": self.n,
            "counts": dict(self.counts),
            "metrics": metrics,
        }
        if self.headline is not None:
            said["headline"] = self.headline.as_json()
        if self.excluded is not None:
            said["excluded"] = asdict(self.excluded)
        if self.subsets:
            said["subsets"] = {
                column: {value: scores.as_json() for value, scores in values.items()}
                for column, values in self.subsets.items()
            }
        if self.sources is not None:
            said["sources"] = self.sources.as_json()
        return said


Subsets = Mapping[str, RowScores]
"""Value of a column → the scores of its rows."""


@dataclass(frozen=True, slots=True)
class GroupScores:
    """The scores of several tasks together.

    Attributes:
        tasks: Ids of the tasks that have rows.
        absent: Ids of the group's tasks that have none.
        pooled: Over all rows, or what stands in their place under the protocol.
        macro: The unweighted mean of the tasks' scores; empty where `pooled` is that already.
        line: What tables call `pooled`.
    """

    tasks: tuple[str, ...]
    absent: tuple[str, ...]
    pooled: RowScores
    macro: Mapping[str, Score]
    line: str = "pooled"

    def as_json(self) -> dict[str, Any]:
        """The scores as scores.json has them."""
        macro = {key: score.as_json() for key, score in self.macro.items()}
        return (
            {"tasks": list(self.tasks), "absent": list(self.absent)}
            | self.pooled.as_json()
            | {"macro": macro}
        )


@dataclass(frozen=True, slots=True, repr=False)
class Scores:
    """All scores of a set of predictions: of every task, every group, and everything.

    `to_frame` has them in a table, `as_json` as `vecbench score` writes them into scores.json.

    >>> import vecbench
    >>> scores = vecbench.score_confidences([0.9, 0.8, 0.6, 0.7], [True, True, False, True])
    >>> scores
    <Scores of 4 rows>
    >>> scores.overall.pooled.metrics["accuracy"].value
    0.75

    Attributes:
        protocol: How the responses were read.
        run: What scores.json says of the run: model, engine and so on; empty when unknown.
        tasks: Task id → scores.
        groups: Group id → scores.
        overall: Over all tasks.
        names: Id → name in tables, of tasks and groups.
        intervals: Level, number of replicates and seed of the intervals, and the tasks whose confidences
            were condensed for them, if any.
        further: Blocks that scores.json has when they were asked for (recalibration, repeats, consistency),
            apply (shared_images, coarse) or belong to a protocol (thresholds, dropped).
        notes: What has to be known to read the scores, one sentence each.
        controls: What its controls say of the run, where there were any: docs/controls.md.
    """

    protocol: str
    run: Mapping[str, Any]
    tasks: Mapping[str, RowScores]
    groups: Mapping[str, GroupScores]
    overall: GroupScores
    names: Mapping[str, str] = field(default_factory=dict)
    intervals: Mapping[str, Any] = field(default_factory=dict)
    further: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    controls: Sequence[ControlScore] = ()

    def __repr__(self) -> str:
        rows = f"{self.overall.pooled.n:,} rows"
        return f"<Scores of {', '.join(self.tasks)}: {rows}>" if self.tasks else f"<Scores of {rows}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the table of `vecbench score`."""
        from vecbench.report.html import score_fragment

        return score_fragment(self)

    def to_frame(self) -> DataFrame:
        """Every score as a row of a pandas DataFrame, in the order of scores.json.

        Returns:
            The columns, in this order. Values are fractions, as in scores.json, and not percent.

            - scope: "task"; "group" and "overall" for the rows of several tasks, pooled; "group macro" and
              "overall macro" for the plain mean of the tasks' scores.
            - name: Id of the task or group; "overall".
            - subset: The rows of one value of a column of the data, such as "question_type=Yes-or-No", or of
              one answer or target, "answer=joy"; of a control "control=shuffled", whose metrics
              docs/controls.md lists; "most frequent answer" where sources of confidence are of one row a
              sample; empty for all rows.
            - source: Where the confidences come from: "stated", by the model; or another source that was
              asked for, such as "token" or "agreement".
            - metric: The key; "headline" for the number that the benchmark prints, where it is another one.
            - value: The score; nan where it is undefined.
            - low, high: Ends of its 95 % interval; nan where it has none.
            - n: Rows that it was computed from; tasks, of a macro mean.
            - method: How the interval was made; empty where there is none.
            - why: Why the value is undefined or has no interval; empty where it has one.

        >>> import vecbench
        >>> frame = vecbench.score_confidences([0.9, 0.8, 0.6, 0.7], [True, True, False, True]).to_frame()
        >>> frame.loc[frame.metric == "accuracy", ["scope", "value", "n", "method"]].to_dict("records")
        [{'scope': 'overall', 'value': 0.75, 'n': 4, 'method': 'wilson'}]
        """
        from vecbench.frames import score_frame

        return score_frame(self)

    def content(self) -> dict[str, Any]:
        """What scores.json says."""
        said: dict[str, Any] = {
            "schema": SCHEMA,
            "protocol": self.protocol,
            "run": dict(self.run),
            "intervals": dict(self.intervals),
            "tasks": {name: scores.as_json() for name, scores in self.tasks.items()},
            "groups": {name: scores.as_json() for name, scores in self.groups.items()},
            "overall": self.overall.as_json(),
        }
        if self.notes:
            said["notes"] = list(self.notes)
        return said | dict(self.further)

    def as_json(self) -> str:
        """The text of scores.json."""
        return json.dumps(self.content(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


Scope = Literal["task", "group", "group macro", "overall", "overall macro"]
"""What a score is of: rows of a task, pooled rows of a group or of everything, or the plain mean of tasks."""

STATED = "stated"
MOST_FREQUENT = "most frequent answer"
"""The subset of scores that are of one row a sample."""

HEADLINE = "headline"
"""Stands for a metric's key where a score is the number that the benchmark prints."""


class ListedScore(NamedTuple):
    """A score with what it is of.

    Attributes:
        scope: Of what.
        name: Id of the task or group; "overall".
        subset: Such as "question_type=Yes-or-No", or "label=fear" of one label of sets; empty for all rows.
        metric: Key of the metric, or "headline"; of one label "f1" or "average_precision".
        score: The score.
        source: Of the confidences.
    """

    scope: Scope
    name: str
    subset: str
    metric: str
    score: Score
    source: str = STATED


def listed(scores: Scores) -> Iterator[ListedScore]:
    """Every score, in the order of scores.json: task by task, group by group, everything."""
    for name, rows in scores.tasks.items():
        yield from _of_rows("task", name, rows)
    for name, group in scores.groups.items():
        yield from _of_rows("group", name, group.pooled)
        yield from _of_metrics("group macro", name, "", group.macro)
    yield from _of_rows("overall", OVERALL, scores.overall.pooled)
    yield from _of_metrics("overall macro", OVERALL, "", scores.overall.macro)


def _of_rows(scope: Scope, name: str, rows: RowScores) -> Iterator[ListedScore]:
    yield from _of_metrics(scope, name, "", rows.metrics)
    yield from _of_sources(scope, name, rows)
    if rows.headline is not None:
        yield ListedScore(scope, name, "", HEADLINE, rows.headline)
    for column, values in rows.subsets.items():
        for value, subset in values.items():
            yield from _of_metrics(scope, name, f"{column}={value}", subset.metrics)


def _of_sources(scope: Scope, name: str, rows: RowScores) -> Iterator[ListedScore]:
    """The scores of other sources; those of stated confidences too, where they are of one row a sample."""
    if rows.sources is None:
        return
    subset = "" if rows.sources.rows == "answers" else MOST_FREQUENT
    for source, scores in rows.sources.scores.items():
        if source != STATED or subset:
            for key, score in scores.metrics.items():
                yield ListedScore(scope, name, subset, key, score, source)


def _of_metrics(scope: Scope, name: str, subset: str, metrics: Mapping[str, Score]) -> Iterator[ListedScore]:
    for key, score in metrics.items():
        yield ListedScore(scope, name, subset, key, score)
    for score in metrics.values() if not subset else ():
        for key, values in score.details.get(BY_LABEL, {}).items():
            for label, value in values.items():
                said = Score(value, score.n, why="no row has it as a target" if value is None else None)
                yield ListedScore(scope, name, f"label={label}", key, said)
