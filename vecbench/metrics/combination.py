"""Several confidences in the same answers made one, to see what they add to each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vecbench.metrics.observations import Floats, Mask
from vecbench.metrics.recalibration import FOLDS, fold_of, logit


def mean_of_ranks(confidences: Floats) -> Floats:
    """Each row's mean rank over several confidences: an order, and no probability.

    Args:
        confidences: Of n rows by s sources; shape (n, s), of no nan.

    Returns:
        In (0, 1]: ranks from 1 / n, those of equal confidences their mean; shape (n,).
    """
    n = len(confidences)
    ranks = np.zeros(confidences.shape)
    for place, column in enumerate(confidences.T):
        _, number, count = np.unique(column, return_inverse=True, return_counts=True)
        ranks[:, place] = (np.cumsum(count) - (count - 1) / 2)[number]
    return np.asarray(ranks.mean(axis=1) / n)


def cross_fitted_logistic(confidences: Floats, correct: Mask, clusters: Sequence[str]) -> Floats:
    """The chance that each row is right, by a logistic regression on the log odds of several confidences.

    It is fitted on the other folds, as `recalibration.cross_fitted` makes them: a row says nothing of itself.

    Args:
        confidences: In [0, 1]; shape (n, s), of no nan.
        correct: Shape (n,).
        clusters: What must stay in one fold (the image of each row); length n.

    Returns:
        In [0, 1]; shape (n,); nan in a fold whose other folds are all right or all wrong: nothing can be
        fitted there.
    """
    from sklearn.linear_model import LogisticRegression

    folds = np.array([fold_of(cluster) for cluster in clusters])
    odds, chance = logit(confidences), np.full(len(confidences), np.nan)
    for fold in range(FOLDS):
        inside = folds == fold
        outside = ~inside
        if inside.any() and 0 < correct[outside].sum() < outside.sum():
            # A little ridge: sources that say the same leave open which of them counts.
            model = LogisticRegression(C=1e3, max_iter=1000).fit(odds[outside], correct[outside])
            chance[inside] = model.predict_proba(odds[inside])[:, 1]
    return chance
