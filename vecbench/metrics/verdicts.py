"""What judgements of statements lean to."""

from __future__ import annotations

from vecbench.metrics.definition import Change, Metric

POSITIVE_RATIO = Metric(
    key="positive_ratio",
    heading="Pos",
    description="The share of rows whose statement is called correct, rightly or not.",
    value=lambda totals: totals.mean("positive"),
    basis="sums",
    over="all",
    better=None,
    interval="wilson",
    counts=lambda rows: rows.columns["positive"] > 0,
    change=Change(aspect="answer"),
    shown="wide",
    board="column",
)
GIVE_UP_RATIO = Metric(
    key="give_up_ratio",
    heading="Give up",
    description="The share of rows without a verdict that can be read, abstentions among them.",
    value=lambda totals: totals.mean("given_up"),
    basis="sums",
    over="all",
    better="lower",
    interval="wilson",
    counts=lambda rows: ~rows.answered,
    change=Change(aspect="answer"),
    shown="wide",
    board="column",
)
