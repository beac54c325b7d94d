"""Sources of confidence as the report shows them: a table of each scope, and the values of each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vecbench.answers import known_metrics
from vecbench.parsing import Prediction
from vecbench.report.columns import Column
from vecbench.report.source_tables import (
    difference_table,
    differing_columns,
    scopes_of,
    source_columns,
    source_table,
)
from vecbench.report.tables import ScoreTable
from vecbench.scoring import Scores
from vecbench.scoring.agreement import AGREEMENT, stated_and_other
from vecbench.scoring.scores import STATED


def source_names(scores: Scores) -> list[str]:
    """The sources that were held against each other; stated confidences alone where none were."""
    return list({name: None for _, _, each in scopes_of(scores) for name in each.scores}) or [STATED]


def source_entries(scores: Scores) -> list[dict[str, Any]]:
    """`sources` of an overview: of each scope, a line a source, and a line for what two of them differ in."""
    shown = source_columns(scores)
    if not shown:
        return []
    among = differing_columns(shown)
    lines: dict[str, list[list[Any]]] = {}
    scored = source_table(scores, shown, intervals=True)
    differing = difference_table(scores, among, intervals=True)
    for table, columns in ((scored, shown), (differing, among)):
        _add(lines, table, columns, (*shown, among[-1]))
    heads = [_head(column) for column in (*shown, among[-1])]
    entries: list[dict[str, Any]] = [
        {"name": name, "columns": heads, "rows": rows} for name, rows in lines.items()
    ]
    entries[-1]["notes"] = [*scored.notes, *differing.notes]
    return entries


def _add(
    lines: dict[str, list[list[Any]]], table: ScoreTable, columns: Sequence[Column], every: Sequence[Column]
) -> None:
    for name, block in table.blocks:
        for line in block:
            cells = dict(zip((column.key for column in columns), line.cells, strict=True))
            lines.setdefault(name, []).append([line.name, [_cell(cells.get(each.key, "")) for each in every]])


def _head(column: Column) -> dict[str, str]:
    known = known_metrics()
    described = known[column.key].description if column.key in known else "Spearman's rank correlation."
    return {"heading": column.heading, "description": described}


def _cell(text: str) -> dict[str, Any]:
    """A cell of a table in text, apart: value, ends of its interval, mark."""
    value, _, rest = text.partition(" [")
    ends = rest.partition("]")[0].split(", ") if rest else [None, None]
    bare = value.rstrip("*‡§")
    return {"text": bare, "mark": value[len(bare) :], "low": ends[0], "high": ends[1]}


def confidences_of(
    rows: Sequence[Prediction | None], every: Sequence[Prediction], names: Sequence[str]
) -> dict[str, list[float | None]]:
    """Source → the confidence of each row, None where it has none.

    The agreement of an answer is the share of all repeats that give it.

    Args:
        rows: Those that are shown.
        every: All of the run.
        names: Of sources.
    """
    shares: Mapping[Any, float] = {}
    if AGREEMENT in names:
        asked = Counter((row.task, row.sample_id) for row in every)
        given = Counter((row.task, row.sample_id, row.reading.answer) for row in every)
        shares = {key: n / asked[key[:2]] for key, n in given.items() if key[2] is not None}

    def value(row: Prediction | None, name: str) -> float | None:
        if row is None:
            return None
        if name == AGREEMENT:
            return shares.get((row.task, row.sample_id, row.reading.answer))
        return stated_and_other(row).get(name)

    return {name: [value(row, name) for row in rows] for name in names}
