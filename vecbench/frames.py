"""Scores, differences, predictions and responses as pandas DataFrames."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from vecbench.comparing.comparison import Comparison
from vecbench.comparing.differences import Difference, Differences
from vecbench.errors import UsageError
from vecbench.parsing import Prediction
from vecbench.scoring.scores import OVERALL, STATED, Scores, listed
from vecbench.store import StoredResponse

try:
    import pandas as pd
except ImportError:
    remedy = 'Install it: pip install "vecbench[pandas]"'
    raise UsageError("a DataFrame needs pandas, which is not installed", remedy) from None

SCORE_COLUMNS = (
    "scope", "name", "subset", "source", "metric", "value", "low", "high", "n", "method", "why",
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    "scope", "name", "subset", "source", "metric", "baseline", "candidate", "change", "value", "low", "high",
    "p", "p_holm", "n", "method", "why",
)  # fmt: skip
PREDICTION_COLUMNS = (
    "task", "sample_id", "repeat", "kind", "target", "answer", "answer_status", "confidence",
    "confidence_status", "right",
)  # fmt: skip
RESPONSE_COLUMNS = (
    "task", "sample_id", "repeat",
    *(
        each.name for each in fields(StoredResponse)
        if each.name not in {"task", "sample_id", "repeat", "attributes", "stated_target"}
    ),
)  # fmt: skip

NUMBERS = frozenset({"value", "low", "high", "baseline", "candidate", "change", "p", "p_holm", "confidence"})
"""Columns of fractions: nan where there is none."""


def score_frame(scores: Scores) -> pd.DataFrame:
    """One row a score, see `Scores.to_frame`."""
    rows = (
        (scope, name, subset, source, metric, each.value, each.low, each.high, each.n, each.method or "",
         each.why or each.no_interval or "")
        for scope, name, subset, metric, each, source in listed(scores)
    )  # fmt: skip
    controls = (
        (scope, name, f"control={control}", source, metric, each.value, each.low, each.high, each.n,
         each.method or "", each.why or each.no_interval or "")
        for scope, name, control, source, metric, each in scores.controls
    )  # fmt: skip
    return _frame([*rows, *controls], SCORE_COLUMNS)


def difference_frame(comparison: Comparison) -> pd.DataFrame:
    """One row a metric of a task, group or everything, see `Comparison.to_frame`."""
    rows = (
        (scope, name, "", STATED, metric, each.baseline, each.candidate, each.change, each.change, each.low,
         each.high, None if each.p is None else each.p.two_sided, each.p_holm, n, each.method or "",
         each.why or "")
        for scope, name, n, differences in _blocks(comparison)
        for metric, each in differences.items()
    )  # fmt: skip
    return _frame(rows, DIFFERENCE_COLUMNS)


def _blocks(comparison: Comparison) -> Iterator[tuple[str, str, int, Mapping[str, Difference]]]:
    """Scope, name, n and differences, in the order in which scores are listed."""
    differences = comparison.differences
    for name, found in differences.tasks.items():
        yield "task", name, found.n, found.metrics
    for name, found in differences.groups.items():
        yield from _pooled_and_macro("group", name, found)
    yield from _pooled_and_macro(OVERALL, OVERALL, differences.overall)


def _pooled_and_macro(
    scope: str, name: str, found: Differences
) -> Iterator[tuple[str, str, int, Mapping[str, Difference]]]:
    yield scope, name, found.n, found.metrics
    yield f"{scope} macro", name, len(found.tasks), found.macro


def prediction_frame(rows: Sequence[Prediction], judges: Collection[str]) -> pd.DataFrame:
    """One row a prediction, see `Run.predictions`; `judges`: the tasks whose answers are right or wrong."""
    values = (
        (
            row.task, row.sample_id, row.repeat, row.kind, row.target, row.reading.answer,
            row.reading.answer_status, row.reading.confidence, row.reading.confidence_status,
            row.correct if row.task in judges else None,
        )
        for row in rows
    )  # fmt: skip
    frame = _frame(values, PREDICTION_COLUMNS)
    frame = frame.astype({"right": "boolean" if frame["right"].isna().any() else "bool"})
    if any(row.options is not None for row in rows):
        shares: list[Any] = [None if row.options is None else dict(row.options.shares) for row in rows]
        frame["options"] = shares
    return _with_attributes(frame, [row.attributes for row in rows])


def response_frame(responses: Sequence[StoredResponse]) -> pd.DataFrame:
    """One row a stored response, see `Run.responses`."""
    values = ([getattr(each, name) for name in RESPONSE_COLUMNS] for each in responses)
    return _with_attributes(_frame(values, RESPONSE_COLUMNS), [each.attributes for each in responses])


def _frame(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(columns))
    kinds: dict[str, type] = {name: float for name in columns if name in NUMBERS}
    return frame.astype(kinds | {name: int for name in columns if name in {"n", "repeat"}})


def _with_attributes(frame: pd.DataFrame, attributes: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """The frame with a column for each attribute that some row has; missing where a row has it not."""
    for name in dict.fromkeys(name for each in attributes for name in each):
        column = f"attribute {name}" if name in frame.columns else name
        frame[column] = [each.get(name) for each in attributes]
    return frame
