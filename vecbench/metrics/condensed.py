"""Fewer distinct confidences for the bootstrap, where there are so many that each is stated once.

What a replicate costs grows with the number of distinct confidences. Stated ones take a hundred values at
most; probabilities taken from logits are all distinct, and no two of their rows could be drawn together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.calibration import bin_of
from vecbench.metrics.cells import Cells

MOST_DISTINCT = 256
"""Up to so many distinct confidences are taken as they are; two decimals can tell 101 apart."""

GROUPS = 64
"""Groups of neighbours that take their place, beside the splits at the edges of `BINS`."""

BINS = (10, 15)
"""The bins that no group may reach across: an ECE with them remains what it was."""


def is_condensed(cells: Cells) -> bool:
    """Whether `condensed` merges any of these cells."""
    return cells.confidence.size > MOST_DISTINCT


def condensed(cells: Cells) -> Cells:
    """The cells with neighbouring confidences merged, if there are more than `MOST_DISTINCT` of them.

    The j-th group from the top ends at the share (j / GROUPS)² of the rows, so that the most confident
    rows, on which an area under the risk–coverage curve depends most, stay apart. What merging loses is the
    spread within a group: the replicates' standard deviation changes by less than half a percent, where
    10,000 replicates leave an end of an interval uncertain by three.

    Args:
        cells: Rows that were not resampled; shape (k,).

    Returns:
        At most `MOST_DISTINCT` distinct confidences.
    """
    return cells.merged(grouping(cells)) if is_condensed(cells) else cells


def grouping(cells: Cells) -> NDArray[np.intp]:
    """The place of each confidence among those of `condensed`; shape (k,).

    Args:
        cells: As for `condensed`.
    """
    if not is_condensed(cells):
        return np.arange(cells.confidence.size)
    through = np.cumsum(cells.total[::-1])[::-1]
    share_above = (through - cells.total / 2) / cells.n
    group = (GROUPS * np.sqrt(share_above)).astype(np.intp)
    for bins in BINS:
        # Both fall or rise with the confidence, so a pair of them never recurs.
        group = group * bins + (bins - 1 - bin_of(cells.confidence, bins))
    return np.asarray(np.r_[0, np.cumsum(np.diff(group) != 0)])
