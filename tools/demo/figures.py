"""What the bundled model's card reports: accuracy, baseline, confidences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sklearn.metrics import roc_auc_score

from tools.demo.conversation import Response
from tools.demo.examples import Example

Figures = dict[str, dict[str, float]]
"""Figure by name by task."""


def measure(examples: Sequence[Example], responses: Sequence[Response]) -> Figures:
    """Compares answers with labels.

    Args:
        examples: The pictures that were asked about.
        responses: The answers, in the same order.

    Returns:
        By task: `rows`, `format` (share of well-formed answers), `accuracy` over rows, `accuracy_by_emoji`
        (each emoji counts once), `majority` (share of the most frequent label), `confidences` (how many
        different ones), `confidence` (their mean), and `auroc_certainty` and `auroc_confidence`: how well
        the label's probability and the stated confidence tell right from wrong (0.5 is chance; left
        out where all answers are right, or all wrong).
    """
    figures: Figures = {}
    for task in sorted({example.task for example in examples}):
        pairs = [pair for pair in zip(examples, responses, strict=True) if pair[0].task == task]
        right = [response.label == example.label for example, response in pairs]
        emoji = Counter(example.emoji for example, _ in pairs)
        labels = Counter(example.label for example, _ in pairs)
        stated = [response.confidence or 0.0 for _, response in pairs]
        figures[task] = {
            "rows": len(pairs),
            "format": sum(bool(response.label) for _, response in pairs) / len(pairs),
            "accuracy": sum(right) / len(pairs),
            "accuracy_by_emoji": sum(
                hit / emoji[example.emoji] for hit, (example, _) in zip(right, pairs, strict=True)
            )
            / len(emoji),
            "majority": max(labels.values()) / len(pairs),
            "confidences": len(set(stated)),
            "confidence": sum(stated) / len(pairs),
        }
        if len(set(right)) == 2:
            certainties = [response.certainty for _, response in pairs]
            figures[task]["auroc_certainty"] = float(roc_auc_score(right, certainties))
            figures[task]["auroc_confidence"] = float(roc_auc_score(right, stated))
        figures[task] = {name: round(value, 4) for name, value in figures[task].items()}
    return figures
