"""A table of models for the terminal, in Markdown, LaTeX and HTML, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from vecbench.comparing.leads import Lead
from vecbench.comparing.model_table import ModelCell, ModelTable, heading_of
from vecbench.comparing.models import Block
from vecbench.escaping import in_html, in_latex, in_markdown
from vecbench.report.columns import Column, corner
from vecbench.report.html import html_table, small
from vecbench.report.latex import latex_notes, latex_tabular
from vecbench.report.tables import LONGEST_WORD, TERMINAL, folded, markdown_text, numbers_table
from vecbench.scoring.scores import OVERALL

SIGNS: dict[Lead | None, str] = {"best": "¹", "second": "²", None: " "}
STYLES: dict[Lead | None, str] = {"best": "bold", "second": "underline", None: ""}


def terminal_table(table: ModelTable) -> Group:
    """Block by block, each with as many columns beside each other as fit 80 characters."""
    parts: list[RenderableType] = []
    place = 0
    for block, shown in table.blocks:
        end = place + len(shown)
        while place < end:
            left, cells = shown[place - end :], [line[place:end] for line in table.lines]
            made, taken = _widest(table, block, left, cells)
            parts += [made, ""]
            place += taken
    return Group(*parts, *(Text(note, style="dim") for note in _notes(table, "¹", "²")))


def _widest(
    table: ModelTable, block: Block, shown: Sequence[Column], cells: Sequence[Sequence[ModelCell]]
) -> tuple[Table, int]:
    console = Console(width=2 * TERMINAL)
    for taken in range(len(shown), 0, -1):
        made = _terminal_part(table, block, shown[:taken], cells)
        if taken == 1 or Measurement.get(console, console.options, made).maximum <= TERMINAL:
            break
    return made, taken


def _terminal_part(
    table: ModelTable, block: Block, shown: Sequence[Column], cells: Sequence[Sequence[ModelCell]]
) -> Table:
    heading = f"{block.heading} (%)" if corner(shown) else block.heading
    headings = [heading_of(column) + " " for column in shown]
    made = numbers_table(folded(heading, LONGEST_WORD), ["n", *headings])
    for model, line in zip(table.models, cells, strict=True):
        rows = block.rows(model.scores)
        texts = [
            Text.assemble(
                (cell.value, STYLES[cell.lead]), SIGNS[cell.lead], f"\n{cell.beside} " * bool(cell.beside)
            )
            for cell in line[: len(shown)]
        ]
        made.add_row(Text(folded(model.name, LONGEST_WORD)), f"{rows.n:,}" if rows else "–", *texts)
    return made


def markdown_table(table: ModelTable) -> str:
    """In GitHub's Markdown: the best in bold, the second inserted, which is underlined."""
    first, heads = _headings(table)
    headings = [f"{in_markdown(name)}<br>{in_markdown(each)}" for name, below in heads for each in below]
    around: dict[Lead | None, str] = {"best": "**{}**", "second": "<ins>{}</ins>", None: "{}"}
    lines = [
        [in_markdown(model.name)]
        + [
            around[cell.lead].format(in_markdown(cell.value))
            + (f"<br>{in_markdown(cell.beside)}" if cell.beside else "")
            for cell in line
        ]
        for model, line in zip(table.models, table.lines, strict=True)
    ]
    notes = "".join(f"\n{in_markdown(note)}  " for note in _notes(table, "Bold", "Underlined"))
    return markdown_text([first, *headings], lines) + (notes + "\n" if notes else "")


def latex_table(table: ModelTable) -> str:
    """A tabular with booktabs, and its notes below it; intervals have a line of their own."""
    around: dict[Lead | None, str] = {"best": r"\textbf{%s}", "second": r"\underline{%s}", None: "%s"}
    lines = []
    for model, line in zip(table.models, table.lines, strict=True):
        lines.append([in_latex(model.name), *(around[cell.lead] % in_latex(cell.value) for cell in line)])
        if any(cell.beside for cell in line):
            lines.append(["", *(rf"{{\scriptsize {in_latex(cell.beside)}}}" for cell in line)])
    first, heads = _headings(table)
    written = [(name, [in_latex(each) for each in below]) for name, below in heads]
    notes = latex_notes(_notes(table, "Bold", "Underlined"))
    return latex_tabular(written, lines, in_latex(first)) + notes


def html_fragment(table: ModelTable) -> str:
    """An element to be put into a page; needs nothing but itself."""
    first, heads = _headings(table)
    above = [("", 1), *((name, len(below)) for name, below in heads)]
    below = [(first, 1), *((each, 1) for _, listed in heads for each in listed)]
    around: dict[Lead | None, str] = {"best": "<strong>{}</strong>", "second": "<u>{}</u>", None: "{}"}
    lines = (
        [in_html(model.name)]
        + [around[cell.lead].format(in_html(cell.value)) + small(cell.beside) for cell in line]
        for model, line in zip(table.models, table.lines, strict=True)
    )
    return html_table([above, below], lines, _notes(table, "Bold", "Underlined"))


def csv_table(table: ModelTable) -> str:
    """Every value of the table as a fraction, one row a model and column; `lead` is best, second or empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = ("model", "level", "name", "metric", "value", "low", "high", "method", "n", "why", "lead")
    writer.writerow(names)
    columns = [(block, column) for block, shown in table.blocks for column in shown]
    for model, line in zip(table.models, table.lines, strict=True):
        for (block, column), cell in zip(columns, line, strict=True):
            level = OVERALL if block.name is None else "task" if block.is_task else "group"
            score = cell.score
            told = [getattr(score, name, None) for name in ("value", "low", "high", "method", "n")]
            why = score and (score.why or score.no_interval)
            head = [model.name, level, block.name or OVERALL, column.key]
            writer.writerow("" if each is None else each for each in [*head, *told, why, cell.lead])
    return stream.getvalue()


def _headings(table: ModelTable) -> tuple[str, list[tuple[str, list[str]]]]:
    """What stands above the names, and each block with the headings of its columns; the unit is said once."""
    unit = corner(column for _, shown in table.blocks for column in shown)
    blocks = [
        (
            table.heading(block),
            [heading_of(each) + (" (%)" if each.scale == 100 and not unit else "") for each in shown],
        )
        for block, shown in table.blocks
    ]
    return f"Model ({unit})" if unit else "Model", blocks


def _notes(table: ModelTable, best: str, second: str) -> Iterator[str]:
    if legend := table.legend(best, second):
        yield legend
    yield from table.notes
