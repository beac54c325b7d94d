"""What a response says: its answer and its confidence, each with how it came about."""

from vecbench.parsing.prediction import AnswerStatus, ConfidenceStatus, Prediction, Reading

__all__ = ["AnswerStatus", "ConfidenceStatus", "Prediction", "Reading"]
