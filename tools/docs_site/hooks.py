"""What mkdocs calls while it builds the site.

A page says `<!-- site: NAME -->` where the site shows what is made of declarations (`pages.MADE`). Links to
what lies outside docs/ work in the repository; `places` says where they lead on the site.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pymdownx.slugs import slugify

from tools.docs_site.demo import REPORT, demo_report
from tools.docs_site.markdown import for_site
from tools.docs_site.notebooks import page_of
from tools.docs_site.pages import MADE
from tools.docs_site.places import DOCS, LEADERBOARDS, PAGES, ROOT, place_of
from tools.docs_site.requests import requests_of_site


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Headings get the anchors that GitHub gives them; SITE_URL is where the site will be, if known."""
    config.site_url = os.environ.get("SITE_URL", "")
    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere, notebooks, the leaderboards, and the report of a run of the demo."""
    for notebook in DOCS.rglob("*.ipynb"):
        content = page_of(notebook.read_text("utf-8"))
        files.append(File.generated(config, place_of(notebook) or "", content=content))
    for origin, place in PAGES.items():
        _add(files, config, place, ROOT / origin)
    for page in LEADERBOARDS.rglob("index.html"):
        _add(files, config, page.relative_to(ROOT).as_posix(), page)
    report = demo_report()
    for path in sorted(report.rglob("*")):
        if path.is_file():
            _add(files, config, f"{REPORT}/{path.relative_to(report).as_posix()}", path)
    return files


def _add(files: Files, config: MkDocsConfig, place: str, path: Path) -> None:
    if files.get_file_from_path(place) is None:
        files.append(File.generated(config, place, abs_src_path=str(path)))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make what the page only names, and let its links lead to places of the site."""
    origin = Path(page.file.abs_src_path or DOCS / page.file.src_uri)
    return for_site(markdown, origin, page.file.src_uri, MADE, partial(_add, files, config))


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that asks another host for anything."""
    asked = list(requests_of_site(Path(config.site_dir)))
    if asked:
        raise PluginError("the site asks other hosts:\n  " + "\n  ".join(asked))
