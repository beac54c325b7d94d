"""All files that a scoring writes."""

from __future__ import annotations

from vecbench.interop.reading import ResponseSource
from vecbench.report.files import summary, write_faults, write_figures, write_predictions
from vecbench.report.outdated import earlier_figures, remove_outdated
from vecbench.scoring import CompleteScores
from vecbench.store import RunDirectory, write_text


def write_results(
    complete: CompleteScores, source: ResponseSource, directory: RunDirectory, *, figures: bool = True
) -> None:
    """Writes predictions, faults, scores.json, figures and summary; figures of what is gone are removed.

    Args:
        complete: What was scored.
        source: What it was scored of.
        directory: Where the files lie; made if it is not there.
        figures: Whether to draw; without, figures of what is still scored stay.

    Raises:
        RunError: A file cannot be written.
    """
    scores = complete.scores
    write_predictions(complete.rows, directory.predictions)
    write_faults(source.faults, directory.faults)
    earlier = earlier_figures(directory)
    write_text(directory.scores, scores.as_json())
    drawn = write_figures(scores, directory.figures) if figures else None
    remove_outdated(earlier, directory, scores, drawn)
    text = summary(complete, source.manifest, drawn or [], directory.path, source)
    write_text(directory.summary, text)
