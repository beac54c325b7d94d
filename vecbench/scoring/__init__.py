"""Predictions, and the scores of tasks, groups and everything."""

from vecbench.scoring.aggregate import score
from vecbench.scoring.coarse import CoarseScores, coarse_scores
from vecbench.scoring.complete import CompleteScores, complete_scores, score_responses
from vecbench.scoring.differences import Difference, Differences, differences
from vecbench.scoring.predictions import prediction_lines, predictions
from vecbench.scoring.recalibrated import Recalibrations, recalibrations
from vecbench.scoring.repeated import agreement, repeats_of, spread_json
from vecbench.scoring.scores import GroupScores, RowScores, Score, Scores

__all__ = [
    "CoarseScores",
    "CompleteScores",
    "Difference",
    "Differences",
    "GroupScores",
    "Recalibrations",
    "RowScores",
    "Score",
    "Scores",
    "agreement",
    "coarse_scores",
    "complete_scores",
    "differences",
    "prediction_lines",
    "predictions",
    "recalibrations",
    "repeats_of",
    "score",
    "score_responses",
    "spread_json",
]
