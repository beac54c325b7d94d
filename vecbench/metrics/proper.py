"""Proper scores of the confidence as a forecast of being right: honesty is the best policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vecbench.metrics.cells import Cells, ConfidenceMetric, Values, reciprocal_total, share
from vecbench.metrics.definition import BIASED, Change, Metric, of_cells
from vecbench.metrics.totals import Totals

NLL_CLIP = 1e-12
"""Confidences are moved this far from 0 and 1 before their logarithm is taken."""


@ConfidenceMetric
def brier(cells: Cells) -> Values:
    """Brier score: mean (confidence − correct)² (Brier, 1950).

    It is `brier_reliability` − `brier_resolution` + `brier_uncertainty` (Murphy, 1973), exactly, since
    every distinct confidence is a bin of its own there.

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 1], 0 is best; nan without rows.
    """
    loss = cells.right @ (1 - cells.confidence) ** 2 + cells.wrong @ cells.confidence**2
    return share(loss, cells.counts)


@ConfidenceMetric
def brier_reliability(cells: Cells) -> Values:
    """The part of the Brier score that miscalibration costs: mean (confidence − its accuracy)².

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 1], 0 is best; nan without rows.
    """
    # (total · confidence − right)² / total, multiplied out: only the last term takes a pass over the cells.
    stated = cells.total @ cells.confidence**2 - 2 * (cells.right @ cells.confidence)
    return share(np.maximum(0.0, stated + cells.once(_right_squared)), cells.counts)


@ConfidenceMetric
def brier_resolution(cells: Cells) -> Values:
    """What the confidence tells about correctness: mean (its accuracy − overall accuracy)².

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 0.25], larger is better; nan without rows.
    """
    overall = share(cells.total_right, cells.counts)
    squared = cells.once(_right_squared) - overall * cells.total_right
    return share(np.maximum(0.0, squared), cells.counts)


@ConfidenceMetric
def brier_uncertainty(cells: Cells) -> Values:
    """The Brier score of always stating the accuracy: accuracy · (1 − accuracy).

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 0.25]; nan without rows.
    """
    overall = share(cells.total_right, cells.counts)
    return np.asarray(overall * (1 - overall))


@ConfidenceMetric
def nll(cells: Cells) -> Values:
    """Negative log-likelihood of correctness, natural logarithm, confidences clipped by `NLL_CLIP`.

    One wrong answer at confidence 1.0 would make it infinite, so the clip sets its value: read it with
    `nll_infinite_terms`, and never rank by it.

    Args:
        cells: The rows; call with `(confidence, correct)` to have them made.

    Returns:
        At least 0, 0 is best; nan without rows.
    """
    stated = np.clip(cells.confidence, NLL_CLIP, 1 - NLL_CLIP)
    return share(-(cells.right @ np.log(stated) + cells.wrong @ np.log1p(-stated)), cells.counts)


def nll_infinite_terms(cells: Cells) -> int:
    """Rows whose term would be infinite: wrong at confidence 1, or right at 0.

    Args:
        cells: Rows that were not resampled.
    """
    return int(cells.wrong[cells.confidence == 1].sum() + cells.right[cells.confidence == 0].sum())


def _right_squared(cells: Cells) -> Values:
    """The sum over the confidences of right² / total, 0 at one that a replicate has no rows of."""
    return np.asarray(
        np.einsum("...k,...k,...k->...", cells.right, cells.right, cells.once(reciprocal_total))
    )


FEWEST_AT_A_CONFIDENCE = 4
"""With fewer rows than this at a confidence, on the mean, reflecting does not undo what chance has added."""


def _by_value(totals: Totals) -> Mapping[str, Any]:
    """Of what the parts are: with few rows at each confidence they mean nothing, see `mcb`."""
    values = totals.cells.confidence.size
    return {"by": "distinct confidence", "values": values, "rows_a_value": totals.cells.n / values}


def _why_parts_are_untested(sides: Sequence[Totals]) -> str | None:
    means = (side.cells.n / max(1, int((side.cells.total > 0).sum())) for side in sides)
    each = min(means, default=FEWEST_AT_A_CONFIDENCE)
    if each < FEWEST_AT_A_CONFIDENCE:
        return f"no interval: {each:.1f} rows at each confidence, it takes {FEWEST_AT_A_CONFIDENCE}"
    return None


def _why_nll_is_untested(sides: Sequence[Totals]) -> str | None:
    certain = sum(
        int(side.cells.total[(side.cells.confidence == 0) | (side.cells.confidence == 1)].sum())
        for side in sides
    )
    if certain:
        return f"no interval: {certain:,} answers state 0 or 1, where a wrong one costs what the clip says"
    return None


def squared_bounds(value: float, rows: Totals) -> tuple[float, float]:
    """Those of a mean of squares in [0, 1], if all rows had a confidence."""
    coverage = float(rows.coverage)
    return value * coverage, value * coverage + 1 - coverage


BRIER = Metric(
    key="brier",
    heading="Brier",
    description="Mean (confidence − correct)².",
    value=of_cells(brier.of_cells),
    interval="percentile",
    better="lower",
    shown="always",
    board="main",
    bounds=squared_bounds,
)
BRIER_RELIABILITY = Metric(
    key="brier_reliability",
    heading="Brier rel",
    description="The part of the Brier score that miscalibration costs.",
    value=of_cells(brier_reliability.of_cells),
    better="lower",
    interval="none",
    why_no_interval=BIASED,
    change=Change("steady", refused=_why_parts_are_untested),
    details=_by_value,
)
BRIER_RESOLUTION = Metric(
    key="brier_resolution",
    heading="Brier res",
    description="What the confidence tells about correctness.",
    value=of_cells(brier_resolution.of_cells),
    interval="none",
    why_no_interval=BIASED,
    change=Change("steady", refused=_why_parts_are_untested),
    details=_by_value,
    is_of_order=True,
)
BRIER_UNCERTAINTY = Metric(
    key="brier_uncertainty",
    heading="Brier unc",
    description="The Brier score of always stating the accuracy.",
    value=of_cells(brier_uncertainty.of_cells),
    better=None,
    interval="none",
    why_no_interval="it follows from the accuracy",
    is_of_order=True,
)
NLL = Metric(
    key="nll",
    heading="NLL",
    description="Negative log-likelihood of correctness, natural logarithm, confidences clipped.",
    value=of_cells(nll.of_cells),
    better="lower",
    range=(0.0, np.inf),
    unit="number",
    interval="none",
    why_no_interval="one wrong answer at 1.0 costs what the clip says",
    change=Change(refused=_why_nll_is_untested),
    details=lambda totals: {"clip": NLL_CLIP, "infinite_terms": nll_infinite_terms(totals.cells)},
)
