"""How many of some rows are right, if every confidence is the true probability of being right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells

MOST_TERMS = 512
"""More distinct confidences than this are merged with their neighbours: in a bin of a tenth that changes the
variance by less than one part in a million."""

REACH = 10
"""Standard deviations on either side that are looked at; what lies beyond has a chance below 1e-12."""


@dataclass(frozen=True)
class RightCounts:
    """The distribution of a number of right rows: a sum of binomials (Poisson's binomial distribution).

    Attributes:
        lowest: The first number that has a chance.
        chance: The chances of it and of those that follow; shape (m,).
    """

    lowest: int
    chance: NDArray[np.float64]

    @classmethod
    def of_cells(cls, cells: Cells) -> RightCounts:
        """The distribution for some rows, by the discrete Fourier transform (Hong, 2013).

        Args:
            cells: At least one row; only the confidences and the rows at each matter.
        """
        terms = cells.confidence.size
        if terms > MOST_TERMS:
            cells = cells.merged(np.arange(terms) * MOST_TERMS // terms)
        rows, chance = cells.total[:, None], cells.confidence[:, None]
        mean = float((rows * chance).sum())
        deviation = float(np.sqrt((rows * chance * (1 - chance)).sum()))
        size = min(cells.n + 1, 2 * int(REACH * deviation) + 64)
        lowest = min(max(0, round(mean) - size // 2), cells.n + 1 - size)
        frequency = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
        transform = np.prod((1 - chance + chance * frequency) ** rows, axis=0)
        # To a transform of this size, numbers that are `size` apart are one; only one of them has a chance.
        around = np.fft.irfft(transform, size)[(lowest + np.arange(size)) % size]
        around = np.maximum(around, 0)  # rounding leaves −1e-17 for 0
        return cls(lowest, around / around.sum())

    def draw(self, replicates: int, stream: np.random.Generator) -> NDArray[np.float64]:
        """Independent draws; shape (replicates,)."""
        numbers = np.arange(self.lowest, self.lowest + self.chance.size, dtype=np.float64)
        drawn = np.repeat(numbers, stream.multinomial(replicates, self.chance))
        stream.shuffle(drawn)
        return drawn

    def quantile(self, share: float) -> int:
        """The smallest number that is not exceeded with at least this chance."""
        return self.lowest + int(np.searchsorted(np.cumsum(self.chance), share - 1e-12))
