"""`vecbench.reliability_diagram` and `vecbench.coverage_curve`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vecbench.errors import UsageError
from vecbench.report.diagrams import by_model, corp_of, coverage_of, overlaid, reliability_of
from vecbench.scoring.scores import Scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def reliability_diagram(
    scores: Scores | Sequence[Scores] | Mapping[str, Scores], name: str | None = None, *, corp: bool = False
) -> Figure:
    """Draws stated confidences against the share of right answers, over a histogram of the confidences.

    Each distinct confidence is a point with a 95 % interval, or each of ten bins where there are many. The
    grey band holds 95 % of the points of a calibrated model with these confidences. Of several models it
    draws the bins over each other, and below where each model's confidences lie.

    Args:
        scores: Of `score`, `score_confidences` or `Run.scores`; or those of two to six models, as a list or
            by the names that the legend has for them.
        name: Id of a task or a group, whose rows are pooled; None for all rows.
        corp: Draw the best non-decreasing map of the confidences instead of points or bins, with the parts
            of the Brier score that it tells apart (CORP: Dimitriadis, Gneiting and Jordan, PNAS 2021).

    Returns:
        A matplotlib Figure, 3.3 inches wide, that pyplot does not know: nothing has to be closed. Without
        any confidence it says so. `savefig("name.pdf")` embeds its fonts and keeps its texts as texts; it
        warns of letters that no installed font has.

    Raises:
        UsageError: There is no such task or group, or its confidences are not scored; or there are more than
            six models, or `corp` with several.

    >>> import vecbench
    >>> scores = vecbench.score_confidences([0.9, 0.8, 0.6, 0.7], [True, True, False, True])
    >>> figure = vecbench.reliability_diagram(scores)
    >>> figure.savefig("reliability.png", dpi=200)
    >>> figure.get_suptitle()
    'All rows'
    """
    if not isinstance(scores, Scores):
        return overlaid(_by_model(scores, corp=corp), name)[0]
    return (corp_of if corp else reliability_of)(scores, name)[0]


def coverage_curve(
    scores: Scores | Sequence[Scores] | Mapping[str, Scores], name: str | None = None
) -> Figure:
    """Draws the accuracy of the most confident answers by the share of all rows that they are.

    Args:
        scores: As for `reliability_diagram`.
        name: As there.

    Returns:
        A Figure as of `reliability_diagram`.

    Raises:
        UsageError: As there.

    >>> import vecbench
    >>> scores = vecbench.score_confidences([0.9, 0.8, 0.6, 0.7], [True, True, False, True])
    >>> vecbench.coverage_curve({"before": scores, "after": scores}).savefig("coverage.pdf")
    """
    if not isinstance(scores, Scores):
        return overlaid(_by_model(scores), name, coverage=True)[0]
    return coverage_of(scores, name)[0]


def _by_model(scores: Sequence[Scores] | Mapping[str, Scores], *, corp: bool = False) -> Mapping[str, Scores]:
    if corp:
        raise UsageError("a CORP diagram is of one model", "Draw each by itself.")
    return scores if isinstance(scores, Mapping) else by_model(scores)
