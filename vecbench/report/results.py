"""All files that a scoring writes."""

from __future__ import annotations

from vecbench.interop.reading import ResponseSource
from vecbench.report.files import summary, write_faults, write_figures, write_predictions
from vecbench.report.outdated import earlier_figures, remove_outdated
from vecbench.scoring import CompleteScores
from vecbench.store import RunDirectory, remove, write_text


def write_results(
    complete: CompleteScores, source: ResponseSource, directory: RunDirectory, *, figures: bool = True
) -> None:
    """Writes predictions, faults, scores.json, figures and summary.

    What an earlier scoring wrote and this one does not is removed: figures of what is no longer scored, and
    the differences between protocols.

    Args:
        complete: What was scored.
        source: What it was scored of.
        directory: Where the files lie; made if it is not there.
        figures: Whether to draw; without, figures of what is still scored stay.

    Raises:
        RunError: A file cannot be written or removed.
    """
    scores = complete.scores
    remove([directory.differences, directory.difference_summary])
    write_predictions(complete.rows, directory.predictions)
    write_faults(source.faults, directory.faults)
    earlier = earlier_figures(directory)
    write_text(directory.scores, scores.as_json())
    drawn = write_figures(scores, directory.figures) if figures else None
    remove_outdated(earlier, directory, scores, drawn)
    text = summary(complete, source.manifest, drawn or [], directory.path, source)
    write_text(directory.summary, text)
