"""A leaderboard's files, all derived from its entries."""

from __future__ import annotations

from pathlib import Path

from vecbench.errors import DataError
from vecbench.leaderboard.entry import read_entries
from vecbench.leaderboard.page import html_page
from vecbench.leaderboard.standings import leaderboard
from vecbench.leaderboard.tables import csv_text, latex_tables, markdown_page
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
