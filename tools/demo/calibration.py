"""How often the bundled model is right when it is how certain: learnt from pictures it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from tools.demo.examples import CONFIDENCES

EDGE = 1e-4
"""Certainties are kept this far from 0 and 1, where the log-odds are infinite."""


@dataclass(frozen=True)
class Observation:
    """One held-out answer.

    Attributes:
        task: The task.
        emoji: The base emoji; its pictures count as one observation together.
        certainty: Probability that the model gave the label it wrote (0…1).
        correct: Whether that label was right.
    """

    task: str
    emoji: str
    certainty: float
    correct: bool


class Calibration:
    """Turns the certainty of an answer into the confidence to state (Platt scaling, one curve per task).

    A logistic curve has two parameters; an isotonic fit on fewer than a hundred emoji would follow their
    noise. The slope is kept above zero: certainty that told nothing would make all confidences equal.

    Args:
        observations: Held-out answers, both right and wrong ones in every task.
    """

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.curves: dict[str, tuple[float, float]] = {}
        for task in sorted({one.task for one in observations}):
            of_task = [one for one in observations if one.task == task]
            emoji = [one.emoji for one in of_task]
            weights = [1 / emoji.count(one) for one in emoji]
            odds = _log_odds([one.certainty for one in of_task]).reshape(-1, 1)
            fit = LogisticRegression(C=10.0).fit(
                odds, [one.correct for one in of_task], sample_weight=weights
            )
            self.curves[task] = (max(0.05, float(fit.coef_[0, 0])), float(fit.intercept_[0]))

    def confidence(self, task: str, certainty: float) -> str:
        """The confidence to state.

        Args:
            task: A task that was observed.
            certainty: Probability that the model gives the label it writes (0…1).

        Returns:
            One of `CONFIDENCES`, the nearest to the expected accuracy.
        """
        slope, intercept = self.curves[task]
        expected = 1 / (1 + np.exp(-(slope * _log_odds([certainty])[0] + intercept)))
        return min(CONFIDENCES, key=lambda stated: abs(float(stated) - expected))


def _log_odds(certainties: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    clipped = np.clip(np.asarray(certainties, dtype=np.float64), EDGE, 1 - EDGE)
    odds: np.ndarray[tuple[int], np.dtype[np.float64]] = np.log(clipped / (1 - clipped))
    return odds
