"""The reliability of the Brier score without the bias that few rows at a confidence bring."""

import numpy as np

from vecbench.metrics.cells import Cells, Values, share
from vecbench.metrics.definition import BIASED, Change, Metric, of_cells


def reliability_debiased(cells: Cells) -> Values:
    """Mean (confidence − its accuracy)², less what sampling adds to it (Ferro and Fricker, 2012).

    Args:
        cells: The rows, in one or many replicates.

    Returns:
        At most 1, and below 0 where chance has made it so; nan without rows.
    """
    rows = np.maximum(cells.total, 1)
    accuracy = cells.right / rows
    squared = (cells.total * (cells.confidence - accuracy) ** 2).sum(axis=-1)
    # A confidence of a single row says nothing of its own spread.
    spread = np.where(cells.total > 1, accuracy * (1 - accuracy) * rows / np.maximum(rows - 1, 1), 0.0)
    return share(squared - spread.sum(axis=-1), cells.counts)


RELIABILITY_DEBIASED = Metric(
    key="reliability_debiased",
    heading="Rel",
    description="The Brier score's reliability without the bias of few rows (Ferro and Fricker, 2012).",
    value=of_cells(reliability_debiased),
    interval="none",
    why_no_interval=BIASED,
    better="lower",
    range=(-0.25, 1.0),
    shown="wide",
    board="column",
    change=Change("steady"),
)
