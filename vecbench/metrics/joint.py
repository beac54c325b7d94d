"""Proper scores of answer and confidence together, and of the confidence against a constant one."""

from __future__ import annotations

import numpy as np

from vecbench.metrics.cells import Cells, Values, share
from vecbench.metrics.definition import Metric, of_cells
from vecbench.metrics.proper import brier, brier_uncertainty
from vecbench.metrics.totals import Totals


def joint_score(totals: Totals) -> Values:
    """Mean of correct − (confidence − correct)², over all rows.

    A proper score of the pair: its expectation is largest for the answer that is most probably right, stated
    with that probability. The Brier score alone is one of the confidence, and perfect for whoever answers
    nothing, certain to be wrong. A row without a confidence counts at its worst case: as 0 where it is right,
    and as 1 where it is wrong.

    Args:
        totals: The rows.

    Returns:
        In [−1, 1], 1 for right answers at confidence 1, 0 for abstaining at 0; nan without rows.
    """
    cells = totals.cells
    stated = cells.right @ (1 - (1 - cells.confidence) ** 2) - cells.wrong @ cells.confidence**2
    return share(stated - totals.missing_wrong, cells.counts + totals.missing)


def brier_skill(cells: Cells) -> Values:
    """1 − Brier score / that of always stating the accuracy (Brier skill score; Murphy, 1973).

    Args:
        cells: The rows.

    Returns:
        At most 1, 0 for a confidence as good as a constant one, negative below; nan unless some rows are
        right and some wrong.
    """
    return 1 - share(brier.of_cells(cells), np.asarray(brier_uncertainty.of_cells(cells)))


def _skill_bounds(value: float, rows: Totals) -> tuple[float, float]:
    cells, n = rows.cells, float(rows.cells.counts + rows.missing)
    errors = (1 - value) * float(brier_uncertainty.of_cells(cells)) * cells.n
    of_constant = n * float(rows.accuracy * (1 - rows.accuracy))
    return 1 - (errors + float(rows.missing)) / of_constant, 1 - errors / of_constant


JOINT_SCORE = Metric(
    key="joint_score",
    heading="Joint",
    description="Mean of correct − (confidence − correct)²: proper for answer and confidence together.",
    value=joint_score,
    interval="percentile",
    over="all",
    range=(-1.0, 1.0),
    shown="always",
    board="headline",
)
BRIER_SKILL = Metric(
    key="brier_skill",
    heading="Skill",
    description="1 − Brier / that of always stating the accuracy: 0 is as good as a constant confidence.",
    value=of_cells(brier_skill),
    interval="percentile",
    range=(-np.inf, 1.0),
    shown="wide",
    board="column",
    takes_of_each=20,
    bounds=_skill_bounds,
)
