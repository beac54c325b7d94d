"""A rating from how probable the words of three levels are, as EEmo-Bench asks for valence and the like."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vecbench.metrics.observations import Floats

WEIGHTS = (1.0, 0.5, 0.0)
"""Of the high, the middle and the low level."""


def level_rating(logits: ArrayLike) -> Floats:
    """The expected level: that of a softmax over three words, which stand for 1, ½ and 0.

    The words are those of a high, a middle and a low level (positive, neutral, negative for valence), each by
    its first token at the place where the model would say one. Source: EEmo-Bench (arXiv 2504.16405).

    Args:
        logits: Of these words in this order; log probabilities will do, and −inf for a word that the model
            cannot say; shape (..., 3).

    Returns:
        In [0, 1]; shape (...). On a scale from 1 to 9 it is 1 + 8 times that.

    Raises:
        ValueError: There are not three of each, one is nan or inf, or all three are −inf.

    >>> level_rating([2.0, 2.0, 2.0]).item()
    0.5
    >>> level_rating(np.log([0.6, 0.3, 0.1])).round(6).item()
    0.75
    """
    from scipy.special import softmax

    given = np.asarray(logits, dtype=np.float64)
    if given.ndim == 0 or given.shape[-1] != len(WEIGHTS):
        raise ValueError(f"there are logits of {len(WEIGHTS)} words, so not of shape {given.shape}")
    if np.isnan(given).any() or np.isposinf(given).any() or np.isneginf(given).all(axis=-1).any():
        raise ValueError("a logit is nan or inf, or all three are -inf")
    return np.asarray(softmax(given, axis=-1) @ np.array(WEIGHTS), dtype=np.float64)
