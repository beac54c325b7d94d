"""Where on the site something of the repository stands."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LEADERBOARDS = ROOT / "leaderboards"
PAGES = {
    "CHANGELOG.md": "project/changes.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "benchmarks/README.md": "project/benchmarks.md",
    "vecbench/checkpoints/vecbench-nano/README.md": "project/vecbench-nano.md",
}
"""Pages outside docs/ → where the site has them."""


def place_of(path: Path) -> str | None:
    """Where the site has a file of the repository, from its root; None where it has no place for it.

    Args:
        path: Absolute, without `..`.
    """
    if not path.is_file() or not path.is_relative_to(ROOT):
        return None
    if path.is_relative_to(DOCS):
        place = path.with_suffix(".md") if path.suffix == ".ipynb" else path  # a notebook is a page
        return place.relative_to(DOCS).as_posix()
    name = path.relative_to(ROOT).as_posix()
    if name in PAGES:
        return PAGES[name]
    if name == "README.md":
        return "README.md"  # the site's home is docs/README.md
    page = path.with_name("index.html")
    if path.is_relative_to(LEADERBOARDS) and path.name == "README.md" and page.exists():
        return page.relative_to(ROOT).as_posix()
    return f"source/{name}.txt"  # which every browser shows
