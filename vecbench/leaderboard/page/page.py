"""A leaderboard as one self-contained HTML page: sortable, and without any request."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from vecbench.leaderboard.standings import COLUMNS, OVERALL, Column, Leaderboard, Standing
from vecbench.leaderboard.tables import cell, decoding, interval, rank

_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    small: str
    key: str
    classes: str


def html_page(board: Leaderboard) -> str:
    """The page's text.

    Names, links and notes come from strangers: all are escaped, and a content security policy lets nothing
    run or load but the page's own script and style, named by their hashes.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
    )
    # Filled by us with numbers only, so nothing in it needs escaping.
    style = Markup(
        environment.get_template("page.css").render(
            blocks=list(range(len(board.blocks))),
            main_columns=1 + sum(column.main for column in COLUMNS),
            all_columns=1 + len(COLUMNS),
        )
    )
    script = Markup((_FOLDER / "page.js").read_text(encoding="utf-8"))
    return (
        environment.get_template("page.html.jinja").render(
            board=board,
            count={kind: len(board.of_kind(kind)) for kind in ("verified", "reported")},
            groups=[{"name": name, "main": block != OVERALL} for block, name in board.blocks.items()],
            heads=[head for place, block in enumerate(board.blocks) for head in _heads(place, block)],
            rows=[_row(each, board) for each in board.standings],
            style=style,
            style_hash=_hash(style),
            script=script,
            script_hash=_hash(script),
        )
        + "\n"
    )


def _heads(place: int, block: str) -> list[dict[str, str]]:
    first = {
        "heading": "Rank",
        "aggregate": "in acc",
        "better": "lower",
        "title": "Range of ranks in pooled accuracy, among entries of the same kind",
        "classes": _classes(place, block, None),
    }
    return [first] + [
        {
            "heading": column.heading,
            "aggregate": column.aggregate,
            "better": column.better,
            "title": f"{column.metric}, {column.aggregate}; {column.better} is better",
            "classes": _classes(place, block, column),
        }
        for column in COLUMNS
    ]


def _classes(place: int, block: str, column: Column | None) -> str:
    names = ["n", f"g{place}"]
    if column is None:
        names.append("block")
    if block == OVERALL or (column is not None and not column.main):
        names.append("minor")
    return " ".join(names)


def _row(standing: Standing, board: Leaderboard) -> dict[str, object]:
    entry = standing.entry
    return {
        "kind": entry.kind,
        "name": entry.model.name,
        "link": entry.model.link,
        "revision": entry.model.revision,
        "cells": [
            cell for place, block in enumerate(board.blocks) for cell in _cells(standing, place, block)
        ],
        "date": entry.date or "–",
        "decoding": decoding(entry.decoding) or "–",
        "prompt": ", ".join(entry.prompts) or "–",
        "source": entry.source.name,
        "source_link": entry.source.link,
        "notes": entry.notes,
    }


def _cells(standing: Standing, place: int, block: str) -> list[_Cell]:
    range_ = standing.ranks.get(block)
    # Ranges sort by their better end, then by their worse one.
    key = "" if range_ is None else f"{range_[0] + range_[1] / 1e6:.6f}"
    cells = [_Cell(rank(range_), "", key, _classes(place, block, None))]
    for column in COLUMNS:
        value = standing.value(block, column)
        number = "" if value is None else f"{value.value:.6g}"
        cells.append(
            _Cell(cell(standing, block, column), interval(value), number, _classes(place, block, column))
        )
    return cells


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
