"""All files that a scoring writes into a run's directory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from vecbench.interop.reading import ResponseSource
from vecbench.parsing import Prediction
from vecbench.report.columns import columns, unscaled
from vecbench.report.figures import FORMATS, Drawing, Figures, earlier_figures, remove_outdated, write_figures
from vecbench.report.further_tables import (
    coarse_table,
    label_table,
    recalibration_note,
    recalibration_table,
    spread_table,
    threshold_table,
)
from vecbench.report.reading import reading_markdown
from vecbench.report.source_tables import source_markdown
from vecbench.report.tables import markdown_table
from vecbench.scoring import CompleteScores, Scores, prediction_lines, protocol_named
from vecbench.store import Manifest, RunDirectory, remove, write_text
from vecbench.store.files import replacing


class Beside(NamedTuple):
    """What is written beside scores: further figures, and parts of the summary in Markdown."""

    drawings: Iterable[Drawing] = ()
    sections: Sequence[str] = ()


def write_results(
    complete: CompleteScores,
    source: ResponseSource,
    directory: RunDirectory,
    *,
    figures: bool = True,
    formats: Sequence[str] | None = None,
    corp: bool = False,
    further: Sequence[str] = (),
    beside: Beside | None = None,
) -> Figures:
    """Writes predictions, faults, scores.json, figures and summary, which has columns of further metrics.

    What an earlier scoring wrote and this one does not is removed: faults, figures of what is no longer
    scored, and the differences between protocols. Without `figures`, those of what is still scored stay.
    """
    scores = complete.scores
    remove([directory.differences, directory.difference_summary, directory.faults])
    write_predictions(complete.rows, directory.predictions)
    if source.faults:
        write_text(directory.faults, "".join(fault.to_line() for fault in source.faults))
    earlier = earlier_figures(directory)
    write_text(directory.scores, scores.as_json())
    drawn = None
    if figures:
        drawn = write_figures(
            scores,
            directory.figures,
            formats=formats or FORMATS,
            corp=corp,
            agreement=complete.consistency,
            beside=() if beside is None else beside.drawings,
        )
    remove_outdated(earlier, directory, scores, drawn)
    pictures = drawn.pictures if drawn else []
    write_text(
        directory.summary,
        summary(
            complete,
            source.manifest,
            pictures,
            directory.path,
            source,
            further,
            () if beside is None else beside.sections,
        ),
    )
    return drawn or Figures()


def write_predictions(rows: Iterable[Prediction], path: Path) -> None:
    """Writes predictions.jsonl."""
    with replacing(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(prediction_lines(rows))


def summary(
    complete: CompleteScores,
    manifest: Manifest | None,
    figures: Sequence[Path],
    folder: Path,
    source: ResponseSource | None = None,
    further: Sequence[str] = (),
    sections: Sequence[str] = (),
) -> str:
    """The text of summary.md: what was measured, the table with its intervals, the diagrams."""
    name = manifest.title if manifest else "Scores"
    scores = complete.scores
    parts = [f"# {name}\n\n", *_facts(scores, manifest, source), "\n"]
    intervals = not protocol_named(scores.protocol).is_published
    parts.append(markdown_table(scores, intervals=intervals, further=further))
    parts.append(f"\n{reading_markdown(complete.reading)}")
    if scores.further.get("thresholds"):
        parts.append("\n" + threshold_table(scores).markdown())
    if sources := source_markdown(scores, intervals=True):
        parts.append("\n" + sources)
    if complete.coarse:
        parts.append("\n" + coarse_table(scores, complete.coarse).markdown())
    for task, rows in scores.tasks.items():
        if table := label_table(scores.names.get(task, task), rows):
            parts.append("\n" + table.markdown())
    if complete.recalibration:
        parts.append("\n" + recalibration_table(complete.recalibration, scores.names).markdown())
        parts.append(f"\n{recalibration_note(complete.recalibration)}\n")
    if complete.spread and complete.consistency:
        parts.append("\n" + spread_table(complete.spread, scores).markdown())
        parts.append("\nThe most frequent label, with the share of repeats that agree as its confidence:\n\n")
        parts.append(markdown_table(complete.consistency, intervals=intervals, further=further))
    parts += [f"\n{section}" for section in sections]
    figure_note = protocol_named(scores.protocol).figure_note
    if figure_note and figures:
        parts.append(f"\n{figure_note}\n")
    pictures = [
        f"\n{'' if each.suffix == '.pdf' else '!'}[{each.stem}]({each.relative_to(folder).as_posix()})\n"
        for each in figures
    ]
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
        if manifest.engine.omitted:
            yield f"It was asked without {', '.join(sorted(manifest.engine.omitted))}; `run.json` says why.\n"
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
