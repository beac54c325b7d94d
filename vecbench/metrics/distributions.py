"""How far answers agree with raters who do not agree among themselves.

A target is the share of raters that chose each label. Of an answer that is one label, its share is how often
a rater would have agreed; of stated shares, the whole distribution is compared. Formulas: Geng, "Label
distribution learning" (2016), and Lin (1991) for Jensen–Shannon's divergence. Programs differ in what they
put in place of zeros, and Kullback–Leibler's, Clark's and Canberra's values with them: here each says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vecbench.metrics.calibration import bin_of
from vecbench.metrics.cells import Values, share
from vecbench.metrics.definition import BIASED, Change, Metric, untested
from vecbench.metrics.observations import Floats
from vecbench.metrics.proper import squared_bounds
from vecbench.metrics.totals import Totals

FLOOR = 1e-14
"""What stands for a share of 0 under a logarithm, as in published code for label distributions."""

TIED = 1e-9
"""Shares that differ by no more are equal."""

BINS = 10
BIN = "bin: "
"""How the columns are called that hold a row's confidence − share, by the bin of its confidence."""


def soft_brier(target: ArrayLike, answer: ArrayLike) -> Floats:
    """Σ(d − e)² of shares d and e: in [0, 2], 0 for equal ones; proper for the target.

    Args:
        target: Shares d, not negative, with the sum 1 along the last axis; shape (..., k).
        answer: Shares e, likewise; shape (..., k).

    Returns:
        Shape (...).
    """
    return np.asarray(((_floats(target) - _floats(answer)) ** 2).sum(axis=-1))


def js(target: ArrayLike, answer: ArrayLike) -> Floats:
    """Jensen–Shannon's divergence with the base 2 (no distance: not its root), in [0, 1].

    Arguments and shape as for `soft_brier`; zeros need no guard.
    """
    from scipy.special import rel_entr

    true, said = _floats(target), _floats(answer)
    middle = (true + said) / 2
    both = rel_entr(true, middle).sum(axis=-1) + rel_entr(said, middle).sum(axis=-1)
    return np.asarray(both / (2 * np.log(2)))


def chebyshev(target: ArrayLike, answer: ArrayLike) -> Floats:
    """The largest |d − e|, in [0, 1]; arguments and shape as for `soft_brier`."""
    return np.asarray(np.abs(_floats(target) - _floats(answer)).max(axis=-1))


def cosine(target: ArrayLike, answer: ArrayLike) -> Floats:
    """The cosine of the angle between d and e, in [0, 1]; arguments and shape as for `soft_brier`."""
    true, said = _floats(target), _floats(answer)
    lengths = np.sqrt((true**2).sum(axis=-1) * (said**2).sum(axis=-1))
    return share((true * said).sum(axis=-1), lengths)


def intersection(target: ArrayLike, answer: ArrayLike) -> Floats:
    """Σ min(d, e), in [0, 1]; arguments and shape as for `soft_brier`."""
    return np.asarray(np.minimum(_floats(target), _floats(answer)).sum(axis=-1))


def kl(target: ArrayLike, answer: ArrayLike, floor: float = 0.0) -> Floats:
    """Kullback–Leibler's divergence Σ d ln(d / e), in nats.

    Args:
        target: As for `soft_brier`.
        answer: Likewise.
        floor: What e, and then d / e, are at least; 0 for none.

    Returns:
        Shape (...); inf without a floor where e is 0 and d is not.
    """
    from scipy.special import rel_entr, xlogy

    true, said = _floats(target), _floats(answer)
    if not floor:
        return np.asarray(rel_entr(true, said).sum(axis=-1))
    return np.asarray(xlogy(true, np.maximum(true / np.maximum(said, floor), floor)).sum(axis=-1))


def clark(target: ArrayLike, answer: ArrayLike) -> Floats:
    """√Σ((d − e) / (d + e))², in [0, √k]: a label that neither has counts as 0, and no share is raised.

    Arguments and shape as for `soft_brier`.
    """
    return np.asarray(np.sqrt((_relative(target, answer) ** 2).sum(axis=-1)))


def canberra(target: ArrayLike, answer: ArrayLike) -> Floats:
    """Σ|d − e| / (d + e), in [0, k], with the guard of `clark`; arguments and shape as for `soft_brier`."""
    return np.asarray(_relative(target, answer).sum(axis=-1))


def expected_hit(target: ArrayLike, answer: ArrayLike) -> Floats:
    """The chance that one rater agrees with the answer: d of its largest share, the mean of tied ones.

    Arguments and shape as for `soft_brier`; of one label, `answer` has 1 there.
    """
    tops = top(answer)
    return share((_floats(target) * tops).sum(axis=-1), tops.sum(axis=-1))


def top(shares: ArrayLike) -> Floats:
    """1 for the largest share and those tied with it, else 0; 0 where all are 0; shape (..., k)."""
    given = _floats(shares)
    largest = given.max(axis=-1, keepdims=True)
    return np.asarray((given >= largest - TIED) & (largest > 0), dtype=np.float64)


def _floats(shares: ArrayLike) -> Floats:
    return np.asarray(shares, dtype=np.float64)


def _relative(target: ArrayLike, answer: ArrayLike) -> Floats:
    true, said = _floats(target), _floats(answer)
    return np.nan_to_num(share(np.abs(true - said), true + said))


COMPARED: Mapping[str, Callable[[ArrayLike, ArrayLike], Floats]] = {
    "soft_brier": soft_brier,
    "js": js,
    "chebyshev": chebyshev,
    "cosine": cosine,
    "intersection": intersection,
    "kl": partial(kl, floor=FLOOR),
    "clark": clark,
    "canberra": canberra,
}
"""What is computed of the shares that a row states."""


def distribution_columns(
    target: Floats, answer: Floats, states_shares: Floats, confidence: Floats
) -> dict[str, Floats]:
    """The numbers of rows that metrics of shares are made of.

    Args:
        target: Shares of raters; zeros where a row has none; shape (n, k).
        answer: Stated shares, or 1 for the one label; zeros without an answer; shape (n, k).
        states_shares: 1 for a row whose answer is shares, else 0; shape (n,).
        confidence: In [0, 1], nan where there is none; shape (n,).

    Returns:
        Columns of shape (n,), 0 where a row has no such number.
    """
    tops = top(answer)
    hit = np.nan_to_num(share((target * tops).sum(axis=-1), tops.sum(axis=-1)))
    stated = np.isfinite(confidence)
    gap = np.where(stated, np.nan_to_num(confidence) - hit, 0.0)
    place = np.where(stated, bin_of(np.nan_to_num(confidence), BINS), -1)
    found = {
        "expected_hit": hit,
        "voted": (target.sum(axis=-1) > 0).astype(np.float64),
        "ceiling": target.max(axis=-1, initial=0.0),
        "tied": (top(target).sum(axis=-1) > 1).astype(np.float64),
        "agreement": (target**2).sum(axis=-1),
        "stated": stated.astype(np.float64),
        "gap": gap,
        "squared_gap": gap**2,
        **{f"{BIN}{number}": np.where(place == number, gap, 0.0) for number in range(BINS)},
        "shares": states_shares,
        "infinite": states_shares * ((target > 0) & (answer == 0)).any(axis=-1),
    }
    there = states_shares > 0
    for name, compared in COMPARED.items():
        found[name] = np.zeros(len(target))
        if there.any():
            found[name][there] = compared(target[there], answer[there])
    return found


def _share_ece(totals: Totals) -> Values:
    gaps = sum(np.abs(totals.sums[f"{BIN}{number}"]) for number in range(BINS))
    return share(gaps, totals.sums["stated"])


def _ties(totals: Totals) -> Mapping[str, Any]:
    return {"tied_targets": int(totals.sums["tied"])}


def _compared_rows(totals: Totals) -> Mapping[str, Any]:
    """How many answers state shares, where others are labels."""
    return {"n_shares": int(totals.sums["shares"])}


def _kl_details(totals: Totals) -> Mapping[str, Any]:
    return {**_compared_rows(totals), "floor": FLOOR, "infinite": int(totals.sums["infinite"])}


_OF_TARGETS = "it is of the raters, whatever is answered"
_NO_SHARES = "no answer states shares: answers that are labels are scored by the expected hit"


def _of_raters(key: str, heading: str, description: str, column: str, **more: Any) -> Metric:
    return Metric(
        key=key,
        heading=heading,
        description=description,
        value=lambda totals: totals.mean(column, "voted"),
        basis="sums",
        over="all",
        better=None,
        interval="none",
        why_no_interval=_OF_TARGETS,
        change=untested(_OF_TARGETS),
        **more,
    )


def _of_shares(key: str, heading: str, description: str, **more: Any) -> Metric:
    said: dict[str, Any] = {
        "key": key,
        "heading": heading,
        "description": description,
        "value": lambda totals: totals.mean(key, "shares"),
        "basis": "sums",
        "over": "answered",
        "better": "lower",
        "unit": "number",
        "interval": "percentile",
        "undefined": _NO_SHARES,
        "change": Change(aspect="answer"),
        "details": _compared_rows,
    }
    return Metric(**(said | more))


EXPECTED_HIT = Metric(
    key="expected_hit",
    heading="ExpHit",
    description="The mean share of raters who agree with the answer; 0 without one.",
    value=lambda totals: totals.mean("expected_hit"),
    basis="sums",
    over="all",
    interval="percentile",
    change=Change(aspect="answer"),
    shown="always",
    board="main",
)
CEILING = _of_raters(
    "expected_hit_ceiling",
    "Ceiling",
    "The expected hit of the best label for every image: the mean of the largest shares.",
    "ceiling",
    shown="always",
    details=_ties,
)
RATER_AGREEMENT = _of_raters(
    "rater_agreement",
    "Raters",
    "The chance that two ratings of an image agree, drawn with replacement: the mean of Σ share².",
    "agreement",
    shown="wide",
)
SHARE_BRIER = Metric(
    key="share_brier",
    heading="Brier sh",
    description="The mean of (confidence − share of raters who agree)².",
    value=lambda totals: totals.mean("squared_gap", "stated"),
    basis="sums",
    better="lower",
    interval="percentile",
    shown="always",
    board="column",
    bounds=squared_bounds,
)
SHARE_ECE = Metric(
    key="share_ece",
    heading="ECE sh",
    description="The calibration error, ten bins of equal width, against the share of raters who agree.",
    value=_share_ece,
    basis="sums",
    better="lower",
    interval="none",
    why_no_interval=BIASED,
    change=untested(BIASED),
    shown="always",
)
SHARE_GAP = Metric(
    key="share_gap",
    heading="Gap sh",
    description="Mean confidence − mean share of raters who agree: positive when overconfident.",
    value=lambda totals: totals.mean("gap", "stated"),
    basis="sums",
    better=None,
    range=(-1.0, 1.0),
    interval="percentile",
    shown="wide",
)
SOFT_BRIER = _of_shares(
    "soft_brier",
    "SoftBr",
    "Brier's score of stated shares: the mean of Σ(target − answer)².",
    range=(0.0, 2.0),
    shown="wide",
    board="column",
)
JS = _of_shares(
    "js",
    "JS",
    "Jensen–Shannon's divergence of stated shares, base 2.",
    shown="always",
    board="column",
)
CHEBYSHEV = _of_shares("chebyshev", "Cheb", "The mean of max |target − answer| of stated shares.")
COSINE = _of_shares("cosine", "Cosine", "The mean cosine of stated shares and the raters'.", better="higher")
INTERSECTION = _of_shares(
    "intersection",
    "Inters",
    "The mean of Σ min(target, answer) of stated shares.",
    better="higher",
    shown="wide",
)
KL = _of_shares(
    "kl",
    "KL 1e-14",
    "Kullback–Leibler's divergence in nats, with 1e-14 in place of shares of 0.",
    range=(0.0, np.inf),
    details=_kl_details,
)
CLARK = _of_shares(
    "clark",
    "Clark0/0",
    "Clark's distance of stated shares; a label that nobody names counts as 0 (0/0 is 0).",
    range=(0.0, np.inf),
)
CANBERRA = _of_shares(
    "canberra",
    "Canb 0/0",
    "Canberra's distance of stated shares; a label that nobody names counts as 0 (0/0 is 0).",
    range=(0.0, np.inf),
)
