"""The page across leaderboards: which model has what on which benchmark."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from vecbench.errors import UsageError
from vecbench.leaderboard.entry import Entry, read_entries
from vecbench.leaderboard.overview import overview, overview_csv, overview_markdown
from vecbench.leaderboard.page import overview_page
from vecbench.leaderboard.publication import OVERVIEW, build_overview
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
BOARDS = leaderboards_folder()


def entry(name, benchmark="mvei", accuracy=None, aggregate="pooled", group="mvei_judgement", **model):
    metrics = {} if accuracy is None else {"accuracy": {"value": accuracy}}
    scores = {"macro": metrics} if aggregate == "macro" else {"pooled": {"metrics": metrics}}
    return Entry.model_validate(
        {
            "benchmark": benchmark,
            "kind": "reported",
            "model": {"name": name} | model,
            "source": {"name": "a paper"},
            "groups": {group: scores},
        }
    )


def found(mvei, vecbench=()):
    boards = {"a": dict(enumerate_entries(mvei)), "b": dict(enumerate_entries(vecbench))}
    return overview({name: entries for name, entries in boards.items() if entries}, CATALOGUE)


def enumerate_entries(entries):
    return ((f"e{place}", each) for place, each in enumerate(entries))


def of_vecbench(name, accuracy, aggregate="macro", **model):
    return entry(name, "vecbench", accuracy, aggregate, "id_ver", **model)


def values(row):
    return {f"{column.board}/{column.group.group}": each.value.value for column, each in row.shown.items()}


def test_a_model_is_its_key_or_its_name_and_no_other_spelling():
    across = found(
        [
            entry("One (paper)", accuracy=0.5, key="One"),
            entry("Two", accuracy=0.6),
            entry("one", accuracy=0.7),
        ],
        [of_vecbench("One", 0.4), of_vecbench("Three", 0.3)],
    )
    assert {row.name: values(row) for row in across.rows} == {
        "One": {"a/mvei_judgement": 0.5, "b/id_ver": 0.4},
        "one": {"a/mvei_judgement": 0.7},
        "Three": {"b/id_ver": 0.3},
        "Two": {"a/mvei_judgement": 0.6},
    }
    assert across.rows[0].name == "One"  # on both


def test_pools_and_means_are_never_in_one_column():
    across = found([], [of_vecbench("A", 0.5), of_vecbench("B", 0.4), of_vecbench("C", 0.9, "pooled")])
    [column] = across.columns
    assert column.shown.aggregate == "macro"
    assert [row.name for row in across.rows] == ["A", "B"]


def test_of_several_entries_the_best_checked_one_counts_and_then_the_best():
    [verified] = read_entries(BOARDS / "demo").values()
    best = {"demo_id_ver": {"pooled": {"metrics": {"accuracy": {"value": 0.99}}}}}
    other = Entry.model_validate(
        {"benchmark": "demo", "kind": "reported", "model": {"name": "vecbench-nano"}, "groups": best}
        | {"source": {"name": "a paper"}}
    )
    across = overview({"demo": {"v": verified, "r": other}}, CATALOGUE)
    [row] = across.rows
    shown = {column.group.group: each for column, each in row.shown.items()}
    assert (shown["demo_id_ver"].entry.badge, shown["demo_id_ver"].count) == ("verified", 2)
    assert (shown["demo_id_vsa"].entry.badge, shown["demo_id_vsa"].count) == ("verified", 1)
    across = found([entry("A", accuracy=0.5), entry("A", accuracy=0.7), entry("A", accuracy=0.6)])
    assert values(across.rows[0]) == {"a/mvei_judgement": 0.7}
    assert "70.00 <sub>reported, 1 of 3 entries</sub>" in overview_markdown(across)


def test_what_is_no_model_stands_last_and_what_has_nothing_nowhere():
    across = found([entry("A guess", accuracy=0.5, baseline=True), entry("B", accuracy=0.4), entry("C")])
    assert [(row.name, row.is_baseline) for row in across.rows] == [("B", False), ("A guess", True)]
    assert "no model" in overview_page(across)


def test_each_kind_is_shown_with_what_leads_it():
    across = overview({"eemo_bench": read_entries(BOARDS / "eemo_bench")}, CATALOGUE)
    said = {column.group.group: column.shown.measure for column in across.columns}
    assert said == {
        "eemo_perception": ("accuracy", "pooled"),
        "eemo_ranking": ("ranking_score", "pooled"),
        "eemo_assessment": ("spearman", "macro"),
    }
    logic = next(row for row in across.rows if row.name == "EEmo-Logic")
    assert values(logic) == {"eemo_bench/eemo_perception": 0.6854, "eemo_bench/eemo_ranking": 0.6797}


def test_names_stay_text_and_the_page_loads_and_runs_nothing():
    name = "<script>alert(1)</script> | a_b"
    across = found([entry(name, accuracy=0.5, link="https://example.org/x")])
    page = overview_page(across)
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href)="(?!a/index\.html|https://example\.org/x)', page)
    assert r"[&lt;script&gt;alert(1)&lt;/script&gt; \| a\_b](https://example.org/x)" in overview_markdown(
        across
    )


def test_the_table_tells_rows_and_columns_apart_without_eyes():
    page = overview_page(found([entry("A", accuracy=0.5)], [of_vecbench("B", 0.5)]))
    assert page.count('scope="row"') == 2
    assert page.count('<th class="block" scope="colgroup"') == 2
    assert page.count('scope="col"') == 3
    assert 'role="region" aria-labelledby="caption" tabindex="0"' in page
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page


def test_the_csv_has_every_value():
    across = found([entry("A", accuracy=0.5)], [of_vecbench("A", 0.25)])
    assert list(csv.DictReader(io.StringIO(overview_csv(across)))) == [
        {"model": "A", "benchmark": board, "group": group, "metric": "accuracy", "aggregate": aggregate,
         "value": value, "kind": "reported", "entry": "e0", "entries": "1"}
        for board, group, aggregate, value in (
            ("a", "mvei_judgement", "pooled", "0.5"), ("b", "id_ver", "macro", "0.25"))
    ]  # fmt: skip


def test_building_again_gives_the_committed_bytes(tmp_path):
    folders = sorted(path.parent for path in BOARDS.glob("*/entries"))
    (tmp_path / "built").mkdir()
    for path in build_overview(tmp_path / "built", folders, CATALOGUE):
        assert path.read_bytes() == (BOARDS / path.name).read_bytes(), path.name


def built(folder, *arguments):
    command = [sys.executable, "-m", "vecbench", "leaderboard", "build", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "80"}
    )


def test_a_folder_of_leaderboards_is_built_with_its_page_and_one_alone_without(tmp_path):
    shutil.copytree(BOARDS / "demo", tmp_path / "leaderboards" / "demo")
    done = built(tmp_path, "leaderboards/demo")
    assert done.returncode == 0, done.stderr
    assert not any((tmp_path / "leaderboards" / name).exists() for name in OVERVIEW)
    for arguments in ((), ("leaderboards",)):
        done = built(tmp_path, *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split()[-3:] == [f"leaderboards/{name}" for name in OVERVIEW]
    assert (
        "| vecbench-nano | 70.83 <sub>verified</sub> |"
        in (tmp_path / "leaderboards" / "README.md").read_text()
    )


def test_somebodys_own_readme_is_not_written_over(tmp_path):
    shutil.copytree(BOARDS / "demo" / "entries", tmp_path / "demo" / "entries")
    (tmp_path / "README.md").write_text("# My project\n")
    with pytest.raises(UsageError, match="is somebody's own"):
        build_overview(tmp_path, [tmp_path / "demo"], CATALOGUE)
    done = built(tmp_path, ".")
    assert done.returncode == 2
    assert "Rename it, or build the leaderboards one by one." in done.stderr
    assert (tmp_path / "README.md").read_text() == "# My project\n"
    assert not (tmp_path / "index.html").exists()


def test_a_benchmark_that_nobody_knows_is_refused(tmp_path):
    (tmp_path / "x" / "entries").mkdir(parents=True)
    said = json.loads(entry("A").as_json()) | {"benchmark": "nowhere"}
    (tmp_path / "x" / "entries" / "a.json").write_text(json.dumps(said))
    done = built(tmp_path, ".")
    assert done.returncode == 2
    assert "unknown benchmark 'nowhere'" in done.stderr
