"""How near sets of labels are to their targets, and how well confidences per label rank the rows.

As scikit-learn has them: an F1 or a Jaccard of nothing against nothing is 0, and average precision is the
sum over distinct confidences of precision times the recall that is gained, without interpolation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecbench.metrics.cells import Values, share
from vecbench.metrics.definition import BY_LABEL, STATED_PER_LABEL, Change, Metric
from vecbench.metrics.labels import ACCURACY
from vecbench.metrics.observations import Floats
from vecbench.metrics.totals import Totals

TARGET, ANSWER, HIT, SCORE = "target: ", "answer: ", "hit: ", "score: "
"""What the columns of each label are called: whether it is in the target, in the answer, in both; and the
confidence that it is, where any row states some."""


def set_columns(
    target: NDArray[np.bool_],
    answer: NDArray[np.bool_],
    labels: Sequence[str],
    listed: Floats,
    score: Floats | None = None,
    stated: NDArray[np.bool_] | None = None,
    read: NDArray[np.bool_] | None = None,
) -> Mapping[str, Floats]:
    """The numbers of rows that metrics of label sets are made of.

    Args:
        target: Which labels are in each target; shape (n, labels).
        answer: Likewise of the answers, none where there is no answer; shape (n, labels).
        labels: All that can be named.
        listed: How many of these each row could name; shape (n,).
        score: The confidence that each label is there, in [0, 1]; None where no row states any;
            shape (n, labels).
        stated: Which rows state confidences per label; shape (n,).
        read: Which rows have an answer, and be it the empty set; None if all have; shape (n,).

    Returns:
        Numbers of labels: targets, answers, hits; f1, jaccard and hamming of each row, in [0, 1]; stated, 1
        for rows with confidences per label; and for every label what `TARGET` and the others say; each of
        shape (n,).
    """
    hit = target & answer
    hits, targets, answers = (each.sum(axis=1, dtype=np.float64) for each in (hit, target, answer))
    columns = {
        "targets": targets,
        "answers": answers,
        "hits": hits,
        "f1": 2 * hits / np.maximum(targets + answers, 1),
        "jaccard": hits / np.maximum(targets + answers - hits, 1),
        "hamming": (targets + answers - 2 * hits) / np.maximum(listed, 1),
    }
    if read is not None:
        # Most labels are in no target: as the empty set, an unread answer would fare better than most.
        columns["hamming"] = np.where(read, columns["hamming"], 1.0)
    matrices: dict[str, Any] = {TARGET: target, ANSWER: answer, HIT: hit}
    if score is not None:
        columns["stated"] = np.ones(len(hits)) if stated is None else stated.astype(np.float64)
        matrices[SCORE] = score
    for prefix, matrix in matrices.items():
        # A row a label, so that its column lies in one piece.
        rows = np.ascontiguousarray(matrix.T, dtype=np.float64)
        columns |= {prefix + label: rows[place] for place, label in enumerate(labels)}
    return columns


def average_precision(target: ArrayLike, score: ArrayLike) -> float:
    """The average precision of confidences that a label is there, as scikit-learn has it.

    Args:
        target: Whether it is; shape (n,).
        score: The confidences; equal ones stand in one place; shape (n,).

    Returns:
        In [0, 1]; nan if the label is never there.

    Raises:
        ValueError: The shapes differ or are not one-dimensional.
    """
    true, said = np.asarray(target, np.float64), np.asarray(score, np.float64)
    if true.ndim != 1 or true.shape != said.shape:
        raise ValueError(f"target and score must be lists of one length, not {true.shape} and {said.shape}")
    columns = {TARGET: true, SCORE: said}
    return float(average_precisions(Totals.of_columns(columns)).values[0])


class PerLabel(NamedTuple):
    """A value of each label, nan where it has none; shape (labels, ...)."""

    labels: tuple[str, ...]
    values: Values

    @property
    def mean(self) -> Values:
        """Over the labels that have one; nan where none has; shape (...)."""
        there = np.isfinite(self.values)
        return share(np.where(there, self.values, 0.0).sum(axis=0), there.sum(axis=0).astype(np.float64))

    @property
    def by_label(self) -> Mapping[str, float | None]:
        """Of rows that were not resampled."""
        each = zip(self.labels, self.values.tolist(), strict=True)
        return {label: None if np.isnan(value) else value for label, value in each}


def _labels(columns: Mapping[str, Values], prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in columns if name.startswith(prefix))


def _f1s(totals: Totals) -> PerLabel:
    """F1 of each label, 0 for one that is neither in a target nor in an answer."""
    sums = totals.sums
    labels = _labels(sums, HIT)
    f1 = [2 * sums[HIT + each] / np.maximum(sums[TARGET + each] + sums[ANSWER + each], 1) for each in labels]
    return PerLabel(labels, np.array(f1) if f1 else np.full((1, *np.shape(sums["rows"])), np.nan))


def _f1_details(totals: Totals) -> Mapping[str, Any]:
    return {BY_LABEL: {"f1": totals.once(_f1s).by_label}}


def average_precisions(totals: Totals, prefix: str = SCORE) -> PerLabel:
    """Average precision of each label, nan for one that is in no target that was drawn.

    Its columns are those of the targets, and those whose names begin with `prefix`.

    Only the distinct confidences of rows whose target has the label count: others are added to the next one
    below. What each replicate has in a place is a product of a sparse matrix, whatever the number of rows.
    """
    if totals.weighted is None:
        raise ValueError("average precision takes the rows themselves")
    rows = totals.weighted
    labels = _labels(rows.columns, prefix)
    if not labels:
        return PerLabel((), np.full((1, *rows.weights.shape[:-1]), np.nan))
    # Counts, and so exact in half the memory.
    drawn = np.ascontiguousarray(rows.weights.reshape(-1, rows.weights.shape[-1]).T, dtype=np.float32)
    total = drawn.sum(axis=0, dtype=np.float64)
    found = [
        _precision(rows.columns[TARGET + each], rows.columns[prefix + each], drawn, total) for each in labels
    ]
    return PerLabel(labels, np.array(found).reshape(len(labels), *rows.weights.shape[:-1]))


def _precision(target: Floats, score: Floats, drawn: NDArray[np.float32], total: Floats) -> Floats:
    """Average precision in each replicate; shape (replicates,).

    Args:
        target: 1 for rows whose target has the label, else 0; shape (n,).
        score: Shape (n,).
        drawn: How often each row was; fewer than 2^24 in all, shape (n, replicates).
        total: Rows that were drawn; shape (replicates,).
    """
    from scipy.sparse import csr_array

    places = np.unique(score[target > 0])[::-1]
    if not places.size:
        return np.full(drawn.shape[1], np.nan)
    place = np.searchsorted(-places, -score)

    def counted(which: NDArray[np.intp]) -> Floats:
        ones = np.ones(which.size, dtype=np.float32)
        found = csr_array((ones, (place[which], which)), (places.size, target.size)) @ drawn
        return np.asarray(found, dtype=np.float64)

    right = counted(np.flatnonzero(target > 0))
    # Most rows name few labels, and all others are together in the last place.
    has_all = place.max() < places.size
    named = np.cumsum(counted(np.flatnonzero(place < places.size - has_all)), axis=0)
    if has_all:
        named[-1] = total
    gained = right * np.cumsum(right, axis=0)
    return share((gained / np.maximum(named, 1)).sum(axis=0), right.sum(axis=0))


def _map_details(totals: Totals) -> Mapping[str, Any]:
    by_label = {"average_precision": totals.once(average_precisions).by_label}
    return {STATED_PER_LABEL: int(totals.sums["stated"]), BY_LABEL: by_label}


F1_MICRO = Metric(
    key="f1_micro",
    heading="F1 mic",
    description="F1 of all labels of all rows together: twice the hits over labels of targets and answers.",
    value=lambda totals: share(
        2 * totals.sums["hits"], np.maximum(totals.sums["targets"] + totals.sums["answers"], 1)
    ),
    interval="percentile",
    basis="sums",
    over="all",
    change=Change(aspect="answer"),
    shown="always",
    board="main",
)
F1_MACRO = Metric(
    key="f1_macro",
    heading="F1 mac",
    description="The mean of the labels' F1, each over all rows.",
    value=lambda totals: totals.once(_f1s).mean,
    interval="percentile",
    basis="sums",
    over="all",
    undefined="the tasks have no label in common",
    change=Change(aspect="answer"),
    details=_f1_details,
    shown="wide",
)
F1_SAMPLES = Metric(
    key="f1_samples",
    heading="F1 smp",
    description="The mean of the rows' F1, 0 where neither target nor answer has a label.",
    value=lambda totals: totals.mean("f1"),
    interval="percentile",
    basis="sums",
    over="all",
    change=Change(aspect="answer"),
    shown="wide",
)
JACCARD = Metric(
    key="jaccard",
    heading="Jaccard",
    description="The mean of the rows' labels in both target and answer over those in either.",
    value=lambda totals: totals.mean("jaccard"),
    interval="percentile",
    basis="sums",
    over="all",
    change=Change(aspect="answer"),
    shown="wide",
    board="column",
)
EXACT_MATCH = replace(
    ACCURACY,
    key="exact_match",
    heading="Exact",
    description="The share of rows whose answer is the whole target and nothing else: their accuracy.",
    shown="asked",
    board=None,
)
HAMMING = Metric(
    key="hamming",
    heading="Hamming",
    description="The mean share of the labels that are in the answer and not in the target, or the reverse.",
    value=lambda totals: totals.mean("hamming"),
    interval="percentile",
    basis="sums",
    over="all",
    better="lower",
    change=Change(aspect="answer"),
    shown="wide",
)
MAP = Metric(
    key="map",
    heading="mAP",
    description="The mean of the labels' average precision, by confidences that are stated per label.",
    value=lambda totals: totals.once(average_precisions).mean,
    interval="none",
    why_no_interval="it is too high where labels are rare, more so in replicates; none was found that holds",
    basis="rows",
    over="all",
    undefined="no answer states a confidence per label",
    change=Change(aspect="answer"),
    details=_map_details,
    shown="always",
    board="column",
)
