"""The rows of the report as columns, each text once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vecbench.answers import answer_text
from vecbench.parsing import Prediction
from vecbench.parsing.prediction import ANSWER_STATUSES, CONFIDENCE_STATUSES
from vecbench.viewer.said import Said
from vecbench.viewer.sides import Key, ScoredRun, key_of
from vecbench.viewer.sources import confidences_of, source_names

VERDICTS = ("right", "wrong", "unread", "not judged")


def coded(texts: Iterable[str | None], values: Sequence[str] = ()) -> dict[str, Any]:
    """A column of texts: its values, those given first, and each row's place among them; −1 for None."""
    place: dict[str, int] = {value: number for number, value in enumerate(values)}
    codes = [-1 if text is None else place.setdefault(text, len(place)) for text in texts]
    return {"values": list(place), "codes": codes}


def columns(
    rows: Sequence[Prediction], tasks: Sequence[str], thumbnails: Sequence[str | None]
) -> dict[str, Any]:
    """The columns that all runs of a report have in common.

    Args:
        rows: Of the first run.
        tasks: Ids, in the report's order.
        thumbnails: The address of the first image's, of each row.
    """
    place = {name: number for number, name in enumerate(tasks)}
    names = dict.fromkeys(name for row in rows for name in row.attributes)
    return {
        "id": [row.sample_id for row in rows],
        "task": [place[row.task] for row in rows],
        "repeat": [row.repeat for row in rows],
        "attributes": {name: coded(row.attributes.get(name) for row in rows) for name in names},
        "target": coded(answer_text(row.target) for row in rows),
        "thumb": coded(thumbnails),
    }


def columns_of_run(
    side: ScoredRun, keys: Sequence[Key], by_key: Mapping[Key, Prediction], said: Mapping[Key, Said]
) -> dict[str, Any]:
    """The columns of one run; where it has no row of a key, nothing is known and `missing` is 1."""
    rows = [by_key.get(key) for key in keys]
    shares = _shares(side, [row for row in rows if row is not None])
    judged = [None if row is None else _verdict(side, row) for row in rows]
    responses = [said.get(key) for key in keys]
    return {
        "answer": coded(_answer(row) for row in rows),
        "right": [_right(row, verdict, shares) for row, verdict in zip(rows, judged, strict=True)],
        "verdict": coded(judged, VERDICTS),
        "confidence": confidences_of(rows, side.complete.rows, source_names(side.complete.scores)),
        "answer_status": coded(
            (None if row is None else row.reading.answer_status for row in rows), ANSWER_STATUSES
        ),
        "confidence_status": coded(
            (None if row is None else row.reading.confidence_status for row in rows), CONFIDENCE_STATUSES
        ),
        "finish_reason": coded(None if row is None else row.finish_reason for row in rows),
        "error": coded(None if each is None else each.error for each in responses),
        "tokens": [[None if each is None else each.tokens[k] for each in responses] for k in range(3)],
        "length": [0 if each is None else each.length for each in responses],
        "missing": [int(row is None) for row in rows],
    }


def _answer(row: Prediction | None) -> str | None:
    return None if row is None or row.reading.answer is None else answer_text(row.reading.answer)


def _verdict(side: ScoredRun, row: Prediction) -> str:
    if side.why_dropped(row) is not None:
        return "not judged"
    if not row.reading.is_read:
        return "unread"
    if not side.kind_of(row).judges:
        return "not judged"
    return "right" if row.correct else "wrong"


def _right(row: Prediction | None, verdict: str | None, shares: Mapping[Key, float]) -> float | None:
    """What a row's confidence is held against: 1, 0, or the share of raters who agree with its answer."""
    if row is None or verdict == "not judged":
        return None
    share = shares.get(key_of(row))
    if share is not None:
        return None if math.isnan(share) else round(share, 6)
    return int(row.correct)


def _shares(side: ScoredRun, rows: Sequence[Prediction]) -> dict[Key, float]:
    """The share of raters who agree, of rows of kinds that have such."""
    of_task: dict[tuple[str, str], list[Prediction]] = {}
    for row in rows:
        of_task.setdefault((row.task, row.kind), []).append(row)
    found: dict[Key, float] = {}
    for listed in of_task.values():
        kind = side.kind_of(listed[0])
        if kind.has_shares:
            hits = kind.columns(listed)["expected_hit"].tolist()
            found |= {key_of(row): hit for row, hit in zip(listed, hits, strict=True)}
    return found
