"""Sources of confidence side by side, as tables: the scores of each, and what they differ in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rich.console import Group

from vecbench.escaping import in_latex
from vecbench.report.columns import Column, columns_of
from vecbench.report.latex import latex_heading, latex_tabular
from vecbench.report.marks import Notes
from vecbench.report.tables import ScoreLine, ScoreTable, in_terminal, line_of, markdown_of
from vecbench.scoring import RowScores, Score, Scores
from vecbench.scoring.side_by_side import SideBySide
from vecbench.scoring.sources import SOURCES

SIGNIFICANT = 0.05
"""An adjusted p value below this is a star."""

HEADING = "sources (%)"
DIFFERENCES = "differences (points)"
RANKS = Column("rank_correlation", "Ranks", scale=1.0, decimals=2)

_FREQUENT = (
    "A row is a sample with its most frequent answer; other sources than agreement are the means over the "
    "repeats that gave it."
)


def scopes_of(scores: Scores) -> Iterator[tuple[str, RowScores, SideBySide]]:
    """Name, scores and sources of each task, each group of several, and everything of several tasks."""
    grouped = {name for group in scores.groups.values() for name in group.tasks}
    every: list[tuple[str, RowScores]] = []
    for name, group in scores.groups.items():
        every += [(task, scores.tasks[task]) for task in group.tasks]
        if len(group.tasks) > 1:
            every.append((name, group.pooled))
    every += [(name, rows) for name, rows in scores.tasks.items() if name not in grouped]
    if len(scores.tasks) > 1:
        every.append(("Overall", scores.overall.pooled))
    for name, rows in dict(every).items():
        if rows.sources is not None:
            yield scores.names.get(name, name), rows, rows.sources


def source_columns(scores: Scores) -> tuple[Column, ...]:
    """How many rows have a source, and what sources are compared in."""
    every = [(rows, sources) for _, rows, sources in scopes_of(scores)]
    counting = {each.key: each for rows, _ in every for each in rows.scored_by if each.counts_stated}
    compared = {each.key: each for _, sources in every for each in sources.metrics}
    return columns_of((counting | compared).values(), [])


def source_table(scores: Scores, shown: Sequence[Column], *, intervals: bool = False) -> ScoreTable:
    """One line a source, of every task, group and everything."""
    notes = Notes.of(scores, intervals, shown)
    blocks = []
    for name, _, sources in scopes_of(scores):
        lines = [line_of(source, each, notes) for source, each in sources.scores.items()]
        blocks.append((name, tuple(lines)))
    printed = "".join(cell for _, lines in blocks for line in lines for cell in line.cells)
    return ScoreTable(tuple(blocks), (*notes.of_cells(printed), *_said_of_sources(scores)))


def difference_table(scores: Scores, shown: Sequence[Column], *, intervals: bool = False) -> ScoreTable:
    """What every two sources differ in, on the rows that have all, and how far they agree in ranks."""
    blocks = []
    whys: dict[str, dict[str, None]] = {}
    for name, _, sources in scopes_of(scores):
        changes = {(each.first, each.second, each.metric): each for each in sources.differences}
        lines = []
        for ranks in sources.correlations:
            cells = []
            for column in shown:
                found = changes.get((ranks.first, ranks.second, column.key))
                if column == RANKS:
                    cells.append(_cell(column, ranks.spearman, intervals=intervals, whys=whys))
                elif found is None:
                    cells.append("")
                else:
                    star = "*" if found.p_holm is not None and found.p_holm < SIGNIFICANT else ""
                    cells.append(_cell(column, found.change, star, intervals=intervals, whys=whys))
            lines.append(ScoreLine(f"{ranks.second} − {ranks.first}", 2, sources.in_common, tuple(cells)))
        if lines:
            blocks.append((name, tuple(lines)))
    return ScoreTable(tuple(blocks), (*_said_of_differences(scores, blocks), *_reasons(whys)))


def _cell(
    column: Column, score: Score, mark: str = "", *, intervals: bool, whys: dict[str, dict[str, None]]
) -> str:
    if score.value is None or score.no_interval:
        whys.setdefault(score.why or score.no_interval or "", {}).setdefault(column.heading)
    if score.value is None:
        return "–"
    cell = _signed(column, score.value) + mark
    if intervals and score.low is not None and score.high is not None:
        cell += f" [{_signed(column, score.low)}, {_signed(column, score.high)}]"
    return cell


def _signed(column: Column, value: float) -> str:
    rounded = round(column.scale * value, column.decimals)
    return f"{rounded:+.{column.decimals}f}".replace("-", "−") if rounded else f"{0:.{column.decimals}f}"


def _reasons(whys: dict[str, dict[str, None]]) -> Iterator[str]:
    for why, headings in whys.items():
        yield f"{', '.join(headings)}: no test: {why}."


def _said_of_sources(scores: Scores) -> Iterator[str]:
    there = {name: None for _, _, sources in scopes_of(scores) for name in sources.scores}
    for name in there:
        if name in SOURCES:
            yield f"{name}: {SOURCES[name].description}."
    if any(sources.rows == "samples" for _, _, sources in scopes_of(scores)):
        yield _FREQUENT


def _said_of_differences(
    scores: Scores, blocks: Collection[tuple[str, Sequence[ScoreLine]]]
) -> Iterator[str]:
    if not blocks:
        return
    every = [each for _, _, sources in scopes_of(scores) for each in sources.differences]
    tests = sum(each.p is not None for each in every)
    yield (
        f"On the rows that have every source (n). * more than chance at 5 %, over all {tests:,} tests of "
        "this table (Holm). Ranks: Spearman's correlation of the two confidences."
    )
    replicates = min(sources.replicates for _, _, sources in scopes_of(scores))
    if replicates < int(scores.intervals.get("replicates", 0)):
        yield f"Of {replicates:,} bootstrap replicates, which is what so many rows leave time for."
    if 2 * tests >= SIGNIFICANT * (1 + replicates):
        yield f"With so many tests, {replicates:,} replicates can give no star: compare fewer sources."


def source_terminal(scores: Scores, *, intervals: bool = False) -> Iterator[Group]:
    """Both tables for a terminal of 80 columns; none where sources were not asked for."""
    shown = source_columns(scores)
    if not shown:
        return
    yield in_terminal(lambda some: source_table(scores, some, intervals=intervals), shown, HEADING, intervals)
    among = differing_columns(shown)
    if difference_table(scores, among).blocks:
        yield in_terminal(
            lambda some: difference_table(scores, some, intervals=intervals), among, DIFFERENCES, intervals
        )


def source_markdown(scores: Scores, *, intervals: bool = False) -> str:
    """Both tables in GitHub's Markdown; empty where sources were not asked for."""
    shown = source_columns(scores)
    if not shown:
        return ""
    text = markdown_of(source_table(scores, shown, intervals=intervals), shown)
    among = differing_columns(shown)
    built = difference_table(scores, among, intervals=intervals)
    return text + (f"\n{markdown_of(built, among)}" if built.blocks else "")


def differing_columns(shown: Sequence[Column]) -> tuple[Column, ...]:
    """The columns of the differences: but for how many have a source, of which there is none."""
    return (*shown[1:], RANKS)


def source_latex(scores: Scores, *, intervals: bool = False) -> str:
    """One line a source: what sources are compared in, of every group, or of all rows; booktabs."""
    groups = [(scores.names.get(name, name), group.pooled) for name, group in scores.groups.items()]
    parts = [
        (name, rows.sources.scores)
        for name, rows in groups or [("Overall", scores.overall.pooled)]
        if rows.sources is not None
    ]
    if not parts:
        return ""
    shown = source_columns(scores)[1:]
    notes = Notes.of(scores, intervals, shown)

    def line(source: str) -> list[str]:
        cells = (cell for _, by_source in parts for cell in notes.cells(by_source[source].metrics, {}))
        return [in_latex(source), *map(in_latex, cells)]

    heads = [(name, list(map(latex_heading, shown))) for name, _ in parts]
    return latex_tabular(heads, map(line, parts[0][1]), "Source")
