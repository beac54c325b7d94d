"""Calibration slope and intercept: a logistic regression of being right on the logit of the confidence."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, Values
from vecbench.metrics.clusters import design_effect
from vecbench.metrics.definition import Ends, Metric, of_cells, untested
from vecbench.metrics.observations import Observations
from vecbench.metrics.recalibration import logit

MOST_STEPS = 50
CONVERGED = 1e-10
_UNTESTED = "each replicate would take a regression of its own"
_UNDEFINED = "it takes right and wrong answers at several confidences that overlap"

Fit = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Intercept and slope, shape (2,), and their covariance, shape (2, 2), that holds where the chance of being
right is no logistic function of the confidence too (White, 1982)."""


def _fitted(cells: Cells) -> Fit | None:
    """By Newton's method, without penalty; None where the likelihood has no maximum."""
    design = np.stack([np.ones(cells.confidence.size), logit(cells.confidence)])
    if cells.n == 0 or np.unique(design[1]).size < 2:
        return None
    found: NDArray[np.float64] = np.zeros(2)
    for _ in range(MOST_STEPS):
        chance = 1 / (1 + np.exp(-(found @ design)))
        information = (design * (cells.total * chance * (1 - chance))) @ design.T
        if np.linalg.cond(information) > 1 / CONVERGED:
            return None
        step = np.linalg.solve(information, design @ (cells.right - cells.total * chance))
        found = found + np.clip(step, -1, 1)
        if np.abs(step).max() < CONVERGED:
            inverse = np.linalg.inv(information)
            # One more right and wrong row, spread over the confidences: a value without an error has some.
            unseen = cells.total / cells.n
            scatter = (cells.right + unseen) * (1 - chance) ** 2 + (cells.wrong + unseen) * chance**2
            return found, np.asarray(inverse @ ((design * scatter) @ design.T) @ inverse, dtype=np.float64)
    return None


def calibration_slope(cells: Cells) -> Values:
    """The slope of the logistic regression of being right on the confidence's logit (Cox, 1958).

    Args:
        cells: Rows that were not resampled. Confidences are moved `LOGIT_CLIP` from 0 and 1.

    Returns:
        1 for a calibrated model, below 1 where confidences are too extreme; nan where the regression has no
        solution.
    """
    fit = cells.once(_fitted)
    return np.asarray(np.nan if fit is None else fit[0][1])


def calibration_intercept(cells: Cells) -> Values:
    """The intercept of that regression: the log odds of being right where the confidence is one half.

    Args and returns as for `calibration_slope`; 0 for a calibrated model.
    """
    fit = cells.once(_fitted)
    return np.asarray(np.nan if fit is None else fit[0][0])


def _ends(cells: Cells, place: int, effect: float, level: float) -> Ends:
    fit = cells.once(_fitted)
    if fit is None:
        return None
    margin = NormalDist().inv_cdf((1 + level) / 2) * float(np.sqrt(effect * fit[1][place, place]))
    return float(fit[0][place]) - margin, float(fit[0][place]) + margin


def _effect(rows: Observations) -> float:
    """Of the two sums that make the regression's equations: the residuals, and these times the logits."""
    stated = rows.taken(rows.stated)
    fit = _fitted(Cells.of_rows(stated.confidence, stated.right))
    if fit is None or stated.is_one_row_each:
        return 1.0
    scores = logit(stated.confidence)
    residual = stated.right - 1 / (1 + np.exp(-(fit[0][0] + fit[0][1] * scores)))
    # Of both, since intercept and slope each take their part of both.
    return max(design_effect(residual * each, stated.image) for each in (np.ones(stated.n), scores))


CALIBRATION_SLOPE = Metric(
    key="calibration_slope",
    heading="Slope",
    description="Of the logistic regression of being right on the confidence's logit: 1 if calibrated.",
    value=of_cells(calibration_slope),
    better=None,
    range=(-np.inf, np.inf),
    unit="number",
    interval="own",
    ends=lambda cells, effect, level: _ends(cells, 1, effect, level),
    effect=_effect,
    undefined=_UNDEFINED,
    takes_of_each=30,
    change=untested(_UNTESTED),
)
CALIBRATION_INTERCEPT = Metric(
    key="calibration_intercept",
    heading="Intcpt",
    description="The intercept of that regression: 0 if calibrated.",
    value=of_cells(calibration_intercept),
    better=None,
    range=(-np.inf, np.inf),
    unit="number",
    interval="own",
    ends=lambda cells, effect, level: _ends(cells, 0, effect, level),
    effect=_effect,
    undefined=_UNDEFINED,
    takes_of_each=30,
    change=untested(_UNTESTED),
)
