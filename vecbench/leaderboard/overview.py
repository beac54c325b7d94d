"""Several leaderboards side by side: which model has what on which benchmark."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vecbench.answers import metrics_of
from vecbench.errors import DataError
from vecbench.escaping import in_markdown
from vecbench.leaderboard.columns import Aggregate, BoardColumn, leading
from vecbench.leaderboard.entry import Entry
from vecbench.leaderboard.standings import BADGES
from vecbench.leaderboard.tables import UNKNOWN, printed
from vecbench.leaderboard.value import Value
from vecbench.scoring.scores import Pool
from vecbench.tasks import Catalogue, Task

CSV_COLUMNS = ("model", "benchmark", "group", "metric", "aggregate", "value", "kind", "entry", "entries")


@dataclass(frozen=True, slots=True)
class OverviewColumn:
    """A group of a benchmark, and the one number of it that all models are shown with.

    Attributes:
        board: Name of the leaderboard's folder.
    """

    board: str
    group: Pool
    display: str
    shown: BoardColumn

    def value(self, entry: Entry) -> Value | None:
        """What an entry has in it; never a mean of tasks where the others are pools, nor the other way."""
        scores = entry.scores(self.group)
        metrics = scores.macro if self.shown.aggregate == "macro" else scores.pooled.metrics
        return metrics.get(self.shown.metric.key)


@dataclass(frozen=True, slots=True)
class Shown:
    """The value that a model is shown with in a column, the entry that it is of, and how many have one."""

    value: Value
    name: str
    entry: Entry
    count: int


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model: its values by column; its link is of the first entry that has one."""

    name: str
    link: str | None
    is_baseline: bool
    shown: Mapping[OverviewColumn, Shown]

    @property
    def boards(self) -> set[str]:
        """The leaderboards that it is on."""
        return {column.board for column in self.shown}


@dataclass(frozen=True, slots=True)
class Overview:
    """Models by benchmarks.

    Attributes:
        boards: Folder → name of its benchmark, those with most models first.
        columns: Their groups, in that order.
        rows: The models on most leaderboards first, then by name; what is no model last.
    """

    boards: Mapping[str, str]
    columns: tuple[OverviewColumn, ...] = ()
    rows: tuple[ModelRow, ...] = ()

    def of(self, board: str) -> list[OverviewColumn]:
        """The columns of a leaderboard."""
        return [column for column in self.columns if column.board == board]


def overview(boards: Mapping[str, Mapping[str, Entry]], catalogue: Catalogue) -> Overview:
    """The overview of leaderboards, by their folders' names.

    A model is one name, written alike: an entry's `key` or, without one, the name of its model. Of several
    entries the best badge is shown, and of these the best value.
    """
    models = {board: {_model(entry) for entry in entries.values()} for board, entries in boards.items()}
    ordered = sorted(boards, key=lambda board: (-len(models[board]), board))
    columns = tuple(column for board in ordered for column in _columns(board, boards[board], catalogue))
    rows = [_row_of(model, boards, columns) for model in sorted(set().union(*models.values()))]
    rows.sort(key=lambda row: (row.is_baseline, -len(row.boards), row.name.casefold()))
    names = {board: catalogue.groups[_benchmark(boards[board])].display for board in ordered}
    return Overview(names, columns, tuple(row for row in rows if row.shown))


def _model(entry: Entry) -> str:
    return entry.model.key or entry.model.name


def _benchmark(entries: Mapping[str, Entry]) -> str:
    return next(iter(entries.values())).benchmark


def _columns(board: str, entries: Mapping[str, Entry], catalogue: Catalogue) -> Iterator[OverviewColumn]:
    benchmark = _benchmark(entries)
    if benchmark not in {group.id for group in catalogue.benchmarks()}:
        raise DataError(f"{board}: unknown benchmark {benchmark!r}", "Its entries say what they are of.")
    for name in catalogue.groups[benchmark].members:
        group = catalogue.groups[name]
        shown = _measure(catalogue.tasks[group.members[0]])
        made = [OverviewColumn(board, Pool(name), group.display, each) for each in shown]
        having = Counter({each: sum(1 for entry in entries.values() if each.value(entry)) for each in made})
        [(column, count)] = having.most_common(1)
        if count:
            yield column


def _measure(task: Task) -> list[BoardColumn]:
    """What leads the kind of a task, over the rows and as a mean of tasks; of what is right, accuracy.

    The headline of a leaderboard takes confidences, which few of the reported entries have.
    """
    metric = next(each for each in leading(metrics_of(task.answers)) if each.board != "headline")
    aggregates: tuple[Aggregate, ...] = ("pooled", "macro")
    return [BoardColumn(metric, each, True) for each in aggregates]


def _row_of(
    model: str, boards: Mapping[str, Mapping[str, Entry]], columns: Sequence[OverviewColumn]
) -> ModelRow:
    own = {
        board: {name: entry for name, entry in entries.items() if _model(entry) == model}
        for board, entries in boards.items()
    }
    entries = [entry for each in own.values() for entry in each.values()]
    shown = {column: found for column in columns if (found := _shown(own[column.board], column))}
    link = next((entry.model.link for entry in entries if entry.model.link), None)
    return ModelRow(model, link, all(entry.model.baseline for entry in entries), shown)


def _shown(entries: Mapping[str, Entry], column: OverviewColumn) -> Shown | None:
    sign = 1 if column.shown.metric.better == "lower" else -1
    found = [(name, entry, value) for name, entry in entries.items() if (value := column.value(entry))]
    found.sort(key=lambda each: (BADGES.index(each[1].badge), sign * each[2].value, each[0]))
    if not found:
        return None
    name, entry, value = found[0]
    return Shown(value, name, entry, len(found))


def heading(column: OverviewColumn) -> str:
    """What stands above a column: the group, and what its values are."""
    return f"{column.display}: {column.shown.heading}"


def small(shown: Shown) -> str:
    """What stands small beside a value: the badge of its entry, and how many others there are."""
    more = f", 1 of {shown.count} entries" if shown.count > 1 else ""
    return shown.entry.badge + more


def overview_markdown(found: Overview) -> str:
    """The text of README.md."""
    links = [f"- [{in_markdown(name)}]({board}/README.md)" for board, name in found.boards.items()]
    heads = [
        f"[{in_markdown(found.boards[each.board])}]({each.board}/README.md)<br>{in_markdown(heading(each))}"
        for each in found.columns
    ]
    lines = [["Model", *heads], [":--", *["--:"] * len(heads)]]
    for row in found.rows:
        name = in_markdown(row.name)
        cells = [f"[{name}]({row.link})" if row.link else name]
        for column in found.columns:
            shown = row.shown.get(column)
            cells.append(
                f"{printed(shown.value, column.shown)} <sub>{small(shown)}</sub>" if shown else UNKNOWN
            )
        lines.append(cells)
    return "\n".join(
        [
            "# Leaderboards\n",
            *links,
            "",
            "Made by `vecbench leaderboard build` from the entries of these; do not edit. The same: "
            "[page](index.html), [CSV](overview.csv).\n",
            "## Models across benchmarks\n",
            f"{LEGEND}\n",
            *(f"| {' | '.join(line)} |" for line in lines),
            "",
        ]
    )


LEGEND = (
    "Shares × 100, correlations as they are. A column has the number by which the models of its group are "
    "told apart, all of them over the rows (pooled) or all of them as the mean of tasks (macro). A model is "
    "one name, written alike: the key of an entry or, without one, the name of its model; other spellings "
    "are other rows. Of several entries the best checked one is shown (verified, scores only, reported), and "
    "of these the best. – no entry has it."
)
"""How to read it."""


def overview_csv(found: Overview) -> str:
    """Every value as a fraction, one row a model and group."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in found.rows:
        for column, each in row.shown.items():
            measure = (column.shown.metric.key, column.shown.aggregate, each.value.value)
            where = (row.name, column.board, column.group.group, *measure)
            writer.writerow([*where, each.entry.badge, each.name, each.count])
    return stream.getvalue()
