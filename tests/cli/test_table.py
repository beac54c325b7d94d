"""`vecbench table` as a process sees it."""

import subprocess
import sys

import pytest
from simulated_runs import simulated, write_run

TASKS = {"emoji_7": 100}


def table(*arguments, cwd):
    command = [sys.executable, "-m", "vecbench", "table", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=300)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "old", simulated(TASKS, 0))
    write_run(folder / "new", simulated(TASKS, 1))
    return folder


@pytest.mark.parametrize(
    ("format_", "begin"),
    [
        ("table", "ID VER (%)"),
        ("latex", r"\begin{tabular}{lccc}"),
        ("markdown", "| Model (%) | ID VER (n = 100)<br>Acc ↑ |"),
        ("csv", "model,level,name,metric,value,"),
        ("html", '<div class="vecbench">\n<table'),
    ],
)
def test_a_file_holds_what_standard_output_would(runs, tmp_path, format_, begin):
    shown = table("old", "new", "--format", format_, cwd=runs)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(begin)
    written = table("old", "new", "--format", format_, "-o", tmp_path / "there" / "file", cwd=runs)
    assert (written.returncode, written.stdout) == (0, "")
    assert (tmp_path / "there" / "file").read_text() == shown.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "RUN"),
        (["old", "nowhere"], "there is no nowhere"),
        (["old", "--format", "latx"], "Did you mean latex?"),
        (["old", "--metrics", "acuracy"], "Did you mean accuracy"),
        (["old", "--tasks", "emoji"], "unknown task or group 'emoji'"),
        (["old", "--protocol", "strikt"], "Did you mean strict?"),
        (["old", "--protocol", "emocaliber", "--intervals"], "emocaliber has none"),
        (["old", "new", "--name", "a"], "2 runs and 1 names"),
        (["old", "-o", "new"], "is a folder"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what_to_do(runs, arguments, message):
    done = table(*arguments, cwd=runs)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_published_protocol_has_its_own_columns(runs):
    done = table("old", "new", "--protocol", "emocaliber", "--format", "markdown", cwd=runs)
    assert done.returncode == 0, done.stderr
    assert "Acc ↑" in done.stdout
