"""A leaderboard as one self-contained HTML page: sortable, and without any request."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from vecbench.leaderboard.entry import RowMetrics
from vecbench.leaderboard.ranking import RANKED
from vecbench.leaderboard.standings import (
    BADGES,
    COLUMNS,
    OVERALL,
    Column,
    Leaderboard,
    Standing,
    is_conditional,
)
from vecbench.leaderboard.tables import cell, decoding, heading, interval, percent, rank, unchecked

RANKED_COLUMNS = [column for column in COLUMNS if column.measure in RANKED]
_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    small: str
    key: str
    classes: str
    ranks: str = ""


@dataclass(frozen=True, slots=True)
class _TaskHead:
    """A column of a task; `across`: whether it is also shown for all tasks side by side."""

    metric: str
    heading: str
    better: str
    across: bool


def html_page(board: Leaderboard) -> str:
    """The page's text.

    Names, links and notes come from strangers: all are escaped, and a content security policy lets nothing
    run or load but the page's own script and style, named by their hashes.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
    )
    ranked = int(board.has_ranks)
    # Filled by us with numbers only, so nothing in it needs escaping.
    style = Markup(
        environment.get_template("page.css").render(
            blocks=list(range(len(board.blocks))),
            main_columns=ranked + sum(column.main for column in COLUMNS),
            all_columns=ranked + len(COLUMNS),
        )
    )
    script = Markup((_FOLDER / "page.js").read_text(encoding="utf-8"))
    task_heads = _task_heads(board)
    return (
        environment.get_template("page.html.jinja").render(
            board=board,
            count={badge: len(board.of_badge(badge)) for badge in BADGES},
            groups=[{"name": name, "main": block != OVERALL} for block, name in board.blocks.items()],
            heads=list(_heads(board)),
            measures=[heading(column) for column in RANKED_COLUMNS],
            task_heads=task_heads,
            task_heads_json=json.dumps(
                [{"heading": head.heading, "better": head.better} for head in task_heads]
            ),
            task_groups=_task_groups(board),
            rows=[_row(each, board, task_heads) for each in board.standings],
            style=style,
            style_hash=_hash(style),
            script=script,
            script_hash=_hash(script),
        )
        + "\n"
    )


def _columns(board: Leaderboard) -> Iterator[tuple[str, Column | None, str]]:
    """(block, column, classes) of all columns but the entry's own; None for that of the ranks, if any."""
    columns = [None, *COLUMNS] if board.has_ranks else [*COLUMNS]
    for place, block in enumerate(board.blocks):
        for number, column in enumerate(columns):
            yield block, column, _classes(place, block, column) + " block" * (number == 0)


def _heads(board: Leaderboard) -> Iterator[dict[str, str | int | None]]:
    for _, column, classes in _columns(board):
        if column is None:
            yield {
                "heading": "Rank",
                "aggregate": heading(RANKED_COLUMNS[0]),
                "better": "lower",
                "title": "ranks among entries of one kind, in the column that the table is sorted by",
                "classes": classes,
                "measure": None,
            }
        else:
            yield {
                "heading": column.heading,
                "aggregate": column.aggregate,
                "better": column.better,
                "title": f"{column.metric}, {column.aggregate}; {column.better} is better",
                "classes": classes,
                "measure": RANKED_COLUMNS.index(column) if column in RANKED_COLUMNS else None,
            }


def _task_heads(board: Leaderboard) -> list[_TaskHead]:
    """The columns of a task: those that any entry has; none without tasks."""
    known = {
        metric for each in board.standings for rows in each.entry.tasks.values() for metric in rows.metrics
    }
    columns = [column for column in COLUMNS if column.aggregate == "pooled" and column.metric in known]
    heads = [
        _TaskHead(column.metric, column.heading, column.better, column.metric != "coverage")
        for column in columns
    ]
    return [*heads, _TaskHead("n", "n", "", False)] if heads else []


def _task_groups(board: Leaderboard) -> list[dict[str, object]]:
    places = {task: place for place, task in enumerate(board.tasks)}
    return [
        {
            "name": board.blocks[group],
            "tasks": [{"place": places[task], "name": board.tasks[task]} for task in tasks],
        }
        for group, tasks in board.members.items()
    ]


def _classes(place: int, block: str, column: Column | None) -> str:
    names = ["n", f"g{place}"]
    if column is None:
        names.append("rank")
    if block == OVERALL or (column is not None and not column.main):
        names.append("minor")
    return " ".join(names)


def _row(standing: Standing, board: Leaderboard, task_heads: Sequence[_TaskHead]) -> dict[str, object]:
    entry = standing.entry
    return {
        "badge": entry.badge,
        "unchecked": unchecked(standing),
        "name": entry.model.name,
        "link": entry.model.link,
        "revision": entry.model.revision,
        "cells": list(_cells(standing, board)),
        "date": entry.date or "–",
        "decoding": decoding(entry.decoding) or "–",
        "prompt": ", ".join(entry.prompts) or "–",
        "source": entry.source.name,
        "source_link": entry.source.link,
        "notes": entry.notes,
        "tasks": ";".join(_task_cells(entry.tasks.get(task), task_heads) for task in board.tasks)
        if entry.tasks
        else "",
    }


def _task_cells(rows: RowMetrics | None, heads: Sequence[_TaskHead]) -> str:
    """What the script makes a task's cells of: "value~interval", set apart by commas; empty if unknown."""
    if rows is None:
        return ""
    texts = []
    for head in heads:
        value = rows.metrics.get(head.metric)
        if head.metric == "n":
            texts.append("" if rows.n is None else str(rows.n))
        elif value is None:
            texts.append("")
        else:
            between = interval(value)
            mark = "*" * is_conditional(rows, head.metric)
            texts.append(percent(value) + mark + (f"~{between}" if between else ""))
    return ",".join(texts)


def _cells(standing: Standing, board: Leaderboard) -> Iterator[_Cell]:
    for block, column, classes in _columns(board):
        if column is None:
            ranges = [standing.rank(block, each.measure) for each in RANKED_COLUMNS]
            # Ranges sort by their better end, then by their worse one.
            key = "" if ranges[0] is None else f"{ranges[0][0] + ranges[0][1] / 1e6:.6f}"
            ranks = " ".join(map(rank, ranges)) if any(ranges) else ""
            yield _Cell(rank(ranges[0]), "", key, classes, ranks)
        else:
            value = standing.value(block, column)
            number = "" if value is None else f"{value.value:.6g}"
            yield _Cell(cell(standing, block, column), interval(value), number, classes)


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
