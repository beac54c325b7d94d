"""Post-hoc recalibration: what a map of the confidences could have removed.

A map fitted to the rows that it is judged on always helps. So it is fitted on others; or, cross-fitted, the
rows are split into folds, and each row gets the confidence of a map that was fitted without its fold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
LOGIT_CLIP = 1e-3
"""Confidences are moved this far from 0 and 1 before their logit is taken: 1.0 is no infinite evidence."""

Method = Literal["platt", "temperature", "isotonic"]
Floats = NDArray[np.float64]
Map = Callable[[Floats], Floats]


def cross_fitted(
    confidence: Floats, correct: NDArray[np.bool_], clusters: Sequence[str], method: Method
) -> Floats:
    """Each row's confidence after a map that was fitted on the other folds.

    Args:
        confidence: In [0, 1]; shape (n,).
        correct: Shape (n,).
        clusters: What must stay in one fold (the image of each row); length n.
        method: "platt": logistic regression on the logit (Platt, 1999); "temperature": the logit divided
            by one number (Guo et al., 2017); "isotonic": any non-decreasing map (Zadrozny and Elkan, 2002).

    Returns:
        In [0, 1]; shape (n,). A fold whose other folds are all right or all wrong keeps its confidences:
        there is nothing to fit.
    """
    folds = np.array([fold_of(cluster) for cluster in clusters])
    after = confidence.astype(np.float64, copy=True)
    for fold in range(FOLDS):
        inside = folds == fold
        outside = ~inside
        if inside.any() and 0 < correct[outside].sum() < outside.sum():
            after[inside] = fitted(confidence[outside], correct[outside], method)(confidence[inside])
    return after


def fitted(confidence: Floats, correct: NDArray[np.bool_], method: Method) -> Map:
    """A map of confidences: from any, shape (m,), to recalibrated ones in [0, 1], shape (m,).

    Args:
        confidence: What it is fitted on, in [0, 1]; shape (n,).
        correct: Right and wrong rows; shape (n,).
        method: As for `cross_fitted`.
    """
    fit = _FITS[method](confidence, correct)
    return lambda stated: np.clip(fit(stated), 0.0, 1.0)


def fold_of(cluster: str) -> int:
    """The fold of a cluster, in [0, FOLDS): by its name's hash, so that other rows never matter."""
    return (
        int.from_bytes(hashlib.sha256(cluster.encode("utf-8", "surrogatepass")).digest()[:8], "big") % FOLDS
    )


def logit(confidence: Floats) -> Floats:
    """The log odds of confidences, moved `LOGIT_CLIP` from 0 and 1."""
    clipped = np.clip(confidence, LOGIT_CLIP, 1 - LOGIT_CLIP)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _sigmoid(score: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-score)))


def _platt(confidence: Floats, correct: NDArray[np.bool_]) -> Map:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=np.inf).fit(logit(confidence)[:, None], correct)
    return lambda stated: np.asarray(model.predict_proba(logit(stated)[:, None])[:, 1])


def _temperature(confidence: Floats, correct: NDArray[np.bool_]) -> Map:
    from scipy.optimize import minimize_scalar

    scores = np.where(correct, 1, -1) * logit(confidence)

    def loss(inverse: float) -> float:
        return float(np.logaddexp(0, -scores * inverse).mean())

    # Convex in 1 / T; a T outside [0.02, 50] would turn every confidence into 0, ½ or 1.
    inverse = minimize_scalar(loss, bounds=(0.02, 50), method="bounded").x
    return lambda stated: _sigmoid(logit(stated) * inverse)


def _isotonic(confidence: Floats, correct: NDArray[np.bool_]) -> Map:
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(out_of_bounds="clip").fit(confidence, correct.astype(np.float64))
    return lambda stated: np.asarray(model.predict(stated))


_FITS: Mapping[Method, Callable[[Floats, NDArray[np.bool_]], Map]] = {
    "platt": _platt,
    "temperature": _temperature,
    "isotonic": _isotonic,
}
METHODS = tuple(_FITS)
