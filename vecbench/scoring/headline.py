"""The one number that a benchmark prints of a task or group, where it is not that of the pooled rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from vecbench.scoring.row_scores import mean_of_shares
from vecbench.scoring.scores import RowScores, Score
from vecbench.tasks.task import Headline


def headline_of(rule: Headline | None, scores: RowScores, macro: Mapping[str, Score]) -> Score | None:
    """The headline by a rule; None without one.

    It is of the first metric that the rows' kind has: accuracy, or the ranking score. The mean of subsets has
    a square-and-add interval where the subsets' own are Wilson's; rows of other subsets count in none.

    Args:
        rule: Of the task or group.
        scores: Of its rows, with their subsets.
        macro: Of a group: the means over its tasks.
    """
    if rule is None or not scores.metrics:
        return None
    key = next(iter(scores.metrics))
    if rule.how == "pooled":
        return scores.metrics[key]
    if rule.how == "macro" and macro:
        return macro.get(key)
    values = next(
        (
            found
            for found in scores.subsets.values()
            if rule.how == "macro" or all(each in found for each in rule.of)
        ),
        None,
    )
    if values is None:
        wanted = ", ".join(rule.of) or "any"
        return Score(None, 0, why=f"there are no rows of the subsets {wanted}")
    parts = [values[each].metrics[key] for each in rule.of or values]
    if any(part.value is None for part in parts):
        return Score(None, len(parts), why="a subset has no value")
    value = math.fsum(part.value or 0.0 for part in parts) / len(parts)
    if all(part.low is not None and part.method == "wilson" for part in parts):
        made = mean_of_shares(value, parts, 1.0)
        return replace(made, method="square-and-add of the subsets' Wilson intervals")
    return Score(value, len(parts))
