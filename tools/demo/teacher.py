"""A linear classifier on edges and colours, from which the vision tower learns the labels.

With sixty emoji per task, a vision transformer that is shown labels learns the emoji by heart. Oriented
edges in a fixed grid (histograms of oriented gradients, Dalal and Triggs 2005) carry over to unseen emoji far
better, as all faces have their eyes and mouths in the same places. The tower is therefore taught what such a
classifier says, on as many changed and mixed pictures as there is time for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import torch
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

from tools.demo.augmentation import augment
from tools.demo.examples import LABELS, Example, stack

CELL = 8
"""Width and height of a cell of the grid in pixels."""

DIRECTIONS = 8
"""Directions that edges are told apart by."""

EDGE_SCALE, COLOUR_SCALE = 3.0, 0.3
"""What edges and colours are multiplied by; the more, the less a weight on them is penalised."""

COPIES = 4
"""Augmented copies of each picture that the classifier is fitted on, besides the picture itself."""


def describe(pixels: torch.Tensor) -> torch.Tensor:
    """Edges by direction and the mean colour, in each cell of a grid.

    Args:
        pixels: Float in 0…1, shape (batch, 3, height, width), both multiples of `CELL`.

    Returns:
        float32, shape (batch, features); the edges of a picture have length `EDGE_SCALE`.
    """
    grey = pixels.mean(dim=1, keepdim=True)
    across = (grey[..., :, 2:] - grey[..., :, :-2])[..., 1:-1, :]
    along = (grey[..., 2:, :] - grey[..., :-2, :])[..., :, 1:-1]
    strength = torch.hypot(across, along)
    direction = (torch.atan2(along, across) % math.pi / math.pi * DIRECTIONS).long()
    # Rounding can bring an angle just below zero up to π itself.
    direction = direction.clamp(max=DIRECTIONS - 1)
    by_direction = torch.cat([strength * (direction == each) for each in range(DIRECTIONS)], dim=1)
    edges = functional.avg_pool2d(functional.pad(by_direction, (1, 1, 1, 1)), CELL).flatten(1)
    colours = functional.avg_pool2d(pixels, CELL).flatten(1)
    return torch.cat([functional.normalize(edges, dim=1) * EDGE_SCALE, colours * COLOUR_SCALE], dim=1)


class Teacher:
    """Fitted to the labelled pictures of every task.

    Args:
        labelled: Pictures of every task, with two labels at least in each. Each emoji counts the same,
            whatever its number of pictures.
        generator: Source of the randomness.
    """

    def __init__(self, labelled: Sequence[Example], generator: torch.Generator) -> None:
        self._fitted: dict[str, tuple[torch.Tensor, torch.Tensor, list[int]]] = {}
        for task, labels in LABELS.items():
            examples = [example for example in labelled if example.task == task]
            count = Counter(example.emoji for example in examples)
            pixels = stack(examples)
            copies = [pixels.float() / 255, *(augment(pixels, generator) for _ in range(COPIES))]
            fit = LogisticRegression(max_iter=300).fit(
                torch.cat([describe(copy) for copy in copies]).numpy(),
                [labels.index(example.label) for example in examples] * len(copies),
                sample_weight=[len(copies) / count[example.emoji] for example in examples] * len(copies),
            )
            weights, bias = torch.tensor(fit.coef_).float(), torch.tensor(fit.intercept_).float()
            if len(fit.classes_) == 2:
                # scikit-learn has one row for two classes: the log-odds of the second.
                weights, bias = torch.cat([0 * weights, weights]), torch.cat([0 * bias, bias])
            self._fitted[task] = (weights, bias, [int(each) for each in fit.classes_])

    def __call__(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """The probabilities of the tasks' labels.

        Args:
            pixels: Float in 0…1, shape (batch, 3, height, width).

        Returns:
            By task, shape (batch, labels); 0 for a label that the fitted pictures lacked.
        """
        features = describe(pixels)
        shares = {task: torch.zeros(len(pixels), len(labels)) for task, labels in LABELS.items()}
        for task, (weights, bias, columns) in self._fitted.items():
            shares[task][:, columns] = (features @ weights.T + bias).softmax(dim=1)
        return shares
