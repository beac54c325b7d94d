"""How far ratings are from their targets, and whether they go along with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from vecbench.metrics.cells import Values, share
from vecbench.metrics.definition import Change, Metric, untested
from vecbench.metrics.observations import Floats
from vecbench.metrics.totals import Totals, WeightedRows

CONSTANT = 1e-12
"""Share of its mean square below which a variance is rounding, and what varies so little is constant."""

FEW_ROWS = 2500
"""Up to so many rows all pairs are compared sooner than scipy.stats is imported."""


def rating_columns(target: Floats, answer: Floats) -> Mapping[str, Floats]:
    """The numbers of rows that rating metrics are made of, 0 in all of a row without an answer.

    Args:
        target: The true ratings, nan where a row has none; shape (n,).
        answer: The answers, nan where a row has none; shape (n,).

    Returns:
        answered (1 or 0), answer, target, error (answer − target), absolute_error, squared_error,
        answer_squared, target_squared, product; each of shape (n,).
    """
    answered = np.isfinite(answer) & np.isfinite(target)
    said, true = np.where(answered, answer, 0.0), np.where(answered, target, 0.0)
    error = said - true
    return {
        "answered": answered.astype(np.float64),
        "answer": said,
        "target": true,
        "error": error,
        "absolute_error": np.abs(error),
        "squared_error": error**2,
        "answer_squared": said**2,
        "target_squared": true**2,
        "product": said * true,
    }


def in_dimension(dimension: str, column: str) -> str:
    """What a column is called that is of one of several dimensions."""
    return f"{dimension}{_OF}{column}"


_OF = ": "


def _by_dimension(totals: Totals) -> list[Totals]:
    """The totals of each dimension; those of all rows where there is one number a row."""
    columns = totals.sums if totals.weighted is None else totals.weighted.columns
    if "answered" in columns or not columns:
        return [totals]
    parts = []
    for end in (name.removesuffix("answered") for name in columns if name.endswith(f"{_OF}answered")):
        sums = {name.removeprefix(end): each for name, each in totals.sums.items() if name.startswith(end)}
        rows = totals.weighted
        if rows is not None:
            own = {
                name.removeprefix(end): each for name, each in rows.columns.items() if name.startswith(end)
            }
            rows = WeightedRows(own, rows.weights)
        parts.append(Totals(sums=sums, weighted=rows))
    return parts


def _mean(metric: Callable[[Totals], Values]) -> Callable[[Totals], Values]:
    """A metric of one number a row; of several dimensions, its mean over them."""

    def value(totals: Totals) -> Values:
        parts = totals.once(_by_dimension)
        if not parts:  # rows of different dimensions together
            shape = (
                totals.sums["rows"].shape if totals.weighted is None else totals.weighted.weights.shape[:-1]
            )
            return np.full(shape, np.nan)
        return np.asarray(np.mean([metric(part) for part in parts], axis=0))

    return value


def mae(target: ArrayLike, answer: ArrayLike) -> float:
    """Mean absolute error.

    Args:
        target: True ratings; shape (n,).
        answer: Answers, nan where there is none: those rows do not count; shape (n,).

    Returns:
        At least 0; nan without an answer.

    Raises:
        ValueError: The shapes differ or are not one-dimensional.
    """
    return _of_rows(_mae, target, answer)


def rmse(target: ArrayLike, answer: ArrayLike) -> float:
    """Root of the mean squared error; arguments, nan and errors as for `mae`."""
    return _of_rows(_rmse, target, answer)


def bias(target: ArrayLike, answer: ArrayLike) -> float:
    """Mean of answer − target, positive when answers are too high; arguments, nan and errors as for `mae`."""
    return _of_rows(_bias, target, answer)


def pearson(target: ArrayLike, answer: ArrayLike) -> float:
    """Pearson's correlation ("PLCC").

    Args:
        target: True ratings; shape (n,).
        answer: Answers, nan where there is none: those rows do not count; shape (n,).

    Returns:
        In [−1, 1]; nan where answers or targets are constant, or fewer than two.

    Raises:
        ValueError: The shapes differ or are not one-dimensional.
    """
    return _of_rows(_pearson, target, answer)


def spearman(target: ArrayLike, answer: ArrayLike) -> float:
    """Spearman's rank correlation ("SRCC"): Pearson's of the ranks, equal values sharing their mean rank.

    Arguments, nan and errors as for `pearson`.
    """
    return _of_rows(_spearman, target, answer)


def kendall(target: ArrayLike, answer: ArrayLike) -> float:
    """Kendall's tau-b, which allows for ties; arguments, nan and errors as for `pearson`."""
    return _of_rows(_kendall, target, answer)


def ccc(target: ArrayLike, answer: ArrayLike) -> float:
    """The concordance correlation coefficient (Lin, 1989), with moments of the n rows.

    2·cov / (var + var + (difference of means)²): Pearson's, less for another mean or spread.
    Arguments, nan and errors as for `pearson`.
    """
    return _of_rows(_ccc, target, answer)


def _of_rows(metric: Callable[[Totals], Values], target: ArrayLike, answer: ArrayLike) -> float:
    true, said = np.asarray(target, np.float64), np.asarray(answer, np.float64)
    if true.ndim != 1 or true.shape != said.shape:
        raise ValueError(f"target and answer must be lists of one length, not {true.shape} and {said.shape}")
    return float(metric(Totals.of_columns(rating_columns(true, said))))


def _mae(totals: Totals) -> Values:
    return totals.mean("absolute_error", "answered")


def _rmse(totals: Totals) -> Values:
    return np.asarray(np.sqrt(totals.mean("squared_error", "answered")))


def _bias(totals: Totals) -> Values:
    return totals.mean("error", "answered")


def _moments(totals: Totals) -> tuple[Values, Values, Values, Values]:
    """The variances of answers and targets, their covariance, and the difference of their means.

    Of answers or targets that are constant the variance is nan.
    """
    answer, target = totals.mean("answer", "answered"), totals.mean("target", "answered")
    covariance = totals.mean("product", "answered") - answer * target
    answers = _variance(totals.mean("answer_squared", "answered"), answer)
    targets = _variance(totals.mean("target_squared", "answered"), target)
    return answers, targets, covariance, answer - target


def _variance(square: Values, mean: Values) -> Values:
    variance = square - mean**2
    return np.asarray(np.where(variance > CONSTANT * square, variance, np.nan))


def _pearson(totals: Totals) -> Values:
    answers, targets, covariance, _ = totals.once(_moments)
    return np.clip(covariance / np.sqrt(answers * targets), -1.0, 1.0)


def _ccc(totals: Totals) -> Values:
    answers, targets, covariance, shift = totals.once(_moments)
    return np.asarray(2 * covariance / (answers + targets + shift**2))


def _spearman(totals: Totals) -> Values:
    """Of rows that were drawn several times each, computed from how often."""
    columns, weights = _weighted(totals)
    answers, targets = _centred_ranks(columns["answer"], weights), _centred_ranks(columns["target"], weights)
    spread = np.sqrt((weights * answers**2).sum(axis=-1) * (weights * targets**2).sum(axis=-1))
    return np.clip(share((weights * answers * targets).sum(axis=-1), spread), -1.0, 1.0)


def _centred_ranks(values: Floats, weights: Values) -> Values:
    """Each row's rank among the rows that were drawn, less the mean rank; equal values share theirs.

    Args:
        values: Shape (n,).
        weights: How often each was drawn; shape (..., n).

    Returns:
        Shape (..., n).
    """
    distinct, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(distinct.size))
    drawn = np.add.reduceat(weights[..., order], starts, axis=-1)
    # Half of its own ties are before a row, half behind it.
    middle = np.cumsum(drawn, axis=-1) - drawn / 2 - drawn.sum(axis=-1, keepdims=True) / 2
    ranks: Values = middle[..., place]
    return ranks


def _kendall(totals: Totals) -> Values:
    columns, weights = _weighted(totals)
    found = np.full(weights.shape[:-1], np.nan)
    for place in np.ndindex(found.shape):
        drawn = np.repeat(np.arange(weights.shape[-1]), np.rint(weights[place]).astype(np.intp))
        if drawn.size > 1:
            found[place] = _tau_b(columns["answer"][drawn], columns["target"][drawn])
    return found


def _tau_b(answer: Floats, target: Floats) -> float:
    if answer.size > FEW_ROWS:
        from scipy.stats import kendalltau

        return float(kendalltau(answer, target).statistic)
    signs = [np.sign(np.subtract.outer(each, each)).ravel() for each in (answer, target)]
    spread = np.sqrt((signs[0] @ signs[0]) * (signs[1] @ signs[1]))
    return float(share(signs[0] @ signs[1], spread))


def _weighted(totals: Totals) -> tuple[Mapping[str, Floats], Values]:
    """The columns and weights of the rows that have an answer."""
    if totals.weighted is None:
        raise ValueError("rank correlations take the rows themselves")
    rows = totals.weighted
    answered = rows.columns["answered"] > 0
    columns = {name: rows.columns[name][answered] for name in ("answer", "target")}
    return columns, rows.weights[..., answered]


_TOO_FEW = "fewer than two different answers or targets"

MAE = Metric(
    key="mae",
    heading="MAE",
    description="The mean distance of answers from their targets.",
    value=_mean(_mae),
    interval="percentile",
    basis="sums",
    over="answered",
    better="lower",
    range=(0.0, np.inf),
    unit="number",
    undefined="no row has an answer",
    change=Change(aspect="answer"),
    shown="always",
    board="column",
)
RMSE = Metric(
    key="rmse",
    heading="RMSE",
    description="The root of the mean squared distance of answers from their targets.",
    value=_mean(_rmse),
    interval="percentile",
    basis="sums",
    over="answered",
    better="lower",
    range=(0.0, np.inf),
    unit="number",
    undefined="no row has an answer",
    change=Change(aspect="answer"),
    shown="wide",
)
BIAS = Metric(
    key="bias",
    heading="Bias",
    description="The mean of answer − target: positive when answers are too high.",
    value=_mean(_bias),
    interval="percentile",
    basis="sums",
    over="answered",
    better=None,
    range=(-np.inf, np.inf),
    unit="number",
    undefined="no row has an answer",
    change=Change(aspect="answer"),
    shown="wide",
)
PEARSON = Metric(
    key="pearson",
    heading="Pearson",
    description="Pearson's correlation of answers and targets.",
    value=_mean(_pearson),
    interval="percentile",
    basis="sums",
    over="answered",
    range=(-1.0, 1.0),
    unit="number",
    undefined=_TOO_FEW,
    change=Change(aspect="answer"),
    shown="always",
    board="column",
)
SPEARMAN = Metric(
    key="spearman",
    heading="Spearman",
    description="Spearman's rank correlation of answers and targets.",
    value=_mean(_spearman),
    interval="percentile",
    basis="rows",
    over="answered",
    range=(-1.0, 1.0),
    unit="number",
    undefined=_TOO_FEW,
    change=Change(aspect="answer"),
    shown="always",
    board="main",
)
KENDALL = Metric(
    key="kendall",
    heading="Kendall",
    description="Kendall's tau-b of answers and targets.",
    value=_mean(_kendall),
    basis="rows",
    over="answered",
    range=(-1.0, 1.0),
    unit="number",
    interval="none",
    why_no_interval="it compares all pairs of rows, which takes too long in replicates: see Spearman's",
    undefined=_TOO_FEW,
    change=untested("it has no interval: see Spearman's"),
)
CCC = Metric(
    key="ccc",
    heading="CCC",
    description="Lin's concordance correlation of answers and targets.",
    value=_mean(_ccc),
    interval="percentile",
    basis="sums",
    over="answered",
    range=(-1.0, 1.0),
    unit="number",
    undefined=_TOO_FEW,
    change=Change(aspect="answer"),
    shown="wide",
    board="column",
)
