"""What a model's own probabilities of all options of a question are worth, whatever it wrote.

The shares of the options are their probabilities over the sum of these. Rows whose options were not scored
count in none of the metrics, which are there only where some row has scored options.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecbench.metrics.calibration import bin_of
from vecbench.metrics.cells import share
from vecbench.metrics.definition import BIASED, BY_LABEL, Change, Metric, untested
from vecbench.metrics.distributions import soft_brier, top
from vecbench.metrics.multilabel import MAP, PerLabel, average_precisions
from vecbench.metrics.observations import Floats
from vecbench.metrics.totals import Totals, WeightedRows

BINS = 15
"""Of equal width, for each class."""

OPTIONS = "options: "
"""What the columns of scored options begin with, so that they are told from what the answers say."""
SCORED, RIGHT, SQUARES, SURPRISE = (f"{OPTIONS}{each}" for each in ("scored", "right", "squares", "surprise"))
SHARE, IS_TARGET = f"{OPTIONS}share of ", f"{OPTIONS}target is "

MOST_SURPRISE = 9999.0
"""The most that one row adds to the log loss, in nats: of a target that is none of its options, say."""


def share_columns(log_shares: Floats, names: Sequence[str]) -> dict[str, Floats]:
    """Whether a row's options are scored, and the share of each.

    Args:
        log_shares: Natural logarithms, −inf for what is no option of the row; nan where none is scored;
            shape (n, k).
        names: Of the options, k of them.

    Returns:
        Columns of shape (n,), of zeros where nothing is scored; no column if nothing is anywhere.
    """
    scored = np.asarray(~np.isnan(log_shares).any(axis=1))
    if not scored.any():
        return {}
    shares = np.where(scored[:, None], np.exp(np.nan_to_num(log_shares, nan=-np.inf, neginf=-np.inf)), 0.0)
    columns = {SHARE + name: np.ascontiguousarray(shares[:, place]) for place, name in enumerate(names)}
    return {SCORED: scored.astype(np.float64), **columns}


def option_columns(
    log_shares: Floats, names: Sequence[str], target: NDArray[np.intp]
) -> Mapping[str, Floats]:
    """The numbers of rows that metrics of scored options with one right one are made of.

    Args:
        log_shares: As for `share_columns`.
        names: Likewise.
        target: The place of each row's target among them, −1 where it is none; shape (n,).

    Returns:
        Columns of shape (n,).
    """
    columns = share_columns(log_shares, names)
    if not columns:
        return {}
    scored = columns[SCORED] > 0
    shares = np.stack([columns[SHARE + name] for name in names], axis=1)
    is_target = np.zeros_like(shares)
    known = target >= 0
    is_target[known, target[known]] = 1.0
    tops = top(shares)
    hit = np.nan_to_num(share((tops * is_target).sum(axis=1), tops.sum(axis=1)))
    of_target = np.where(known, log_shares[np.arange(len(target)), target], -np.inf)
    columns |= {
        RIGHT: np.where(scored, hit, 0.0),
        SQUARES: np.where(scored, soft_brier(is_target, shares), 0.0),
        SURPRISE: np.where(scored, np.minimum(-of_target, MOST_SURPRISE), 0.0),
    }
    columns |= {IS_TARGET + name: is_target[:, place] for place, name in enumerate(names)}
    return columns


def classwise_ece(shares: ArrayLike, target: ArrayLike, bins: int = BINS) -> float:
    """The mean over classes of the calibration error of each class's share against its being the target.

    Σ over classes k and bins b of |Σ over rows of b (share of k − 1 if k is the target)| / (rows · classes),
    bins of equal width by the share of k. Source: Kull et al., "Beyond temperature scaling" (NeurIPS 2019).

    Args:
        shares: Of each class, with the sum 1 along the last axis; shape (n, k).
        target: The class of each row; shape (n,).
        bins: Of each class.

    Returns:
        In [0, 2 / k]; nan without rows.

    >>> classwise_ece([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.8, 0.2]], [0, 0, 0, 0, 1])
    0.0
    """
    given, true = np.asarray(shares, dtype=np.float64), np.asarray(target)
    columns = {SCORED: np.ones(len(given))}
    for place in range(given.shape[1] if given.ndim == 2 else 0):
        columns |= {f"{SHARE}{place}": given[:, place], f"{IS_TARGET}{place}": (true == place) * 1.0}
    return float(_classwise(Totals.of_columns(columns), bins).mean)


def _classwise(totals: Totals, bins: int = BINS) -> PerLabel:
    """The calibration error of each class."""
    if totals.weighted is None:
        raise ValueError("class-wise calibration takes the rows themselves")
    columns, weights = totals.weighted.columns, totals.weighted.weights
    names = tuple(name.removeprefix(IS_TARGET) for name in columns if name.startswith(IS_TARGET))
    scored = weights * columns[SCORED]
    found = []
    for name in names:
        said = columns[SHARE + name]
        in_bin = bin_of(said, bins)[:, None] == np.arange(bins)
        gaps = (scored * (said - columns[IS_TARGET + name])) @ in_bin
        found.append(share(np.abs(gaps).sum(axis=-1), scored.sum(axis=-1)))
    return PerLabel(names, np.array(found) if found else np.full((1, *weights.shape[:-1]), np.nan))


def _classwise_details(totals: Totals) -> Mapping[str, Any]:
    return {**_rows(totals), "bins": BINS, BY_LABEL: {"classwise_ece": totals.once(_classwise).by_label}}


def _option_precisions(totals: Totals) -> PerLabel:
    """Average precision of each label by its share, over the rows whose options are scored."""
    rows = totals.weighted
    if rows is None:
        raise ValueError("average precision takes the rows themselves")
    scored = WeightedRows(rows.columns, rows.weights * rows.columns[SCORED])
    return average_precisions(Totals(weighted=scored), SHARE)


def _map_details(totals: Totals) -> Mapping[str, Any]:
    return {
        **_rows(totals),
        BY_LABEL: {"average_precision_of_options": totals.once(_option_precisions).by_label},
    }


def _rows(totals: Totals) -> Mapping[str, Any]:
    return {"rows_with_options": int(totals.sums[SCORED])}


def _mean(key: str, heading: str, description: str, column: str, **more: Any) -> Metric:
    said: dict[str, Any] = {
        "value": lambda totals: totals.mean(column, SCORED),
        "basis": "sums",
        "better": "lower",
        "unit": "number",
        "interval": "percentile",
        "change": Change(aspect="options"),
    }
    return _of_options(key, heading, description, **(said | more))


def _of_options(key: str, heading: str, description: str, **more: Any) -> Metric:
    said: dict[str, Any] = {
        "over": "all",
        "shown": "wide",
        "needs": SCORED,
        "undefined": "no row has scored options",
        "details": _rows,
    }
    return Metric(key=key, heading=heading, description=description, **(said | more))


OPTIONS_ACCURACY = _mean(
    "options_accuracy",
    "Acc opt",
    "The share of rows whose target is the most probable of the scored options.",
    RIGHT,
    better="higher",
    unit="share",
)
OPTIONS_BRIER = _mean(
    "options_brier",
    "Brier op",
    "Brier's score of the options' shares: the mean of Σ(share − 1 for the target, 0 for others)².",
    SQUARES,
    range=(0.0, 2.0),
)
OPTIONS_NLL = _mean(
    "options_nll",
    "NLL opt",
    "The log loss of the options' shares: the mean of −ln(share of the target), in nats.",
    SURPRISE,
    range=(0.0, np.inf),
)
CLASSWISE_ECE = _of_options(
    "classwise_ece",
    "ECE cls",
    "The mean over classes of the calibration error of the options' shares, 15 bins of equal width a class.",
    value=lambda totals: totals.once(_classwise).mean,
    basis="rows",
    better="lower",
    interval="none",
    why_no_interval=BIASED,
    change=untested(BIASED),
    undefined="the tasks have no option in common",
    details=_classwise_details,
)
OPTIONS_MAP = _of_options(
    "options_map",
    "mAP opt",
    "The mean of the labels' average precision, by the shares of the scored options.",
    value=lambda totals: totals.once(_option_precisions).mean,
    basis="rows",
    interval="none",
    why_no_interval=MAP.why_no_interval,
    change=Change(aspect="options"),
    details=_map_details,
)
