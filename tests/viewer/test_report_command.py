"""`vecbench report`, as a process sees it."""

import os
import subprocess
import sys

import pytest
from simulated_runs import simulated, write_run
from viewer.written import Blocks


def report(*arguments, cwd):
    environment = os.environ | {"COLUMNS": "80"}
    command = [sys.executable, "-m", "vecbench", "report", *map(str, arguments)]
    return subprocess.run(
        command, env=environment, cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", simulated({"emoji_7": 8}, seed=1))


def test_the_page_lies_in_the_runs_directory_and_what_it_lacks_is_said(run, tmp_path):
    done = report("run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Report of 8 rows: run/report/index.html\n"
    assert "note: 8 of 8 images cannot be shown, such as s0.png" in done.stderr
    assert Blocks(run / "report" / "index.html").report["n_shown"] == 8
    assert report("run", "--max-samples", 3, "--no-images", cwd=tmp_path).stdout.startswith(
        "Report of 3 rows"
    )
    scored = report("run", "--no-images", "-o", "run", cwd=tmp_path)
    assert scored.returncode == 2
    assert "error: run holds what is no report's" in scored.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere"),
        (["run", "--against", "nowhere"], "nowhere"),
        (["run", "--protocol", "strct"], "strict"),
        (["run", "--max-samples", "0"], "max-samples"),
        (["run", "-o", ""], "a path is empty"),
    ],
)
def test_what_is_not_there_is_wrong_usage(run, tmp_path, arguments, said):
    done = report(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (run / "report").exists()


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="where root may write everywhere, nothing refuses")
def test_a_place_that_cannot_be_written_ends_with_status_3(run, tmp_path):
    done = report("run", "--no-images", "-o", "/proc/report", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "error: cannot write /proc/report" in done.stderr


def test_a_folder_of_several_runs_is_no_run(tmp_path):
    for name in ("a", "b"):
        write_run(tmp_path / "runs" / name, simulated({"emoji_7": 2}, seed=1))
    done = report("runs", cwd=tmp_path)
    assert done.returncode == 2
    assert "runs" in done.stderr
