"""How long the bundled model is trained, and on how much at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """The settings of a training run, chosen by cross-fitting on the training and validation emoji.

    Attributes:
        seed: Seed of everything random.
        drawing_steps: Steps of the first stage.
        caption_steps: Steps of the second stage.
        label_steps: Steps of the third stage.
        answer_steps: Steps of the fourth stage.
        confidence_steps: Steps of the fifth stage.
        drawing_batch: Pictures per step where the tower learns alone.
        writing_batch: Pictures per step where the decoder writes.
        folds: Parts that the training emoji are divided into for cross-fitting.
        confidence_questions: Questions that the fifth stage is taught on.
    """

    seed: int = 0
    drawing_steps: int = 400
    caption_steps: int = 400
    label_steps: int = 500
    answer_steps: int = 500
    confidence_steps: int = 300
    drawing_batch: int = 96
    writing_batch: int = 32
    folds: int = 3
    confidence_questions: int = 2048

    def scaled(self, share: float) -> Recipe:
        """The same recipe with a share of the steps and questions, for a quick trial."""
        return replace(
            self,
            drawing_steps=max(1, round(self.drawing_steps * share)),
            caption_steps=max(1, round(self.caption_steps * share)),
            label_steps=max(1, round(self.label_steps * share)),
            answer_steps=max(1, round(self.answer_steps * share)),
            confidence_steps=max(1, round(self.confidence_steps * share)),
            confidence_questions=max(8, round(self.confidence_questions * share)),
        )
