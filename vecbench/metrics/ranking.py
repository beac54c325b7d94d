"""How well a stated confidence separates right answers from wrong ones."""

from __future__ import annotations

import numpy as np

from vecbench.metrics.cells import Cells, ConfidenceMetric


@ConfidenceMetric
def auroc(cells: Cells) -> float:
    """Area under the ROC curve of the confidence as a score of being right.

    The chance that a right answer has a higher confidence than a wrong one; a tie counts one half
    (Hanley and McNeil, 1982).

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 1], 0.5 for a confidence that says nothing; nan unless some rows are right and some wrong.
    """
    pairs = int(cells.right.sum()) * int(cells.wrong.sum())
    if pairs == 0:
        return float("nan")
    wrong_below = np.cumsum(cells.wrong) - cells.wrong
    # Doubled, the ties are whole numbers and the sum is exact.
    won_twice = int((cells.right * (2 * wrong_below + cells.wrong)).sum())
    return won_twice / (2 * pairs)
