"""How the change of each metric is tested, or why it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vecbench.metrics import Cells
from vecbench.metrics.calibration import bin_of
from vecbench.metrics.significance import Bias

Aspect = Literal["outcome", "label", "certainty"]
"""What of an answer a metric depends on.

outcome: whether it is right, and its confidence. label: the label itself. certainty: whether it is stated as
certain, as less than that, or not at all.
"""

EXACT = "exact McNemar test; paired bootstrap interval"
EXACT_ALONE = "exact McNemar test"
EXACT_BY_IMAGE_ALONE = "exact sign-flip test by image"
EXACT_BY_IMAGE = "exact sign-flip test by image; paired bootstrap interval"
PERCENTILE = "paired bootstrap, percentile"
REFLECTED = "paired bootstrap, reflected"
HULL = "paired bootstrap, hull of percentile and reflected, an error that may be 0 taken for 0 too"


@dataclass(frozen=True, slots=True)
class Method:
    """How a metric's change gets its interval and p value.

    Attributes:
        bias: What resampling does to the metric.
        bins: Of the consistency test that tells whether it may be 0; None where there is none.
        aspect: What of an answer it depends on: samples that do not differ in that say nothing of a change.
        is_share: Whether it is a share of all rows, for which there is an exact test.
    """

    bias: Bias = "none"
    bins: int | None = None
    aspect: Aspect = "outcome"
    is_share: bool = False

    @property
    def name(self) -> str:
        """How interval and p value are made, as the outputs say it."""
        return {"none": PERCENTILE, "steady": REFLECTED, "fading": HULL}[self.bias]


METHODS: Mapping[str, Method] = {
    "accuracy": Method(is_share=True),
    "f1_macro": Method(aspect="label"),
    "f1_weighted": Method(aspect="label"),
    "coverage": Method(is_share=True),
    "brier": Method(),
    "brier_reliability": Method("steady"),
    "brier_resolution": Method("steady"),
    "brier_uncertainty": Method(),
    "confidence_gap": Method(),
    "ece": Method("fading", bins=10),
    "ece_15": Method("fading", bins=15),
    "ece_mass": Method("fading", bins=10),
    "mce": Method("fading", bins=10),
    "auroc": Method(),
    "aurc": Method(),
    "e_aurc": Method(),
    "augrc": Method(),
    "nll": Method(),
    "share_at_one": Method(aspect="certainty"),
}
"""Metric key → how its change is tested."""

FEWEST_IN_A_BIN = 20
"""With fewer rows than this in a bin, resampling does not know what the bin's gap may be."""

MCE_BINS = 10

FEWEST_AT_A_CONFIDENCE = 4
"""With fewer rows than this at a confidence, on the mean, reflecting does not undo what chance has added."""

UNTESTED: Mapping[str, str] = {
    "smece": "no interval: every replicate would take a search for its own kernel width; ECE is tested",
}
"""Metric key → why its change has neither interval nor p value."""


def why_untested(key: str, sides: Sequence[Cells]) -> str | None:
    """Why a metric's change is not tested; None if it is.

    Args:
        key: Of the metric.
        sides: Rows of the two sides that have a confidence.
    """
    if key in UNTESTED:
        return UNTESTED[key]
    if key == "nll":
        certain = sum(
            int(cells.total[(cells.confidence == 0) | (cells.confidence == 1)].sum()) for cells in sides
        )
        if certain:
            return (
                f"no interval: {certain:,} answers state 0 or 1, where a wrong one costs what the clip says"
            )
    if key in {"brier_reliability", "brier_resolution"}:
        each = min(cells.n / max(1, int((cells.total > 0).sum())) for cells in sides)
        if each < FEWEST_AT_A_CONFIDENCE:
            return f"no interval: {each:.1f} rows at each confidence, it takes {FEWEST_AT_A_CONFIDENCE}"
    if key == "mce":
        rows = min(_rows_of_emptiest_bin(cells) for cells in sides)
        if rows < FEWEST_IN_A_BIN:
            return f"no interval: a bin of {rows} rows may set it, whose gap takes {FEWEST_IN_A_BIN} to know"
    return None


def _rows_of_emptiest_bin(cells: Cells) -> int:
    sizes = np.bincount(bin_of(cells.confidence, MCE_BINS), weights=cells.total)
    return int(min(sizes[sizes > 0], default=0))
