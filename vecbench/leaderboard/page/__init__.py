"""A leaderboard as one self-contained HTML page: sortable, and without any request."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from vecbench.leaderboard.columns import BoardColumn
from vecbench.leaderboard.control_columns import CONTROL_COLUMNS, ControlColumn, control_columns
from vecbench.leaderboard.overview import LEGEND, Overview, heading, small
from vecbench.leaderboard.parts import Part
from vecbench.leaderboard.standings import BADGES, CONDITIONAL, Leaderboard, Standing, is_conditional
from vecbench.leaderboard.tables import (
    UNKNOWN,
    beside,
    bound,
    cell,
    decoding,
    interval,
    printed,
    rank,
    unchecked,
)
from vecbench.report.columns import in_words, unscaled
from vecbench.scoring.scores import Pool

_FOLDER = Path(__file__).resolve().parent


def html_page(board: Leaderboard) -> str:
    """The page's text.

    Names, links and notes come from strangers: all are escaped, and a content security policy lets nothing
    run or load but the page's own script and style, named by their hashes.
    """
    environment = _environment()
    environment.globals |= {"better": _better, "decoding": decoding, "unchecked": unchecked}
    tested = (column for column in board.columns if column.test is not None)
    # The page begins with the ranks of the first of these that any entry has one in.
    ranked = sorted(tested, key=lambda column: not _has_ranks(board, column))
    columns = list(_columns(board))
    shown = Counter(block for block, _, _ in columns)
    main = Counter(block for block, _, classes in columns if "minor" not in classes.split())
    groups = [
        {"place": place, "name": name, "shown": shown[block], "main": main[block]}
        for place, (block, name) in enumerate(board.blocks.items())
        if shown[block]
    ]
    # Filled by us with numbers only, so nothing in it needs escaping.
    style = Markup(environment.get_template("page.css").render(groups=groups, width=_width(board, groups)))
    script = Markup((_FOLDER / "page.js").read_text(encoding="utf-8"))
    by_metric = {column.metric.key: column for column in reversed(board.columns)}
    each_once = [column for column in board.columns if column is by_metric[column.metric.key]]
    places = {part: place for place, part in enumerate(itertools.chain(*board.parts.values()))}
    said = [rows for each in board.standings for part in places if (rows := part.rows(each.entry))]
    known = {key for rows in said for key in rows.metrics}
    of_tasks = [column for column in each_once if column.metric.key in known]
    task_heads = [{"heading": each.metric.heading, "better": _better(each)} for each in of_tasks]
    page = environment.get_template("page.html.jinja").render(
        board=board,
        count={badge: len(board.of_badge(badge)) for badge in BADGES},
        groups=groups,
        unknown=UNKNOWN,
        columns=columns,
        ranked=ranked,
        task_columns=of_tasks,
        task_heads=json.dumps([*task_heads, {"heading": "n", "better": ""}] if of_tasks else []),
        parts={group: [(places[part], part.name) for part in each] for group, each in board.parts.items()},
        cells=lambda standing: _cells(standing, columns, ranked),
        task_cells=lambda standing: ";".join(_task_cells(standing, part, of_tasks) for part in places),
        marks=board.marks,
        control_columns=CONTROL_COLUMNS if board.has_controls else (),
        unranked=in_words(column.heading for column in board.columns if column.test is None),
        unscaled=unscaled(board.columns),
        metrics=[column.metric for column in each_once],
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
    )
    return page + "\n"


def _width(board: Leaderboard, groups: Sequence[Mapping[str, Any]]) -> float:
    """Of the columns of numbers, in rem: for the longest word above one of them."""
    names = [each["name"] for each in groups if 1 in {each["main"], each["shown"]}]
    words = " ".join([*names, *(column.metric.heading for column in board.columns)]).split()
    # What a control shows is said in words below a value.
    return max(5.6 if board.has_controls else 4.6, round(0.62 * max(map(len, words)), 1))


def overview_page(found: Overview) -> str:
    """The text of the page across leaderboards, which has no script; escaped and closed like theirs."""
    environment = _environment()
    style = Markup(environment.get_template("overview.css").render())
    page = environment.get_template("overview.html.jinja").render(
        found=found, heading=heading, small=small, printed=printed, unknown=UNKNOWN, legend=LEGEND,
        style=style, style_hash=_hash(style),
    )  # fmt: skip
    return page + "\n"


def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(_FOLDER)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def _has_ranks(board: Leaderboard, column: BoardColumn) -> bool:
    return any(each.rank(block, column) for each in board.standings for block in board.blocks)


_Column = BoardColumn | ControlColumn | None
"""None stands for the column of the ranks."""


def _columns(board: Leaderboard) -> Iterator[tuple[Pool, _Column, str]]:
    """(block, column, classes) of the columns that any entry has something in, but for the entry's own."""
    for place, block in enumerate(board.blocks):
        columns: list[_Column] = [
            column
            for column in board.columns_of[block]
            if any(each.value(block, column) for each in board.standings)
        ]
        if any(range_ for each in board.standings for range_ in each.ranks[block].values()):
            columns.insert(0, None)
        columns += control_columns(board.standings, block)
        for number, column in enumerate(columns):
            names = ["n", f"g{place}"]
            if column is None:
                names.append("rank")
            if block.group is None or (column is not None and not column.is_main):
                names.append("minor")
            if number == 0:
                names.append("block")
            yield block, column, " ".join(names)


def _better(column: BoardColumn) -> str:
    """What is sorted to the top first."""
    return column.metric.better or "higher"


def _task_cells(standing: Standing, part: Part, columns: Sequence[BoardColumn]) -> str:
    """What the script makes a part's cells of: "value~interval~bound", set apart by commas.

    What a cell does not have is left out; all of it if the entry says nothing of the part.
    """
    rows = part.rows(standing.entry)
    if rows is None:
        return ""
    texts = []
    for column in columns:
        value = rows.metrics.get(column.metric.key)
        mark = CONDITIONAL * is_conditional(rows, column.metric)
        worst = None if part.column else standing.worst(part.of, column.metric, value)
        small = (interval(value, column), bound(worst, column))
        text = "~".join([printed(value, column) + mark, *filter(None, small)])
        texts.append("" if value is None else text)
    return ",".join([*texts, "" if rows.n is None else str(rows.n)])


def _cells(
    standing: Standing, columns: Sequence[tuple[Pool, _Column, str]], ranked: Sequence[BoardColumn]
) -> Iterator[tuple[str, str, Sequence[str], str, str]]:
    """(classes, text, small texts, what it is sorted by, its ranks by measure) of an entry's cells."""
    for block, column, classes in columns:
        if column is None:
            ranges = [standing.rank(block, each) for each in ranked]
            # Ranges sort by their better end, then by their worse one.
            key = "" if ranges[0] is None else f"{ranges[0][0] + ranges[0][1] / 1e6:.6f}"
            ranks = " ".join(map(rank, ranges)) if any(ranges) else ""
            yield classes, rank(ranges[0]), (), key, ranks
            continue
        if isinstance(column, ControlColumn):
            value, small = column.value(standing, block), column.beside(standing, block)
            text = column.cell(standing, block) or UNKNOWN
        else:
            value, small = standing.value(block, column), beside(standing, block, column)
            text = cell(standing, block, column)
        yield classes, text, small, "" if value is None else f"{value.value:.6g}", ""


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
