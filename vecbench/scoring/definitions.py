"""Which metrics are scored, on which rows, and what interval each one gets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vecbench.metrics import (
    Cells,
    augrc,
    aurc,
    auroc,
    brier,
    brier_reliability,
    brier_resolution,
    brier_uncertainty,
    confidence_gap,
    e_aurc,
    ece,
    ece_mass,
    mce,
    mce_bin,
    nll,
    nll_infinite_terms,
    share_at_one,
    smece,
)
from vecbench.metrics.proper import NLL_CLIP

Interval = Literal["percentile", "reflected", "none"]


@dataclass(frozen=True)
class Definition:
    """A metric of the rows that have a confidence.

    Attributes:
        of_cells: The metric; of replicates too, unless `interval` is "none".
        interval: How its interval is made.
        bins: Of the consistency test that goes with a reflected interval.
        details: What else scores.json says beside the value.
    """

    of_cells: Callable[[Cells], Any]
    interval: Interval = "percentile"
    bins: int = 10
    details: Callable[[Cells], Mapping[str, Any]] = lambda _: {}


def _worst_bin(cells: Cells) -> Mapping[str, Any]:
    low, high, rows = mce_bin(cells)
    return {"bin": [low, high], "bin_n": rows}


def _ece_15(cells: Cells) -> np.ndarray[Any, np.dtype[np.float64]]:
    return ece.of_cells(cells, 15)


DEFINITIONS: Mapping[str, Definition] = {
    "brier": Definition(brier.of_cells),
    "brier_reliability": Definition(brier_reliability.of_cells, "none"),
    "brier_resolution": Definition(brier_resolution.of_cells, "none"),
    "brier_uncertainty": Definition(brier_uncertainty.of_cells, "none"),
    "confidence_gap": Definition(confidence_gap.of_cells),
    "ece": Definition(ece.of_cells, "reflected"),
    "ece_15": Definition(_ece_15, "reflected", bins=15),
    "ece_mass": Definition(ece_mass.of_cells, "none"),
    "mce": Definition(mce.of_cells, "none", details=_worst_bin),
    "smece": Definition(smece.of_cells, "none"),
    "auroc": Definition(auroc.of_cells),
    "aurc": Definition(aurc.of_cells),
    "e_aurc": Definition(e_aurc.of_cells),
    "augrc": Definition(augrc.of_cells),
    "nll": Definition(
        nll.of_cells,
        "none",
        details=lambda cells: {"clip": NLL_CLIP, "infinite_terms": nll_infinite_terms(cells)},
    ),
    "share_at_one": Definition(share_at_one.of_cells, "none"),
}
"""Metric key → definition.

The parts of the Brier score, ECE with equal mass, MCE and SmoothECE have no interval: all are biased like
ECE under resampling, and no interval of theirs was found to hold its level. NLL's value is set by its clip.
"""


NULL_BINS = tuple(
    sorted({definition.bins for definition in DEFINITIONS.values() if definition.interval == "reflected"})
)
"""Of the consistency tests."""

RANGES: Mapping[str, tuple[float, float]] = {"confidence_gap": (-1.0, 1.0), "nll": (0.0, math.inf)}
"""Metrics that may be below 0, or above 1."""


def value_range(key: str) -> tuple[float, float]:
    """The least and the largest value that a metric can have, in theory."""
    return RANGES.get(key, (0.0, 1.0))


def bounds_under_missing(key: str, value: float, stated: int, missing: int) -> Mapping[str, Any]:
    """Between what the value could be if the rows without a confidence had stated one.

    Args:
        key: Of the metric; "brier" and the "ece"s have bounds.
        value: Over the rows that have a confidence.
        stated: Rows that have one.
        missing: Rows that have none.

    Returns:
        {"bounds": [low, high]}, or nothing when no row is without or the metric has no bounds.
    """
    if missing == 0 or key not in {"brier", "ece", "ece_15"}:
        return {}
    n = stated + missing
    known = value * stated / n
    slack = missing / n
    if key == "brier":
        return {"bounds": [known, known + slack]}
    return {"bounds": [max(0.0, known - slack), min(1.0, known + slack)]}
