"""What commands that read responses say of them, on standard error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vecbench.cli.console import counted, stderr
from vecbench.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecbench.interop.reading import ResponseSource
    from vecbench.tasks import Catalogue

MOST_FAULTS = 10
"""Faults that are printed; all of them are in faults.jsonl."""


def report_source(source: ResponseSource, catalogue: Catalogue, faults: Path) -> None:
    """Prints what was recognised, what is not read, and what is wrong; of a run of our own not the first.

    Args:
        source: Read to its end.
        catalogue: Knows how many samples a task has.
        faults: The file that holds all faults.
    """
    from rich.text import Text

    console = stderr()
    if not source.is_run:
        console.print(printable(_recognised(source)), soft_wrap=True)
    for each in source.warnings:
        console.print(Text.assemble(("warning: ", "bold yellow"), each), soft_wrap=True)
    for note in source.notes:
        console.print(f"  {printable(note)}", soft_wrap=True)
    if not source.is_run:
        odd = ", ".join(_unexpected_counts(source, catalogue))
        if odd:
            console.print(Text.assemble(("warning: ", "bold yellow"), f"samples, of those expected: {odd}"),
                          soft_wrap=True)  # fmt: skip
    if not source.faults:
        return
    effects = ", ".join(f"{count:,} {effect}" for effect, count in source.effects().items())
    word = ("incomplete: ", "bold red") if source.has_lost_rows else ("warning: ", "bold yellow")
    console.print(Text.assemble(word, f"faults in what was read: {effects}"), soft_wrap=True)
    for fault in source.faults[:MOST_FAULTS]:
        console.print(f"  {printable(str(fault))}", soft_wrap=True)
    if len(source.faults) > MOST_FAULTS:
        console.print(f"  … and {len(source.faults) - MOST_FAULTS:,} more: see {faults}", soft_wrap=True)


def report_missing(source: ResponseSource) -> None:
    """Prints how many responses a run still lacks, if it lacks any; the table's note names their tasks.

    Args:
        source: Read to its end.
    """
    from rich.text import Text

    missing = sum(source.missing().values())
    if not missing or source.manifest is None:
        return
    asked, status = sum(source.manifest.responses().values()), source.manifest.status
    said = f"{missing:,} of {asked:,} responses are not there (run.json: {status}); "
    remedy = "a `vecbench run` of the same tasks goes on with it"
    stderr().print(Text.assemble(("incomplete: ", "bold red"), said, remedy), soft_wrap=True)


def report_failures(source: ResponseSource) -> None:
    """Prints how many samples failed, if any did.

    Args:
        source: Read to its end.
    """
    from rich.text import Text

    failed = source.resolution.failed
    if not failed:
        return
    said = f"{counted(failed, 'sample')} {'has' if failed == 1 else 'have'} no response"
    remedy = "; run the same `vecbench run` again to try once more" if source.is_run else ""
    stderr().print(Text.assemble(("incomplete: ", "bold red"), said, remedy), soft_wrap=True)


def _recognised(source: ResponseSource) -> str:
    count = len(source.files)
    files = source.files[0].name if count == 1 else f"{count} files"
    rows = source.resolution.count + source.effects().get("not scored", 0)
    return f"recognised: {source.format}, {files}, {rows:,} rows"


def _unexpected_counts(source: ResponseSource, catalogue: Catalogue) -> Iterator[str]:
    for name, count in source.resolution.samples().items():
        task = catalogue.tasks.get(name)
        if task is None or task.expected_n is None:
            continue
        fewest, most = task.expected_n
        if not fewest <= count <= most:
            yield f"{name} {count} of {most if fewest == most else f'{fewest} to {most}'}"
