"""A leaderboard as Markdown, CSV and LaTeX."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from vecbench.answers import known_metrics
from vecbench.escaping import in_latex, in_markdown
from vecbench.leaderboard.columns import BoardColumn
from vecbench.leaderboard.control_columns import (
    CONTROL_COLUMNS,
    ControlColumn,
    control_columns,
    csv_rows,
)
from vecbench.leaderboard.entry import CHECKS, Badge, Checked, Decoding, RowMetrics
from vecbench.leaderboard.parts import Part
from vecbench.leaderboard.ranking import Range
from vecbench.leaderboard.standings import BADGES, Leaderboard, Standing
from vecbench.leaderboard.value import Value
from vecbench.report.columns import unscaled
from vecbench.report.latex import latex_tabular
from vecbench.scoring.scores import HEADLINE, OVERALL, Pool

HEADINGS: Mapping[Badge, str] = {
    "verified": "Verified: recomputed here from the responses, samples checked against the data",
    "scores only": "Scores only: recomputed here from the responses, samples not checked against the data",
    "reported": "Reported: published numbers, not recomputed",
}
CSV_COLUMNS = (
    *("entry", "model", "kind", "date", "level", "name", "aggregate", "metric", "value", "low", "high"),
    *("worst", "n", "correct", "rank_best", "rank_worst", "below"),
)
UNKNOWN = "–"
Shown = TypeVar("Shown")


def _legend(board: Leaderboard) -> str:
    """What the Markdown tables show and how."""
    return (
        f"All values × 100{unscaled(board.columns)}. **macro** is the unweighted mean of a group's tasks; "
        "all other values are over its rows, **pooled**. **Rank in** a column is the range of ranks, among "
        "entries of the same kind, that the data leave open: models whose difference in it is not "
        "significant (5 %, Holm over all pairs) share a rank; the CSV has the ranks in other columns, and "
        "every task's values. Rows without a confidence count at their worst case in ranks and, where there "
        "are any, ≤ or ≥ says what a value is then. "
        + "Baselines are computed from the targets. " * bool(board.baselines)
        + " ".join(f"{in_markdown(mark)} {text}." for mark, text in board.marks.items())
        + _OF_CONTROLS * board.has_controls
        + " – means unknown or undefined."
    )


_OF_CONTROLS = (
    " **Control** is a run of the same without the image: its accuracy, what mean confidence falls by, with "
    "its interval, and how often an answer to the image has more confidence than one to the control (AUROC; "
    "at 50 it cannot tell)."
)


def markdown_page(board: Leaderboard) -> str:
    """The text of a leaderboard's README.md."""
    parts = [
        f"# {in_markdown(board.display)} leaderboard\n",
        "Made by `vecbench leaderboard build` from `entries/`; do not edit. The same numbers: "
        "[sortable page](index.html), [CSV](leaderboard.csv), [LaTeX](leaderboard.tex).\n",
        _legend(board) + "\n",
    ]
    for badge in BADGES:
        if not board.of_badge(badge):
            continue
        parts.append(f"## {HEADINGS[badge]}\n")
        for block, display in board.blocks.items():
            standings = board.of_badge(badge, block)
            shown = [each for each in standings if any(each.value(block, of) for of in board.columns)]
            if shown:
                if badge == board.baselines_among:
                    shown += [each for each in board.baselines if each.has(block)]
                there = [of for of in board.columns_of[block] if any(each.value(block, of) for each in shown)]
                table = _markdown_table(shown, block, there)
                parts += [f"### {in_markdown(display)}\n", table, *_markdown_parts(board, shown, block)]
        parts += ["### About the entries\n", _markdown_facts(board.of_badge(badge))]
    return "\n".join(parts)


def csv_text(board: Leaderboard) -> str:
    """Every number as a fraction, one row an entry, task or group, aggregate and metric."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    heads = [*CSV_COLUMNS, *(["verdict"] if board.has_controls else [])]
    writer.writerow(heads)
    headlines = {column.metric.key for column in board.columns if column.is_headline}
    for each in (*board.standings, *board.baselines):
        entry = each.entry
        head = (each.name, entry.model.name, each.badge, entry.date)
        parts: list[tuple[str, Pool | str, str, RowMetrics | None, Mapping[str, Value]]] = [
            ("task", task, "rows", rows, rows.metrics) for task, rows in entry.tasks.items()
        ]
        for block in board.blocks:
            level, scores = "group" if block.group else OVERALL, entry.scores(block)
            parts.append((level, block, "pooled", scores.pooled, scores.pooled.metrics))
            parts.append((level, block, "macro", None, scores.macro))
        for part in itertools.chain.from_iterable(board.parts.values()):
            if part.column and (of_part := part.rows(entry)):
                level = HEADLINE if part.column == HEADLINE else f"subset {part.column}"
                parts.append((level, part.name, "rows", None, of_part.metrics))
        for label, number in entry.further.items():
            writer.writerow(_filled([*head, "further", label, "", "", number], heads))
        for level, name, aggregate, rows, metrics in parts:
            n, correct = (rows.n, rows.correct) if rows else (None, None)
            shown = name if isinstance(name, str) else name.group or OVERALL
            for metric, value in metrics.items():
                ranks, below = (
                    ({}, ())
                    if isinstance(name, str)
                    else (each.ranks.get(name, {}), each.below.get(name, ()))
                )
                best, worst = ranks.get((metric, aggregate)) or (None, None)
                bound = each.worst(name, known_metrics()[metric], value) if rows else None
                behind = "; ".join(below) if rows and metric in headlines else None
                numbers = (value.value, value.low, value.high, bound, n, correct, best, worst, behind)
                written = (*head, level, shown, aggregate, metric, *numbers)
                writer.writerow(_filled(written, heads))
        writer.writerows(_filled([*head, *row], heads) for row in csv_rows(each, board.blocks))
    return stream.getvalue()


def _filled(written: Iterable[object], heads: Sequence[str]) -> list[object]:
    """A line as wide as its heading, with nothing where something is unknown."""
    known = ["" if part is None else part for part in written]
    return known + [""] * (len(heads) - len(known))


def latex_tables(board: Leaderboard) -> str:
    """The groups' main columns of the entries of each badge, their ranks and their controls; booktabs."""
    groups = {block: name for block, name in board.blocks.items() if block.group is not None}
    main = {
        in_latex(each.heading) + (r" (\%)" if each.metric.unit == "share" else ""): each
        for each in board.columns
        if each.is_main
    }
    parts = []
    for badge in BADGES:
        standings = board.of_badge(badge)

        if badge == board.baselines_among:
            standings = [*standings, *board.baselines]
        if standings:
            parts.append(_latex_table(HEADINGS[badge], standings, groups, main, cell))
        ranked = {in_latex(each.heading): each for each in _ranked(standings, groups, board.columns)}
        if ranked:
            title = f"{badge.capitalize()}: ranks by column"
            parts.append(_latex_table(title, standings, groups, ranked, _rank_cell))
        models = board.of_badge(badge)
        if any(each.entry.control for each in models):
            title = f"{badge.capitalize()}: controls"
            parts.append(_latex_table(title, models, groups, _latex_controls(), _control_cell))
    return "\n".join(parts)


def _latex_table(
    title: str,
    standings: Sequence[Standing],
    groups: Mapping[Pool, str],
    columns: Mapping[str, Shown],
    text: Callable[[Standing, Pool, Shown], str],
) -> str:
    """The columns of each group that any of the entries has there; groups without one are left out."""
    cells: dict[tuple[Pool, str], list[str]] = {
        (block, head): [text(each, block, column) for each in standings]
        for block, (head, column) in itertools.product(groups, columns.items())
    }
    there = {place: shown for place, shown in cells.items() if {*shown} != {UNKNOWN}}
    heads = [(name, [head for of, head in there if of == block]) for block, name in groups.items()]
    lines = zip((each.entry.model.name for each in standings), *there.values(), strict=True)
    written = [[in_latex(part) for part in line] for line in lines]
    return f"% {title}\n" + latex_tabular([each for each in heads if each[1]], written)


def _latex_controls() -> dict[str, ControlColumn]:
    return {in_latex(each.heading) + r" (\%)": each for each in CONTROL_COLUMNS}


def _control_cell(standing: Standing, block: Pool, column: ControlColumn) -> str:
    fall = column.value(standing, block) if column.is_fall else None
    return (column.cell(standing, block) or UNKNOWN) + ("" if fall is None else f" {column.interval(fall)}")


def printed(value: Value | None, column: BoardColumn) -> str:
    """A share × 100 with two decimals, as the papers print; another number with three; "–" for None."""
    if value is None:
        return UNKNOWN
    return f"{column.metric.scale * value.value:.{2 if column.metric.unit == 'share' else 3}f}"


def cell(standing: Standing, block: Pool, column: BoardColumn) -> str:
    """The cell's value, with its `MARKS`."""
    text = printed(standing.value(block, column), column)
    return text if text == UNKNOWN else text + standing.marks(block, column)


def interval(value: Value | None, column: BoardColumn) -> str:
    """The ends of the interval, such as "58.1–63.0"; empty if there is none."""
    if value is None or value.low is None or value.high is None:
        return ""
    decimals = 1 if column.metric.unit == "share" else 3
    return "–".join(f"{column.metric.scale * each:.{decimals}f}" for each in (value.low, value.high))


def beside(standing: Standing, block: Pool, column: BoardColumn) -> list[str]:
    """What stands small beside a value: its interval; its worst case if confidences are missing."""
    value = standing.value(block, column)
    pooled = value if column.aggregate == "pooled" else None
    return [
        *filter(None, (interval(value, column), bound(standing.worst(block, column.metric, pooled), column)))
    ]


def bound(worst: float | None, column: BoardColumn) -> str:
    """What a value is at worst, such as "≤ 26.1"; empty for None."""
    if worst is None:
        return ""
    sign, decimals = (
        "≥" if column.metric.better == "higher" else "≤",
        1 if column.metric.unit == "share" else 3,
    )
    return f"{sign} {column.metric.scale * worst:.{decimals}f}"


def rank(range_: Range | None) -> str:
    """A range of ranks such as "1–3"; one rank as "2"; none as "–"."""
    if range_ is None:
        return UNKNOWN
    best, worst = range_
    return str(best) if best == worst else f"{best}–{worst}"


def _rank_cell(standing: Standing, block: Pool, column: BoardColumn) -> str:
    return rank(standing.rank(block, column))


def decoding(settings: Decoding) -> str:
    """Decode settings in a few words; empty if none is known."""
    known = {
        "temperature": settings.temperature,
        "top-p": settings.top_p if settings.top_p != 1 else None,
        "max tokens": settings.max_tokens,
        "seed": settings.seed,
        "repeats": settings.repeats if settings.repeats > 1 else None,
        "top-k": settings.top_k,
        "min-p": settings.min_p,
        "repetition penalty": settings.repetition_penalty,
        "thinking budget": settings.thinking_budget,
    }
    # A float as shortly as it can be said; an integer with all its digits.
    texts = {name: f"{value:g}" if isinstance(value, float) else value for name, value in known.items()}
    return ", ".join(f"{name} {text}" for name, text in texts.items() if text is not None)


def unchecked(checked: Checked | None) -> str:
    """What of a verified entry was not checked; empty if all was, and for a reported one."""
    return f"not checked: {', '.join(checked.missing)}" if checked and checked.missing else ""


def _checks(checked: Checked | None) -> str:
    """What of a verified entry was checked; empty for a reported one."""
    if checked is None:
        return ""
    done = ", ".join(["scores", *(name for name in CHECKS if name not in checked.missing)])
    return f"{done}; {unchecked(checked)}" if checked.missing else done


def _markdown_table(standings: Sequence[Standing], block: Pool, columns: Sequence[BoardColumn]) -> str:
    ranked = [
        column
        for column in _ranked(standings, [block], columns)
        if column.leads and column.aggregate == "pooled"
    ]
    ranks = [f"Rank in {column.heading}" for column in ranked]
    controls = control_columns(standings, block)
    of_controls = [f"Control: {column.heading}" for column in controls]
    headings = ["Model", *ranks, *(column.heading for column in columns), *of_controls, "n"]
    lines = [_row(headings), _row([":--", *["--:"] * (len(headings) - 1)])]
    for each in standings:
        cells = [_with_small(cell(each, block, of), beside(each, block, of)) for of in columns]
        cells += [_with_small(of.cell(each, block) or UNKNOWN, of.beside(each, block)) for of in controls]
        n = each.entry.scores(block).pooled.n
        ranges = [_rank_cell(each, block, column) for column in ranked]
        lines.append(_row([_name(each), *ranges, *cells, UNKNOWN if n is None else str(n)]))
    return "\n".join(lines) + "\n"


def _with_small(text: str, small: Sequence[str]) -> str:
    return text + (f" <sub>{', '.join(small)}</sub>" if small else "")


def _markdown_parts(board: Leaderboard, standings: Sequence[Standing], block: Pool) -> Iterator[str]:
    """Tables of a group by task and by subset, where it has more to say than its own rows do."""
    parts, leads = board.parts.get(block, ()), board.leading.get(block, ())
    is_mean = bool(leads) and all(column.aggregate == "macro" for column in leads)
    if not (is_mean or any(part.column for part in parts)):
        return
    keys = {column.metric.key for column in leads}
    columns = [column for column in board.columns_of[block] if column.metric.key in keys or column.is_paired]
    for named in dict.fromkeys(part.column for part in parts):
        own = [part for part in parts if part.column == named]
        cells = {
            (part, column.metric.key): column
            for part in own
            for column in columns
            if (named or len(own) > 1) and any(_of_part(each, part, column) for each in standings)
        }
        if not cells:
            continue
        metrics = dict.fromkeys(column.metric.heading for column in cells.values())
        yield f"By {in_markdown(named or 'task')}{'' if len(metrics) > 1 else f', {next(iter(metrics))}'}:\n"
        names = [
            in_markdown(part.name) + (f": {column.metric.heading}" if len(metrics) > 1 else "")
            for (part, _), column in cells.items()
        ]
        lines = [_row(["Model", *names]), _row([":--", *["--:"] * len(cells)])]
        for each in standings:
            texts = [printed(_of_part(each, part, column), column) for (part, _), column in cells.items()]
            if any(text != UNKNOWN for text in texts):
                lines.append(_row([_name(each), *texts]))
        yield "\n".join(lines) + "\n"


def _of_part(standing: Standing, part: Part, column: BoardColumn) -> Value | None:
    rows = part.rows(standing.entry)
    return rows.metrics.get(column.metric.key) if rows else None


def _markdown_facts(standings: Iterable[Standing]) -> str:
    headings = ["Model", "Date", "Decoding", "Prompt", "Source", "Checked", "Notes"]
    lines = [_row(headings), _row([":--"] * len(headings))]
    for each in standings:
        entry = each.entry
        source = in_markdown(entry.source.name)
        facts = [
            entry.date or UNKNOWN,
            decoding(entry.decoding) or UNKNOWN,
            ", ".join(entry.prompts) or UNKNOWN,
            f"[{source}]({entry.source.link})" if entry.source.link else source,
            _checks(entry.checked) or UNKNOWN,
            in_markdown(" ".join(each.notes)) or UNKNOWN,
        ]
        lines.append(_row([_name(each), *facts]))
    return "\n".join(lines) + "\n"


def _name(standing: Standing) -> str:
    name, link = in_markdown(standing.entry.model.name), standing.entry.model.link
    return f"[{name}]({link})" if link else name


def _ranked(
    standings: Sequence[Standing], blocks: Iterable[Pool], columns: Iterable[BoardColumn]
) -> list[BoardColumn]:
    """The columns that any of the entries has a rank in."""
    places = [(each, block) for block in blocks for each in standings]
    return [column for column in columns if any(each.rank(block, column) for each, block in places)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
