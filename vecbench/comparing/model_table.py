"""A table of several models: what is in its cells, who leads in a column, and what must be known of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vecbench.answers import known_metrics
from vecbench.comparing.differences import SIGNIFICANT
from vecbench.comparing.leads import Lead, Place, leads_of
from vecbench.comparing.models import Block, ComparedModel, Sameness, blocks_of
from vecbench.console import counted
from vecbench.errors import UsageError
from vecbench.report.columns import Column, columns, further_columns, in_words, paper_columns
from vecbench.report.marks import Notes
from vecbench.report.tables import told
from vecbench.scoring import RowScores, Score, protocol_named
from vecbench.tasks import Catalogue

OF_SOME = ("*", "‡")
"""Marks of values that a model may owe to the rows that it chose to answer: they do not lead."""


@dataclass(frozen=True, slots=True)
class ModelCell:
    """A model's value in a column: as it is printed, with its interval and marks behind it."""

    text: str
    score: Score | None = None
    lead: Lead | None = None

    @property
    def value(self) -> str:
        """The value alone."""
        return self.text.partition(" ")[0]

    @property
    def beside(self) -> str:
        """Its interval, bounds and marks, if there is an interval; empty otherwise."""
        return self.text.partition(" ")[2]


@dataclass(frozen=True)
class ModelTable:
    """One line a model; columns block by block.

    Attributes:
        models: Of the lines.
        blocks: With their columns.
        lines: Of each model, the cells of all columns.
        tests: How many tests the marks of the second took; None where nobody leads anywhere.
        notes: What must be known to read it, without what bold and underlined mean.
    """

    models: Sequence[ComparedModel]
    blocks: Sequence[tuple[Block, Sequence[Column]]]
    lines: Sequence[Sequence[ModelCell]]
    tests: int | None
    notes: tuple[str, ...]

    def heading(self, block: Block) -> str:
        """A block's name, with its rows where all models have as many."""
        counts = {rows.n for model in self.models if (rows := block.rows(model.scores))}
        return f"{block.heading} (n = {counts.pop():,})" if len(counts) == 1 else block.heading

    def legend(self, best: str, second: str) -> str:
        """What the marks of leading values mean, which a format calls so; empty where there are none."""
        if self.tests is None:
            return ""
        leading = f"{best}: the best of a column, by however little."
        if not self.tests:
            return leading
        between = "from the best and from the next" if len(self.models) > 2 else "from the best"
        return (
            f"{leading} {second}: the second, if it differs {between} by more than chance (paired tests on "
            f"the same samples, p < {SIGNIFICANT:g} adjusted for {counted(self.tests, 'test')}, Holm)."
        )


def heading_of(column: Column) -> str:
    """A column's heading, with an arrow to where values are better."""
    metric = known_metrics().get(column.key)
    arrow = {"higher": " ↑", "lower": " ↓"}.get(metric.better or "", "") if metric else ""
    return column.heading + arrow


def model_table(
    models: Sequence[ComparedModel],
    catalogue: Catalogue,
    *,
    tasks: str | None = None,
    metrics: Sequence[str] = (),
    intervals: bool = False,
) -> ModelTable:
    """The table of some models.

    Args:
        models: At least one.
        catalogue: Brings the tasks.
        tasks: Of what it has columns, see `blocks_of`.
        metrics: Keys of its metrics, in their order; without any, what the papers print and what kinds of
            answers have of their own.
        intervals: Whether 95 % intervals are printed.

    Raises:
        UsageError: A metric or a name is unknown, or no model has any of it.
    """
    blocks = _with_columns(models, blocks_of(models, catalogue, tasks), metrics)
    if not blocks:
        raise UsageError("none of the metrics is there", f"No run has {in_words(metrics)}: name others.")
    building = _Building(models, Notes((), intervals, protocol_named(models[0].scores.protocol)))
    lines = [
        [cell for block in blocks for cell in building.cells(number, *block)] for number in range(len(models))
    ]
    sameness = Sameness.of(models)
    building.rank(blocks, sameness)
    leads = leads_of(models, building.ranked, catalogue)
    places = [Place(block, column) for block, shown in blocks for column in shown]
    led = [
        [
            ModelCell(cell.text, cell.score, leads.each.get(place, {}).get(number))
            for place, cell in zip(places, line, strict=True)
        ]
        for number, line in enumerate(lines)
    ]
    printed = "".join(cell.text for line in led for cell in line)
    known = {metric for model in models for metric in _keys(model)}
    absent = tuple(f"{key}: no answer kind here has it." for key in metrics if key not in known)
    notes = (
        *building.told_of_leads(),
        *building.lacking(),
        *_absent(models, blocks),
        *building.notes.of_cells(printed),
        *absent,
        *sameness.notes,
        *_notes_on(models),
    )
    return ModelTable(models, blocks, led, leads.tests if leads.each else None, tuple(dict.fromkeys(notes)))


@dataclass
class _Building:
    """Cells while they are made, and what is noted meanwhile."""

    models: Sequence[ComparedModel]
    notes: Notes
    ranked: dict[Place, list[int]] = field(default_factory=dict)
    without: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)
    of_some: set[str] = field(default_factory=set)

    def cells(self, number: int, block: Block, shown: Sequence[Column]) -> Iterator[ModelCell]:
        """A model's cells of a block; who may lead there is noted."""
        model = self.models[number]
        rows = block.rows(model.scores)
        if rows is None or not rows.n:
            self.without.setdefault(model.name, []).append(block.heading)
            yield from (ModelCell("–") for _ in shown)
            return
        self.notes.columns = shown
        marks, metrics = self.notes.marks(rows), told(rows)
        for column, text in zip(shown, self.notes.cells(metrics, marks), strict=True):
            score = metrics.get(column.key)
            yield ModelCell(text or "–", score)
            if score is None or score.value is None:
                continue
            if chosen := {*OF_SOME} & {*marks.get(column.key, "")}:
                self.of_some |= chosen
            elif (metric := known_metrics().get(column.key)) and metric.better:
                self.ranked.setdefault(Place(block, column), []).append(number)

    def rank(self, blocks: Sequence[tuple[Block, Sequence[Column]]], sameness: Sameness) -> None:
        """Takes out the columns of blocks of which the models did not see the same samples."""
        for block, _ in blocks:
            if (why := sameness.refused(block, self.models)) is not None:
                self.refused.setdefault(why, []).append(block.heading)
                self.ranked = {place: who for place, who in self.ranked.items() if place.block != block}

    def told_of_leads(self) -> Iterator[str]:
        """Where nobody leads, and why."""
        for why, headings in self.refused.items():
            yield f"Nobody leads in {in_words(headings)}: {why}."
        if self.of_some and len(self.models) > 1:
            signs = " or ".join(sorted(self.of_some))
            yield f"Values with {signs} do not lead: they are of the rows that a model chose to answer."

    def lacking(self) -> Iterator[str]:
        """Who has no rows of what."""
        for name, headings in self.without.items():
            yield f"– {name} has no rows of {in_words(headings)}."


def _with_columns(
    models: Sequence[ComparedModel], blocks: Sequence[Block], metrics: Sequence[str]
) -> list[tuple[Block, Sequence[Column]]]:
    """The blocks with their columns, of those that any model has there; without those that have none."""
    known: dict[str, Column] = {}
    for model in models:
        known |= {column.key: column for column in columns(model.scores)}
        known |= {column.key: column for column in further_columns(model.scores, metrics)}
    found: list[tuple[Block, Sequence[Column]]] = []
    for block in blocks:
        every = [rows for model in models if (rows := block.rows(model.scores)) is not None]
        if metrics:
            there = {key for rows in every for key in told(rows)}
            shown = tuple(known[key] for key in metrics if key in known and key in there)
        else:
            shown = paper_columns([*known.values()], every)
        if shown:
            found.append((block, shown))
    return found


def _absent(
    models: Sequence[ComparedModel], blocks: Sequence[tuple[Block, Sequence[Column]]]
) -> Iterator[str]:
    """Which tasks of a group no model has."""
    for block, _ in blocks:
        groups = [model.scores.groups.get(block.name or "") for model in models if not block.is_task]
        absent = [{*group.absent} for group in groups if group is not None]
        if absent and (lacking := set.intersection(*absent)):
            named = (models[0].scores.names.get(task, task) for task in sorted(lacking))
            yield f"{block.heading} is without {in_words(named)}."


def _keys(model: ComparedModel) -> set[str]:
    rows: list[RowScores] = [*model.scores.tasks.values(), model.scores.overall.pooled]
    return {key for each in rows for key in each.metrics}


def _notes_on(models: Sequence[ComparedModel]) -> Iterator[str]:
    """What must be known of each run; once, what must of all."""
    own = {model.name: [*_run_notes(model), *model.scores.notes] for model in models}
    common = [note for note in own[models[0].name] if all(note in notes for notes in own.values())]
    for name, notes in own.items():
        yield from (f"{name}: {note}" for note in notes if note not in common)
    yield from common


def _run_notes(model: ComparedModel) -> Iterator[str]:
    manifest = model.side.manifest
    if manifest is not None:
        asked, there = sum(manifest.responses().values()), len(model.side.rows)
        if there < asked:
            yield f"Incomplete: {there:,} of {asked:,} responses are there ({manifest.status})."
        if limited := manifest.limited():
            named = (f"{count:,} of {model.scores.names.get(name, name)}" for name, count in limited.items())
            yield f"Limited to the first samples of tasks: {', '.join(named)}."
    errors = sum(row.reading.answer_status == "error" for row in model.side.rows)
    if errors:
        yield f"{counted(errors, 'sample')} failed, and count as wrong."
    yield from model.side.notes
