"""The built wheel stands alone: tasks, leaderboards, images and model travel in it."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.wheel

NO_NETWORK = """\
import socket, sys
def refuse(*_):
    raise AssertionError("the demo asked for the network")
socket.socket.connect = socket.getaddrinfo = refuse
from vecbench.cli import main
main(sys.argv[1:])
"""


WITHOUT_EXTRAS = """\
import importlib.util, vecbench
found = [name for name in ("pandas", "pyarrow", "datasets") if importlib.util.find_spec(name)]
assert not found, found
try:
    vecbench.load_run("results/demo").predictions()
except vecbench.VecbenchError as fault:
    assert "vecbench[pandas]" in fault.remedy
else:
    raise AssertionError("a DataFrame without pandas")
"""


def go(*command, **options):
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    go(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_carries_what_the_checkout_has(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("tasks", "leaderboards"):
        tracked = go("git", "ls-files", folder, cwd=ROOT).splitlines()
        assert tracked
        assert {f"vecbench/shipped/{name}" for name in tracked} <= names
    assert set(go("git", "ls-files", "vecbench", cwd=ROOT).splitlines()) <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests", "tools"))]
    assert any(name.endswith("licenses/tasks/demo/data/NOTICE") for name in names)


def test_the_demo_runs_from_the_wheel_away_from_the_checkout_without_network(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    go(python, "-m", "pip", "install", "--quiet", "-c", constraints, f"vecbench[torch] @ {wheel.as_uri()}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    away = {"cwd": tmp_path, "env": environment}
    assert str(tmp_path) in go(python, "-c", "import vecbench; print(vecbench.__file__)", **away)
    go(python, "-m", "pip", "check", **away)
    shown = go(python, "-c", NO_NETWORK, "demo", **away)
    assert "OOD VER" in shown
    scores = json.loads((tmp_path / "results" / "demo" / "scores.json").read_text())
    assert scores["overall"]["n"] >= 300
    assert scores["overall"]["counts"]["errors"] == 0
    vecbench = tmp_path / "venv" / "bin" / "vecbench"
    assert "fluent_7" in go(vecbench, "tasks", "list", **away)
    # What no command needs is not installed, and whoever asks for it is told how to.
    go(python, "-c", WITHOUT_EXTRAS, **away)
    assert "OOD VER" in go(vecbench, "score", "results/demo", **away)
    assert "Emoji-7" in go(vecbench, "compare", "results/demo", "results/demo", **away)
    boards = tmp_path / "boards"
    shutil.copytree(ROOT / "leaderboards", boards)
    assert "index.html" in go(vecbench, "leaderboard", "build", boards, **away)
