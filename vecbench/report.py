"""Everything that is derived from a run's responses, written into its directory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vecbench.parsing import Prediction
from vecbench.plots import save_reliability_diagram
from vecbench.scoring import Scores, prediction_lines
from vecbench.store import Manifest
from vecbench.store.files import replacing
from vecbench.tables import markdown_table


def write_predictions(rows: Iterable[Prediction], path: Path) -> None:
    """Writes predictions.jsonl.

    Raises:
        RunError: It cannot be written.
    """
    with replacing(path) as draft, draft.open("w", encoding="utf-8") as stream:
        stream.writelines(prediction_lines(rows))


def write_figures(scores: Scores, folder: Path) -> list[Path]:
    """Writes a reliability diagram for every group, and for every task of no group.

    Returns:
        The PNG files.

    Raises:
        RunError: A file cannot be written.
    """
    pictures = {name: group.pooled for name, group in scores.groups.items()}
    grouped = {name for group in scores.groups.values() for name in group.tasks}
    pictures |= {name: rows for name, rows in scores.tasks.items() if name not in grouped}
    written: list[Path] = []
    for name, rows in pictures.items():
        files = save_reliability_diagram(
            rows.cells, scores.names.get(name, name), rows.n, folder / f"reliability_{name}"
        )
        written += [file for file in files if file.suffix == ".png"]
    return written


def summary(scores: Scores, manifest: Manifest | None, figures: Iterable[Path], folder: Path) -> str:
    """The text of summary.md: what was measured, the table, the diagrams.

    Args:
        scores: What to show.
        manifest: Of the run; None when the responses came from elsewhere.
        figures: Pictures to show.
        folder: Where summary.md will lie; pictures are named relative to it.
    """
    name = manifest.model.name if manifest else "Scores"
    parts = [f"# {name}\n\n", *_facts(scores, manifest), "\n", markdown_table(scores)]
    pictures = [f"\n![{each.stem}]({each.relative_to(folder).as_posix()})\n" for each in figures]
    return "".join(parts + pictures)


def _facts(scores: Scores, manifest: Manifest | None) -> Iterable[str]:
    yield f"Protocol `{scores.protocol}`; all values × 100.\n"
    if manifest is None:
        return
    counts = manifest.counts
    yield f"Model `{manifest.model.name}`, revision `{manifest.model.revision}`.\n"
    if manifest.engine is not None:
        yield f"Engine {manifest.engine.name} on {manifest.engine.device}.\n"
    yield f"Started {manifest.started}, finished {manifest.finished}.\n"
    profiles = ", ".join(sorted({task.prompt for task in manifest.tasks.values()}))
    yield f"Prompt profile {profiles}; seed {manifest.seed}; repeats {manifest.repeats}.\n"
    yield f"{counts.stored} of {counts.asked} responses, {counts.errors} failed; status {manifest.status}.\n"
