"""What was not read, below the scores: every reason with an example and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from vecbench.escaping import in_markdown, printable
from vecbench.report.tables import markdown_text
from vecbench.scoring.reading_health import ReadCount, ReadingHealth, Unread

HEADINGS = ("not read", "n", "for example, and what to do")


def reading_line(health: ReadingHealth) -> str:
    """How much was read, such as "Read: all 324 answers, 320 of 324 confidences."."""
    counted = [_counted(health.answers, "answers")]
    if health.confidences.n:
        silent = health.states_no_confidence
        counted.append("no confidence is stated" if silent else _counted(health.confidences, "confidences"))
    return f"Read: {', '.join(counted)}."


def reading_table(health: ReadingHealth) -> RenderableType:
    """The line, and below it what was not read, for a terminal of 80 columns."""
    reasons = list(_reasons(health))
    if not reasons:
        return Text(reading_line(health))
    table = Table(box=None, pad_edge=False)
    table.add_column(HEADINGS[0], max_width=24)
    table.add_column(HEADINGS[1], justify="right", no_wrap=True)
    table.add_column(HEADINGS[2])
    for what, each, remedy in reasons:
        table.add_row(Text(what), f"{each.n:,}", Text.assemble(f"{_example(each)}\n", (remedy, "dim")))
    return Group(Text(reading_line(health)), "", table)


def reading_markdown(health: ReadingHealth) -> str:
    """The same in GitHub's Markdown."""
    lines = [
        [in_markdown(what), f"{each.n:,}", f"{in_markdown(_example(each))}<br>{in_markdown(remedy)}"]
        for what, each, remedy in _reasons(health)
    ]
    return f"{reading_line(health)}\n" + ("\n" + markdown_text(HEADINGS, lines, ":--") if lines else "")


def _counted(count: ReadCount, what: str) -> str:
    if not count.n_unread:
        return f"all {count.n:,} {what}"
    return f"{count.n - count.n_unread:,} of {count.n:,} {what}"


def _reasons(health: ReadingHealth) -> Iterator[tuple[str, Unread, str]]:
    """What was not read and why, where, and what to do about it."""
    counts = {"answer": health.answers, "confidence": health.confidences}
    for what, count in counts.items():
        for each in () if count is health.confidences and health.states_no_confidence else count.unread:
            name, remedy = count.reasons[each.reason]
            yield f"{what}: {name}", each, remedy


def _example(each: Unread) -> str:
    said = "" if each.excerpt is None else f": “{printable(each.excerpt)}”"
    return f"{printable(each.task)} {printable(each.sample_id)}{said}"
