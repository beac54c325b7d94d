"""Predictions, and the scores of tasks, groups and everything."""

from vecbench.scoring.aggregate import score
from vecbench.scoring.agreement import agreement
from vecbench.scoring.complete import (
    CoarseScores,
    CompleteScores,
    complete_scores,
    predicted,
    score_responses,
)
from vecbench.scoring.disagreements import Disagreement, Disagreements, disagreements
from vecbench.scoring.predictions import prediction_lines, prediction_values, predictions
from vecbench.scoring.protocol import Protocol
from vecbench.scoring.protocols import PROTOCOLS, STRICT, is_published, protocol_named, protocol_with
from vecbench.scoring.reading_health import ReadingHealth
from vecbench.scoring.recalibrated import Recalibrations
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
    "ReadingHealth",
    "Recalibrations",
    "RowScores",
    "Score",
    "Scores",
    "agreement",
    "complete_scores",
    "disagreements",
    "is_published",
    "predicted",
    "prediction_lines",
    "prediction_values",
    "predictions",
    "protocol_named",
    "protocol_with",
    "score",
    "score_responses",
]
