"""The confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from vecbench.metrics.confusion import Confusion
from vecbench.plots.frame import INCH, TURN, Picture, fitted, margins, name_cells, text_width
from vecbench.plots.points import NO_LABEL, NO_TARGET
from vecbench.plots.sheet import Subject, headed
from vecbench.plots.style import COLUMN_WIDTH, EDGE, SMALL

LONGEST_NAME = 75.0
"""Points of a label beside the matrix, and below it."""

PITCH = 7.4
"""Points from name to name, at least."""

LARGEST_CELL = 0.42
"""Inches: two labels need no larger ones."""

_MOST = int(COLUMN_WIDTH * INCH / PITCH)
"""For more labels than this there is room in no case."""


def confusion_matrix(confusion: Confusion, labels: Sequence[str], subject: Subject) -> Picture:
    """How often each target got each answer; shades are shares of the target's rows.

    Of more labels than there is room for, those with the most rows have lines of their own, and the others
    one together. Counts are written where they fit.
    """
    kept = _most_frequent(confusion, min(len(labels), _MOST))
    longest = margins([""], [*_captions(labels, kept), NO_TARGET])[0]
    kept = _most_frequent(confusion, int((COLUMN_WIDTH - longest - EDGE) * INCH / PITCH) - 1)
    captions = _captions(labels, kept)
    parent = np.full(len(labels), len(kept))
    parent[kept] = np.arange(len(kept))
    counts = confusion.of_parents(parent, len(captions)).matrix()
    rows = [*captions, NO_TARGET] if counts[-1].any() else captions
    shown = [*captions, NO_LABEL]
    left, bottom = margins(shown, rows, TURN)
    cell = min(LARGEST_CELL, (COLUMN_WIDTH - left - EDGE) / len(shown))
    counts = counts[: len(rows)]
    said = "shade: share of the target's rows"
    with_counts = text_width(str(counts.max()), SMALL) + 1.5 <= cell * INCH
    if not with_counts:
        said += "; their counts are in the CSV"
    figure = headed(replace(subject, lines=(*subject.lines, said)), bottom + cell * len(rows) + 0.03)
    height = figure.get_figheight()
    left += (COLUMN_WIDTH - left - EDGE - cell * len(shown)) / 2
    place = (left, bottom, cell * len(shown), cell * len(rows))
    axes = figure.add_axes(tuple(np.divide(place, (COLUMN_WIDTH, height) * 2)))
    axes.set(xlim=(0, len(shown)), ylim=(len(rows), 0))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1)
    look: dict[str, Any] = {"fontsize": SMALL, "ha": "center", "va": "center_baseline"}
    for row, column in np.argwhere(counts > 0) if with_counts else ():
        colour = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column + 0.5, row + 0.5, str(counts[row, column]), color=colour, **look)
    name_cells(axes, shown, rows, ("answer", "target"))
    return figure


def _most_frequent(confusion: Confusion, most: int) -> list[int]:
    """The places, in their order, of the labels that are targets or answers most often."""
    if confusion.size <= most:
        return list(range(confusion.size))
    rows = confusion.support + confusion.predicted
    # One line is for the others.
    return sorted(np.argsort(-rows, kind="stable")[: most - 1].tolist())


def _captions(labels: Sequence[str], kept: Sequence[int]) -> list[str]:
    captions = [fitted(labels[each], SMALL, LONGEST_NAME) for each in kept]
    others = len(labels) - len(kept)
    return [*captions, f"({others:,} others)"] if others else captions
