"""SmoothECE: calibration error without bins."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, ConfidenceMetric, Values, surplus_of
from vecbench.metrics.definition import Metric, of_cells, untested

GRID_PER_WIDTH = 8
"""Points a kernel width at which the residual's sign is looked at."""

NARROWEST = 1e-6
"""A calibration error below this is returned as it is found at this width."""

BLOCK = 2**20
"""Kernel values that are computed at once."""

FEW_CENTRES = 512
"""Up to so many kernels all are computed at every point; of more, only those that reach it."""

FEW_POINTS = 64
"""Neighbouring points that share a choice of kernels."""

REACH = 9
"""Widths from its centre at which a kernel has no value left that a float could add."""

TOLERANCE = 1e-15
"""The width is looked for until it moves no more than this."""

TOLERANCE_A_WIDTH = 1e-9
"""Likewise a sign change, in widths: the integral does not see its place to first order."""

MOST_STEPS = 100
"""A crossing takes ten; rounding must not keep it moving for ever."""

STEPS = 2**14
"""With more distinct confidences than this, each is split between its neighbours on a grid of so many steps.
The result then changes by less than one part in ten thousand, if the error is above 0.001."""


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
    confidence, surplus = cells.confidence, cells.once(surplus_of) / cells.n
    if confidence.size > STEPS:
        confidence, surplus = _on_a_grid(confidence, surplus)
    # The error at width σ falls as σ grows, so there is one crossing; wide kernels are cheap, so it is
    # approached from above.
    high, at_high = 1.0, _error_at(confidence, surplus, 1.0)
    while (at_half := _error_at(confidence, surplus, high / 2)) < high / 2:
        high, at_high = high / 2, at_half
        if high < NARROWEST:
            return np.asarray(at_half)

    def excess(width: Values) -> Values:
        return np.array([_error_at(confidence, surplus, float(width[0]))]) - width

    low, top = np.array([high / 2]), np.array([high])
    width = _crossings(excess, (low, top), (at_half - low, at_high - top), TOLERANCE)
    return np.asarray(_error_at(confidence, surplus, float(width[0])))


def _crossings(
    function: Callable[[Values], Values],
    ends: tuple[Values, Values],
    at_ends: tuple[Values, Values],
    tolerance: float,
) -> Values:
    """Where a function crosses 0 in each of several intervals: all at once, by the Illinois method.

    The next point is where the line through two points that enclose the crossing meets 0; a point that stays
    one of the two has its value halved (Dowell and Jarratt, 1971).

    Args:
        function: Of one point in each interval; shape (m,).
        ends: Of the intervals; each of shape (m,).
        at_ends: The function there; of opposite signs, or 0 but for rounding.
        tolerance: Points that move no more than this are there.
    """
    (other, point), (at_other, at_point) = ends, at_ends
    for _ in range(MOST_STEPS):
        distance = at_point - at_other
        step = np.divide(point - other, distance, out=np.zeros(point.shape), where=distance != 0) * at_point
        if np.all(np.abs(step) <= tolerance):
            break
        at_new = function(point - step)
        crossed = at_new * at_point <= 0
        other, at_other = np.where(crossed, point, other), np.where(crossed, at_point, at_other / 2)
        point, at_point = point - step, at_new
    return point


def _on_a_grid(
    confidence: NDArray[np.float64], surplus: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The surplus at multiples of 1 / STEPS, shared so that neither its sum nor its centre moves."""
    below = np.minimum(np.floor(confidence * STEPS), STEPS - 1).astype(np.intp)
    share = confidence * STEPS - below
    shared = np.zeros(STEPS + 1)
    shared += np.bincount(below, surplus * (1 - share), shared.size)
    shared += np.bincount(below + 1, surplus * share, shared.size)
    return np.arange(shared.size) / STEPS, shared


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
    reach = REACH * width
    turns = np.arange(-math.ceil(reach / 2) - 1, math.ceil(reach / 2) + 2)
    centres = np.concatenate([2 * turn + sign * confidence for turn in turns for sign in (1, -1)])
    weights = np.tile(surplus, 2 * turns.size)
    near = np.flatnonzero((centres > -reach) & (centres < 1 + reach))
    if near.size > FEW_CENTRES:  # to be found by their place
        near = near[np.argsort(centres[near], kind="stable")]
    return centres[near], weights[near]


def _sign_changes(
    centres: NDArray[np.float64], weights: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    def smoothed(points: NDArray[np.float64]) -> NDArray[np.float64]:
        near = _near(points, centres, width)
        distance = (points[:, None] - centres[near]) / width
        return np.asarray(np.exp(-(distance**2) / 2) @ weights[near])

    def smoothed_far_apart(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([smoothed(part) for part in _parts(points, centres, 1)])

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
    values = np.concatenate([smoothed(part) for part in _parts(grid, centres)])
    changes = np.flatnonzero(np.sign(values[1:]) * np.sign(values[:-1]) < 0)
    # By symmetry, or too far from every kernel for a float, the residual is 0 at a point of the grid itself.
    touched: NDArray[np.float64] = grid[values == 0]
    if not changes.size:
        return touched
    ends, at_ends = (grid[changes], grid[changes + 1]), (values[changes], values[changes + 1])
    crossed = _crossings(smoothed_far_apart, ends, at_ends, TOLERANCE_A_WIDTH * width)
    return np.sort(np.concatenate([touched, crossed]))


def _smoothed_integral(
    points: NDArray[np.float64],
    centres: NDArray[np.float64],
    weights: NDArray[np.float64],
    width: float,
) -> NDArray[np.float64]:
    from scipy.special import ndtr

    through = np.r_[0.0, np.cumsum(weights)]

    def integral(part: NDArray[np.float64]) -> NDArray[np.float64]:
        near = _near(part, centres, width)
        # Kernels further down lie below these points as a whole.
        return np.asarray(through[near.start] + ndtr((part[:, None] - centres[near]) / width) @ weights[near])

    return np.concatenate([integral(part) for part in _parts(points, centres)])


def _parts(
    points: NDArray[np.float64], centres: NDArray[np.float64], near: int = FEW_POINTS
) -> list[NDArray[np.float64]]:
    """The points in parts whose kernels fit into memory; with many centres, parts of so many near points."""
    rows = near if centres.size > FEW_CENTRES else max(1, BLOCK // max(1, centres.size))
    return [points[begin : begin + rows] for begin in range(0, points.size, rows)]


def _near(points: NDArray[np.float64], centres: NDArray[np.float64], width: float) -> slice:
    """The centres whose kernels reach any of these ascending points; all, where they are few."""
    if centres.size <= FEW_CENTRES:
        return slice(0, centres.size)
    ends = points[0] - REACH * width, points[-1] + REACH * width
    begin, end = np.searchsorted(centres, ends)
    return slice(int(begin), int(end))


SMECE = Metric(
    key="smece",
    heading="smECE",
    description="SmoothECE: calibration error without bins.",
    value=of_cells(smece.of_cells),
    better="lower",
    interval="none",
    why_no_interval="every replicate would take a search for its own kernel width; ECE has one",
    change=untested(
        "no interval: every replicate would take a search for its own kernel width; ECE is tested"
    ),
    version=2,
)
