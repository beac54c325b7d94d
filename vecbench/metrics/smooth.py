"""SmoothECE: calibration error without bins."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, ConfidenceMetric, Values

GRID_PER_WIDTH = 8
"""Points a kernel width at which the residual's sign is looked at."""

NARROWEST = 1e-6
"""A calibration error below this is returned as it is found at this width."""

BLOCK = 2**20
"""Kernel values that are computed at once."""


@ConfidenceMetric
def smece(cells: Cells) -> Values:
    """SmoothECE (Błasiok and Nakkiran, 2024), with the Gaussian kernel reflected at 0 and 1.

    The residuals confidence − correctness are smoothed with a kernel of width σ; the smooth ECE is the
    integral of the smoothed residual's absolute value, at the σ that equals it. The integral is taken
    in closed form between the sign changes, over the distinct confidences.

    Args:
        cells: Rows that were not resampled; call with `(confidence, correct)` to have them made.

    Returns:
        In [0, 1]; nan without rows.
    """
    if cells.n == 0:
        return np.asarray(np.nan)
    surplus = (cells.total * cells.confidence - cells.right) / cells.n
    # The error at width σ falls as σ grows, so there is one crossing; wide kernels are cheap, so it is
    # approached from above.
    high = 1.0
    while (error := _error_at(cells.confidence, surplus, high / 2)) < high / 2:
        high /= 2
        if high < NARROWEST:
            return np.asarray(error)
    from scipy.optimize import brentq

    def excess(width: float) -> float:
        return _error_at(cells.confidence, surplus, width) - width

    width = brentq(excess, high / 2, high + 1e-9, xtol=1e-14)
    return np.asarray(_error_at(cells.confidence, surplus, width))


def _error_at(confidence: NDArray[np.float64], surplus: NDArray[np.float64], width: float) -> float:
    """The integral over [0, 1] of |the surplus smoothed with a reflected Gaussian of that width|."""
    centres, weights = _reflected(confidence, surplus, width)
    points = _sign_changes(centres, weights, width)
    integral = _smoothed_integral(np.array([0.0, *points, 1.0]), centres, weights, width)
    return float(np.abs(np.diff(integral)).sum())


def _reflected(
    confidence: NDArray[np.float64], surplus: NDArray[np.float64], width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The confidences and their mirror images that reach into [0, 1]: reflections at 0 and 1 repeat by 2."""
    reach = 9 * width
    turns = np.arange(-math.ceil(reach / 2) - 1, math.ceil(reach / 2) + 2)
    centres = np.concatenate([2 * turn + sign * confidence for turn in turns for sign in (1, -1)])
    weights = np.tile(surplus, 2 * turns.size)
    near = (centres > -reach) & (centres < 1 + reach)
    return centres[near], weights[near]


def _sign_changes(centres: NDArray[np.float64], weights: NDArray[np.float64], width: float) -> list[float]:
    from scipy.optimize import brentq

    def smoothed(point: float) -> float:
        return float(np.exp(-(((point - centres) / width) ** 2) / 2) @ weights)

    # Wider kernels than the gaps between confidences blur them into one slow curve; narrower ones leave
    # bumps of their own width. Both are met by a grid of a fraction of the width, at the centres or evenly.
    inside = np.unique(centres[(centres >= 0) & (centres <= 1)])
    spread = np.arange(-4, 4, 1 / GRID_PER_WIDTH) * width
    if inside.size * spread.size < GRID_PER_WIDTH / width:
        grid = np.unique(np.clip(inside[:, None] + spread, 0, 1))
        middles = (inside[1:] + inside[:-1]) / 2
        grid = np.unique(np.r_[0, grid, middles, 1])
    else:
        grid = np.linspace(0, 1, math.ceil(GRID_PER_WIDTH / width) + 2)
    rows = max(1, BLOCK // centres.size)
    parts = [grid[begin : begin + rows, None] for begin in range(0, grid.size, rows)]
    values = np.concatenate([np.exp(-(((part - centres) / width) ** 2) / 2) @ weights for part in parts])
    changes = np.flatnonzero(np.sign(values[1:]) * np.sign(values[:-1]) < 0)
    return [brentq(smoothed, grid[each], grid[each + 1], xtol=1e-15) for each in changes]


def _smoothed_integral(
    points: NDArray[np.float64],
    centres: NDArray[np.float64],
    weights: NDArray[np.float64],
    width: float,
) -> NDArray[np.float64]:
    from scipy.special import ndtr

    rows = max(1, BLOCK // centres.size)
    parts = [points[begin : begin + rows, None] for begin in range(0, points.size, rows)]
    return np.concatenate([ndtr((part - centres) / width) @ weights for part in parts])
