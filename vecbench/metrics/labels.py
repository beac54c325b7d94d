"""How often the label is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vecbench.metrics.cells import Values, share
from vecbench.metrics.confusion import Confusion
from vecbench.metrics.definition import Change, Metric
from vecbench.metrics.totals import ClassCounts, Totals


def accuracy(targets: Sequence[str], labels: Sequence[str | None]) -> float:
    """The share of rows whose label is the target.

    Args:
        targets: True labels; length n.
        labels: Predicted labels, None where there is none, which counts as wrong; length n.

    Returns:
        In [0, 1]; nan without rows.

    Raises:
        ValueError: The lengths differ.
    """
    right = [target == label for target, label in zip(targets, labels, strict=True)]
    return sum(right) / len(right) if right else float("nan")


def f1_macro(targets: Sequence[str | None], labels: Sequence[str | None], candidates: Sequence[str]) -> float:
    """The unweighted mean of the candidates' F1.

    F1 of a candidate is 2·TP / (2·TP + FP + FN), and 0 for one that is neither a target nor predicted.
    A row without a label is a miss of its target and no class of its own.

    Args:
        targets: True labels, None where the data has none that is a candidate; length n.
        labels: Predicted labels, None where there is none; length n.
        candidates: The classes; targets and labels outside them are an error.

    Returns:
        In [0, 1]; nan without rows.

    Raises:
        ValueError: The lengths differ, or a target or label is not among the candidates.
    """
    return float(_f1_macro(_counted(targets, labels, candidates)))


def f1_weighted(
    targets: Sequence[str | None], labels: Sequence[str | None], candidates: Sequence[str]
) -> float:
    """The mean of the candidates' F1, weighted by how often each is the target.

    Args, returns and errors as for `f1_macro`.
    """
    return float(_f1_weighted(_counted(targets, labels, candidates)))


def _counted(
    targets: Sequence[str | None], labels: Sequence[str | None], candidates: Sequence[str]
) -> Totals:
    return Totals(classes=ClassCounts.of_confusion(Confusion.of_labels(targets, labels, candidates)))


def _class_counts(totals: Totals) -> ClassCounts:
    if totals.classes is None:
        raise ValueError("F1 takes answers that are counted by class")
    return totals.classes


def _f1_macro(totals: Totals) -> Values:
    counts = _class_counts(totals)
    defined = counts.support.sum(axis=-1) > 0
    mean = counts.f1.sum(axis=-1) / np.maximum(counts.candidates, 1)
    return np.asarray(np.where(defined, mean, np.nan))


def _f1_weighted(totals: Totals) -> Values:
    counts = _class_counts(totals)
    return share((counts.f1 * counts.support).sum(axis=-1), counts.support.sum(axis=-1))


_NO_INTERVAL = "none was found that holds its level with few rows of a class"

ACCURACY = Metric(
    key="accuracy",
    heading="Acc",
    description="The share of rows whose answer is right; a row without an answer is wrong.",
    value=lambda totals: totals.accuracy,
    over="all",
    interval="wilson",
    counts=lambda rows: rows.right,
    shown="always",
    board="main",
)
COVERAGE = Metric(
    key="coverage",
    heading="Cov",
    description="The share of rows that state a confidence.",
    value=lambda totals: totals.coverage,
    over="all",
    interval="wilson",
    counts=lambda rows: rows.stated,
    counts_stated=True,
    shown="wide",
    board="column",
)
F1_MACRO = Metric(
    key="f1_macro",
    heading="F1 mac",
    description="The unweighted mean of the candidates' F1; a row without a label is a miss.",
    value=_f1_macro,
    basis="classes",
    over="all",
    interval="none",
    why_no_interval=_NO_INTERVAL,
    undefined="no row has a target that is a candidate",
    change=Change(aspect="answer"),
    shown="wide",
)
F1_WEIGHTED = Metric(
    key="f1_weighted",
    heading="F1 wgt",
    description="The mean of the candidates' F1, weighted by how often each is the target.",
    value=_f1_weighted,
    basis="classes",
    over="all",
    interval="none",
    why_no_interval=_NO_INTERVAL,
    undefined="no row has a target that is a candidate",
    change=Change(aspect="answer"),
    shown="wide",
    board="column",
)
