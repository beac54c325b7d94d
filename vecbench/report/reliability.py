"""The reliability diagram of a task, a group, or everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecbench.errors import UsageError, nearest
from vecbench.plots.diagrams import reliability_diagram
from vecbench.scoring.scores import OVERALL, RowScores, Scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def has_diagram(rows: RowScores) -> bool:
    """Whether the confidences of some rows are scored: by some protocols and of some kinds they are not."""
    return "ece" in rows.metrics


def diagram_of(scores: Scores, name: str) -> Figure:
    """The reliability diagram of a part of the scores.

    Args:
        scores: The scores.
        name: Id of a task or group; "overall" for all rows.

    Raises:
        UsageError: There is no such task or group, or its confidences are not scored.
    """
    rows = _rows(scores, name)
    shown = scores.names.get(name, "Overall" if name == OVERALL else name)
    if not has_diagram(rows):
        raise UsageError(
            f"{shown} has no reliability diagram: its confidences are not scored",
            "They are of answers that are right or wrong, and by the protocols strict and emocaliber.",
        )
    null = rows.metrics.get("ece_null")
    return reliability_diagram(rows.cells, shown, rows.n, null.value if null else None)


def _rows(scores: Scores, name: str) -> RowScores:
    if name in scores.groups:
        return scores.groups[name].pooled
    if name in scores.tasks:  # a stranger's may be called as everything is
        return scores.tasks[name]
    if name == OVERALL:
        return scores.overall.pooled
    known = [*scores.groups, *scores.tasks, OVERALL]
    raise UsageError(f"the scores have no task or group {name!r}", nearest(name, known))
