"""Everything that is derived from a run's responses, written into its directory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from vecbench.interop.reading import ResponseSource
from vecbench.interop.row import ResponseFault
from vecbench.parsing import Prediction
from vecbench.plots.diagrams import (
    accuracy_coverage_curve,
    confusion_matrix,
    save_figure,
)
from vecbench.plots.points import confusion_csv, reliability_points, selective_points
from vecbench.plots.ratings import rating_diagram, ratings_csv
from vecbench.report.columns import columns, columns_of, unscaled
from vecbench.report.reliability import diagram_of, has_diagram
from vecbench.report.tables import (
    coarse_markdown,
    markdown_table,
    recalibration_markdown,
    spread_markdown,
    threshold_markdown,
)
from vecbench.scoring import CompleteScores, RowScores, Scores, prediction_lines, protocol_named
from vecbench.store import Manifest, remove, write_text
from vecbench.store.files import replacing


def write_predictions(rows: Iterable[Prediction], path: Path) -> None:
    """Writes predictions.jsonl.

    Raises:
        RunError: It cannot be written.
    """
    with replacing(path) as draft, draft.open("w", encoding="utf-8") as stream:
        stream.writelines(prediction_lines(rows))


def write_faults(faults: Iterable[ResponseFault], path: Path) -> None:
    """Writes faults.jsonl; without any fault there is no such file, not even an earlier one.

    Raises:
        RunError: It cannot be written or removed.
    """
    lines = [fault.to_line() for fault in faults]
    if lines:
        write_text(path, "".join(lines))
    else:
        remove([path])


def write_figures(scores: Scores, folder: Path) -> list[Path]:
    """Writes every figure.

    For each group, and each task of no group, a reliability diagram and an accuracy–coverage curve, where
    the protocol scores confidences; for each task a confusion matrix.

    Args:
        scores: What to draw.
        folder: Made if it is not there.

    Returns:
        The PNG files.

    Raises:
        RunError: A file cannot be written.
    """
    pictures = {name: group.pooled for name, group in scores.groups.items()}
    grouped = {name for group in scores.groups.values() for name in group.tasks}
    pictures |= {name: scored for name, scored in scores.tasks.items() if name not in grouped}
    written: list[Path] = []
    for name, scored in pictures.items():
        if not has_diagram(scored):
            continue
        shown, cells = scores.names.get(name, name), scored.cells
        numbers = reliability_points(cells).as_csv() if cells.n else ""
        diagram = diagram_of(scores, name)
        written.append(save_figure(diagram, numbers, folder / file_name("reliability", name)))
        numbers = selective_points(cells, scored.n).as_csv() if cells.n else ""
        curve = accuracy_coverage_curve(cells, shown, scored.n)
        written.append(save_figure(curve, numbers, folder / file_name("coverage", name)))
    for name, scored in scores.tasks.items():
        if scored.ratings is not None:
            shown = scores.names.get(name, name)
            diagram = rating_diagram(*scored.ratings, shown, _values_of(scored))
            numbers = ratings_csv(*scored.ratings)
            written.append(save_figure(diagram, numbers, folder / file_name("ratings", name)))
        if not scored.classes:
            continue
        matrix = confusion_matrix(scored.confusion, scored.classes, scores.names.get(name, name))
        numbers = confusion_csv(scored.confusion, scored.classes)
        written.append(save_figure(matrix, numbers, folder / file_name("confusion", name)))
    return written


def _values_of(scored: RowScores) -> str:
    """The metrics that are always shown, as tables print them."""
    always = [metric for metric in scored.scored_by if metric.shown == "always"]
    values = ((column, scored.metrics[column.key].value) for column in columns_of(always, [always]))
    return ", ".join(
        f"{column.heading} {'–' if value is None else column.printed(value)}" for column, value in values
    )


def file_name(kind: str, name: str) -> str:
    """A figure's file name; a task's name may come from a stranger's file, and must not lead elsewhere."""
    return f"{kind}_{re.sub(r'[^A-Za-z0-9_.-]', '_', name)[:100]}"


def summary(
    complete: CompleteScores,
    manifest: Manifest | None,
    figures: Sequence[Path],
    folder: Path,
    source: ResponseSource | None = None,
) -> str:
    """The text of summary.md: what was measured, the table, the diagrams.

    Args:
        complete: What to show.
        manifest: Of the run; None when the responses came from elsewhere.
        figures: Pictures to show.
        folder: Where summary.md will lie; pictures are named relative to it.
        source: Where the responses came from, and what was wrong with them.
    """
    name = manifest.model.name if manifest else "Scores"
    scores = complete.scores
    parts = [f"# {name}\n\n", *_facts(scores, manifest, source), "\n", markdown_table(scores)]
    if scores.further.get("thresholds"):
        parts.append("\n" + threshold_markdown(scores))
    if complete.coarse:
        parts.append("\n" + coarse_markdown(scores, complete.coarse))
    if complete.recalibration:
        parts.append("\n" + recalibration_markdown(complete.recalibration, scores.names))
    if complete.spread and complete.consistency:
        parts.append("\n" + spread_markdown(complete.spread, scores))
        parts.append("\nThe most frequent label, with the share of repeats that agree as its confidence:\n\n")
        parts.append(markdown_table(complete.consistency))
    figure_note = protocol_named(scores.protocol).figure_note
    if figure_note and figures:
        parts.append(f"\n{figure_note}\n")
    pictures = [f"\n![{each.stem}]({each.relative_to(folder).as_posix()})\n" for each in figures]
    return "".join(parts + pictures)


def _facts(scores: Scores, manifest: Manifest | None, source: ResponseSource | None) -> Iterable[str]:
    yield f"Protocol `{scores.protocol}`; all values × 100{unscaled(columns(scores))}.\n"
    if source is not None and not source.is_run:
        yield f"Read from {source.format}: {', '.join(f'`{path.name}`' for path in source.files)}.\n"
    if source is not None and source.faults:
        effects = ", ".join(f"{count:,} {effect}" for effect, count in source.effects().items())
        yield f"Faults: {effects}; see `faults.jsonl`.\n"
    if shared := scores.further.get("shared_images"):
        yield (
            f"{shared['overall']:,} images are in several tasks; intervals over these take all answers to "
            "one together.\n"
        )
    if manifest is None:
        return
    counts = manifest.counts
    yield f"Model `{manifest.model.name}`, revision `{manifest.model.revision}`.\n"
    if manifest.engine is not None:
        yield f"Engine {manifest.engine.name} on {manifest.engine.device}.\n"
    if manifest.earlier_engines:
        earlier = ", ".join(
            f"{each.name} on {each.device} (dtype {each.arguments.get('dtype', 'unknown')})"
            for each in manifest.earlier_engines
        )
        yield f"Some of the responses are of other engines: {earlier}; see `run.json`.\n"
    yield f"Started {manifest.started}, finished {manifest.finished}.\n"
    profiles = ", ".join(sorted({task.prompt for task in manifest.tasks.values()}))
    yield f"Prompt profile {profiles}; seed {manifest.seed}; repeats {manifest.repeats}.\n"
    yield f"{counts.stored} of {counts.asked} responses, {counts.errors} failed; status {manifest.status}.\n"
