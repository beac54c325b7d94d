"""The marks behind values in tables of scores, and the notes that explain them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vecbench.metrics.definition import STATED_PER_LABEL
from vecbench.parsing.prediction import ANSWER_STATUSES
from vecbench.report.columns import Column, columns, has_confidences
from vecbench.scoring import Protocol, RowScores, Score, Scores, protocol_named
from vecbench.scoring.reading_health import MOST_UNREAD
from vecbench.scoring.scores import MOST_MISSING

MARKS = ("*", "‡", "§")

UNREAD = tuple(status for status in ANSWER_STATUSES if status not in {"ok", "alias", "sentence", "abstained"})
"""How it comes that a response has no answer."""


@dataclass
class Notes:
    """How cells are printed, and what is collected while they are.

    Attributes:
        columns: Of the table.
        intervals: Whether intervals are printed.
        protocol: How the responses were read.
        texts: What a note is on, such as its mark → the note.
        without: Why there is no interval → the headings of the columns.
        missing: The largest share of a line's rows that states no confidence, if many do not.
        unread: That whose answer is not read.
        without_per_label: That which states no confidences per label.
    """

    columns: Sequence[Column]
    intervals: bool
    protocol: Protocol
    texts: dict[str, str] = field(default_factory=dict)
    without: dict[str, dict[str, None]] = field(default_factory=dict)
    missing: float = 0.0
    unread: float = 0.0
    without_per_label: float = 0.0

    @classmethod
    def of(cls, scores: Scores, intervals: bool, shown: Sequence[Column] | None = None) -> Notes:
        return cls(columns(scores) if shown is None else shown, intervals, protocol_named(scores.protocol))

    def all(self) -> Iterator[str]:
        yield from self.texts.values()
        for why, headings in self.without.items():
            yield f"{', '.join(headings)}: no interval: {why}."

    def of_cells(self, printed: str) -> Iterator[str]:
        """The notes of a table whose cells are these: none on a mark that no cell has."""
        for mark in MARKS:
            if mark not in printed:
                self.texts.pop(mark, None)
        yield from self.all()

    def cells(self, metrics: Mapping[str, Score], marks: Mapping[str, str]) -> tuple[str, ...]:
        """What a line prints, in the order of the columns; marks stand behind values."""
        return tuple(
            self.cell(column, score)
            + (marks.get(column.key, "") if score is not None and score.value is not None else "")
            for column in self.columns
            for score in [metrics.get(column.key)]
        )

    def cell(self, column: Column, score: Score | None) -> str:
        """A value, with its interval where those are printed; "–" if it is undefined, and a note says why."""
        if score is None:
            return ""
        if score.value is None:
            why = score.why or "undefined"
            self.texts.setdefault(why, f"– {why}.")
            return "–"
        value = column.printed(score.value)
        return value + self.ends(column, score) if self.intervals else value

    def ends(self, column: Column, score: Score) -> str:
        """The interval and the bounds of a value, or nothing and a note that says why."""
        ends = ""
        if score.low is not None and score.high is not None:
            ends = f" [{column.printed(score.low)}, {column.printed(score.high)}]"
        elif score.no_interval:
            self.without.setdefault(score.no_interval, {}).setdefault(column.heading)
        if score.bounds:
            low, high = map(column.printed, score.bounds)
            ends += f" ({low}…{high})"
            self.texts["bounds"] = "(…) between what it would be if all rows had a confidence."
        return ends

    def conditional(self, rows: RowScores) -> frozenset[str]:
        """The columns that say something of the confident rows alone, if many others state no confidence."""
        confident = rows.counts.get("confident", 0)
        if not has_confidences(rows) or not 0 < confident < rows.n * (1 - MOST_MISSING):
            return frozenset()
        self.missing = max(self.missing, 1 - confident / rows.n)
        self.texts["*"] = (
            f"* over the rows that state a confidence only; more than {100 * MOST_MISSING:g} % of the rows "
            f"do not (up to {100 * self.missing:.1f} %)."
        )
        return frozenset(
            column.key
            for column in self.columns
            if (score := rows.metrics.get(column.key)) is not None and score.n == confident
        )

    def marks(self, rows: RowScores) -> dict[str, str]:
        """Column → what stands behind its value: "*", "‡" of answers not read, "§" of labels."""
        marks = dict.fromkeys(self.conditional(rows), "*")
        unread = self._note_unread(rows)
        if unread > MOST_UNREAD * rows.n:
            of_confidences = (metric.key for metric in rows.scored_by if metric.over == "confident")
            marks |= {key: marks.get(key, "") + "‡" for key in of_confidences}
        return marks | dict.fromkeys(self._by_few(rows), "§")

    def _by_few(self, rows: RowScores) -> Iterator[str]:
        """The metrics of confidences per label that many rows do not state; says it of the worst line."""
        for key, score in rows.metrics.items():
            stated = score.details.get(STATED_PER_LABEL, rows.n)
            if score.value is None or stated >= rows.n * (1 - MOST_MISSING):
                continue
            if 1 - stated / rows.n > self.without_per_label:
                self.without_per_label = 1 - stated / rows.n
                self.texts["§"] = (
                    f"§ {stated:,} of {rows.n:,} rows state confidences per label; the others count as 1 for "
                    "the labels that they name, and 0 for the rest."
                )
            yield key

    def _note_unread(self, rows: RowScores) -> int:
        """How many rows have no answer that was read, abstentions aside; of the worst line it says so."""
        unread = rows.n - rows.counts.get("answered", rows.n) - rows.counts.get("abstained", 0)
        if not has_confidences(rows) or self.protocol.is_published:
            return 0
        if unread > max(self.unread, MOST_UNREAD) * rows.n:
            self.unread = unread / rows.n
            there = [status for status in UNREAD if rows.counts.get(status)]
            reasons = ", ".join(f"{status.replace('_', ' ')} {rows.counts[status]:,}" for status in there)
            self.texts["‡"] = (
                f"‡ No answer can be read in {unread:,} of {rows.n:,} rows "
                f"({reasons}). They count as wrong, at the confidence that they state: who refuses with a "
                "low one leads in what is scored of confidences alone, and not in the joint score."
            )
        return unread
