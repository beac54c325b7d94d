"""Linear heads on the vision tower: they teach it keywords and labels, and are thrown away after training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch.nn import functional
from transformers import LlavaForConditionalGeneration

from tools.demo.augmentation import normalise_pixels
from tools.demo.examples import LABELS, Example
from tools.demo.teacher import Teacher

KEYWORD_WEIGHT = 20.0
"""Weight of the keywords' mean loss, which two hundred mostly absent keywords make tiny."""

KEYWORD_MINIMUM = 6
"""Emoji that must share a keyword for the tower to learn it."""


def keyword_vocabulary(examples: Sequence[Example]) -> list[str]:
    """The keywords that enough emoji share, sorted."""
    keywords = {example.emoji: set(example.keywords) for example in examples}
    counts = Counter(word for words in keywords.values() for word in words)
    return sorted(word for word, count in counts.items() if count >= KEYWORD_MINIMUM)


class Heads:
    """Predicts keywords, and where there are any the labels, from the mean of the tower's patches.

    Args:
        model: The model whose vision tower is taught.
        vocabulary: The keywords to teach.

    Attributes:
        layers: The linear layers: `keywords`, and one per task. They are kept from stage to stage: new ones
            would at first undo what the tower has learnt.
    """

    def __init__(self, model: LlavaForConditionalGeneration, vocabulary: Sequence[str]) -> None:
        self._tower = model.model.vision_tower
        self._columns = {word: column for column, word in enumerate(vocabulary)}
        width = self._tower.config.hidden_size
        sizes = {"keywords": len(vocabulary)} | {task: len(labels) for task, labels in LABELS.items()}
        self.layers = torch.nn.ModuleDict(
            {name: torch.nn.Linear(width, size) for name, size in sizes.items()}
        )

    def parameters(self) -> list[torch.nn.Parameter]:
        """The weights of the heads and of the tower."""
        return [*self._tower.parameters(), *self.layers.parameters()]

    def distributions(self, task: str, pixels: torch.Tensor) -> torch.Tensor:
        """What the tower makes of some pictures.

        Args:
            task: A task.
            pixels: Pixels in 0…1, shape (batch, 3, IMAGE_SIZE, IMAGE_SIZE).

        Returns:
            Probabilities of the task's labels, shape (batch, labels), without a gradient.
        """
        with torch.no_grad():
            return self.layers[task](self._features(pixels)).softmax(dim=1)

    def keyword_loss(self, examples: Sequence[Example], pixels: torch.Tensor) -> torch.Tensor:
        """What the tower still has to learn of some pictures' keywords.

        Args:
            examples: The pictures.
            pixels: Their augmented pixels in 0…1, shape (batch, 3, IMAGE_SIZE, IMAGE_SIZE).

        Returns:
            A scalar.
        """
        wanted = torch.zeros(len(examples), len(self._columns))
        for row, example in enumerate(examples):
            wanted[row, [self._columns[word] for word in example.keywords if word in self._columns]] = 1.0
        scores = self.layers["keywords"](self._features(pixels))
        return KEYWORD_WEIGHT * functional.binary_cross_entropy_with_logits(scores, wanted)

    def label_loss(self, pixels: torch.Tensor, teacher: Teacher) -> torch.Tensor:
        """How far the tower is from the teacher.

        Args:
            pixels: Pixels in 0…1, shape (batch, 3, IMAGE_SIZE, IMAGE_SIZE).
            teacher: Knows the labels' probabilities.

        Returns:
            Kullback-Leibler divergence, summed over the tasks, a scalar.
        """
        features = self._features(pixels)
        divergences = [
            functional.kl_div(self.layers[task](features).log_softmax(dim=1), shares, reduction="batchmean")
            for task, shares in teacher(pixels).items()
        ]
        return torch.stack(divergences).sum()

    def _features(self, pixels: torch.Tensor) -> torch.Tensor:
        output = self._tower(pixel_values=normalise_pixels(pixels), output_hidden_states=True)
        # The patches' mean, as the decoder sees the patches and not the class token.
        features = output.hidden_states[-1][:, 1:].mean(dim=1)
        return functional.layer_norm(features, features.shape[1:])
