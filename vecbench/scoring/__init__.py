"""Predictions, and the scores of tasks, groups and everything."""

from vecbench.scoring.aggregate import score
from vecbench.scoring.coarse import CoarseScores, coarse_scores
from vecbench.scoring.complete import CompleteScores, complete_scores, predicted, score_responses
from vecbench.scoring.disagreements import Disagreement, Disagreements, disagreements
from vecbench.scoring.predictions import prediction_lines, predictions
from vecbench.scoring.protocol import Protocol
from vecbench.scoring.protocols import PROTOCOLS, STRICT, is_published, protocol_named
from vecbench.scoring.recalibrated import Recalibrations, recalibrations
from vecbench.scoring.repeated import agreement, repeats_of, spread_json
from vecbench.scoring.scores import GroupScores, RowScores, Score, Scores

__all__ = [
    "PROTOCOLS",
    "STRICT",
    "CoarseScores",
    "CompleteScores",
    "Disagreement",
    "Disagreements",
    "GroupScores",
    "Protocol",
    "Recalibrations",
    "RowScores",
    "Score",
    "Scores",
    "agreement",
    "coarse_scores",
    "complete_scores",
    "disagreements",
    "is_published",
    "predicted",
    "prediction_lines",
    "predictions",
    "protocol_named",
    "recalibrations",
    "repeats_of",
    "score",
    "score_responses",
    "spread_json",
]
