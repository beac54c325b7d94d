"""Confidences and whether they were right, as somebody has them in arrays, as scores."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from vecbench.answers import Label
from vecbench.metrics.bootstrap import LEVEL, REPLICATES, SEED
from vecbench.metrics.catalogue import JUDGED_METRICS
from vecbench.metrics.definition import Metric
from vecbench.parsing import Prediction, Reading
from vecbench.scoring.protocols import STRICT
from vecbench.scoring.row_scores import SetScorer
from vecbench.scoring.scores import OVERALL, GroupScores, Scores


class _Judged(Label):
    """Answers of which no more is known than whether they are right."""

    name: ClassVar[str] = "judged"
    metrics: ClassVar[Sequence[Metric]] = JUDGED_METRICS
    has_confusion: ClassVar[bool] = False


def confidence_scores(
    confidence: Iterable[float | None],
    correct: Iterable[bool],
    images: Iterable[Hashable] | None = None,
    *,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Scores:
    """The scores of rows of which confidence and correctness are known; see `vecbench.score_confidences`."""
    stated = [_confidence(place, value) for place, value in enumerate(_values("confidence", confidence))]
    right = [_correct(place, value) for place, value in enumerate(_values("correct", correct))]
    _require_length("correct", right, stated)
    shown: Sequence[str | None] = [None] * len(stated)
    if images is not None:
        shown = _image_keys(_values("images", images))
        _require_length("images", shown, stated)
    if not stated:
        raise ValueError("there are no rows to score: confidence is empty")
    if replicates < 0:
        raise ValueError(f"replicates are {replicates}; at least 0 are possible")
    rows = [
        _prediction(place, *values) for place, values in enumerate(zip(stated, right, shown, strict=True))
    ]
    scorer = SetScorer({OVERALL: rows}, {OVERALL: _Judged()}, {}, replicates, seed)
    intervals: dict[str, Any] = {"level": LEVEL, "replicates": replicates, "seed": seed}
    if scorer.is_condensed(OVERALL):
        intervals["condensed"] = [OVERALL]
    pooled = scorer.scores(OVERALL)
    return Scores(STRICT.name, {}, {}, {}, GroupScores((), (), pooled, {}), intervals=intervals)


def _prediction(place: int, confidence: float | None, right: bool, image: str | None) -> Prediction:
    reading = Reading("", "ok", confidence, "missing" if confidence is None else "ok")
    name = str(place)
    return Prediction(name, OVERALL, name, 0, "", (), reading, image, judged=right, kind=_Judged.name)


def _values(name: str, given: Any) -> list[Any]:
    """The entries of a list, array, Series or tensor, as Python's own values."""
    if getattr(given, "ndim", 1) != 1:
        raise ValueError(f"{name} has {given.ndim} dimensions; it takes one, with one entry a row")
    return list(given.tolist() if hasattr(given, "tolist") else given)


def _require_length(name: str, values: Sequence[object], stated: Sequence[object]) -> None:
    if len(values) != len(stated):
        raise ValueError(
            f"confidence has {len(stated):,} entries and {name} {len(values):,}: one entry a row is expected"
        )


def _is_missing(value: object) -> bool:
    """Whether it is None, nan or pandas.NA; without pandas, which may not be there."""
    return (
        value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ == "NAType"
    )


def _confidence(place: int, value: object) -> float | None:
    if _is_missing(value):
        return None
    where = f"confidence, row {place} (from 0), is {value!r:.60}"
    if isinstance(value, bool | np.bool_):
        raise ValueError(f"{where}: it takes numbers; are confidence and correct swapped?")
    if not isinstance(value, Real):
        raise ValueError(f"{where}: it takes numbers")
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError(f"{where}: it must lie in [0, 1]; divide percent by 100")
    return number


def _correct(place: int, value: object) -> bool:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise ValueError(
        f"correct, row {place} (from 0), is {value!r:.60}: it takes True and False; compare labels first, "
        "answers == targets, and make 0 and 1 boolean, correct.astype(bool)"
    )


def _image_keys(images: Sequence[Any]) -> list[str | None]:
    """A name for each image, equal for equal ones; None for a row whose image is unknown.

    The names are in the order of what can be sorted, so that the order of the rows makes no difference.
    """
    for place, image in enumerate(images):
        try:
            hash(image)
        except TypeError:
            raise ValueError(
                f"images, row {place} (from 0), is {image!r:.60}: it takes what can be hashed, such as a "
                "name, a number or a tuple"
            ) from None
    known = dict.fromkeys(image for image in images if not _is_missing(image))
    try:
        ordered = sorted(known)
    except TypeError:
        ordered = list(known)
    names = {image: f"{number:09d}" for number, image in enumerate(ordered)}
    return [None if _is_missing(image) else names[image] for image in images]
