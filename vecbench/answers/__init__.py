"""What an answer is: one module a kind, each declared once."""

from vecbench.answers.choice import Choice
from vecbench.answers.distribution import Distribution
from vecbench.answers.kind import AnswerKind, AnswerSpecification
from vecbench.answers.label import Label
from vecbench.answers.label_set import LabelSet
from vecbench.answers.ranking import Ranking
from vecbench.answers.rating import Rating
from vecbench.answers.registry import (
    is_of_one_run,
    kind_named,
    kind_of,
    known_metrics,
    metrics_of,
    metrics_of_default,
    scores_confidences,
)
from vecbench.answers.verdict import StatementVerdict
from vecbench.answers.written import answer_text

__all__ = [
    "AnswerKind",
    "AnswerSpecification",
    "Choice",
    "Distribution",
    "Label",
    "LabelSet",
    "Ranking",
    "Rating",
    "StatementVerdict",
    "answer_text",
    "is_of_one_run",
    "kind_named",
    "kind_of",
    "known_metrics",
    "metrics_of",
    "metrics_of_default",
    "scores_confidences",
]
