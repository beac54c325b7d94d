"""The site of the docs, as far as it needs no mkdocs; `make docs` builds it and fails at a broken link."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import vecbench
from tools.docs_site.markdown import for_site, markers, with_fenced_examples
from tools.docs_site.notebooks import page_of
from tools.docs_site.pages import MADE, benchmarks, command_line, metrics, python
from tools.docs_site.places import DOCS, PAGES, ROOT, place_of
from tools.docs_site.requests import requests_of_page, requests_of_site
from vecbench.answers.registry import kinds, known_metrics, metrics_of
from vecbench.tasks import load_catalogue

CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "docs.yml").read_text())
POLICY = '<meta http-equiv="Content-Security-Policy" content="{}">'
CLOSED = POLICY.format("default-src 'none'; img-src 'self'")


def pages_of(nav):
    for entry in nav:
        for value in entry.values():
            yield from pages_of(value) if isinstance(value, list) else [value]


def test_every_page_stands_in_the_navigation_once():
    own = [place_of(path) for ending in ("md", "ipynb") for path in DOCS.rglob(f"*.{ending}")]
    assert sorted(pages_of(CONFIG["nav"])) == sorted([*own, *PAGES.values()])


def test_the_table_of_contents_has_every_page():
    links = {
        (DOCS / link).resolve() for link in re.findall(r"\]\(([^)#:]+)\)", (DOCS / "README.md").read_text())
    }
    assert links >= set(DOCS.rglob("*.md")) - {DOCS / "README.md"}


def test_what_pages_want_made_is_made():
    wanted = {name for path in DOCS.rglob("*.md") for name in markers(path.read_text())}
    assert wanted == MADE.keys()


def test_the_build_is_strict_and_part_of_what_must_pass():
    plan = subprocess.run(
        ["make", "--dry-run", "docs"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "mkdocs build --strict" in plan
    assert "make docs\n" in (ROOT / ".ci" / "run").read_text()
    told = {key: value for part in CONFIG["validation"].values() for key, value in part.items()}
    assert set(told.values()) == {"warn"}  # which --strict makes errors
    assert told.keys() >= {"omitted_files", "not_found", "anchors"}


def test_the_workflow_publishes_what_is_built_from_main_alone():
    when = WORKFLOW[True]  # in YAML, `on` is true
    assert when == {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    build, publish = WORKFLOW["jobs"]["build"], WORKFLOW["jobs"]["publish"]
    assert "make docs" in [step.get("run") for step in build["steps"]]
    assert build["steps"][-1]["with"]["path"] == CONFIG["site_dir"]
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    for step in [*build["steps"], *publish["steps"]]:
        assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/none@v0"))


def test_every_metric_is_shown_as_it_is_declared():
    sections = dict(re.findall(r"^### `\w+` \{ #([\w-]+) \}\n(.*?)(?=^### |\Z)", metrics(), re.M | re.S))
    assert {anchor.split("-")[0] for anchor in sections} == known_metrics().keys()
    for name, kind in kinds().items():
        for metric in metrics_of(kind()):
            [text] = [
                text
                for anchor, text in sections.items()
                if anchor.split("-")[0] == metric.key and f"`{name}`" in text
            ]
            assert metric.description in text
            assert f"**Better**: {metric.better or 'neither'}\n" in text
            assert f"**Column**: `{metric.heading}`" in text
            assert ("times 100" in text) == (metric.unit == "share")
            assert metric.why_no_interval in text


def test_every_task_is_shown_and_no_path_of_this_machine():
    text = benchmarks()
    catalogue = load_catalogue()
    for task in catalogue.tasks.values():
        assert f"| `{task.id}` | {task.display} |" in text
        assert f"{task.id} ({task.display}), version {task.version}" in text
    for benchmark in catalogue.benchmarks():
        assert f"## {benchmark.display}\n\n`--tasks {benchmark.id}`" in text
    assert str(ROOT) not in text


def test_every_public_name_and_every_command_is_shown():
    assert sorted(re.findall(r"^::: vecbench\.(\w+)$", python(), re.M)) == vecbench.__all__
    text = command_line()
    for command in ("demo", "run", "score", "compare", "tasks show", "data check", "leaderboard build"):
        assert f"## `vecbench {command}`" in text
    assert "--tasks T,…" in text
    assert "<span" not in text


def test_a_file_of_the_repository_has_its_place():
    assert place_of(DOCS / "tutorials" / "guard.md") == "tutorials/guard.md"
    assert place_of(ROOT / "CHANGELOG.md") == "project/changes.md"
    assert place_of(ROOT / "leaderboards" / "mvei" / "README.md") == "leaderboards/mvei/index.html"
    assert place_of(ROOT / "leaderboards" / "README.md") == "leaderboards/index.html"
    assert place_of(ROOT / "tasks" / "demo" / "data" / "NOTICE") == "source/tasks/demo/data/NOTICE.txt"
    assert place_of(ROOT / "tools") is None
    assert place_of(ROOT / "nothing.md") is None
    assert place_of(Path(__file__).parents[2] / "elsewhere") is None


def test_links_lead_to_places_of_the_site_and_ask_for_their_files():
    wanted = {}
    text = (
        "[a](../ci.md#gates) [b](../../LICENSE) [c](keep.md) [d](https://example.org/x) [e](/demo/x.html)\n"
        "[f](#here) [g](../../nowhere)"
    )
    led = for_site(text, DOCS / "tutorials" / "guard.md", "tutorials/guard.md", {}, wanted.__setitem__)
    assert led == (
        "[a](../ci.md#gates) [b](../source/LICENSE.txt) [c](keep.md) [d](https://example.org/x) "
        "[e](../demo/x.html)\n[f](#here) [g](../../nowhere)"
    )
    assert wanted == {"source/LICENSE.txt": ROOT / "LICENSE"}
    origin = ROOT / "benchmarks" / "README.md"
    led = for_site("[a](../docs/ci.md)", origin, "project/benchmarks.md", {}, wanted.__setitem__)
    assert led == "[a](../ci.md)"


def test_markers_are_filled_in_and_remarks_left_out():
    text = "<!-- site: x -->\n\n<!-- made by: y -->\n```python\n>>> 1\n```\n<!-- /made -->\n"
    made = for_site(text, DOCS / "ci.md", "ci.md", {"x": lambda: "made [a](/b.html)"}, {}.__setitem__)
    assert made == "made [a](b.html)\n\n\n```pycon\n>>> 1\n```\n\n"
    with pytest.raises(KeyError, match="x"):
        for_site(text, DOCS / "ci.md", "ci.md", {}, {}.__setitem__)


def test_examples_of_docstrings_become_code():
    assert with_fenced_examples("One.\n\n>>> 1 + \\\n... 1\n2\n\nEnd.") == (
        "One.\n\n```pycon\n>>> 1 + \\\n... 1\n2\n```\n\nEnd.\n"
    )
    assert with_fenced_examples("  >>> f()\n    a\n  1") == "  ```pycon\n  >>> f()\n    a\n  1\n  ```\n"
    assert with_fenced_examples("None: a > b.") == "None: a > b.\n"


def test_a_notebook_is_a_page_with_what_its_cells_show():
    outputs = [
        {"data": {"text/html": ["<table>\n", "\n", "</table>"], "text/plain": ["no"]}},
        {"data": {"image/png": "AA\nBB\n", "text/plain": ["no"]}},
        {"data": {"text/plain": ["0.5"]}},
        {"name": "stdout", "text": ["one\n", "two\n"]},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": ["1 / 2"], "outputs": outputs},
    ]
    assert page_of(json.dumps({"cells": cells})).split("\n\n") == [
        "# Title\ntext",
        "```python\n1 / 2\n```",
        '<div class="output">\n<table>\n</table>\n</div>',
        '<img class="output" alt="the figure of this cell" src="data:image/png;base64,AABB">',
        "````text\n0.5\n````",
        "````text\none\ntwo\n````\n",
    ]


@pytest.mark.parametrize(
    "element",
    [
        '<img src="https://example.org/a.png">',
        '<img src="//example.org/a.png">',
        '<img srcset="a.png 1x, https://example.org/b.png 2x">',
        '<script src=" HTTPS://example.org/a.js"></script>',
        '<link rel="stylesheet" href="https://example.org/a.css">',
        '<link rel="preconnect" href="https://example.org">',
        '<form action="https://example.org"></form>',
        '<p style="background: url(https://example.org/a.png)">',
        "<style>@import 'https://example.org/a.css';</style>",
    ],
)
def test_what_another_host_would_be_asked_for_is_found(element):
    assert list(requests_of_page(CLOSED)) == []
    assert len(list(requests_of_page(CLOSED + element))) == 1


@pytest.mark.parametrize(
    "element",
    [
        '<a href="https://example.org">x</a>',
        '<link rel="canonical" href="https://example.org">',
        '<img src="data:image/png;base64,AA//BB">',
        '<img src="figures/a.png"><script src="../b.js"></script>',
    ],
)
def test_what_is_the_sites_own_or_for_who_clicks_is_left_alone(element):
    assert list(requests_of_page(CLOSED + element)) == []


@pytest.mark.parametrize(
    "policy",
    [
        "",
        POLICY.format("img-src 'self'"),
        *map(POLICY.format, ("default-src *", "default-src 'self' https:")),
    ],
)
def test_a_page_without_a_policy_that_forbids_other_hosts_is_named(policy):
    assert len(list(requests_of_page(policy))) == 1


def test_pages_and_styles_of_a_site_are_read(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.html").write_text(CLOSED + '<img src="https://example.org/x">')
    (tmp_path / "b.css").write_text("a { background: url('//example.org/y') }")
    (tmp_path / "c.css").write_text("a { background: url(y.png) }")
    found = list(requests_of_site(tmp_path))
    assert [each.partition(":")[0] for each in found] == ["b.css", "deep/a.html"]
