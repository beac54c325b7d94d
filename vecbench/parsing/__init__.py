"""What a response says: its label and its confidence, each with how it came about."""

from vecbench.parsing.prediction import AnswerStatus, ConfidenceStatus, Prediction, Reading
from vecbench.parsing.protocols import EMOBSERVER, EMOCALIBER, PROTOCOLS, STRICT, Protocol, protocol_named

__all__ = [
    "EMOBSERVER",
    "EMOCALIBER",
    "PROTOCOLS",
    "STRICT",
    "AnswerStatus",
    "ConfidenceStatus",
    "Prediction",
    "Protocol",
    "Reading",
    "protocol_named",
]
