"""The columns of tables, as metrics declare themselves, and which of them there is room for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from vecbench.answers import known_metrics, metrics_of_default
from vecbench.metrics.definition import Metric
from vecbench.scoring import RowScores, Scores, protocol_named

IN_PAPERS = ("accuracy", "ece", "brier")
"""What tables for print have of a group of labels, as the papers do; of other kinds they have its own too."""

FURTHER = 100
"""Ranks of columns that are shown only where there is room."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table of scores; those of the lowest ranks are left where there is little room."""

    key: str
    heading: str
    scale: float = 100.0
    decimals: int = 1
    rank: int = 0

    @property
    def is_narrow(self) -> bool:
        """Whether it is shown where there is little room."""
        return self.rank < FURTHER

    def printed(self, value: float) -> str:
        """A value as the table has it."""
        return f"{self.scale * value:.{self.decimals}f}"


def columns(scores: Scores) -> tuple[Column, ...]:
    """The columns that the scores have: of their metrics' declarations, or of a published protocol."""
    protocol = protocol_named(scores.protocol)
    every = _all_rows(scores)
    if protocol.is_published:
        known = {key for rows in every for key in rows.metrics}
        return tuple(
            Column(key, heading, decimals=protocol.decimals)
            for key, heading in protocol.headings.items()
            if key in known
        )
    by_rows = [
        [
            metric
            for metric in rows.scored_by
            if metric.shown != "asked" and (rows.has_confidences or not metric.counts_stated)
        ]
        for rows in every
    ]
    return columns_of({metric.key: metric for listed in by_rows for metric in listed}.values(), by_rows)


def further_columns(scores: Scores, keys: Iterable[str]) -> tuple[Column, ...]:
    """The columns of further metrics, in the order of their keys; those that no rows have are left out."""
    shown = {column.key for column in columns(scores)}
    there = {metric.key: metric for rows in _all_rows(scores) for metric in rows.scored_by}
    return columns_of([there[key] for key in keys if key in there and key not in shown], [])


def not_there(scores: Scores, keys: Iterable[str]) -> tuple[str, ...]:
    """A note on each metric that no rows have."""
    there = {key for rows in _all_rows(scores) for key in rows.metrics}
    return tuple(f"{key}: no answer kind here has it." for key in keys if key not in there)


def _all_rows(scores: Scores) -> list[RowScores]:
    groups = (group.pooled for group in scores.groups.values())
    return [*scores.tasks.values(), *groups, scores.overall.pooled]


def has_confidences(rows: RowScores) -> bool:
    """Whether the confidences of some rows are scored: by some protocols and of some kinds they are not."""
    known = known_metrics()
    return any(key in known and known[key].over == "confident" for key in rows.metrics)


def columns_of(metrics: Iterable[Metric], by_rows: Iterable[Sequence[Metric]]) -> tuple[Column, ...]:
    """The columns of some metrics as they declare themselves.

    The first metrics of each line of the table have the lowest rank, so that no answer kind is without a
    column where there is little room.
    """
    ranks: dict[str, int] = {}
    for declared in by_rows:
        ordered = sorted(declared, key=lambda metric: metric.shown != "always")
        for place, metric in enumerate(ordered):
            rank = place + FURTHER * (metric.shown != "always")
            ranks[metric.key] = min(rank, ranks.get(metric.key, rank))
    return tuple(
        Column(each.key, each.heading, each.scale, 1 if each.unit == "share" else 3, ranks.get(each.key, 0))
        for each in metrics
    )


def fitting(every: Sequence[Column], most: int) -> tuple[Column, ...]:
    """As many columns as there is room for, in their order: those of the lowest ranks."""
    kept = sorted(range(len(every)), key=lambda place: (every[place].rank, place))[:most]
    return tuple(every[place] for place in sorted(kept))


def paper_columns(every: Sequence[Column], rows: Iterable[RowScores]) -> tuple[Column, ...]:
    """The columns of tables for print, of those that any of some rows have: `IN_PAPERS`, and a kind's own."""
    known = {key for each in rows for key in each.metrics}
    there = [column for column in every if column.is_narrow and column.key in known]
    usual = {metric.key for metric in metrics_of_default()}
    return tuple(each for each in there if each.key in IN_PAPERS or each.key not in usual) or tuple(there[:3])


class Scaled(Protocol):
    """A column as far as its unit goes: of a table of scores, or of a leaderboard."""

    @property
    def heading(self) -> str: ...

    @property
    def scale(self) -> float: ...


def in_words(names: Iterable[str]) -> str:
    """Some names as an enumeration; empty without any."""
    *first, last = [*names] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def unscaled(shown: Iterable[Scaled]) -> str:
    """What to say, behind "× 100", of columns that are printed as they are; empty if there are none."""
    plain = [column.heading for column in shown if column.scale == 1]
    return f", but for {in_words(plain)}" if plain else ""


def corner(shown: Iterable[Scaled]) -> str:
    """The heading above the lines' names: the unit, if it is that of all columns."""
    return "%" if all(column.scale == 100 for column in shown) else ""
