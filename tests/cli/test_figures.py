"""The figures that `vecbench score` and `vecbench compare` are asked for, as a process sees it."""

import csv
import os
import subprocess
import sys

import pytest
from simulated_runs import response, simulated, write_run

TASKS = {"emoji_2": 30, "emoji_7": 30}
STRANGE = "\N{CIRCLED LATIN CAPITAL LETTER A}"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "old", simulated(TASKS, 0))
    write_run(folder / "new", simulated(TASKS, 1))
    write_run(folder / "other", simulated({"fi_2": 5}, 1))
    repeats = [row for repeat in (0, 1) for row in simulated(TASKS, repeat)]
    write_run(folder / "repeats", [each(row, place // 60) for place, row in enumerate(repeats)])
    return folder


def each(row, repeat):
    return response(row.task, row.sample_id, "positive", 0.5, repeat=repeat, response=row.response)


def vecbench(*arguments, cwd):
    command = [sys.executable, "-m", "vecbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=300)


def test_figures_have_the_formats_and_kinds_that_are_asked_for(runs, tmp_path):
    done = vecbench("score", "repeats", "-o", tmp_path, "--figure-formats", "pdf,pdf", "--corp", cwd=runs)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    groups = ("demo_id_vsa", "demo_id_ver")
    expected = {
        f"{kind}_{name}.{suffix}"
        for kinds, names in (
            (("reliability", "coverage", "corp", "sources"), groups),
            (("confusion",), TASKS),
        )
        for kind in kinds
        for name in names
        for suffix in ("pdf", "csv")
    }
    assert names == expected
    assert "\n[corp_demo_id_ver](figures/corp_demo_id_ver.pdf)\n" in (tmp_path / "summary.md").read_text()
    lines = csv.reader((tmp_path / "figures" / "sources_demo_id_ver.csv").read_text().splitlines())
    assert {line[0] for line in lines} == {"model", "stated", "agreement"}


def test_runs_are_drawn_over_each_other(runs, tmp_path):
    place = tmp_path / "over"
    drawn = ["--no-figures", "--overlay", place, "--figure-formats", "svg"]
    done = vecbench("score", "old", "new", *drawn, cwd=runs)
    assert done.returncode == 0, done.stderr
    assert f"figures: {place}" in done.stderr
    both = {f"{kind}_demo_id_{each}" for kind in ("reliability", "coverage") for each in ("ver", "vsa")}
    names = {path.name for path in place.iterdir()}
    assert names == {f"{stem}.{suffix}" for stem in both for suffix in ("svg", "csv")}
    compared = tmp_path / "compared"
    done = vecbench("compare", "old", "new", "--figures", compared, "--figure-formats", "svg", cwd=runs)
    assert done.returncode == 0, done.stderr
    for name in names:
        assert (compared / name).read_bytes() == (place / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["score", "old", "--overlay", "x"], "two to six models, not of 1"),
        (["score", "old", "new", "--overlay", "old/responses.jsonl"], "is a file"),
        (["score", "old", "--figure-formats", "pfd"], "cannot be written as 'pfd'\n  Did you mean pdf"),
        (["score", "old", "--figure-formats", " ,"], "no format is named"),
        (["score", "old", "other", "--no-figures", "--overlay", "x"], "no task in common"),
        (["compare", "old", "new", "--figures", "old/responses.jsonl"], "is a file"),
        (["compare", "old", "scored.json", "--figures", "x"], "no more than scores"),
    ],
)
def test_what_cannot_be_drawn_is_refused(runs, arguments, said):
    if "scored.json" in arguments:
        done = vecbench("score", "new", "--format", "json", "--no-figures", cwd=runs)
        (runs / "scored.json").write_text(done.stdout)
    done = vecbench(*arguments, cwd=runs)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (runs / "x").exists()


def test_letters_for_which_boxes_stand_are_named(tmp_path):
    labels = (STRANGE, "b")
    rows = [response("moods", f"s{n}", "b", 0.5, target=STRANGE, candidates=labels) for n in range(3)]
    write_run(tmp_path / "run", rows)
    (tmp_path / "sitecustomize.py").write_text("import vecbench.plots.frame as f; f.FURTHER_FONTS = ()\n")
    done = subprocess.run(
        [sys.executable, "-m", "vecbench", "score", "run"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert f"figures: boxes stand for letters that no installed font has: {STRANGE};" in done.stderr
