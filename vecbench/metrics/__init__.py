"""Metrics of labels and confidences, as functions of plain arrays.

Every metric of a confidence is called with one entry a row, `ece(confidence, correct)`, and has the
form `ece.of_cells(cells)` for those who compute several: verbalised confidences take few distinct
values, and everything here depends on the counts of (confidence, correct) alone.
"""

from vecbench.metrics.calibration import brier, confidence_gap, ece
from vecbench.metrics.cells import Cells, ConfidenceMetric
from vecbench.metrics.consistency import ece_null, redraw
from vecbench.metrics.labels import accuracy, f1_macro, f1_weighted
from vecbench.metrics.proportion import wilson_interval
from vecbench.metrics.ranking import auroc

__all__ = [
    "Cells",
    "ConfidenceMetric",
    "accuracy",
    "auroc",
    "brier",
    "confidence_gap",
    "ece",
    "ece_null",
    "f1_macro",
    "f1_weighted",
    "redraw",
    "wilson_interval",
]
