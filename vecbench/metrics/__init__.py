"""Metrics of labels and confidences, as functions of plain arrays.

Every metric of a confidence is called with one entry a row, `ece(confidence, correct)`, and has the
form `ece.of_cells(cells)` for those who compute several: verbalised confidences take few distinct
values, and everything here depends on the counts of (confidence, correct) alone.
"""

from vecbench.metrics.calibration import (
    confidence_gap,
    ece,
    ece_mass,
    mce,
    mce_bin,
    share_at_one,
)
from vecbench.metrics.cells import Cells, ConfidenceMetric
from vecbench.metrics.consistency import calibration_p, ece_null, redraw
from vecbench.metrics.discrimination import augrc, aurc, auroc, e_aurc
from vecbench.metrics.labels import accuracy, f1_macro, f1_weighted
from vecbench.metrics.proper import (
    brier,
    brier_reliability,
    brier_resolution,
    brier_uncertainty,
    nll,
    nll_infinite_terms,
)
from vecbench.metrics.proportion import mean_interval, wilson_interval
from vecbench.metrics.smooth import smece

__all__ = [
    "Cells",
    "ConfidenceMetric",
    "accuracy",
    "augrc",
    "aurc",
    "auroc",
    "brier",
    "brier_reliability",
    "brier_resolution",
    "brier_uncertainty",
    "calibration_p",
    "confidence_gap",
    "e_aurc",
    "ece",
    "ece_mass",
    "ece_null",
    "f1_macro",
    "f1_weighted",
    "mce",
    "mce_bin",
    "mean_interval",
    "nll",
    "nll_infinite_terms",
    "redraw",
    "share_at_one",
    "smece",
    "wilson_interval",
]
