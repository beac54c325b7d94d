"""What metrics are computed of: some rows counted, weighted or summed, in one or many replicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vecbench.metrics.cells import Cells, Counts, Shared, Values, share
from vecbench.metrics.confusion import Confusion
from vecbench.metrics.observations import Observations

NO_CELLS = Cells.of_rows([], [])


@dataclass(frozen=True)
class ClassCounts:
    """How often classes are targets, answered, and answered rightly.

    Attributes:
        support: Rows whose target each class is; shape (..., classes).
        predicted: Rows whose answer it is; shape (..., classes).
        hits: Rows that answer it rightly; shape (..., classes).
        candidates: Classes that could have been answered; shape () or (...).
    """

    support: Counts
    predicted: Counts
    hits: Counts
    candidates: NDArray[np.int64]

    @cached_property
    def f1(self) -> Values:
        """Each class's F1, 0 for one that is neither a target nor answered; shape (..., classes)."""
        return 2 * self.hits / np.maximum(self.support + self.predicted, 1)

    @classmethod
    def of(cls, rows: Observations) -> ClassCounts:
        """Those of rows that were not resampled."""
        size = len(rows.classes)

        def counted(numbers: NDArray[np.intp]) -> Counts:
            return np.bincount(numbers[numbers >= 0], minlength=size).astype(np.float64)

        hits = np.where(rows.target == rows.answer, rows.target, -1)
        return cls(counted(rows.target), counted(rows.answer), counted(hits), np.asarray(size))

    @classmethod
    def of_confusion(cls, rows: Confusion) -> ClassCounts:
        """Those of rows by target and answer."""
        support, predicted, hits = (
            each.astype(np.float64) for each in (rows.support, rows.predicted, rows.hits)
        )
        return cls(support, predicted, hits, np.asarray(rows.size))


@dataclass(frozen=True)
class WeightedRows:
    """Columns of numbers, and how often each row was drawn.

    Attributes:
        columns: Name → numbers; each of shape (n,).
        weights: Shape (..., n); ones for rows that were not resampled.
    """

    columns: Mapping[str, NDArray[np.float64]]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Totals(Shared):
    """Some rows, in one or many replicates, as far as they are needed.

    Attributes:
        cells: Rows that have a confidence, by it; right and wrong of shape (..., k).
        missing_right: Rows without a confidence that are right; shape (...).
        missing_wrong: Rows without a confidence that are wrong; shape (...).
        classes: Rows by class; None where answers are none, or it is not needed.
        sums: Name of a column → its sum over the rows; shape (...). "rows" is their number.
        weighted: The rows themselves; None unless a metric needs them.
        null: Bins → ECE of replicates of a perfectly calibrated model with these confidences; of rows that
            were not resampled, where it was simulated; each of shape (replicates,).
    """

    cells: Cells = NO_CELLS
    missing_right: Counts = field(default_factory=lambda: np.zeros(()))
    missing_wrong: Counts = field(default_factory=lambda: np.zeros(()))
    classes: ClassCounts | None = None
    sums: Mapping[str, Values] = field(default_factory=dict)
    weighted: WeightedRows | None = None
    null: Mapping[int, Values] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Observations, null: Mapping[int, Values] | None = None) -> Totals:
        """All that can be said of rows that were not resampled."""
        stated = rows.stated
        cells = Cells.of_rows(rows.confidence[stated], rows.right[stated])
        silent = rows.right[~stated]
        right = float(np.count_nonzero(silent))
        return cls(
            cells,
            np.asarray(right),
            np.asarray(silent.size - right),
            ClassCounts.of(rows) if rows.classes else None,
            {"rows": np.asarray(float(rows.n))}
            | {name: np.asarray(column.sum()) for name, column in rows.columns.items()},
            WeightedRows(rows.columns, np.ones(rows.n)),
            null or {},
        )

    @classmethod
    def of_columns(cls, columns: Mapping[str, NDArray[np.float64]]) -> Totals:
        """The sums and rows of columns alone, not resampled; each of shape (n,), at least one column."""
        n = next(iter(columns.values())).size
        sums = {name: np.asarray(column.sum()) for name, column in columns.items()}
        return cls(sums={"rows": np.asarray(float(n))} | sums, weighted=WeightedRows(columns, np.ones(n)))

    @classmethod
    def pooled(cls, parts: Sequence[Totals]) -> Totals:
        """The counts by confidence of several sets of rows together, replicate by replicate."""
        right = np.asarray(np.sum([part.missing_right for part in parts], axis=0))
        wrong = np.asarray(np.sum([part.missing_wrong for part in parts], axis=0))
        return cls(Cells.pooled([part.cells for part in parts]), right, wrong)

    @classmethod
    def of_counts(cls, confidence: NDArray[np.float64], counts: Counts) -> Totals:
        """The rows that are counted by place, see `by_place`.

        Args:
            confidence: As for `Cells`; shape (k,).
            counts: Shape (..., 2k + 2).
        """
        k = confidence.size
        cells = Cells(confidence, counts[..., :k], counts[..., k : 2 * k])
        return cls(cells, counts[..., -2], counts[..., -1])

    @property
    def by_place(self) -> Counts:
        """Rows that are right at each confidence, wrong at each, right without one, wrong without one.

        Shape (..., 2k + 2).
        """
        missing = np.stack([self.missing_right, self.missing_wrong], axis=-1)
        return np.concatenate([self.cells.right, self.cells.wrong, missing], axis=-1)

    @property
    def missing(self) -> Counts:
        """Rows without a confidence; shape (...)."""
        return self.missing_right + self.missing_wrong

    @property
    def accuracy(self) -> Values:
        """Right rows among all rows; shape (...)."""
        return share(self.cells.total_right + self.missing_right, self.cells.counts + self.missing)

    @property
    def coverage(self) -> Values:
        """Rows with a confidence among all rows; shape (...)."""
        stated = self.cells.counts
        return share(stated, stated + self.missing)

    def mean(self, column: str, over: str = "rows") -> Values:
        """The sum of a column over that of another; shape (...)."""
        return share(self.sums[column], self.sums[over])


def places_of(known: NDArray[np.float64], rows: Observations) -> NDArray[np.int64]:
    """Each row's place in the order of `Totals.by_place`; shape (n,).

    Args:
        known: The k confidences that may occur, ascending; shape (k,).
        rows: Their confidences are among these.
    """
    k = known.size
    with_one = np.searchsorted(known, rows.confidence) + k * ~rows.right
    return np.where(rows.stated, with_one, 2 * k + ~rows.right).astype(np.int64)
