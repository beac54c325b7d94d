"""What standard error says of responses that are scored: what was recognised, and what is lacking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecbench.console import counted, stderr, warn, warn_incomplete
from vecbench.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vecbench.interop.reading import ResponseSource
    from vecbench.scoring import CompleteScores
    from vecbench.tasks import Catalogue

MOST_FAULTS = 10
"""Faults that are printed; all of them are in faults.jsonl."""


def report_source(source: ResponseSource, catalogue: Catalogue, faults: Path) -> None:
    """Prints what was recognised, what is not read, and what is wrong; of a run of our own not the first."""
    console = stderr()
    if not source.is_run:
        console.print(printable(_recognised(source)), soft_wrap=True)
    for each in source.warnings:
        warn(each)
    for note in source.notes:
        console.print(f"  {printable(note)}", soft_wrap=True)
    odd = "" if source.is_run else ", ".join(_unexpected_counts(source, catalogue))
    if odd:
        warn(f"samples, of those expected: {odd}")
    if not source.faults:
        return
    effects = ", ".join(f"{count:,} {effect}" for effect, count in source.effects().items())
    (warn_incomplete if source.has_lost_rows else warn)(f"faults in what was read: {effects}")
    for fault in source.faults[:MOST_FAULTS]:
        console.print(f"  {printable(str(fault))}", soft_wrap=True)
    if len(source.faults) > MOST_FAULTS:
        console.print(f"  … and {len(source.faults) - MOST_FAULTS:,} more: see {faults}", soft_wrap=True)


def report_reading(complete: CompleteScores) -> None:
    """Prints how many answers and confidences could not be read, if any; the table says what to do."""
    for problem, remedy in complete.reading.problems():
        warn(problem, remedy)
    if unread := complete.reading.too_much(complete.scores.names):
        warn_incomplete(printable(unread))


def report_missing(source: ResponseSource) -> None:
    """Prints how many responses a run still lacks, if it lacks any; the table's note names their tasks."""
    missing = sum(source.missing().values())
    if missing and source.manifest is not None:
        asked, status = sum(source.manifest.responses().values()), source.manifest.status
        warn_incomplete(
            f"{missing:,} of {asked:,} responses are not there (run.json: {status}); "
            "a `vecbench run` of the same tasks goes on with it"
        )


def report_failures(source: ResponseSource) -> None:
    """Prints how many samples failed, if any did."""
    failed = source.resolution.failed
    if failed:
        remedy = "; run the same `vecbench run` again to try once more" if source.is_run else ""
        have = "has" if failed == 1 else "have"
        warn_incomplete(f"{counted(failed, 'sample')} {have} no response{remedy}")


def _recognised(source: ResponseSource) -> str:
    count = len(source.files)
    files = source.files[0].name if count == 1 else f"{count} files"
    rows = source.resolution.count + source.effects().get("not scored", 0)
    return f"recognised: {source.format}, {files}, {rows:,} rows"


def _unexpected_counts(source: ResponseSource, catalogue: Catalogue) -> Iterator[str]:
    for name, count in source.resolution.samples().items():
        task = catalogue.tasks.get(name)
        if task is not None and not task.expects(count):
            yield f"{name} {count} of {task.expected_rows(' to ')}"
