"""Sources of confidence: which there are, which of them rows have, and the rows with each of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vecbench.errors import UsageError, nearest
from vecbench.metrics.combination import cross_fitted_logistic, mean_of_ranks
from vecbench.metrics.observations import Floats, Mask
from vecbench.parsing import Prediction
from vecbench.parsing.prediction import ConfidenceStatus
from vecbench.scoring.agreement import AGREEMENT, agreement, stated_and_other
from vecbench.scoring.scores import STATED

Combine = Callable[[Floats, Mask, Sequence[str]], Floats]
"""(confidences by source, shape (n, s); right rows; their images) → one confidence a row, nan where none."""

EVERY = "all"
"""What asks for every source that some row has."""


@dataclass(frozen=True, slots=True)
class ConfidenceSource:
    """Where confidences come from.

    Attributes:
        name: In options, files and tables.
        description: What it is, in half a sentence.
        remedy: How rows come to have it.
        combine: What makes it of the other sources that are asked for; None for one that rows have.
        is_probability: Whether it can be calibrated at all: an order of answers cannot.
    """

    name: str
    description: str
    remedy: str
    combine: Combine | None = None
    is_probability: bool = True


_TOKENS = "Run with token confidences, which `vecbench run` stores where the engine has them."
_PARTS = "It takes a prompt profile that asks for a vision and a reasoning confidence."
SOURCES: Mapping[str, ConfidenceSource] = {
    each.name: each
    for each in (
        ConfidenceSource(
            STATED, "what the model says beside its answer", "Ask for a confidence in the prompt."
        ),
        ConfidenceSource("token", "the probability of the answer's tokens", _TOKENS),
        ConfidenceSource(
            "token_share", "the answer's share among the candidates, by its first token", _TOKENS
        ),
        ConfidenceSource(
            "options", "the answer's share among all options, each scored", "Run with --score-options."
        ),
        ConfidenceSource(
            AGREEMENT, "the share of repeats that give the answer", "Run with --repeats 5 or so."
        ),
        ConfidenceSource("vision", "what the model says of having seen rightly", _PARTS),
        ConfidenceSource("reasoning", "what the model says of having reasoned rightly", _PARTS),
        ConfidenceSource(
            "combined_rank",
            "the mean of the ranks by the other sources",
            "",
            lambda confidences, _right, _images: mean_of_ranks(confidences),
            is_probability=False,
        ),
        ConfidenceSource(
            "combined_logistic",
            "a logistic regression on the other sources, cross-fitted",
            "",
            cross_fitted_logistic,
        ),
    )
}


def is_probability(name: str) -> bool:
    """Whether a source can be calibrated; one that is not known here can."""
    return name not in SOURCES or SOURCES[name].is_probability


def sources_in(rows: Iterable[Prediction]) -> tuple[str, ...]:
    """The sources that some row has, in the order of `SOURCES`, those of others behind."""
    rows = list(rows)
    there = {name for row in rows for name in stated_and_other(row)}
    if any(row.repeat for row in rows):
        there.add(AGREEMENT)
    return (*(name for name in SOURCES if name in there), *sorted(there - SOURCES.keys()))


def chosen_sources(asked: Iterable[str], rows: Sequence[Prediction]) -> tuple[str, ...]:
    """The sources that are asked for, each once; "all" stands for those that some row has.

    Raises:
        UsageError: There is no such source, no row has it, or there are not two to combine.
    """
    there = sources_in(rows)
    names = [name for each in asked for name in (there if each == EVERY else (each,))]
    chosen = tuple(dict.fromkeys(names))
    if not chosen:
        raise UsageError("--confidence: no row has a confidence of any source", SOURCES[STATED].remedy)
    known = (*SOURCES, *there, EVERY)
    for name in chosen:
        if name not in known:
            raise UsageError(f"--confidence: unknown source {name!r}", nearest(name, known))
        if name not in there and _combine(name) is None:
            raise UsageError(
                f"--confidence {name}: there is one answer to each sample"
                if name == AGREEMENT
                else f"--confidence {name}: no row has it",
                SOURCES[name].remedy,
            )
    parts, combined = parts_of(chosen), next(filter(_combine, chosen), None)
    if combined and len(parts) < 2:
        raise UsageError(
            f"--confidence {combined}: it takes two other sources or more, and there is {len(parts)}",
            f"Name them too: --confidence {','.join((*parts, *(set(there) - set(parts)), combined))}.",
        )
    return chosen


def parts_of(sources: Iterable[str]) -> tuple[str, ...]:
    """Of some sources those that are not combined of others."""
    return tuple(name for name in sources if _combine(name) is None)


def rows_by_source(
    rows: Sequence[Prediction], sources: Sequence[str], fitted: Collection[str]
) -> dict[str, list[Prediction]]:
    """Source → the rows with the confidence of that source; all in the same order.

    With "agreement" among the sources there is one row a sample, of all sources: see `agreement`.

    Args:
        rows: Of all tasks.
        sources: As `chosen_sources` returns them.
        fitted: Tasks whose answers are right or wrong: what is combined is combined of their rows.
    """
    if AGREEMENT in sources:
        rows = agreement(rows)
        values = [row.confidences for row in rows]
    else:
        values = [stated_and_other(row) for row in rows]
    columns = {name: [each.get(name) for each in values] for name in parts_of(sources)}
    whole = [
        place
        for place, row in enumerate(rows)
        if row.task in fitted and all(column[place] is not None for column in columns.values())
    ]
    found: dict[str, list[Prediction]] = {}
    for name in sources:
        column = columns.get(name)
        if column is None:
            column = _combined(name, list(columns.values()), rows, whole)
        found[name] = [with_confidence(row, value) for row, value in zip(rows, column, strict=True)]
    return found


def with_confidence(row: Prediction, confidence: float | None) -> Prediction:
    """A prediction with another confidence in the place of the stated one."""
    if confidence == row.reading.confidence:
        return row
    status: ConfidenceStatus = "missing" if confidence is None else "ok"
    return replace(row, reading=replace(row.reading, confidence=confidence, confidence_status=status))


def _combine(name: str) -> Combine | None:
    return SOURCES[name].combine if name in SOURCES else None


def _combined(
    name: str, columns: Sequence[Sequence[float | None]], rows: Sequence[Prediction], whole: Sequence[int]
) -> list[float | None]:
    """One confidence a row; None where a part is missing or nothing could be fitted."""
    made: list[float | None] = [None] * len(rows)
    combine = _combine(name)
    if combine is None or not whole:
        return made
    parts = np.array([[column[place] for column in columns] for place in whole], dtype=np.float64)
    right = np.array([rows[place].correct for place in whole], dtype=np.bool_)
    found = combine(parts, right, [rows[place].image_key for place in whole])
    for place, value in zip(whole, found.tolist(), strict=True):
        made[place] = None if np.isnan(value) else value
    return made
