"""A leaderboard's files, made of its entries; and its entries, made again of what was kept of them."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vecbench.answers import known_metrics
from vecbench.errors import DataError
from vecbench.leaderboard.entry import Entry, read_entries
from vecbench.leaderboard.page import html_page
from vecbench.leaderboard.publication import SUBMISSIONS, verified_entry
from vecbench.leaderboard.standings import leaderboard
from vecbench.leaderboard.tables import csv_text, latex_tables, markdown_page
from vecbench.leaderboard.verification import verify
from vecbench.store import write_text
from vecbench.tasks import Catalogue


def build(folder: Path, output: Path, catalogue: Catalogue) -> list[Path]:
    """Writes a leaderboard's README.md, CSV, LaTeX and page; the same entries give the same bytes.

    Args:
        folder: Of the leaderboard, with its folder `entries`.
        output: Where to write.
        catalogue: Brings the benchmark.

    Returns:
        The files.

    Raises:
        DataError: There are no entries, or one is none, or does not fit the benchmark.
        RunError: A file cannot be written.
    """
    entries = read_entries(folder)
    if not entries:
        raise DataError(f"{folder} has no entries", "They lie in its folder entries, one JSON file each.")
    board = leaderboard(entries, catalogue)
    texts = {
        "README.md": markdown_page(board),
        "leaderboard.csv": csv_text(board),
        "leaderboard.tex": latex_tables(board),
        "index.html": html_page(board),
    }
    for name, text in texts.items():
        write_text(output / name, text)
    return [output / name for name in texts]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What came of recomputing an entry.

    Attributes:
        how: All that it says was checked again; all but what takes the data, which is not at hand; more than
            it says, since the data is; nothing, since no submission was kept.
        other_versions: Keys of metrics that it has of another version: they were not compared.
    """

    how: Literal["all", "without data", "more than said", "not kept"]
    other_versions: tuple[str, ...] = ()


def reverify(folder: Path, catalogue: Catalogue, data: str | None = None) -> dict[str, Recomputed]:
    """Recomputes every verified entry of a leaderboard from the submission that was kept of it.

    Metrics that it was not made with are not looked at.

    Args:
        folder: Of the leaderboard.
        catalogue: The tasks as this version has them.
        data: As `verify` takes it. Without it, an entry that was checked against the data keeps saying so.

    Returns:
        Name of each verified entry → what was recomputed of it.

    Raises:
        DataError: An entry is not what its submission gives, or the submission is refused.
    """
    found: dict[str, Recomputed] = {}
    for name, entry in read_entries(folder).items():
        if entry.kind != "verified":
            continue
        path = folder / SUBMISSIONS / f"{name}.zip"
        if not os.path.lexists(path):
            found[name] = Recomputed("not kept")
            continue
        versions = {key: number for key, number in entry.metric_versions.items() if key in known_metrics()}
        others = tuple(key for key, number in versions.items() if known_metrics()[key].version != number)
        again = verified_entry(verify(path, catalogue, data), versions.keys())
        first, second = (_comparable(each, others) for each in (entry, again))
        if differing := ", ".join(key for key in first if first[key] != second[key]):
            raise DataError(
                f"{folder}: the entry {name} is not what its submission gives: {differing} differs",
                f"To write it anew: vecbench leaderboard check {path} --write {folder}",
            )
        found[name] = Recomputed(_how(entry, again), others)
    return found


def unread_files(folder: Path) -> list[Path]:
    """What lies in a leaderboard's `entries` and is no entry, or in its `submissions` and is of none.

    Files whose names begin with a dot are left out: systems and editors make them.
    """
    entries = {path.stem for path in (folder / "entries").glob("*.json")}
    others = [path for path in (folder / "entries").glob("*") if path.suffix != ".json"]
    kept = (folder / SUBMISSIONS).glob("*")
    others += [path for path in kept if path.suffix != ".zip" or path.stem not in entries]
    return sorted(path for path in others if not path.name.startswith("."))


def _how(entry: Entry, again: Entry) -> Literal["all", "without data", "more than said"]:
    before, now = (set(each.checked.missing) if each.checked else set() for each in (entry, again))
    if now - before:
        return "without data"
    return "more than said" if before - now else "all"


def _comparable(entry: Entry, without: Collection[str]) -> dict[str, Any]:
    """What an entry says, but for some metrics and what depends on the data or on who made it."""
    said = entry.model_dump(by_alias=True, exclude={"checked", "made_with"})
    groups = [said["overall"], *said["groups"].values()]
    rows = [*said["tasks"].values(), *(group["pooled"] for group in groups)]
    for metrics in (*(each["metrics"] for each in rows), *(group["macro"] for group in groups)):
        for key in without:
            metrics.pop(key, None)
    return said
