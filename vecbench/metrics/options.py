"""What choosing among lettered options is measured against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vecbench.metrics.cells import Values, share
from vecbench.metrics.definition import Change, Metric, untested
from vecbench.metrics.totals import ClassCounts, Totals


def _chance(totals: Totals) -> Values:
    return totals.mean("chance")


def _counts(totals: Totals) -> ClassCounts:
    if totals.classes is None:
        raise ValueError("the bias of letters takes answers that are counted by letter")
    return totals.classes


def _letter_bias(totals: Totals) -> Values:
    """Half the sum over letters of |share of answers − share of targets|; shape (...)."""
    counts = _counts(totals)
    answers = share(counts.predicted, counts.predicted.sum(axis=-1, keepdims=True))
    targets = share(counts.support, counts.support.sum(axis=-1, keepdims=True))
    return np.asarray(np.abs(answers - targets).sum(axis=-1) / 2)


def _shares(totals: Totals) -> Mapping[str, Any]:
    counts = _counts(totals)
    answered, right = counts.predicted, counts.support
    return {"answered": answered.astype(int).tolist(), "right": right.astype(int).tolist()}


CHANCE = Metric(
    key="chance",
    heading="Chance",
    description="The accuracy that random answers would have: the mean of 1 / number of options.",
    value=_chance,
    basis="sums",
    over="all",
    better=None,
    interval="none",
    why_no_interval="it is of the questions, whatever is answered",
    change=untested("it is of the questions, whatever is answered"),
    shown="wide",
)
LETTER_BIAS = Metric(
    key="letter_bias",
    heading="Letters",
    description="How far the shares of letters in answers are from those in targets: 0 for no preference.",
    value=_letter_bias,
    basis="classes",
    over="answered",
    better="lower",
    interval="none",
    why_no_interval="noise adds to it as to ECE, and no interval was found that holds its level",
    undefined="no row has an answer",
    change=Change("fading", aspect="answer"),
    details=_shares,
)
